"""Extension Manager and MAP's options, against the stand-in and all of its traps."""

import re
import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lab import Host, Lab
from mapinfra.centreon.releases.editions import ENGINE, LEGACY
from mapinfra.centreon.web import extensions, options
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.centreon.web.extensions import (
    LICENSE_MANAGER,
    MODULE,
    WIDGET,
    ExtensionChange,
    ExtensionManager,
    Extensions,
    actions,
    removals,
)
from mapinfra.errors import ApiError, CentreonError, DatabaseError
from mapinfra.hosts import Fleet
from mapinfra.resources.map import option_rows
from mapinfra.resources.session import database_of
from tests.lab.map_parts import client, open_fleet, target
from tests.lab.project import query

MODULES = "/usr/share/centreon/www/modules"
WIDGETS = "/usr/share/centreon/www/widgets"
OPTIONS = "select `key`, value from options where `key` like 'map_light%' order by `key`"


@pytest.fixture(scope="module")
def fresh(lab: Lab) -> Iterator[Host]:
    """A central of which mapinfra's user may write the options."""
    lab.reset("central")
    yield lab.host("central")
    lab.reset("central")


@pytest.fixture
def central(fresh: Host) -> Iterator[Host]:
    """The central without any extension."""
    yield fresh
    packages = "centreon-map-web-client centreon-license-manager"
    fresh.run(f"apt-get -y -q purge {packages}; rm -rf {MODULES}/* {WIDGETS}/*")
    fresh.run(
        ["mariadb", "centreon", "-e", "delete from modules_informations;"
         " delete from widget_models; delete from options where `key` like 'map_light%'"]
    )  # fmt: skip


@pytest.fixture
def fleet(lab: Lab, tmp_path: Path) -> Iterator[Fleet]:
    with open_fleet(lab, tmp_path) as fleet:
        yield fleet


@pytest.fixture
def api(lab: Lab) -> Iterator[CentreonApi]:
    with closing(client(lab)) as api:
        yield api


@pytest.fixture
def manager(lab: Lab, fleet: Fleet, api: CentreonApi, central: Host) -> ExtensionManager:
    return manager_with(api, lab, fleet)


def manager_with(api: CentreonApi, lab: Lab, fleet: Fleet) -> ExtensionManager:
    place = target(lab, "central")
    return ExtensionManager(api, fleet.host(place), database_of(place))


def observe(lab: Lab, fleet: Fleet) -> Extensions:
    place = target(lab, "central")
    fleet.stale(place)
    return extensions.observed(fleet.facts(place))


def put_package(central: Host, version: str) -> None:
    central.run(
        ["apt-get", "-y", "--allow-downgrades", "install",
         f"centreon-map-web-client={version}-*", f"centreon-license-manager={version}-*"]
    )  # fmt: skip


def bring(manager: ExtensionManager, version: str) -> list[str]:
    planned = actions(manager.found(), version)
    for action in planned:
        manager.run(action)
    return [str(action) for action in planned]


def installed(found: Extensions) -> list[str | None]:
    return [found.found[part].installed for part in extensions.PARTS]


def module_rows(central: Host) -> list[list[str]]:
    return query(central, "select name, mod_release from modules_informations order by id")


def test_install_update_downgrade_and_removal(
    lab: Lab, fleet: Fleet, manager: ExtensionManager, central: Host
) -> None:
    assert observe(lab, fleet) == manager.found()
    assert installed(manager.found()) == [None, None, None]

    put_package(central, "22.10.1")
    assert bring(manager, "22.10.1") == [
        "install module centreon-license-manager 22.10.1",
        "install module centreon-map4-web-client 22.10.1",
        "install widget MAP - Display views 22.10.1",
    ]
    assert installed(manager.found()) == ["22.10.1"] * 3
    assert bring(manager, "22.10.1") == []

    put_package(central, "22.10.5")
    assert observe(lab, fleet) == manager.found()
    assert observe(lab, fleet).found[MODULE].available == "22.10.5"
    assert bring(manager, "22.10.5") == [
        "update module centreon-license-manager 22.10.1 → 22.10.5",
        "update module centreon-map4-web-client 22.10.1 → 22.10.5",
        "update widget MAP - Display views 22.10.1 → 22.10.5",
    ]
    put_package(central, "22.10.1")
    assert len(bring(manager, "22.10.1")) == 3
    assert installed(observe(lab, fleet)) == ["22.10.1"] * 3

    for action in removals(manager.found()):
        manager.run(action)
    assert installed(observe(lab, fleet)) == ["22.10.1", None, None]
    assert removals(manager.found()) == ()
    assert module_rows(central) == [["centreon-license-manager", "22.10.1"]]


def test_an_action_run_twice_is_done_once(manager: ExtensionManager, central: Host) -> None:
    put_package(central, "22.10.5")
    for action in actions(manager.found(), "22.10.5") * 2:
        manager.run(action)
    assert [name for name, _ in module_rows(central)] == [LICENSE_MANAGER.name, MODULE.name]
    for action in removals(manager.found()) * 2:
        manager.run(action)
    assert [name for name, _ in module_rows(central)] == [LICENSE_MANAGER.name]


def test_what_is_done_is_undone_by_its_own_action(manager: ExtensionManager, central: Host) -> None:
    put_package(central, "22.10.5")
    done = actions(manager.found(), "22.10.5")
    for action in done:
        manager.run(action)
    for action in reversed(done):
        manager.run(action.undone)
    assert installed(manager.found()) == [None, None, None]


def test_an_install_planned_before_someone_else_installed_another_version_is_refused(
    manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.1")
    bring(manager, "22.10.1")
    put_package(central, "22.10.5")
    with pytest.raises(CentreonError, match=r"is installed meanwhile, as 22\.10\.1; preview again"):
        manager.run(ExtensionChange("install", MODULE, after="22.10.5"))
    assert len(module_rows(central)) == 2


def test_an_update_of_what_is_not_installed_is_not_sent(
    manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.5")
    with pytest.raises(CentreonError, match="isn't installed any more"):
        manager.run(ExtensionChange("update", MODULE, "22.10.1", "22.10.5"))
    assert module_rows(central) == []


def test_a_version_that_is_not_on_the_disk_is_told(
    manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.1")
    with pytest.raises(CentreonError, match=r"sees 22\.10\.1 on the disk, not 22\.10\.5; update"):
        manager.run(ExtensionChange("install", WIDGET, after="22.10.5"))
    assert installed(manager.found()) == [None, None, None]


def test_files_that_are_not_there_are_told(manager: ExtensionManager, central: Host) -> None:
    with pytest.raises(CentreonError, match="install package centreon-map-web-client"):
        manager.run(ExtensionChange("install", MODULE, after="22.10.5"))
    with pytest.raises(CentreonError, match="install package centreon-map-web-client"):
        manager.run(ExtensionChange("install", WIDGET, after="22.10.5"))
    with pytest.raises(CentreonError, match="install package centreon-license-manager"):
        manager.run(ExtensionChange("install", LICENSE_MANAGER))


def test_a_missing_license_manager_is_told_before_anything_is_done(
    manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.5")
    central.run(["rm", "-r", f"{MODULES}/{LICENSE_MANAGER.name}"])
    with pytest.raises(CentreonError) as caught:
        manager.run(ExtensionChange("install", MODULE, after="22.10.5"))
    assert str(caught.value) == (
        "central: module centreon-map4-web-client: it needs module centreon-license-manager, "
        "which isn't on the disk; install package centreon-license-manager"
    )
    assert module_rows(central) == []


def test_a_status_of_false_is_a_failure_in_centreon_s_words(
    manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.5")
    conf = f"{MODULES}/{MODULE.name}/conf.php"
    central.run(["sed", "-i", "s/'centreon-license-manager'/'centreon-other'/", conf])
    with pytest.raises(ApiError, match='doesn\'t install it: Module "centreon-other" is missing'):
        manager.run(ExtensionChange("install", MODULE, after="22.10.5"))


class Lossy(CentreonApi):
    """An API whose answers to changes are lost: they are done all the same."""

    def extension_manager(self, method: str, action: str, **parameters: str) -> dict[str, Any]:
        body = super().extension_manager(method, action, **parameters)
        if method != "GET":
            raise ApiError("HTTP 500", where="central")
        return body


def test_what_an_error_of_the_api_has_done_is_no_failure(
    lab: Lab, fleet: Fleet, api: CentreonApi, manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.5")
    api.__class__ = Lossy
    assert bring(manager, "22.10.5")
    assert installed(manager.found()) == ["22.10.5"] * 3


def test_an_error_of_the_api_that_has_done_nothing_is_told(
    api: CentreonApi, manager: ExtensionManager, central: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_package(central, "22.10.5")
    real = api.extension_manager

    def failing(method: str, action: str, **parameters: str) -> dict[str, Any]:
        if method != "GET":
            raise ApiError("HTTP 500", where="central")
        return real(method, action, **parameters)

    monkeypatch.setattr(api, "extension_manager", failing)
    with pytest.raises(ApiError, match="HTTP 500"):
        manager.run(ExtensionChange("install", LICENSE_MANAGER, after="22.10.5"))


def test_a_removal_that_another_module_forbids_is_a_failure(
    manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.5")
    bring(manager, "22.10.5")
    with pytest.raises(ApiError, match=r"Following modules need to be removed first: Map web"):
        manager.run(ExtensionChange("remove", LICENSE_MANAGER, before="22.10.5"))


def test_a_module_installed_twice_is_told_with_its_rows(
    lab: Lab, fleet: Fleet, manager: ExtensionManager, api: CentreonApi, central: Host
) -> None:
    put_package(central, "22.10.5")
    bring(manager, "22.10.5")
    api.extension_manager("POST", "install", id=MODULE.name, type="module")
    ids = query(central, f"select id from modules_informations where name = '{MODULE.name}'")
    first, second = sorted(int(id) for (id,) in ids)
    with pytest.raises(CentreonError) as caught:
        manager.found()
    message = str(caught.value)
    assert message == (
        "central: module centreon-map4-web-client: it was installed twice: 2 rows in "
        f"modules_informations ({first}: 22.10.5, {second}: 22.10.5), with which MAP crashes at "
        f"its start; in modules_informations, remove the row whose id is {second}"
    )
    observed = observe(lab, fleet)
    with pytest.raises(CentreonError, match=re.escape(message)):
        actions(observed, "22.10.5")
    with pytest.raises(CentreonError, match=re.escape(message)):
        removals(observed)


def test_a_user_without_rights_is_told_what_it_lacks(lab: Lab, fleet: Fleet, central: Host) -> None:
    password = secrets.token_urlsafe(12)
    add = (
        "import sys; from standins import accounts; from standins.database import as_centreon\n"
        "with as_centreon() as db:\n"
        " db.execute(\"delete from contact where contact_alias = 'viewer'\")\n"
        " id = db.insert('contact', {'contact_name': 'viewer', 'contact_alias': 'viewer',"
        " 'contact_email': 'v@localhost', 'contact_oreon': '1', 'contact_activate': '1',"
        " 'contact_admin': '0', 'contact_auth_type': 'local', 'reach_api': 1})\n"
        " db.execute('insert into contact_password (password, contact_id, creation_date)"
        " values (%s, %s, unix_timestamp())', accounts.hash_password(sys.stdin.read()), id)\n"
    )
    central.run(["sh", "-c", 'cd /usr/share/lab && exec python3 -c "$1"', "sh", add],
                input=password)  # fmt: skip
    with (
        closing(client(lab, "viewer", password)) as api,
        pytest.raises(ApiError, match="viewer may not use Extension Manager; make the user an"),
    ):
        manager_with(api, lab, fleet).found()


def test_a_token_that_expired_is_replaced_by_a_new_login(
    manager: ExtensionManager, central: Host
) -> None:
    manager.found()
    central.run(["mariadb", "centreon", "-e", "delete from security_token"])
    assert installed(manager.found()) == [None, None, None]


def test_an_api_of_another_centreon_than_the_database_s_is_told(
    lab: Lab, fleet: Fleet, api: CentreonApi, manager: ExtensionManager, central: Host
) -> None:
    put_package(central, "22.10.5")
    bring(manager, "22.10.5")
    place = target(lab, "lyon")
    other = ExtensionManager(api, fleet.host(place), database_of(place))
    with pytest.raises(CentreonError, match=r"the API says 22\.10\.5, the database not installed"):
        other.found()


def test_options_are_written_together_and_read_back(lab: Lab, fleet: Fleet, central: Host) -> None:
    place = target(lab, "central")
    host, database = fleet.host(place), database_of(place)
    before = options.read(fleet.facts(place).rows(options.OPTIONS.name))
    desired = options.wanted(ENGINE, "http://192.0.2.7:8081")
    assert len(options.differences(before, desired)) == 2
    option_rows.write(host, database, desired)
    assert query(central, OPTIONS) == [
        ["map_light_server_address_ng", "http://192.0.2.7:8081"],
        ["map_light_server_using_ng", "1"],
    ]
    fleet.stale(place)
    now = options.read(fleet.facts(place).rows(options.OPTIONS.name))
    assert options.differences(now, desired) == ()
    option_rows.write(host, database, before)
    assert query(central, OPTIONS) == []


def test_an_option_that_is_there_twice_is_written_in_both_rows(
    lab: Lab, fleet: Fleet, central: Host
) -> None:
    central.run(
        ["mariadb", "centreon", "-e", "insert into options values"
         " ('map_light_server_address', 'a'), ('map_light_server_address', 'b')"]
    )  # fmt: skip
    place = target(lab, "central")
    option_rows.write(
        fleet.host(place), database_of(place), options.wanted(LEGACY, "https://map:8443/")
    )
    rows = ["map_light_server_address", "https://map:8443"]
    assert query(central, OPTIONS) == [rows, rows, ["map_light_server_using_ng", "0"]]


def test_an_option_that_the_table_refuses_leaves_all_as_they_were(
    lab: Lab, fleet: Fleet, central: Host
) -> None:
    central.run(
        ["mariadb", "centreon", "-e", "create trigger refuse before insert on options for each row"
         " set new.value = if(new.`key` = 'map_light_server_using_ng', 'no', new.value)"]
    )  # fmt: skip
    place = target(lab, "central")
    try:
        with pytest.raises(CentreonError, match="did not take map_light_server_using_ng"):
            option_rows.write(
                fleet.host(place),
                database_of(place),
                options.wanted(ENGINE, "http://192.0.2.7:8081"),
            )
        assert query(central, OPTIONS) == []
    finally:
        central.run(["mariadb", "centreon", "-e", "drop trigger refuse"])


def test_a_user_who_may_not_write_options_is_told(lab: Lab, fleet: Fleet, central: Host) -> None:
    place = target(lab, "central")
    rights = "insert, update, delete on centreon.options"
    clients = "mapinfra@'localhost', mapinfra@'127.0.0.1'"
    central.run(["mariadb", "-e", f"revoke {rights} from {clients}"])
    try:
        with pytest.raises(DatabaseError, match="denied to user 'mapinfra'"):
            option_rows.write(
                fleet.host(place), database_of(place), options.wanted(ENGINE, "http://map:8081")
            )
    finally:
        central.run(["mariadb", "-e", f"grant {rights} to {clients}"])
    assert query(central, OPTIONS) == []


def test_what_was_done_although_its_answer_was_lost_is_done(
    lab: Lab, fleet: Fleet, central: Host
) -> None:
    put_package(central, "22.10.5")
    folder = f"/usr/share/centreon/www/modules/{LICENSE_MANAGER.name}/sql"
    central.run(["mkdir", "-p", folder])
    central.run(["tee", f"{folder}/install.sql"], input="select sleep(20);")
    with closing(client(lab, timeout=6.0)) as api:
        manager = manager_with(api, lab, fleet)
        manager.run(ExtensionChange("install", LICENSE_MANAGER, after="22.10.5"))
        assert manager.found().found[LICENSE_MANAGER].installed == "22.10.5"
    assert module_rows(central) == [[LICENSE_MANAGER.name, "22.10.5"]]
