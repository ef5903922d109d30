"""MAP updated, upgraded, broken and interrupted on real hosts, by the commands a user types."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import Host, Lab
from lab.packages.by_hand import MapServer, add_repository, map_server, set_platform_version
from tests.lab.project import Project, Result, query, reset

ENGINE_ON_DNF = ("map", "central", "engine")
LEGACY_ON_DNF = ("map", "central", "legacy")
ENGINE_ON_APT = ("lyon", "lyon", "engine")
LEGACY_ON_APT = ("lyon", "lyon", "legacy")
ALL = [ENGINE_ON_DNF, LEGACY_ON_DNF, ENGINE_ON_APT, LEGACY_ON_APT]
OLD, NEWER, NEXT = "22.10.1", "22.10.5", "23.10.3"
ROWS = "select id, name, owner, md5(background) from map_view order by id"
BROKEN = {
    "start": ("23.10.90", "failed"),
    "health": ("23.10.91", "isn't healthy within"),
    "scriptlet": ("23.10.92", "failed"),
    "dependency": ("23.10.93", "centreon-map-keystore-tools"),
}


@dataclass(frozen=True)
class World:
    """A MAP server of an older version, set up by hand, and a project that has it in its spec."""

    server: MapServer
    project: Project

    @property
    def host(self) -> Host:
        return self.server.host

    def want(self, version: str, **more: Any) -> None:
        self.project.spec["map"] = {
            "edition": self.server.edition.name,
            "version": version,
            "start_seconds": 25,
            **more,
        }
        self.project.write_spec()

    def up(self) -> Result:
        return self.project.mapinfra("up", "--yes")

    def expect_up(self) -> Result:
        result = self.up()
        assert result.code == 0, result
        self.project.expect_nothing_to_do()
        return result

    def sql(self, statement: str) -> str:
        command = ["mariadb", "-N", self.server.edition.database, "-e", statement]
        return self.host.run(command).stdout

    def schema(self) -> str:
        return self.sql("select max(version) from schema_version").strip()

    def conf(self) -> str:
        return self.host.run(
            ["cat", f"{self.server.edition.configuration}/centreon-map.conf"]
        ).stdout

    def edit(self, expression: str) -> None:
        file = f"{self.server.edition.configuration}/centreon-map.conf"
        self.host.run(["sed", "-i", expression, file])

    def version(self, host: Host | None = None, package: str | None = None) -> str:
        host, package = host or self.host, package or self.server.edition.package
        if host.spec.family == "rpm":
            return host.run(["rpm", "-q", "--qf", "%{VERSION}", package]).stdout
        shown = host.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}${Version}", package]
        ).stdout
        return shown.removeprefix("ii ").partition("-")[0]

    def web_versions(self) -> tuple[str, ...]:
        """Package, module and widget."""
        web = self.server.web
        rows = query(web, "select mod_release from modules_informations where name like '%map4%'")
        rows += query(web, "select version from widget_models where title like 'MAP%'")
        return (self.version(web, "centreon-map-web-client"), *(row[0] for row in rows))

    def service(self) -> tuple[str, str]:
        def said(word: str) -> str:
            command = ["systemctl", word, self.server.edition.service]
            return self.host.run(command, check=False).stdout.strip()

        return said("is-active"), said("is-enabled")

    def state(self) -> tuple[Any, ...]:
        """Everything that has to be as before when an update failed."""
        folder = self.server.edition.configuration
        listed = self.host.run(
            f"find {folder} -printf '%p %u %g %m %l\\n' | sort; "
            f"find {folder} -type f | sort | xargs -d '\\n' md5sum"
        ).stdout
        rows = (self.schema(), self.sql(ROWS))
        return (self.version(), *rows, listed, *self.service(), *self.web_versions())

    def traces(self) -> str:
        """What only an update under way has on its host."""
        return self.host.run(
            "ls /var/lib/mapinfra | grep -v page; ls /etc/systemd/system | grep mapinfra",
            check=False,
        ).stdout

    def next_line(self, *repositories: str) -> None:
        """Upgrade the platform, and add repositories."""
        for host in {self.host.name: self.host, self.server.web.name: self.server.web}.values():
            for repository in repositories:
                add_repository(host, repository)
        set_platform_version(self.server.web, "23.10.0")


def make(lab: Lab, folder: Path, name: str, web: str, edition: str) -> World:
    reset(lab, (name, "central", "lyon") if name == "map" else ("central", name))
    server = map_server(lab, name, web, edition)
    if server.host.spec.family == "deb":
        # The system that lines 22.10 and 23.10 have packages for.
        server.host.run(["sed", "-i", 's/^VERSION_ID=.*/VERSION_ID="11"/', "/etc/os-release"])
    server.install(OLD)
    server.install_web_client(OLD)
    project = Project.make(lab, folder)
    api = project.spec["central"]["api"]
    if name == web:
        remote = {"ssh": {"host": name}, "map_server": {}}
        remote["api"] = {**api, "url": f"http://{server.web.address}/centreon"}
        project.spec["remotes"] = {name: remote}
    else:
        project.spec["remotes"] = {}
        project.spec["central"]["map_server"] = {"ssh": {"host": name}}
    world = World(server, project)
    wait_until(lambda: world.host.run(
        ["mariadb", "-N", server.edition.database, "-e", "select 1 from map_view limit 1"],
        check=False).returncode == 0)  # fmt: skip
    server.run_program("sample", "--views=5")
    return world


@pytest.fixture
def world(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return make(lab, tmp_path, *getattr(request, "param", ENGINE_ON_DNF))


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


def each(*worlds: tuple[str, str, str]) -> pytest.MarkDecorator:
    ids = ["-".join(parts) for parts in worlds]
    return pytest.mark.parametrize("world", worlds, indirect=True, ids=ids)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


@each(*ALL)
def test_an_update_within_a_line_keeps_every_local_edit(world: World) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    rows = world.sql(ROWS)
    world.want(NEWER)
    result = world.expect_up()
    assert world.version() == NEWER
    assert world.web_versions() == (NEWER, NEWER, NEWER)
    assert world.service() == ("active", "enabled")
    assert "-Xmx6G" in world.conf()
    assert re.search(r'centreon-map.conf: JAVA_OPTS: local "-Xmx6G".* carried over', result.err)
    assert world.sql(ROWS) == rows
    names = world.host.run(["ls", world.server.edition.configuration]).stdout
    assert not re.search(r"\.(rpm|dpkg-)\w+", names)
    assert world.traces() == ".journal.lock\n" or world.traces() == ""


@each(*ALL)
def test_an_upgrade_over_a_line_waits_for_its_release_notes_to_be_read(world: World) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.next_line("23.04", "23.10")
    world.want(NEXT)
    before = world.state()
    refused = world.up()
    assert refused.code == 1
    assert 'write release_notes_read: "23.10"' in refused.out
    assert world.state() == before
    world.want(NEXT, release_notes_read="23.10")
    world.expect_up()
    assert (world.version(), world.schema()) == (NEXT, "2310")
    assert world.web_versions() == (NEXT, NEXT, NEXT)
    assert "-Xmx6G" in world.conf()
    assert world.sql("select count(*) from map_view").strip() == "5"


@pytest.mark.endurance
@pytest.mark.parametrize("fault", BROKEN)
@each(ENGINE_ON_DNF, LEGACY_ON_APT)
def test_a_broken_version_ends_with_the_old_state(world: World, fault: str) -> None:
    version, said = BROKEN[fault]
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.next_line("23.04", "23.10", f"broken-{fault}")
    before = world.state()
    world.want(version, release_notes_read="23.10")
    result = world.up()
    assert result.code == 1, result
    told = next(line for line in result.out.splitlines() if "failed: " in line)
    assert said in told, result
    assert "the old state is back" in told, result
    assert ("] stop centreon-map" in result.err) == (fault != "dependency")
    assert world.state() == before
    world.want(NEXT, release_notes_read="23.10")
    world.expect_up()
    assert (world.version(), world.schema()) == (NEXT, "2310")


@each(ENGINE_ON_DNF, ENGINE_ON_APT)
def test_a_version_that_no_repository_has_is_told_with_those_it_has(world: World) -> None:
    world.want("22.10.9")
    result = world.project.mapinfra("preview")
    assert result.code == 1
    assert re.search(r"no repository offers \S+ 22\.10\.9; offered: 22\.10\.1-\S+, 22", result.out)


def test_what_was_changed_by_hand_is_mended_alone(world: World) -> None:
    world.server.web.run(
        ["mariadb", "-e", "grant update on centreon.options to mapinfra@'127.0.0.1'"]
    )
    address = f"http://{world.host.address}:8081"
    world.project.spec["central"]["map_server"]["address"] = address
    world.want(OLD, settings={"centreon-map.conf": {"RUN_ARGS": "--spring.profiles.active=prod"}})
    world.expect_up()
    world.host.run(["systemctl", "disable", "--quiet", "--now", world.server.edition.service])
    world.expect_up()
    assert world.service() == ("active", "enabled")

    world.edit("s/^RUN_ARGS=.*/RUN_ARGS=/")
    world.expect_up()
    assert re.search('^RUN_ARGS="?--spring.profiles.active=prod"?$', world.conf(), re.M)

    key = "map_light_server_address_ng"
    query(world.server.web, f"update options set value = 'http://other:1' where `key` = '{key}'")
    world.expect_up()
    assert query(world.server.web, f"select value from options where `key` = '{key}'") == [
        [address]
    ]

    world.want(OLD, web_client=NEWER)
    world.expect_up()
    assert world.web_versions() == (NEWER, NEWER, NEWER)
    assert world.version() == OLD


def test_differences_to_be_reviewed_stop_the_update_before_the_service(world: World) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    before = world.state()
    world.want(NEWER, config="review")
    result = world.up()
    assert result.code == 1
    assert 'JAVA_OPTS: to be decided, local has "-Xmx6G"' in result.out, result
    assert "] stop centreon-map" not in result.err
    assert world.state() == before


def begun(world: World, step: str) -> subprocess.Popen[str]:
    """Start an update and return when it says that it has begun a step."""
    process = world.project.start("up", "--yes")
    assert process.stderr is not None
    for line in process.stderr:
        if step in line:
            return process
    raise AssertionError(f"it ended before: {step}")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)


@pytest.mark.endurance
@pytest.mark.parametrize(
    "step",
    ["back up database", "stop centreon", "change centreon-map-", "merge the conf", "wait until"],
)
def test_a_run_killed_in_the_middle_is_completed_by_the_next(world: World, step: str) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.next_line("23.04", "23.10")
    world.want(NEXT, release_notes_read="23.10")
    kill(begun(world, step))
    world.expect_up()
    assert (world.version(), world.schema()) == (NEXT, "2310")
    assert "-Xmx6G" in world.conf()
    assert world.service() == ("active", "enabled")
    assert "mapinfra-back" not in world.traces()


@pytest.mark.endurance
def test_a_server_whose_run_is_gone_goes_back_by_itself(world: World) -> None:
    world.next_line("23.04", "23.10", "broken-health")
    before = world.state()
    world.want("23.10.91", release_notes_read="23.10", lease_minutes=1, start_seconds=600)
    kill(begun(world, "wait until"))
    wait_until(lambda: world.version() == OLD and world.service() == ("active", "enabled"), 120)
    wait_until(lambda: "mapinfra-back" not in world.traces())
    # The web client stays: it has no lease.
    assert world.state()[: len(before) - 3] == before[:-3]
