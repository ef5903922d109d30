"""A central and two remotes with a MAP server each, in one spec and one `up`."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab import Host, Lab
from lab.packages.by_hand import WEB_USER, MapServer, map_server
from tests.lab.map_world import NEWER, OLD, World
from tests.lab.project import Project, Result, reset

HOSTS = ("central", "paris", "lyon", "map")
SERVERS = {"central/map": ("map", "central"), "paris": ("paris",) * 2, "lyon": ("lyon",) * 2}
_STEP = re.compile(r"^(\S+): \[(\d+)/(\d+)\] (.*)$", re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    reset(lab, HOSTS)


@pytest.fixture
def project(lab: Lab, tmp_path: Path) -> Project:
    """A spec with a MAP server for the central and for each remote, where there is none yet."""
    reset(lab, HOSTS)
    lab.host("lyon").run(["sed", "-i", 's/^VERSION_ID=.*/VERSION_ID="11"/', "/etc/os-release"])
    project = Project.make(lab, tmp_path)
    servers = {name: map_server(lab, *place, "engine") for name, place in SERVERS.items()}
    with ThreadPoolExecutor() as pool:
        list(pool.map(MapServer.add_contact, servers.values()))
    spec = project.spec
    spec["central"]["map_server"] = {
        "ssh": {"host": "map"}, "install": install(servers["central/map"])
    }  # fmt: skip
    for name in ("paris", "lyon"):
        remote = spec["remotes"][name]
        remote["api"] = {
            **spec["central"]["api"],
            "url": f"http://{lab.host(name).address}/centreon",
        }
        remote["map_server"] = {"install": install(servers[name])}
        remote["broker_outputs"]["Centreon-Map"] = {"categories": ["neb"]}
    return project


def install(server: MapServer) -> dict[str, Any]:
    return {
        "contact": WEB_USER,
        "contact_password": {"file": str(server.password_file("web"))},
        "database_password": {"file": str(server.password_file("database"))},
    }


def want(project: Project, version: str) -> None:
    project.spec["map"] = {"edition": "engine", "version": version, "start_seconds": 60}
    project.write_spec()


def steps_run(result: Result) -> list[tuple[str, str]]:
    """Host and text of each step, in the order in which they began."""
    return [(found[1], found[4]) for found in _STEP.finditer(result.err)]


def planned(project: Project) -> dict[str, list[str]]:
    """The steps of each resource in a preview."""
    steps = project.preview()["steps"]
    return {
        step["urn"].rpartition("::")[2]: step["newState"]["inputs"]["plan"]
        for step in steps
        if step.get("newState", {}).get("inputs", {}).get("plan")
    }


def changed_since(host: Host, mark: str) -> list[str]:
    """Files that were changed on a host.

    But for logs, what systemd notes of itself, and the log that SQLite makes for each `rpm -q`.
    """
    text = host.run(
        f"find / -xdev -type f -newerct '{mark}' "
        r"-not -path '/proc/*' -not -path '/sys/*' -not -path '/run/*' -not -path '/var/log/*' "
        r"-not -path '/var/lib/mysql/*' -not -path '/var/lib/systemd/*' "
        r"-not -name 'rpmdb.sqlite-*'"
    ).stdout
    return text.splitlines()


def databases(host: Host) -> str:
    return host.run("mariadb-dump --all-databases --skip-dump-date --skip-comments | md5sum").stdout


def interleaved(begun: list[str], one: str, other: str) -> bool:
    first, last = begun.index(one), len(begun) - 1 - begun[::-1].index(one)
    return other in begun[first : last + 1]


def test_all_are_installed_and_then_updated_in_one_run_each(project: Project) -> None:
    want(project, OLD)
    project.up()
    project.expect_nothing_to_do()

    want(project, NEWER)
    hosts = [project.lab.host(name) for name in HOSTS]
    marks = [host.run(["date", "+%F %T.%N"]).stdout.strip() for host in hosts]
    rows = [databases(host) for host in hosts]
    plans = planned(project)
    assert [changed_since(host, mark) for host, mark in zip(hosts, marks, strict=True)] == [[]] * 4
    assert [databases(host) for host in hosts] == rows

    result = project.up()
    done = steps_run(result)
    for steps in plans.values():
        of_hosts = {step.partition(": ")[0] for step in steps}
        assert [f"{host}: {text}" for host, text in done if f"{host}: {text}" in steps] == steps
        assert of_hosts <= set(SERVERS) | {"central"}
    begun = [host for host, _ in done]
    assert begun.index("paris") > len(begun) - 1 - begun[::-1].index("central/map")
    assert begun.index("lyon") > len(begun) - 1 - begun[::-1].index("central/map")
    assert interleaved(begun, "paris", "lyon")
    project.expect_nothing_to_do()
    for name, place in SERVERS.items():
        server = map_server(project.lab, *place, "engine")
        assert World(server, project).version() == NEWER, name
        assert re.search(rf"{name}: healthy [0-9.]+ s after it was stopped", result.err)
