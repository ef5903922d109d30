"""MAP installed on hosts that have nothing of it, and taken away again."""

import json
import re
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import Host, Lab
from tests.lab.map_world import (
    ENGINE_ON_APT,
    ENGINE_ON_DNF,
    LEGACY_ON_APT,
    LEGACY_ON_DNF,
    NEWER,
    OLD,
    World,
    make_bare,
    wait_until,
)
from tests.lab.project import images_shown, output_rows, query

WORLDS = [
    pytest.param(ENGINE_ON_DNF, id="engine-on-dnf"),
    pytest.param(LEGACY_ON_APT, id="legacy-on-apt"),
    pytest.param(LEGACY_ON_DNF, id="legacy-on-dnf", marks=pytest.mark.endurance),
    pytest.param(ENGINE_ON_APT, id="engine-on-apt", marks=pytest.mark.endurance),
]


@pytest.fixture
def bare(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return make_bare(lab, tmp_path, *getattr(request, "param", ENGINE_ON_DNF))


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


def grants(web: Host) -> set[str]:
    """What MAP's user may do in Centreon's databases."""
    text = web.run(
        "mariadb -N -B -e \"select concat(privilege_type, ' on ', table_schema) from "
        "information_schema.schema_privileges where grantee like '%centreon_map%' "
        "and table_schema in ('centreon', 'centreon_storage')\""
    ).stdout
    return set(text.splitlines())


def listens(host: Host, port: int) -> bool:
    return bool(host.run(f"ss -Hltn 'sport = :{port}'").stdout.strip())


def traces_of_map(world: World) -> list[str]:
    """Everything that an installation brings, on both hosts."""
    server, web = world.server, world.server.web
    found = [name for name in (server.edition.package, "centreon-map-web-client")
             for host in {server.host.name: server.host, web.name: web}.values()
             if is_installed(host, name)]  # fmt: skip
    found += world.host.run(
        f"ls -d {server.edition.configuration} 2>/dev/null; "
        f"mariadb -N -B -e \"show databases like '{server.edition.database}'\""
    ).stdout.split()
    found += [row[0] for row in query(web, "select name from modules_informations")]
    found += [row[0] for row in query(web, "select title from widget_models") if "MAP" in row[0]]
    sql = "select config_value from cfg_centreonbroker_info where config_value = 'Centreon-Studio'"
    found += [row[0] for row in query(web, sql)]
    return [name for name in found if name != "centreon-license-manager"]


def is_installed(host: Host, package: str) -> bool:
    if host.spec.family == "rpm":
        return host.run(["rpm", "-q", package], check=False).returncode == 0
    return bool(host.run(["dpkg-query", "-W", package], check=False).stdout.strip())


@pytest.mark.parametrize("bare", WORLDS, indirect=True)
def test_map_is_installed_from_nothing_and_taken_away_as_the_spec_says(bare: World) -> None:
    spec, web = bare.project.spec, bare.server.web
    if bare.host is web:
        spec["remotes"]["lyon"] |= {
            "pages": {"Images": "shown"},
            "broker_outputs": {"Centreon-Map": {"categories": ["neb"]}},
        }
    gone = {"removal": "uninstall", "drop_database": True}
    settings = {"centreon-map.conf": {"JAVA_OPTS": "-Xmx6G"}}
    bare.want_installed(OLD, settings=settings, **gone)
    bare.expect_up()

    assert (bare.version(), bare.web_versions()) == (OLD, (OLD, OLD, OLD))
    assert bare.service() == ("active", "enabled")
    assert re.search(r'^JAVA_OPTS="?-Xmx6G"?$', bare.conf(), re.M)
    assert grants(web) == {"SELECT on centreon", "SELECT on centreon_storage"}
    folder = bare.server.edition.configuration
    for purpose in ("web", "database"):
        password = bare.server.password_file(purpose).read_text()
        assert password not in bare.host.run(["cat", f"{folder}/vars.sh"]).stdout
    assert listens(web, 5758)
    if bare.host is web:
        assert images_shown(bare.server.lab, "lyon")
        assert output_rows(bare.server.lab, "lyon")

    bare.want(NEWER, settings=settings, **gone)
    bare.expect_up()
    assert bare.version() == NEWER

    block = spec["remotes"].get("lyon", spec["central"])
    del block["map_server"], spec["map"]
    bare.project.write_spec()
    bare.expect_up()
    left = [] if bare.host is web else ["Centreon-Studio"]
    assert traces_of_map(bare) == left
    backups = bare.host.run("ls /var/backups/mapinfra").stdout.split()
    assert len(backups) == 2  # before the update, and before the removal


def test_an_installation_that_never_gets_healthy_leaves_nothing(bare: World) -> None:
    bare.next_line("23.04", "23.10", "broken-health")
    assert traces_of_map(bare) == []
    before = query(bare.server.web, "select * from cfg_centreonbroker_info")
    bare.want_installed("23.10.91", web_client="23.10.3", start_seconds=8)
    result = bare.up()
    assert result.code == 1, result
    assert "isn't healthy within" in result.out
    assert "the old state is back" in result.out, result
    assert traces_of_map(bare) == []
    assert query(bare.server.web, "select * from cfg_centreonbroker_info") == before
    assert grants(bare.server.web) == set()
    wait_until(lambda: not listens(bare.server.web, 5758))
    bare.want("23.10.3")
    bare.expect_up()
    assert bare.version() == "23.10.3"


def test_a_new_server_that_ends_after_its_first_up_leaves_nothing(bare: World) -> None:
    trouble = {OLD: {"ends_after_up": 1}}
    bare.host.run(["tee", "/etc/lab/map.json"], input=json.dumps(trouble))
    bare.want_installed(OLD, start_seconds=25)
    result = bare.up()
    assert result.code == 1, result
    assert re.search(r": it ended \d s after its first UP.*the old state is back", result.out)
    assert traces_of_map(bare) == []


def test_what_is_missing_for_an_installation_is_told_before_anything_is_changed(
    bare: World,
) -> None:
    bare.want(OLD)
    assert "add `install` to its map_server" in bare.up().out
    bare.want_installed(OLD)
    bare.map_server["install"]["contact"] = "nobody"
    bare.project.write_spec()
    assert "Centreon has no active contact 'nobody'" in bare.up().out
    bare.map_server["install"]["contact"] = "centreon-map"
    bare.map_server["install"]["contact_password"] = {"env": "HOME"}
    bare.project.write_spec()
    result = bare.up()
    assert "login of centreon-map refused" in result.out, result
    assert traces_of_map(bare) == []


@pytest.mark.endurance
@pytest.mark.parametrize("step", ["install centreon-map-", "configure.sh", "wait until MAP is"])
def test_an_installation_that_was_killed_is_completed_by_the_next_run(
    bare: World, step: str
) -> None:
    bare.want_installed(OLD)
    kill_at(bare, step)
    bare.expect_up()
    assert (bare.version(), bare.web_versions()) == (OLD, (OLD, OLD, OLD))
    assert bare.service() == ("active", "enabled")


def kill_at(world: World, step: str) -> None:
    """Run `up` and kill it when it says that it has begun a step."""
    with world.project.start("up", "--yes") as process:
        assert process.stderr is not None
        assert any(step in line for line in process.stderr)
        process.send_signal(signal.SIGKILL)


@pytest.fixture
def leaving(bare: World) -> World:
    """A world with MAP, which the spec has no more; it is to go with its database."""
    bare.want_installed(OLD, removal="uninstall", drop_database=True)
    bare.expect_up()
    bare.server.run_program("sample", "--views=5")
    return bare


@pytest.mark.endurance
def test_a_removal_that_the_package_manager_refuses_changes_nothing(leaving: World) -> None:
    before = leaving.state()
    leaving.without_map()
    leaving.host.run("mkdir -p /etc/dnf/protected.d; echo centreon-map-engine >"
                     "/etc/dnf/protected.d/map.conf")  # fmt: skip
    result = leaving.up()
    assert result.code == 1, result
    assert "refuses to remove centreon-map-engine" in result.out
    assert "] stop centreon-map" not in result.err
    assert leaving.state() == before


@pytest.mark.endurance
@pytest.mark.parametrize("bare", [ENGINE_ON_DNF, LEGACY_ON_APT], indirect=True)
@pytest.mark.parametrize("step", ["remove widget", "remove centreon-map-web", "remove /etc/"])
def test_a_removal_that_was_killed_is_taken_back_when_map_is_wanted_again(
    leaving: World, step: str
) -> None:
    before = leaving.state()
    back = leaving.without_map()
    kill_at(leaving, step)
    back()
    leaving.expect_up()
    assert leaving.state() == before


@pytest.mark.endurance
def test_a_removal_that_was_killed_is_completed_by_the_next_run(leaving: World) -> None:
    leaving.without_map()
    kill_at(leaving, "remove /etc/")
    leaving.expect_up()
    assert traces_of_map(leaving) == ["Centreon-Studio"]


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
def test_the_real_cli_installs_and_removes_map_as_well(bare: World) -> None:
    bare.want_installed(OLD, removal="uninstall", drop_database=True)
    password = bare.server.password_file("web").read_text()
    up = bare.project.pulumi("up", "--yes", "--skip-preview")
    assert up.code == 0, up
    bare.project.expect_nothing_to_do()
    assert bare.project.pulumi("preview", "--expect-no-changes").code == 0
    assert (bare.version(), bare.web_versions()) == (OLD, (OLD, OLD, OLD))
    state = "".join(
        file.read_text()
        for file in (bare.project.folder / "state").rglob("*")
        if file.is_file() and file.suffix != ".gz"
    )
    assert password not in state + up.out + up.err
    bare.without_map()
    removed = bare.project.pulumi("up", "--yes", "--skip-preview")
    assert removed.code == 0, removed
    assert traces_of_map(bare) == ["Centreon-Studio"]
