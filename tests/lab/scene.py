"""An update of MAP that can be begun again and again: hosts and state as they were before it."""

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import Host, Lab
from tests.lab.map_world import NEXT, OLD, World, make
from tests.lab.project import Result

SMALL_DISK = 400_000_000
_LEFT = """\
ls -A /var/lib/mapinfra 2>/dev/null | grep -Ev '^(\\.journal\\.lock|page-.*|broker-outputs.*)$'
ls /run/mapinfra 2>/dev/null | grep -v '\\.back\\.lock$'
ls -d /var/tmp/mapinfra.* /etc/systemd/system/mapinfra-* \\
  /etc/systemd/system/*.wants/mapinfra-* 2>/dev/null
systemctl list-units --all --plain --no-legend 'mapinfra-*'
find /var/backups/mapinfra \\( -name UNFINISHED -o -name client.cnf -o -name '*.new' \\) 2>/dev/null
"""


@dataclass(frozen=True)
class Begun:
    """A run of `mapinfra up` that has just begun a step, or has ended before."""

    process: subprocess.Popen[str]
    reached: bool

    def pause(self) -> None:
        """Stop it where it stands, so that what follows happens in this very step."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    def ends_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self, seconds: float = 300) -> Result:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=seconds)
        return Result(self.process.returncode, out, err)


@dataclass(frozen=True)
class PlannedStep:
    """A step as a run announces it: its number, the lab's host that it is on, its text."""

    number: int
    host: Host
    text: str


@dataclass(frozen=True)
class Scene:
    """A world that waits for its update: saved, and known as it is before and after."""

    world: World
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    plan: list[Any]
    steps: tuple[PlannedStep, ...]

    @classmethod
    def make(cls, lab: Lab, folder: Path, name: str, web: str, edition: str) -> "Scene":
        """Set the world up, save it, and let one run update it that nobody disturbs."""
        world = make(lab, folder, name, web, edition)
        world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
        world.want(OLD)
        world.expect_up()
        world.next_line("23.04", "23.10")
        world.want(NEXT, release_notes_read="23.10", lease_minutes=1)
        shutil.copytree(folder / "state", folder / "saved-state")
        before = world.state()
        for host in hosts_of(world):
            host.save()
        restore(world)
        plan = planned(world)
        steps = tuple(_steps_told(world, world.expect_up().err))
        left = leftovers(world)
        assert left == "", left
        return cls(world, before, world.state(), plan, steps)

    def is_armed_at(self, step: PlannedStep) -> bool:
        """Tell whether the lease is armed when this step begins."""
        arming = next(one for one in self.steps if one.text.startswith("arm the way back"))
        return step.number > arming.number

    def begin(self, step: PlannedStep) -> Begun:
        """Run the update until it says that it begins this step."""
        process = self.world.project.start("up", "--yes")
        assert process.stderr is not None
        reached = any(f": [{step.number}/" in line for line in process.stderr)
        return Begun(process, reached)


def hosts_of(world: World) -> tuple[Host, ...]:
    """Return the host with MAP and, where it is another one, the one with the web client."""
    return tuple({host.name: host for host in (world.host, world.server.web)}.values())


def restore(world: World, limit: int | None = None) -> None:
    """Bring hosts and Pulumi's state back to where the update begins."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda host: host.restore(limit), hosts_of(world)))
    shutil.rmtree(world.project.folder / "state")
    shutil.copytree(world.project.folder / "saved-state", world.project.folder / "state")


def planned(world: World) -> list[Any]:
    """Return what a run would do, with every step of every resource."""
    steps = world.project.preview()["steps"]
    return [(step["op"], step["urn"], step["newState"].get("inputs")) for step in steps]


def leftovers(world: World) -> str:
    """Return what only an update under way, or one that was broken off, has on its hosts."""
    return "".join(host.run(_LEFT, check=False).stdout for host in hosts_of(world))


def _steps_told(world: World, told: str) -> Iterator[PlannedStep]:
    for where, number, text in re.findall(r"^(\S+): \[(\d+)/\d+\] (.*)$", told, re.M):
        if not text.startswith(("to know: ", "TODO")):
            host = world.host if where.endswith("/map") else world.server.web
            yield PlannedStep(int(number), host, text)
