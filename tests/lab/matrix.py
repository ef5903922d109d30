"""The kill matrix of a change of MAP: every fault in every step, and what became of it."""

import difflib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.lab.conditions import Condition
from tests.lab.engines import Engine
from tests.lab.faults import Fault, lease_is_armed, let_the_lease_run_out
from tests.lab.map_world import World
from tests.lab.project import Result
from tests.lab.scene import LONGEST, UPDATE, Begun, PlannedStep, Scene, leftovers, restore

_WEB = 3
"""How many of the last values of a state are the web client's."""
_MIDDLE = """\
tries=0
until systemctl list-units --plain --no-legend --state=running "$1" | grep -q .; do
  tries=$((tries + 1))
  [ "$tries" -lt 2000 ] || exit
done
"""
UNITS_OF_STEPS = {
    "back up database": "mapinfra-backup.*-d*.service",
    "change centreon-map-web-client": "mapinfra-web-*.service",
    "change centreon-map-": "mapinfra-server-*.service",
}
"""Steps whose work is done by a unit on their host, by how their text begins."""


@dataclass(frozen=True)
class Case:
    """A fault that strikes when a step begins, or in the middle of it, while its unit runs."""

    step: PlannedStep
    fault: Fault
    middle: bool = False
    condition: Condition | None = None
    """What the world is like all the while."""

    def __str__(self) -> str:
        where = "in the middle of" if self.middle else "at"
        world = f"{self.condition.name}: " if self.condition else ""
        return f"{world}{self.fault.name} {where} step {self.step.number} ({self.step.text})"


@dataclass(frozen=True)
class Outcome:
    """What was there when the fault was over, before the next `up`; and what wasn't as promised."""

    case: Case
    left: str
    told: str
    failures: tuple[str, ...]


def unit_of(step: PlannedStep) -> str | None:
    """Return the unit in whose middle a step can be struck."""
    return next((unit for text, unit in UNITS_OF_STEPS.items() if step.text.startswith(text)), None)


def play(scene: Scene, case: Case, engine: Engine = Engine.MAPINFRA) -> Outcome:
    """Let it happen, and judge: what the run said, what the host did alone, what the next did."""
    world, fault, condition = scene.world, case.fault, case.condition
    restore(world, fault.disk)
    process = _process_of(world)
    if condition:
        condition.set(world)
    begun = scene.begin(case.step, engine)
    if begun.reached:
        _strike(scene, case, begun)
    elif not condition:
        return Outcome(case, "", str(begun.end()), ("the run ended before this step",))
    result, waits = _ended(begun)
    fault.lift(world)
    failures = [*waits, *_claims(scene, result)]
    if not begun.workers_end_within(30):
        failures.append("what did the steps is still there")
    if fault.alone:
        failures += _left_alone(scene)
    if condition:
        condition.lift(world)
    failures += fault.judge(world)
    left = _described(scene, process)
    failures += _next_run(scene, engine)
    return Outcome(case, left, _told(result), tuple(failures))


def _ended(begun: Begun) -> tuple[Result, tuple[str, ...]]:
    """Wait for the end of a run; one that waits for ever is killed."""
    try:
        return begun.end(), ()
    except subprocess.TimeoutExpired:
        begun.kill()
        return begun.end(), (f"the run hadn't ended after {LONGEST:g} s",)


def _strike(scene: Scene, case: Case, begun: Begun) -> None:
    if case.middle:
        case.step.host.run(["sh", "-c", _MIDDLE, "sh", unit_of(case.step) or ""])
    begun.pause()
    case.fault.strike(scene.world, case.step, begun)
    begun.go_on()
    case.fault.wait(scene.world, begun)


def _left_alone(scene: Scene) -> Iterator[str]:
    """What the host must be when nobody comes: its service active, old or new but whole."""
    let_the_lease_run_out(scene.world)
    now = scene.world.state()[:-_WEB]
    old, new = scene.before[:-_WEB], scene.after[:-_WEB]
    if now not in (old, new):
        wanted = new if now[0] == new[0] else old
        yield f"left alone, the host isn't whole: {_differences(now, wanted)}"


def _claims(scene: Scene, result: Result) -> Iterator[str]:
    """What the run said of itself must be true."""
    now = scene.world.state
    if result.code == 0 and now() != scene.after:
        yield f"it said done, and it isn't: {_differences(now(), scene.after)}"
    untrue = ("the old state is back", "nothing was changed")
    if any(claim in result.out for claim in untrue) and now() != scene.before:
        yield f"it said the old state is back, and it isn't: {_differences(now(), scene.before)}"
    if "Traceback" in result.out + result.err:
        yield f"a traceback: {result}"


def _described(scene: Scene, process: str) -> str:
    """Say what is there now."""
    state = scene.world.state()
    if state == scene.after:
        return "done"
    if state == scene.before:
        return "untouched" if _process_of(scene.world) == process else "old state"
    if state[:-_WEB] == scene.before[:-_WEB]:
        return "old server, new web client"
    armed = "armed" if lease_is_armed(scene.world) else "no lease"
    return f"half done ({armed})"


def _next_run(scene: Scene, engine: Engine) -> Iterator[str]:
    """The next one must end as one that nobody disturbed.

    Where all is as it was, with the same plan, it would be that very run, and isn't played again.
    """
    world = scene.world
    if scene.is_as_before():
        return
    if engine is Engine.PULUMI:
        world.project.pulumi("cancel", "--yes")  # the CLI never removes the lock of a dead run
        result = engine.change(world.project, "up")
    else:
        result = world.project.mapinfra(*scene.command)
    if result.code != 0:
        yield f"the next {scene.command[0]} failed: {_told(result)}"
        return
    if world.state() != scene.after:
        yield f"after the next {scene.command[0]}: {_differences(world.state(), scene.after)}"
    if scene.command == UPDATE and world.project.mapinfra("preview", "--expect-no-changes").code:
        yield "after the next up there is still something to do"
    if left := leftovers(world):
        yield f"traces: {' '.join(left.split())}"


def _process_of(world: World) -> str:
    shown = ["systemctl", "show", "-p", "MainPID", "-p", "InvocationID"]
    return world.host.run([*shown, world.server.edition.service]).stdout


def _differences(now: tuple[Any, ...], wanted: tuple[Any, ...]) -> str:
    mine, theirs = (
        [line for part in state for line in part.split("\n")] for state in (now, wanted)
    )
    return "; ".join(
        line
        for line in difflib.unified_diff(theirs, mine, n=0, lineterm="")
        if line[1:2] != line[:1]
    )


def _told(result: Result) -> str:
    """The exit code of a run, and the line that says what went wrong."""
    lines = [*result.out.splitlines(), *result.err.splitlines()]
    told = next(
        (line.strip() for line in lines if re.search(r"failed: |^error|: \S.*; ", line)), ""
    )
    return f"exit {result.code} {told if result.code else ''}".strip()
