"""A change of MAP that can be begun again and again: hosts and state as they were before it."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lab import Host, Lab
from tests.lab.engines import Engine
from tests.lab.map_world import NEWER, NEXT, OLD, World, make
from tests.lab.project import Result
from tests.lab.second_instance import moved
from tests.provider_process import end_within, providers_of

LONGEST = 300.0
"""Seconds within which every run must have ended, whatever has happened."""
SMALL_DISK = 400_000_000
ARMING = "arm the way back"
"""How the step begins that sets the automatic rollback."""
_LEFT = """\
ls -A /var/lib/mapinfra 2>/dev/null |
  grep -Ev '^(\\.journal\\.lock|(page-|broker-outputs|map-).*)$'
ls /run/mapinfra 2>/dev/null | grep -v '\\.back\\.lock$'
ls -d /var/tmp/mapinfra.* /etc/systemd/system/mapinfra-* \\
  /etc/systemd/system/*.wants/mapinfra-* 2>/dev/null
systemctl list-units --all --plain --no-legend 'mapinfra-*'
find /var/backups/mapinfra \\( -name UNFINISHED -o -name client.cnf -o -name '*.new' \\) 2>/dev/null
"""


@dataclass(frozen=True)
class Begun:
    """A run of `up` that has just begun a step, or has ended before."""

    process: subprocess.Popen[str]
    workers: tuple[int, ...]
    """The process that does the steps: with the Pulumi CLI not the CLI; empty: it has ended."""
    words: tuple[str, ...]
    """What was typed behind `mapinfra`."""

    @property
    def reached(self) -> bool:
        return bool(self.workers)

    def pause(self) -> None:
        """Stop the work where it stands, so that what follows happens in this very step."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)

    def kill_workers(self) -> None:
        self._signal(signal.SIGKILL)

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal as a terminal does: to all that runs in its foreground."""
        os.killpg(self.process.pid, number)

    def workers_end_within(self, seconds: float) -> bool:
        """Wait for the end of what does the steps."""
        return end_within(self.workers, seconds)

    def _signal(self, number: signal.Signals) -> None:
        for worker in self.workers:
            with suppress(ProcessLookupError):
                os.kill(worker, number)

    def ends_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> Result:
        """Wait for its end; raise TimeoutExpired when it takes too long."""
        out, err = self.process.communicate(timeout=LONGEST)
        return Result(self.process.returncode, out, err)


@dataclass(frozen=True)
class PlannedStep:
    """A step as a run announces it: its number, the lab's host that it is on, its text."""

    number: int
    host: Host
    text: str


UPDATE = ("up", "--yes")
SECOND = "jdbc:mariadb://127.0.0.1:3399/{}"


@dataclass(frozen=True)
class Scene:
    """A world that waits for its change: saved, and known as it is before and after."""

    world: World
    command: tuple[str, ...]
    """What a user types for the change, and again after it was disturbed."""
    before: tuple[Any, ...]
    after: tuple[Any, ...]
    plan: list[Any] | None
    """What a preview shows before; None: the change isn't one that a preview has."""
    steps: tuple[PlannedStep, ...]

    @classmethod
    def of_update(cls, lab: Lab, folder: Path, name: str, web: str, edition: str) -> "Scene":
        """Set up an update over a line, save it, and let one run do it that nobody disturbs."""
        return cls._before_update(_adopted(lab, folder, name, web, edition))

    @classmethod
    def of_update_in_second(
        cls, lab: Lab, folder: Path, name: str, web: str, edition: str
    ) -> "Scene":
        """Set up that update where MAP's database is in a second MariaDB of its host."""
        return cls._before_update(moved(_adopted(lab, folder, name, web, edition), SECOND))

    @classmethod
    def of_restore(cls, lab: Lab, folder: Path, name: str, web: str, edition: str) -> "Scene":
        """Set up the restore of the version before an update, as `of_update` does the update."""
        world = _adopted(lab, folder, name, web, edition)
        world.want(NEWER, lease_minutes=1)
        world.expect_up()
        world.sql("insert into map_view (name, owner) values ('later', 'ada')")
        server = "central/map" if world.host.name == "map" else world.host.name
        told = json.loads(world.project.mapinfra("backups", "--json", server).out)
        [backup] = told["servers"][0]["backups"]
        return cls._saved(world, ("restore", "--yes", server, backup["id"]))

    @classmethod
    def _before_update(cls, world: World) -> "Scene":
        world.next_line("23.04", "23.10")
        world.want(NEXT, release_notes_read="23.10", lease_minutes=1)
        return cls._saved(world, UPDATE)

    @classmethod
    def _saved(cls, world: World, command: tuple[str, ...]) -> "Scene":
        folder = world.project.folder
        shutil.copytree(folder / "state", folder / "saved-state")
        before = world.state()
        for host in hosts_of(world):
            host.save()
        restore(world)
        plan = planned(world) if command == UPDATE else None
        undisturbed = world.project.mapinfra(*command)
        assert undisturbed.code == 0, undisturbed
        left = leftovers(world)
        assert left == "", left
        steps = tuple(_steps_told(world, undisturbed.err))
        return cls(world, command, before, world.state(), plan, steps)

    def is_armed_at(self, step: PlannedStep) -> bool:
        """Tell whether the lease is armed when this step begins."""
        arming = next(one for one in self.steps if one.text.startswith(ARMING))
        return step.number > arming.number

    def begin(self, step: PlannedStep, engine: Engine = Engine.MAPINFRA) -> Begun:
        """Run the change until it says that it begins this step."""
        if engine is Engine.PULUMI:
            process = engine.start(self.world.project, "up")
            reached = _says(process.stdout, step)
            return Begun(process, providers_of(process.pid) if reached else (), self.command)
        process = self.world.project.start(*self.command)
        reached = _says(process.stderr, step)
        return Begun(process, (process.pid,) if reached else (), self.command)

    def is_as_before(self) -> bool:
        """Tell whether all is as it was, with the same change ahead, and no trace of a run."""
        world = self.world
        if self.plan is None or world.state() != self.before or leftovers(world):
            return False
        return planned(world) == self.plan


def _adopted(lab: Lab, folder: Path, name: str, web: str, edition: str) -> World:
    """Return a server of an older version with an edited configuration, in mapinfra's hands."""
    world = make(lab, folder, name, web, edition)
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.want(OLD)
    world.expect_up()
    return world


def _says(told: IO[str] | None, step: PlannedStep) -> bool:
    assert told is not None
    return any(f": [{step.number}/" in line for line in told)


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
        if not text.startswith(("to know: ", "note: ", "TODO")):
            host = world.host if where.endswith("/map") else world.server.web
            yield PlannedStep(int(number), host, text)
