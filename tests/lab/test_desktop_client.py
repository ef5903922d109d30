"""The legacy edition's desktop client, told and mirrored on a real host, by what a user types.

The tests share one MAP server. Those at the end update it.
"""

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from tests.lab.map_world import (
    LEGACY_ON_APT,
    LEGACY_ON_DNF,
    NEWER,
    NEXT,
    OLD,
    World,
    make,
    make_bare,
)
from tests.lab.project import Result

MIRROR = "/srv/www/clients"
SYSTEMS = ("linux", "macos", "windows")


@pytest.fixture(scope="module")
def server(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = make(lab, tmp_path_factory.mktemp("desktop"), *LEGACY_ON_DNF)
    yield world
    for host in (world.host, world.server.web):
        host.reset()


@pytest.fixture
def world(server: World) -> World:
    """The server, without a mirror, and a folder that has nothing in it."""
    server.want(server.version())
    assert server.up().code == 0
    server.host.run(["rm", "-rf", "/srv/www"])
    return server


def want(world: World, version: str = OLD, mirror: str = MIRROR, **more: Any) -> None:
    world.want(version, desktop_client={"mirror": mirror}, **more)


def client(version: str, system: str) -> str:
    return f"centreon-map-desktop-client-{version}-{system}.zip"


def served(world: World) -> str:
    return f"{world.server.edition.home}/desktop-client"


def expect_mirrored(world: World, version: str, *others: str, folder: str = MIRROR) -> None:
    """Expect in a folder the clients that the server has, and other names."""
    clients = [client(version, system) for system in SYSTEMS]
    held = world.host.run(["ls", "-A", folder]).stdout.split()
    assert sorted(held) == sorted((*clients, *others))
    for name in clients:
        world.host.run(["cmp", f"{served(world)}/{name}", f"{folder}/{name}"])


def found(world: World) -> str:
    """Everything below /srv, with content, owner and mode, and mapinfra's records."""
    return world.host.run(
        "find /srv/www -printf '%p %u %m %l\n' | sort; find /srv/www -type f | sort | "
        "xargs -r md5sum; ls /var/lib/mapinfra | grep desktop-client",
        check=False,
    ).stdout


def steps_done(result: Result) -> list[str]:
    """The steps that a run says it has done, as a plan has them."""
    return [f"{host}: {text}" for host, text in re.findall(r"(\S+): \[\d+/\d+\] (.*)", result.err)]


def of_the_client(preview: dict[str, Any]) -> dict[str, Any]:
    steps = [step for step in preview["steps"] if "DesktopClient" in step["urn"]]
    planned: dict[str, Any] = next(step for step in steps if step["op"] != "refresh")
    return planned


def report(world: World) -> list[str]:
    """What the stack's state has from the last run."""
    resources = world.project.resources()
    (told,) = [one["outputs"]["report"] for one in resources if "DesktopClient" in one["urn"]]
    return list(told)


def test_a_mirror_is_made_kept_and_taken_away(world: World) -> None:
    before = found(world)
    want(world)
    world.expect_up()
    expect_mirrored(world, OLD)
    assert world.host.run(["stat", "-c", "%a", MIRROR]).stdout == "755\n"

    world.host.run(["sh", "-c", f"cd {MIRROR} && mkdir other && echo 1 >other/x && echo 2 >notes"])
    world.project.expect_nothing_to_do()
    altered, missing = client(OLD, "linux"), client(OLD, "macos")
    world.host.run(["sh", "-c", f"cd {MIRROR} && echo >>{altered} && rm {missing}"])
    preview = of_the_client(world.project.preview())
    assert preview["newState"]["inputs"]["plan"][0] == (
        f"central/map: fetch {altered}, {missing} from the server"
    )
    assert preview["oldState"]["inputs"]["mirrored"] == (
        f"{OLD}; {altered} is altered; {missing} is missing"
    )
    world.expect_up()
    expect_mirrored(world, OLD, "other", "notes")

    world.host.run(["rm", "-r", f"{MIRROR}/other", f"{MIRROR}/notes"])
    world.want(OLD)
    world.expect_up()
    assert found(world) == before


def test_an_existing_mirror_is_taken_over_and_given_back(world: World) -> None:
    same, other, older = client(OLD, "linux"), client(OLD, "macos"), client("22.10.0", "linux")
    world.host.run(["mkdir", "-p", MIRROR])
    world.host.run(["cp", "-p", f"{served(world)}/{same}", MIRROR])
    world.host.run(["sh", "-c", f"cd {MIRROR} && echo 1 >{other} && echo 2 >{older} && echo 3 >a"])
    before = found(world)
    want(world)
    world.expect_up()
    expect_mirrored(world, OLD, "a", ".mapinfra")
    assert world.host.run(["stat", "-c", "%a", f"{MIRROR}/.mapinfra"]).stdout == "700\n"

    want(world, mirror="/srv/www/elsewhere")
    world.expect_up()
    expect_mirrored(world, OLD, folder="/srv/www/elsewhere")
    assert world.project.mapinfra("destroy", "--yes").code == 0
    assert found(world) == before


@pytest.mark.parametrize(
    ("options", "said"),
    [("size=16k,nr_inodes=20", "no room: "), ("ro", "Read-only file system")],
    ids=["full", "read-only"],
)
def test_a_folder_that_can_t_be_written_to_is_left_as_it_was(
    world: World, options: str, said: str
) -> None:
    world.host.run(["mkdir", "-p", MIRROR])
    world.host.run(["mount", "-t", "tmpfs", "-o", f"{options},mode=755", "tmpfs", MIRROR])
    if options != "ro":
        world.host.run(f"head -c 15000 /dev/zero >{MIRROR}/filler")
    before = found(world)
    want(world)
    result = world.up()
    after = found(world)
    world.host.run(["umount", MIRROR])
    assert result.code == 1
    line = next(line for line in result.out.splitlines() if "failed: " in line)
    assert said in line, result
    assert line.endswith("the old state is back"), result
    assert after == before


@pytest.mark.endurance
@pytest.mark.parametrize("step", ["fetch desktop client", "put it in", "record it, delete"])
def test_a_run_killed_in_the_middle_is_completed_and_nothing_found_is_lost(
    world: World, step: str
) -> None:
    world.host.run(["mkdir", "-p", MIRROR])
    for name in (client("22.10.0", "linux"), client(OLD, "macos")):
        world.host.run(["sh", "-c", f"echo {name} >{MIRROR}/{name}"])
    before = found(world)
    want(world)
    process = world.project.start("up", "--yes")
    assert process.stderr is not None
    assert any(step in line for line in process.stderr)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
    world.expect_up()
    expect_mirrored(world, OLD, ".mapinfra")
    world.want(OLD)
    world.expect_up()
    assert found(world) == before


def test_a_server_that_offers_no_client_is_told_and_fails_only_a_mirror(world: World) -> None:
    hidden = f"{served(world)}.hidden"
    world.host.run(["mv", served(world), hidden])
    try:
        preview = world.project.mapinfra("preview")
        want(world)
        refused = world.up()
    finally:
        world.host.run(["mv", hidden, served(world)])
    assert preview.code == 0, preview
    assert "offers no desktop client (HTTP 404)" in preview.err
    assert refused.code == 1
    assert "(HTTP 404), so there is nothing to mirror; take map.desktop_client" in refused.out


def test_one_run_updates_the_server_and_its_mirror(world: World) -> None:
    want(world)
    world.expect_up()
    want(world, NEWER)
    preview = world.project.preview()
    inputs = [of_the_client(preview)[state]["inputs"] for state in ("oldState", "newState")]
    assert [one["users_get"] for one in inputs] == [
        dict.fromkeys(SYSTEMS, version) for version in (OLD, NEWER)
    ]
    assert [one["mirrored"] for one in inputs] == [OLD, NEWER]
    result = world.expect_up()
    plan = inputs[1]["plan"]
    assert steps_done(result)[-len(plan) :] == plan
    expect_mirrored(world, NEWER)
    first, *held = report(world)
    assert f"users get desktop client {NEWER} from the server" in first
    assert [line.partition(": SHA-256 ")[0] for line in held] == [
        f"{MIRROR}/{client(NEWER, system)}" for system in SYSTEMS
    ]


@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
def test_both_engines_agree_on_an_update_with_its_mirror(world: World) -> None:
    want(world, world.version())
    world.expect_up()
    assert world.project.pulumi("preview", "--expect-no-changes").code == 0
    world.next_line("23.04", "23.10")
    want(world, NEXT, release_notes_read="23.10")
    ours = of_the_client(world.project.preview())["newState"]["inputs"]
    preview = world.project.pulumi("preview", "--diff")
    assert preview.code == 0, preview
    for step in ours["plan"]:
        assert step in preview.out
    up = world.project.pulumi("up", "--yes", "--skip-preview")
    assert up.code == 0, up
    expect_mirrored(world, NEXT)
    again = world.project.pulumi("preview", "--expect-no-changes")
    assert again.code == 0, again
    world.project.expect_nothing_to_do()


@pytest.mark.endurance
def test_one_run_installs_a_server_and_mirrors_its_client_on_one_host(
    lab: Lab, tmp_path: Path
) -> None:
    world = make_bare(lab, tmp_path, *LEGACY_ON_APT)
    world.want_installed(OLD, desktop_client={"mirror": MIRROR})
    world.expect_up()
    expect_mirrored(world, OLD)
