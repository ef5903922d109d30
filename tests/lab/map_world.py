"""A MAP server of an older version, set up by hand, and a project that has it in its spec."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import Host, Lab
from lab.packages.by_hand import (
    WEB_USER,
    MapServer,
    add_repository,
    map_server,
    set_platform_version,
)
from tests.lab.project import Project, Result, query, reset

ENGINE_ON_DNF = ("map", "central", "engine")
LEGACY_ON_DNF = ("map", "central", "legacy")
ENGINE_ON_APT = ("lyon", "lyon", "engine")
LEGACY_ON_APT = ("lyon", "lyon", "legacy")
ALL = [ENGINE_ON_DNF, LEGACY_ON_DNF, ENGINE_ON_APT, LEGACY_ON_APT]
OLD, NEWER, NEXT = "22.10.1", "22.10.5", "23.10.3"
ROWS = "select id, name, owner, md5(background) from map_view order by id"


@dataclass(frozen=True)
class World:
    """A MAP server of an older version, set up by hand, and a project that has it in its spec."""

    server: MapServer
    project: Project
    socket: str = ""
    """Of the MariaDB that MAP uses; none: the host's usual one."""
    database_unit: str = "mariadb"

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

    def want_installed(self, version: str, **more: Any) -> None:
        """Want MAP on a host without it; its contact is made by hand, as the manual says."""
        self.server.add_contact()
        self.map_server["install"] = {
            "contact": WEB_USER,
            "contact_password": {"file": str(self.server.password_file("web"))},
            "database_password": {"file": str(self.server.password_file("database"))},
        }
        self.want(version, **more)

    def without_map(self) -> Callable[[], None]:
        """Take MAP out of the spec; return what puts it back."""
        spec = self.project.spec
        block = spec["remotes"].get(self.host.name, spec["central"])
        kept, wanted = block.pop("map_server"), spec.pop("map")
        self.project.write_spec()

        def back() -> None:
            block["map_server"], spec["map"] = kept, wanted
            self.project.write_spec()

        return back

    @property
    def map_server(self) -> dict[str, Any]:
        """That block of the spec."""
        spec = self.project.spec
        server = spec["remotes"].get(self.host.name, spec["central"])
        block: dict[str, Any] = server["map_server"]
        return block

    def up(self, *options: str) -> Result:
        return self.project.mapinfra("up", "--yes", *options)

    def expect_up(self, *options: str) -> Result:
        result = self.up(*options)
        assert result.code == 0, result
        self.project.expect_nothing_to_do()
        return result

    def sql(self, statement: str) -> str:
        where = [f"--socket={self.socket}"] if self.socket else []
        command = ["mariadb", *where, "-N", self.server.edition.database, "-e", statement]
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
            "ls /var/lib/mapinfra | grep -Ev '^(page|map)-'; "
            "ls /etc/systemd/system | grep mapinfra",
            check=False,
        ).stdout

    def next_line(self, *repositories: str) -> None:
        """Upgrade the platform, and add repositories."""
        for host in {self.host.name: self.host, self.server.web.name: self.server.web}.values():
            for repository in repositories:
                add_repository(host, repository)
        set_platform_version(self.server.web, "23.10.0")


def make(lab: Lab, folder: Path, name: str, web: str, edition: str) -> World:
    world = make_bare(lab, folder, name, web, edition)
    server = world.server
    server.install(OLD)
    server.connect_broker()
    server.install_web_client(OLD)
    wait_until(lambda: world.host.run(
        ["mariadb", "-N", server.edition.database, "-e", "select 1 from map_view limit 1"],
        check=False).returncode == 0)  # fmt: skip
    server.run_program("sample", "--views=5")
    return world


def make_bare(lab: Lab, folder: Path, name: str, web: str, edition: str) -> World:
    """Return a world whose MAP server has nothing of MAP yet."""
    reset(lab, (name, "central", "lyon") if name == "map" else ("central", name))
    server = map_server(lab, name, web, edition)
    if server.host.spec.family == "deb":
        # The system that lines 22.10 and 23.10 have packages for.
        server.host.run(["sed", "-i", 's/^VERSION_ID=.*/VERSION_ID="11"/', "/etc/os-release"])
    project = Project.make(lab, folder)
    api = project.spec["central"]["api"]
    if name == web:
        remote = {"ssh": {"host": name}, "map_server": {}}
        remote["api"] = {**api, "url": f"http://{server.web.address}/centreon"}
        project.spec["remotes"] = {name: remote}
    else:
        project.spec["remotes"] = {}
        project.spec["central"]["map_server"] = {"ssh": {"host": name}}
    return World(server, project)


def begun(
    world: World, step: str, command: Sequence[str] = ("up", "--yes")
) -> subprocess.Popen[str]:
    """Start mapinfra and return when it says that it has begun a step."""
    process = world.project.start(*command)
    assert process.stderr is not None
    for line in process.stderr:
        if step in line:
            return process
    raise AssertionError(f"it ended before: {step}")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)
