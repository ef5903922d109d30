"""Plans of a MAP installation: each its least steps, and applied they lead to what is wanted."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.backup import FolderUnsafe, Listed, Reach, Shelf
from mapinfra.backup.wayback import Back
from mapinfra.centreon.broker.outputs import Group, rows_of
from mapinfra.centreon.broker.outputs import Output as BrokerOutput
from mapinfra.centreon.map.health import Health
from mapinfra.centreon.map.prerequisites import Broker
from mapinfra.centreon.releases.editions import EDITIONS, ENGINE, LEGACY, WEB_CLIENT
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.web.extensions import (
    LICENSE_MANAGER,
    ExtensionChange,
    ExtensionRow,
    Extensions,
)
from mapinfra.errors import CentreonError
from mapinfra.hosts.packages import Installed, Offered
from mapinfra.resources.contract import Step, taken_back
from mapinfra.resources.map import plan as map_plan
from mapinfra.resources.map.context import MapContext
from mapinfra.resources.map.kind import MapInstallationKind
from mapinfra.resources.map.model import CHANGED, DesiredMap, LiveMap
from mapinfra.resources.map.own_database import LoginRefused
from mapinfra.resources.map.steps import CancelRollback, NoteStep, ReleaseLock, TakeLock
from mapinfra.resources.map.steps_server import (
    AwaitHealth,
    ChangeServer,
    Enable,
    GoBack,
    MergeConfiguration,
    SetSettings,
    Start,
    Stop,
)
from mapinfra.resources.map.steps_web import ChangeWebPackage, Extend, SetOptions
from mapinfra.rollback import Entry, Found, Holder
from tests.unit.resources.map.cases import (
    ADDRESS,
    CONF,
    NEWER,
    OLD,
    extension,
    extensions,
    found,
    health,
    interrupted,
    manifest,
    names,
    package,
    the,
    undone,
    until,
    wanted,
)


def test_what_is_as_wanted_needs_no_step_and_says_why() -> None:
    plan = map_plan.plan(wanted(OLD), found())
    assert plan.steps == ()
    assert plan.reason == (
        "MAP 22.10.1 is on central/map, enabled and healthy, its web client 22.10.1 on central"
    )


def test_an_update_of_the_engine_is_in_the_vendors_order() -> None:
    assert names(map_plan.plan(wanted(), found()).steps) == [
        "lock", "keep", "fetch", "backup", "compare", "arm", "stop", "web", "server", "config",
        "extend", "extend", "start", "health", "release",
    ]  # fmt: skip


def test_what_is_foremost_in_a_plan_is_its_first_change() -> None:
    assert isinstance(map_plan.plan(wanted(), found()).foremost, Stop)
    stopped = found(health=health(ENGINE, "inactive"))
    assert map_plan.plan(wanted(OLD), stopped).foremost.text == "start centreon-map-engine"


def test_an_update_of_the_legacy_edition_is_in_the_vendors_order() -> None:
    live = found(edition=LEGACY)
    assert names(map_plan.plan(wanted(edition=LEGACY), live).steps) == [
        "lock", "keep", "fetch", "backup", "compare", "arm", "stop", "server", "config", "start",
        "web", "extend", "extend", "health", "release",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "steps"),
    [
        ({"health": health(ENGINE, "inactive")}, ["lock", "start", "health", "release"]),
        ({"health": health(ENGINE, "failed")}, ["lock", "start", "health", "release"]),
        ({"health": health(ENGINE, enablement="disabled")}, ["lock", "enable", "release"]),
        ({"extensions": extensions(OLD, OLD, None)}, ["lock", "extend", "release"]),
        ({"extensions": extensions(OLD, "22.10.0", OLD)}, ["lock", "extend", "release"]),
        (
            {"web_installed": Installed("rpm", versions={WEB_CLIENT.package: package("22.10.0")})},
            ["lock", "keep", "web", "release"],
        ),
    ],
)
def test_what_is_not_as_wanted_is_mended_alone(changed: dict[str, Any], steps: list[str]) -> None:
    assert names(map_plan.plan(wanted(OLD), found(**changed)).steps) == steps


@pytest.mark.parametrize(
    ("categories", "todo"),
    [
        (
            ("bam", "neb"),
            (
                "central/map: TODO: run /etc/centreon-map/configure.sh --automatic (since 22.10.5 "
                "the broker's output has the category storage)",
            ),
        ),
        (("bam", "neb", "storage"), ()),
    ],
)
@pytest.mark.parametrize("version", [OLD, NEWER])
def test_what_is_left_to_a_person_is_told_until_it_is_done(
    version: str, categories: tuple[str, ...], todo: tuple[str, ...]
) -> None:
    made = BrokerOutput("Centreon-Studio", categories=categories)
    output = Group(3, rows_of(made, {"ipv4": "1_3"}))
    broker = Broker(1, "Central", 1, "central-broker-master", "central-broker.json", (output,))
    plan = map_plan.plan(wanted(NEWER), found(version, broker=broker))
    assert plan.todo == todo
    assert bool(plan.steps) == (version == OLD)
    assert not any("TODO" in line for line in plan.lines())


def test_a_server_that_is_cut_off_from_its_broker_is_restarted_and_has_to_find_it() -> None:
    live = found(health=health(ENGINE, broker=()))
    plan = map_plan.plan(wanted(OLD), live)
    assert names(plan.steps) == ["lock", "restart", "health", "release"]
    assert plan.steps[1].text == (
        "restart centreon-map-engine, which has no connection to its broker 192.0.2.1:5758"
    )
    assert the(AwaitHealth, plan.steps).expected.broker
    assert MapInstallationKind().computed(wanted(OLD), live)["healthy"] is False


def test_a_server_that_cant_log_in_to_its_database_is_not_restarted_into_that() -> None:
    refused = LoginRefused("MAP's own login is refused: ERROR 1862", where="map")
    for live in (found(health=health(ENGINE, "inactive")), found(health=health(ENGINE, broker=()))):
        with pytest.raises(LoginRefused):
            map_plan.plan(wanted(OLD), replace(live, own=refused))
    drifted = wanted(OLD, settings={CONF: {"JAVA_OPTS": "-Xmx8G"}})
    with pytest.raises(LoginRefused):
        map_plan.plan(drifted, found(own=refused))
    assert not map_plan.plan(wanted(OLD), found(own=refused)).steps
    # What makes another database unfit for a backup doesn't keep MAP from its work.
    elsewhere = CentreonError("MAP's own database is on db1", where="map")
    assert map_plan.plan(drifted, found(own=elsewhere)).steps
    file = ENGINE.own_database_file
    path, key = f"{ENGINE.config_dir}/{file}", "centreon_map.connection.username"
    live = found(own=refused, configuration={path: f"{key}=wrong\n".encode()})
    mended = map_plan.plan(wanted(OLD, settings={file: {key: "map"}}), live)
    assert names(mended.steps) == ["lock", "settings", "restart", "health", "release"]


def test_a_server_that_systemd_restarts_has_to_show_that_it_stays() -> None:
    live = found(health=health(ENGINE))
    unit = replace(live.health.unit, restarts=3, lived=40.0)
    plan = map_plan.plan(wanted(OLD), replace(live, health=replace(live.health, unit=unit)))
    assert names(plan.steps) == ["lock", "health", "release"]
    assert the(AwaitHealth, plan.steps).expected.span > 40


@pytest.mark.parametrize(("broker", "due"), [(("192.0.2.1:5758",), True), ((), False)])
def test_an_update_has_to_bring_back_the_connection_that_there_was(
    broker: tuple[str, ...], due: bool
) -> None:
    plan = map_plan.plan(wanted(), found(health=health(ENGINE, broker=broker)))
    assert the(AwaitHealth, plan.steps).expected.broker is due


def test_settings_that_drifted_are_set_and_the_service_restarted() -> None:
    desired = wanted(OLD, settings={CONF: {"JAVA_OPTS": "-Xmx8G"}})
    plan = map_plan.plan(desired, found())
    assert names(plan.steps) == ["lock", "settings", "restart", "health", "release"]
    assert the(SetSettings, plan.steps).after == {
        f"{ENGINE.config_dir}/{CONF}": b'RUN_ARGS="a"\nJAVA_OPTS="-Xmx8G"\n'
    }
    assert [change.path for change in plan.changes] == [f"settings.{CONF}.JAVA_OPTS"]


def refusal(desired: DesiredMap, live: LiveMap) -> str:
    with pytest.raises(CentreonError) as refused:
        map_plan.plan(desired, live)
    return str(refused.value)


def test_a_version_that_is_not_offered_is_refused_with_those_that_are() -> None:
    assert refusal(wanted("22.10.7"), found()) == (
        "central: no repository offers centreon-map-web-client 22.10.7; offered: 22.10.1-1.el8, "
        "22.10.5-1.el8, 23.10.3-1.el8; ask for one that is, or configure the repository of its line"
    ).replace(
        "central: no repository offers centreon-map-web-client",
        "central/map: no repository offers centreon-map-engine",
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (CONF, b'RUN_ARGS="--spring.profiles.active=prod,tls"\n'),
        (CONF, b'RUN_ARGS="--spring.profiles.active=prod, tls"\n'),
        (CONF, b'RUN_ARGS="--spring.profiles.active=prod,tls_broker"\n'),
        (LEGACY.main_file, b"centreon-map.tls.enabled=true\n"),
    ],
)
def test_the_keystore_is_noted_however_https_is_asked_for(name: str, content: bytes) -> None:
    files = {f"{LEGACY.config_dir}/{name}": content}
    live = found("21.10.3", LEGACY, configuration=files)
    desired = wanted(edition=LEGACY, release_notes_read="22.10")
    lines = map_plan.plan(desired, live).lines()
    assert any(
        "keystore: its keystore has to be generated anew with Java 17" in one for one in lines
    )


SERVER = ENGINE.server_package


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {
                "offered": Offered(
                    {SERVER: (package(OLD),)}, (), {SERVER: (package(NEWER),)}, ("f",)
                )
            },
            "centreon-map-engine 22.10.5-1.el8 is offered, but the package manager is told to "
            "leave it alone (f); take centreon-map-engine out of the excludes, locks or pins there",
        ),
        (
            {"installed": Installed("deb", {}, {SERVER: package(OLD)}, held=frozenset({SERVER}))},
            "centreon-map-engine is on hold; run `apt-mark unhold centreon-map-engine` there",
        ),
        (
            {
                "web_installed": Installed(
                    "deb",
                    {},
                    {WEB_CLIENT.package: package(OLD)},
                    held=frozenset([WEB_CLIENT.package]),
                )
            },
            "centreon-map-web-client is on hold; run `apt-mark unhold centreon-map-web-client`",
        ),
        (
            {"own": CentreonError("MAP's own login is refused", where="map", remedy="start it")},
            "MAP's own login is refused; start it",
        ),
    ],
)
def test_what_would_stop_an_update_on_its_way_is_told_in_the_preview(
    changed: dict[str, Any], told: str
) -> None:
    assert told in refusal(wanted(), found(**changed))
    assert map_plan.plan(wanted(OLD), found(**changed)).steps == ()


def test_a_change_of_line_is_refused_with_what_its_notes_ask_for() -> None:
    live = found(central=Version.parse("23.10.0"))
    told = refusal(wanted("23.10.3"), live)
    assert "release notes of 23.04: " in told
    assert told.endswith('then write release_notes_read: "23.10"')
    assert "(https://docs.centreon.com/docs/23.10/releases/centreon-commercial-ext" in told
    beyond = map_plan.plan(wanted("23.10.3", release_notes_read="23.10"), live)
    with pytest.raises(CentreonError) as refused:
        map_plan.plan(wanted("23.10.3"), live)
    shown = [
        line.removeprefix("once the release notes are read: ") for line in refused.value.beside
    ]
    assert shown == [
        str(step)
        for step in beyond.steps
        if not isinstance(step, NoteStep | TakeLock | ReleaseLock)
    ]


@pytest.mark.parametrize(
    ("live", "words"),
    [
        (found(installed=Installed("rpm")), "add `install` to its map_server"),
        (found(installed=Installed("rpm", versions=found().installed.versions, faults=("cut",))),
         "cut; mend the packages"),
        (found(central=Version.parse("22.04.1")), "upgrade it to 22.10 first"),
        (found(extensions=Extensions("central", {
            **extensions(OLD, OLD, OLD).found,
            LICENSE_MANAGER: extension(LICENSE_MANAGER, None, None)})), "install package"),
        (found(own=CentreonError("MAP's own database is on 192.0.2.1")), "is on 192.0.2.1"),
        (found(own=None), "MAP's own database isn't known"),
        (found(journal=Found(10, Entry("s", "update", "1", Holder("ada", "far", 1, ""), until=99))),
         "wait until it has ended"),
    ],
)  # fmt: skip
def test_what_is_in_the_way_is_told_with_what_to_do(live: LiveMap, words: str) -> None:
    assert words in refusal(wanted(), live)


@pytest.mark.parametrize(
    ("step", "reach"),
    [("stop", Reach.SERVICE), ("web", Reach.SERVICE), (f"config{CHANGED}", Reach.ALL)],
)
def test_a_run_that_was_interrupted_is_taken_back_and_done_again(step: str, reach: Reach) -> None:
    after = Installed("rpm", versions={ENGINE.server_package: package(NEWER)})
    plan = map_plan.plan(wanted(), interrupted(step, installed=after))
    assert names(plan.steps)[:2] == ["lock", "back"]
    assert names(plan.steps)[-4:] == ["extend", "start", "health", "release"]
    assert the(GoBack, plan.steps).reach is reach


def test_a_server_that_went_back_by_itself_is_simply_updated() -> None:
    live = interrupted(f"start{CHANGED}")
    back = Back("done", "", "", Reach.ALL, "lease", "")
    live = replace(live, interrupted=None, journal=replace(live.journal, back=back))
    assert names(map_plan.plan(wanted(), live).steps) == names(
        map_plan.plan(wanted(), found()).steps
    )


def stuck(version: str, **changed: Any) -> LiveMap:
    """As an update left it whose backup was deleted while its lease ran out."""
    live = interrupted(f"server{CHANGED}", installed=Installed("rpm", versions={
        ENGINE.server_package: package(version)}), **changed)  # fmt: skip
    journal = replace(live.journal, armed=True, blocked="back.sh is missing")
    return replace(live, interrupted=None, journal=journal)


def test_an_automatic_rollback_that_can_not_run_is_ended_by_the_next_run() -> None:
    plan = map_plan.plan(wanted(), stuck(NEWER, health=health(ENGINE, active="inactive")))
    assert names(plan.steps)[:2] == ["lock", "cancel"]
    assert names(plan.steps)[-3:] == ["start", "health", "release"]
    cancel = the(CancelRollback, plan.steps)
    assert cancel.text == (
        "cancel the automatic rollback to backup b1, which can't run: back.sh is missing"
    )
    assert cancel.directory == manifest().directory
    assert "`mapinfra restore` brings back an older backup" in the(NoteStep, plan.steps).text
    # Should this run be cut off too, the next one still knows what is armed.
    assert the(TakeLock, plan.steps).lock.unfinished
    assert undone(plan, "cancel") == ["abandon"]
    assert undone(plan, "start")[0] == "stop"


def test_it_is_ended_where_an_update_or_a_removal_is_to_come_too() -> None:
    assert names(map_plan.plan(wanted(), stuck(OLD)).steps)[:3] == ["lock", "cancel", "keep"]
    removal = MapInstallationKind().removal(wanted(uninstall=True), stuck(OLD))
    assert names(removal.steps)[:2] == ["lock", "cancel"]


def test_a_folder_of_backups_that_is_not_roots_alone_is_refused() -> None:
    live = found(shelf=Shelf((), unsafe="/srv belongs to ada"))
    with pytest.raises(FolderUnsafe, match=r"aren't safe there: /srv belongs to ada; give it and"):
        map_plan.plan(wanted(), live)
    assert not map_plan.plan(wanted(OLD), live).steps


def test_backups_that_are_dated_in_the_future_are_told() -> None:
    listed = Listed(replace(manifest(), taken_at="2099-01-01T00:00:00Z"), None, armed=False)
    plan = map_plan.plan(wanted(), found(shelf=Shelf((listed,))))
    notes = [step.text for step in plan.steps if isinstance(step, NoteStep)]
    assert any("1 of the backups there are dated in the future, b1 at 2099-01-01" in one
               for one in notes)  # fmt: skip


@pytest.mark.parametrize(
    ("last", "back"),
    [
        ("lock", ["release"]),
        ("backup", ["release"]),
        ("arm", ["release"]),
        ("stop", ["back", "release"]),
        ("web", ["back", "unweb", "release"]),
        ("server", ["back", "unweb", "release"]),
        ("health", ["back", "unweb", "extend", "extend", "release"]),
    ],
)
def test_a_failed_update_is_taken_back_as_far_as_it_came(last: str, back: list[str]) -> None:
    assert undone(map_plan.plan(wanted(), found()), last) == back


def test_a_live_value_that_is_not_as_declared_is_shown_without_its_secrets() -> None:
    desired = wanted(OLD, settings={CONF: {"JAVA_OPTS": "-Xmx8G"}})
    conf = b'JAVA_OPTS="-Dcentreon-map.signing-key=TOPSECRET -Xmx4G"\n'
    live = found(configuration={f"{ENGINE.config_dir}/{CONF}": conf})
    plan = map_plan.plan(desired, live)
    assert "TOPSECRET" not in repr(plan.changes) + repr(plan.lines())
    assert "signing-key" in str(plan.changes[0].live)


@pytest.mark.parametrize(
    ("wanted_web", "web", "told"),
    [
        (NEWER, OLD, {}),
        (NEWER, NEWER, {}),
        (NEWER, "22.10.3", {"web_client": "22.10.3"}),
        ("22.10.3", OLD, {"web_client": OLD}),
        ("22.10.3", "22.10.3", {}),
    ],
)
def test_the_web_clients_version_is_told_where_it_is_no_matter_of_the_servers(
    wanted_web: str, web: str, told: dict[str, str]
) -> None:
    desired = wanted(NEWER, web_client=Version.parse(wanted_web))
    live = found(web_installed=Installed("rpm", versions={WEB_CLIENT.package: package(web)}))
    inputs = MapInstallationKind().live_inputs(desired, live)
    assert inputs == {"version": OLD, **told}


@pytest.mark.parametrize(
    ("step", "restarts"), [("lock", 1), ("settings", 1), ("health", 0), ("options", 0)]
)
def test_a_repair_that_was_cut_off_before_its_restart_restarts(step: str, restarts: int) -> None:
    holder = Holder("ada", "console", 1, "")
    entry = Entry(ENGINE.service, "repair", OLD, holder, step=step, until=50)
    plan = map_plan.plan(wanted(OLD), found(journal=Found(100, entry)))
    assert names(plan.steps).count("restart") == restarts


def test_declared_settings_are_made_in_the_files_that_came_back() -> None:
    desired = wanted(OLD, settings={CONF: {"JAVA_OPTS": "-Xmx8G"}})
    steps = names(map_plan.plan(desired, interrupted(f"server{CHANGED}", configuration={})).steps)
    assert steps == ["lock", "back", "declare", "restart", "health", "release"]


def test_a_way_back_that_failed_keeps_the_journal_that_names_its_backup() -> None:
    plan = map_plan.plan(wanted(), interrupted("stop"))
    assert undone(plan, "back") == ["abandon"]
    assert undone(plan, "backup") == ["release"]


def test_only_the_service_comes_back_where_the_server_was_not_changed_yet() -> None:
    plan = map_plan.plan(wanted(), found())
    for last, reach in (("web", Reach.SERVICE), ("server", Reach.ALL), ("health", Reach.ALL)):
        assert the(GoBack, taken_back(until(last, plan))).reach is reach


# A world that does what the steps say

VERSIONS = st.sampled_from((OLD, NEWER))
LIVES = st.builds(
    lambda version, edition, web, module, widget, active, enablement, option: found(
        version,
        edition,
        web_installed=Installed("rpm", versions={WEB_CLIENT.package: package(web)} if web else {}),
        extensions=extensions(web, module, widget),
        health=health(edition, active, enablement),
        options={edition.address_option: option},
    ),
    VERSIONS,
    st.sampled_from(tuple(EDITIONS.values())),
    st.none() | VERSIONS,
    st.none() | VERSIONS,
    st.none() | VERSIONS,
    st.sampled_from(("active", "inactive", "failed")),
    st.sampled_from(("enabled", "disabled")),
    st.sampled_from((None, "", ADDRESS)),
)


def applied(live: LiveMap, step: Step[MapContext]) -> LiveMap:
    match step:
        case ChangeServer(server=server):
            versions = server.wanted
            return replace(live, installed=replace(live.installed, versions=versions))
        case ChangeWebPackage(package=web):
            versions = web.wanted
            disk = str(Version.of_package(web.new or ""))
            held = live.extensions.found
            parts = {
                part: one if part == LICENSE_MANAGER else replace(one, available=disk)
                for part, one in held.items()
            }
            return replace(
                live,
                web_installed=replace(live.web_installed, versions=versions),
                extensions=Extensions("central", parts),
            )
        case Extend(action=action):
            return replace(live, extensions=_extended(live.extensions, action))
        case SetOptions(after=options):
            return replace(live, options={**live.options, **options})
        case SetSettings(after=contents):
            return replace(live, configuration={**live.configuration, **contents})
        case MergeConfiguration():
            return replace(live, configuration={
                path: content.replace(b"-Xmx4G", b"-Xmx8G")
                for path, content in live.configuration.items()
            })  # fmt: skip
        case Stop():
            return replace(live, health=_told(live.health, active="inactive"))
        case Start():
            return replace(live, health=_told(live.health, active="active"))
        case Enable():
            return replace(live, health=_told(live.health, enablement="enabled"))
        case _:
            return live


def _extended(held: Extensions, action: ExtensionChange) -> Extensions:
    version = held.found[action.part].available
    assert version == action.after
    changed = replace(held.found[action.part], rows=(ExtensionRow(1, version or ""),))
    return Extensions(held.where, {**held.found, action.part: changed})


def _told(health: Health, **changed: Any) -> Health:
    return replace(health, unit=replace(health.unit, **changed))


@given(live=LIVES)
def test_applied_a_plan_leads_to_what_is_wanted(live: LiveMap) -> None:
    edition = live.health.edition
    desired = wanted(NEWER, edition, address=ADDRESS, settings={CONF: {"JAVA_OPTS": "-Xmx8G"}})
    for step in map_plan.plan(desired, live).steps:
        live = applied(live, step)
    assert map_plan.plan(desired, live).steps == ()


@given(live=LIVES)
def test_between_lock_and_release_every_host_and_step_is_told(live: LiveMap) -> None:
    desired = wanted(NEWER, live.health.edition)
    steps = [one for one in map_plan.plan(desired, live).steps if not isinstance(one, NoteStep)]
    if steps:
        assert isinstance(steps[0], TakeLock)
        assert isinstance(steps[-1], ReleaseLock)
        assert {step.host for step in steps} <= {"central", "central/map"}
        assert all(step.text for step in steps)
