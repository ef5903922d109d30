"""Plans of an installation from nothing and of a removal, and what takes them back."""

from dataclasses import replace
from typing import Any

import pytest

from mapinfra.backup import BackupFailed
from mapinfra.centreon.broker.outputs import Group, Output, rows_of
from mapinfra.centreon.map.configure import Install
from mapinfra.centreon.map.prerequisites import Broker, Ground
from mapinfra.centreon.releases.editions import ENGINE, LEGACY, WEB_CLIENT
from mapinfra.centreon.web.extensions import LICENSE_MANAGER, Extensions
from mapinfra.errors import CentreonError
from mapinfra.hosts.packages import Installed, Offered
from mapinfra.resources.contract import taken_back
from mapinfra.resources.map import plan as map_plan
from mapinfra.resources.map.model import INSTALLATION, AccountScope, DesiredMap, LiveMap
from mapinfra.resources.map.plan_removal import removal
from mapinfra.resources.map.steps_installation import GrantAccess
from mapinfra.resources.map.steps_web import Extend
from mapinfra.rollback import Entry, Found, Holder
from mapinfra.secrets import EnvironmentSecret
from tests.unit.resources.map.cases import (
    NEWER,
    OLD,
    extension,
    extensions,
    found,
    health,
    names,
    package,
    the,
    undone,
    wanted,
)

INSTALL = Install(
    contact="map",
    contact_password=EnvironmentSecret(env="CONTACT"),
    database_password=EnvironmentSecret(env="DATABASE"),
)


def broker(*outputs: Output) -> Broker:
    groups = tuple(
        Group(n, rows_of(output, {output.type: "1_3"})) for n, output in enumerate(outputs)
    )
    return Broker(1, "Central", 1, "central-broker-master", "central-broker.json", groups)


def place(**changed: Any) -> AccountScope:
    known = {"accounts": frozenset(), "contacts": {"map": False, "admin": True}}
    return AccountScope(**{**known, **changed})


def nothing(**changed: Any) -> LiveMap:
    """Return a place where nothing of MAP is."""
    parts = {**extensions(None, None, None).found, LICENSE_MANAGER: extension(
        LICENSE_MANAGER, None, None)}  # fmt: skip
    offered = {name: (package(OLD), package(NEWER)) for name in
               (WEB_CLIENT.package, WEB_CLIENT.needed_module)}  # fmt: skip
    return found(
        **{
            "installed": Installed("rpm"),
            "web_installed": Installed("rpm"),
            "web_offered": Offered(offered),
            "extensions": Extensions("central", parts),
            "health": health(ENGINE, "inactive", "disabled"),
            "configuration": {},
            "ground": Ground(("192.0.2.7",), {}),
            "broker": broker(),
            "place": place(),
            **changed,
        }
    )


def installing(**changed: Any) -> DesiredMap:
    return wanted(OLD, **{"install": INSTALL, **changed})


BEFORE = ["lock", "keep", "keep", "fetch", "contact", "account", "install", "mariadb", "configure"]
DEPLOY = ["generate", "test", "move", "arrive", "cbd", "listen"]
AFTER = [
    "revoke", "web", "web", "extend", "extend", "extend", "options", "start", "health", "enable",
    "release",
]  # fmt: skip


def test_an_installation_for_a_central_is_in_the_vendors_order() -> None:
    assert names(map_plan.plan(installing(), nothing()).steps) == [*BEFORE, *DEPLOY, *AFTER]


def test_on_a_remote_the_broker_output_is_left_to_its_central() -> None:
    plan = map_plan.plan(installing(), nothing(is_central=False, broker=None))
    assert names(plan.steps) == [*BEFORE, *AFTER]


def test_one_that_was_cut_off_once_it_was_healthy_only_needs_its_rest() -> None:
    entry = Entry(ENGINE.service, INSTALLATION, OLD, Holder("ada", "console", 1, ""), until=50)
    live = found(journal=Found(100, entry), health=health(ENGINE, enablement="disabled"))
    assert names(map_plan.plan(installing(), live).steps) == ["lock", "enable", "release"]


def test_declared_settings_are_made_before_the_first_start() -> None:
    plan = map_plan.plan(installing(settings={"centreon-map.conf": {"JAVA_OPTS": "a"}}), nothing())
    assert names(plan.steps).index("declare") == names(plan.steps).index("configure") + 1


def test_an_installation_that_was_cut_off_is_done_over() -> None:
    entry = Entry(
        ENGINE.service, INSTALLATION, OLD, Holder("ada", "console", 1, ""), since=86400, until=50
    )
    half = Installed("rpm", versions={ENGINE.server_package: package(OLD)})
    live = nothing(installed=half, journal=Found(100, entry))
    plan = map_plan.plan(installing(), live)
    assert names(plan.steps) == [*BEFORE, *DEPLOY, *AFTER]
    told = "over from a run that was interrupted (since 1970-01-02 00:00:00 UTC)"
    assert plan.steps[0].text.endswith(told)


@pytest.mark.parametrize(
    ("live", "changed", "words"),
    [
        (nothing(), {"install": None}, "add `install` to its map_server"),
        (nothing(place=place(contacts={})), {}, "no active contact 'map' that may"),
        (nothing(place=place(contacts={"map": True})), {}, "contact 'map' is an administrator"),
        (nothing(place=place(accounts=None)), {}, "MariaDB's root can't be used there"),
        (
            nothing(ground=Ground(("192.0.2.7", "198.51.100.7"), {})),
            {},
            "it has 2 IPv4 addresses (192.0.2.7, 198.51.100.7)",
        ),
        (nothing(ground=Ground(("192.0.2.7",), None)), {}, "can't be told whether MAP's database"),
        (
            nothing(configuration={"/etc/centreon-map/backup.conf": b""}),
            {},
            "files of an earlier MAP",
        ),
        (
            nothing(installed=Installed("rpm", versions={LEGACY.server_package: package(OLD)})),
            {},
            "MAP Legacy is on this host, and both would use one database user",
        ),
        (nothing(broker=None), {}, "its own broker configuration can't be told"),
        (
            nothing(broker=broker(Output("Centreon-Map"))),
            {},
            "output Centreon-Map (ipv4, group 0) of central",
        ),
    ],
)
def test_what_an_installation_lacks_is_told_with_what_to_do(
    live: LiveMap, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(CentreonError) as refused:
        map_plan.plan(installing(**changed), live)
    assert words in str(refused.value)


def test_the_output_that_configure_made_before_is_no_obstacle() -> None:
    assert map_plan.plan(installing(), nothing(broker=broker(Output("Centreon-Studio")))).steps


def test_one_of_several_addresses_can_be_named() -> None:
    ground = Ground(("192.0.2.7", "198.51.100.7"), {})
    named = INSTALL.model_copy(update={"own_address": "198.51.100.7"})
    plan = map_plan.plan(installing(install=named), nothing(ground=ground))
    assert the(GrantAccess, plan.steps).account.client == "198.51.100.7"


@pytest.mark.parametrize(
    ("last", "back"),
    [
        ("fetch", ["release"]),
        ("account", ["unaccount", "release"]),
        ("install", ["uninstall", "unaccount", "release"]),
        ("configure", ["unoutput", "undatabase", "uninstall", "unaccount", "release"]),
        ("health", ["stop", "options", "extend", "extend", "extend", "unweb", "unweb",
                    "unoutput", "undatabase", "uninstall", "unaccount", "release"]),
    ],
)  # fmt: skip
def test_a_failed_installation_leaves_nothing(last: str, back: list[str]) -> None:
    assert undone(map_plan.plan(installing(), nothing()), last) == back


def test_a_database_that_was_there_is_not_dropped_by_a_failed_installation() -> None:
    ground = Ground(("192.0.2.7",), {ENGINE.database: 0})
    plan = map_plan.plan(installing(), nothing(ground=ground))
    assert "undatabase" not in undone(plan, "health")


def test_a_backup_that_the_disk_surely_can_not_take_is_told_in_the_preview() -> None:
    live = found(ground=Ground((), {ENGINE.database: 10**9}, {"/": 10**10, "/var": 10**9}))
    with pytest.raises(BackupFailed, match="may take 1367 MB, and /var/backups/mapinfra has 1000"):
        map_plan.plan(wanted(NEWER), live)


# Removal


def test_an_installation_is_kept_unless_the_spec_said_otherwise() -> None:
    plan = removal(wanted(OLD), found())
    assert (plan.steps, plan.reason) == (
        (),
        "MAP on central/map is forgotten; it stays as it is (removal: keep)",
    )


GOING = [
    "lock",
    "keep",
    "fetch",
    "backup",
    "arm",
    "stop",
    "retire",
    "retire",
    "web",
    "server",
    "clear",
]


def test_an_installation_goes_after_a_last_backup_and_its_database_only_if_asked() -> None:
    assert names(removal(wanted(OLD, uninstall=True), found()).steps) == [*GOING, "release"]
    dropping = wanted(OLD, uninstall=True, drop_database=True)
    assert names(removal(dropping, found()).steps) == [*GOING, "drop", "release"]


def test_what_another_edition_on_the_host_uses_stays() -> None:
    both = {edition.server_package: package(OLD) for edition in (ENGINE, LEGACY)}
    live = found(installed=Installed("rpm", versions=both))
    steps = names(removal(wanted(OLD, uninstall=True), live).steps)
    assert steps == ["lock", "fetch", "backup", "arm", "stop", "server", "clear", "release"]


def test_what_is_gone_already_needs_no_removal() -> None:
    live = replace(nothing(), extensions=extensions(None, None, None))
    assert removal(wanted(OLD, uninstall=True), live).steps == ()


def test_a_failed_removal_brings_server_and_web_side_back() -> None:
    plan = removal(wanted(OLD, uninstall=True, drop_database=True), found())
    assert undone(plan, "drop") == ["back", "unweb", "extend", "extend", "options", "release"]
    again = [str(one.action) for one in taken_back(plan.steps) if isinstance(one, Extend)]
    assert again == [
        f"install module centreon-map4-web-client {OLD}",
        f"install widget MAP - Display views {OLD}",
    ]
