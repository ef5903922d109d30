"""The kill matrix of an update of MAP: what becomes of it when a fault strikes at any step.

`.venv/bin/python -m bench.reliability [engine-dnf] [--faults kill,reboot] [--steps 4,10,12m]
[--jobs 4]`: all of them, one at a time, unless said otherwise; 12m is the middle of step 12, while
its unit runs. Each case begins with the same hosts, has its fault, and ends with an `up` that must
end as an undisturbed one does. A line is printed per case, and at the end the table that
docs/reliability.md has; the exit code is 1 when a case isn't as promised.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from lab import Lab, LabError
from tests.lab.faults import FAULTS, Fault
from tests.lab.map_world import ENGINE_ON_APT, ENGINE_ON_DNF, LEGACY_ON_APT, LEGACY_ON_DNF
from tests.lab.matrix import Case, Outcome, play, unit_of
from tests.lab.scene import PlannedStep, Scene

_WORLDS = {
    "engine-dnf": ENGINE_ON_DNF,
    "legacy-dnf": LEGACY_ON_DNF,
    "engine-apt": ENGINE_ON_APT,
    "legacy-apt": LEGACY_ON_APT,
}


Outcomes = dict[tuple[str, str], Outcome]
"""By row and fault."""


@dataclass(frozen=True)
class Row:
    """A step, struck at its beginning or in its middle."""

    step: PlannedStep
    middle: bool

    @property
    def key(self) -> str:
        """How it is asked for on the command line."""
        return f"{self.step.number}{'m' if self.middle else ''}"

    def __str__(self) -> str:
        return f"{self.key} {self.step.text}"


def main() -> int:
    """Play the cases and print; 1 when one isn't as promised."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as labs:
        scenes = _scenes(options.world, options.jobs, Path(folder), labs)
        rows = [row for row in _rows(scenes[0]) if not options.steps or row.key in options.steps]
        faults = [one for one in FAULTS if not options.faults or one.name in options.faults]
        outcomes = _all_played(scenes, rows, faults)
    print("\n".join(_table(rows, faults, outcomes)))
    return int(any(outcome.failures for outcome in outcomes.values()))


def _scenes(world: str, jobs: int, folder: Path, labs: ExitStack) -> list[Scene]:
    """Return as many scenes as cases are to be played at the same time, each on its own lab."""

    def made(number: int) -> Scene:
        lab = Lab.up(f"reliability-{world}-{number}")
        labs.callback(lab.down)
        (folder / str(number)).mkdir()
        return Scene.make(lab, folder / str(number), *_WORLDS[world])

    with ThreadPoolExecutor() as pool:
        return list(pool.map(made, range(jobs)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("world", nargs="?", choices=_WORLDS, default="engine-dnf")
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time, each on its own lab")
    names = ", ".join(fault.name for fault in FAULTS)
    parser.add_argument("--faults", type=_listed, default=(), help=names)
    parser.add_argument("--steps", type=_listed, default=(), help="numbers as a preview has them")
    return parser.parse_args()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _rows(scene: Scene) -> Iterator[Row]:
    for step in scene.steps:
        yield Row(step, middle=False)
        if unit_of(step):
            yield Row(step, middle=True)


def _all_played(scenes: list[Scene], rows: list[Row], faults: list[Fault]) -> Outcomes:
    """Play fault by fault; Ctrl-C ends it, and what was played until then is told."""
    outcomes: Outcomes = {}
    left = deque(
        (row.key, fault)
        for fault in faults
        for row in rows
        if not fault.of_lease or scenes[0].is_armed_at(row.step)
    )

    def play_on(scene: Scene) -> None:
        own = {row.key: row for row in _rows(scene)}
        with suppress(IndexError):  # none is left
            while True:
                key, fault = left.popleft()
                outcomes[key, fault.name] = _played(scene, own[key], fault)

    with ThreadPoolExecutor(len(scenes)) as pool:
        try:
            list(pool.map(play_on, scenes))
        except KeyboardInterrupt:
            left.clear()
            print("interrupted: waiting for the cases under way", flush=True)
    return outcomes


def _played(scene: Scene, row: Row, fault: Fault) -> Outcome:
    case = Case(row.step, fault, row.middle)
    started = time.monotonic()
    try:
        outcome = play(scene, case)
    except (AssertionError, LabError, subprocess.TimeoutExpired) as error:
        outcome = Outcome(case, "", "", (f"{type(error).__name__}: {error}",))
    seconds = time.monotonic() - started
    failed = "".join(f"\n    FAILED: {failure}" for failure in outcome.failures)
    print(f"{seconds:5.1f} s  {case}: {outcome.left} ({outcome.told}){failed}", flush=True)
    return outcome


def _table(rows: list[Row], faults: list[Fault], outcomes: Outcomes) -> Iterator[str]:
    yield f"| step | {' | '.join(fault.name for fault in faults)} |"
    yield f"|---|{'---|' * len(faults)}"
    for row in rows:
        cells = (_cell(outcomes.get((row.key, fault.name))) for fault in faults)
        yield f"| {row} | {' | '.join(cells)} |"
    failed = sum(bool(outcome.failures) for outcome in outcomes.values())
    yield f"\n{len(outcomes)} cases, {failed} failed"


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    return f"**FAILED** {outcome.left}" if outcome.failures else outcome.left


if __name__ == "__main__":
    sys.exit(main())
