"""The kill matrix of a change of MAP: what becomes of it when a fault strikes at any step.

`.venv/bin/python -m bench.reliability [engine-dnf …] [--changes update] [--faults kill,reboot]
[--steps 4,10,12m] [--conditions none,reader] [--jobs 4] [--record FILE]`. A world is an edition on
a package manager, `all` is every one. A change is an update, one with MAP's database in a second
MariaDB, or a restore; 12m is the middle of step 12, while its unit runs. A condition is what the
world is like all the while: under `none` every fault strikes at every step, under another those of
`_UNDER_CONDITIONS`. `--record FILE` writes down each case, and takes from FILE what it has already:
the whole matrix needs several evenings. Each case begins with the same hosts, has its fault, and
ends with the same change made again, which must end as an undisturbed one does. A line is printed
per case, and at the end the tables that docs/reliability.md has; the exit code is 1 when a case
isn't as promised.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from lab import Lab, LabError
from tests.lab.conditions import CONDITIONS, Condition
from tests.lab.faults import FAULTS, NOTHING, Fault
from tests.lab.map_world import ENGINE_ON_APT, ENGINE_ON_DNF, LEGACY_ON_APT, LEGACY_ON_DNF
from tests.lab.matrix import Case, Outcome, play, unit_of
from tests.lab.scene import PlannedStep, Scene

_WORLDS = {
    "engine-dnf": ENGINE_ON_DNF,
    "legacy-dnf": LEGACY_ON_DNF,
    "engine-apt": ENGINE_ON_APT,
    "legacy-apt": LEGACY_ON_APT,
}
_CHANGES: dict[str, Callable[..., Scene]] = {
    "update": Scene.of_update,
    "update-in-second": Scene.of_update_in_second,
    "restore": Scene.of_restore,
}
_UNDER_CONDITIONS = ("none", "kill", "lease", "reboot")
"""Faults under a condition: at the step that stops the service, and when it is started again."""
_MOMENTS = ("stop ", "start ", "put packages")


@dataclass(frozen=True)
class Played:
    """What became of a case, as it was seen or as the record has it."""

    left: str
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """A step, struck at its beginning or in its middle, in a world of this condition."""

    step: PlannedStep
    middle: bool = False
    condition: Condition | None = None

    @property
    def key(self) -> str:
        """How it is told apart, and how a step is asked for on the command line."""
        world = f"{self.condition.name}, " if self.condition else ""
        return f"{world}{self.step.number}{'m' if self.middle else ''}"

    def __str__(self) -> str:
        return f"{self.key} {self.step.text}"


Outcomes = dict[tuple[str, str], Played]
"""By row and fault."""


class Record:
    """The cases that were played of one change in one world, kept in a file when there is one."""

    def __init__(self, world: str, change: str, path: Path | None) -> None:
        self._of = {"world": world, "change": change}
        self._path = path
        self.outcomes: Outcomes = {}
        for line in path.read_text().splitlines() if path and path.exists() else ():
            case = json.loads(line)
            if case.items() >= self._of.items():
                key = case["row"], case["fault"]
                self.outcomes[key] = Played(case["left"], tuple(case["failures"]))

    def add(self, row: Row, fault: Fault, played: Played) -> None:
        """Keep a case."""
        self.outcomes[row.key, fault.name] = played
        if self._path:
            case = {**self._of, "row": row.key, "fault": fault.name, **asdict(played)}
            with self._path.open("a") as file:
                print(json.dumps(case), file=file)


def main() -> int:
    """Play the cases and print; 1 when one isn't as promised, 130 when it was interrupted."""
    options = _options()
    # Ended by whomever, it takes its labs with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    worlds = list(_WORLDS) if "all" in options.worlds else options.worlds
    tables: list[str] = []
    failed = False
    for world in worlds:
        for change in options.changes:
            outcomes, table, interrupted = _played_in(world, change, options)
            tables += [f"\n{change}, {world}:\n", *table]
            failed |= any(outcome.failures for outcome in outcomes.values())
            if interrupted:
                print("\n".join(tables))
                return 130
    print("\n".join(tables))
    return int(failed)


def _played_in(
    world: str, change: str, options: argparse.Namespace
) -> tuple[Outcomes, list[str], bool]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as labs:
        scenes = _scenes(world, change, options.jobs, Path(folder), labs)
        rows = [
            row
            for row in _rows(scenes[0], options.conditions)
            if not options.steps or row.key.rpartition(" ")[2] in options.steps
        ]
        faults = [
            one
            for one in (NOTHING, *FAULTS)
            if (one.name in options.faults if options.faults else True)
        ]
        record = Record(world, change, options.record)
        whole = _play_all(scenes, rows, faults, options.conditions, record)
    return record.outcomes, list(_table(rows, faults, record.outcomes)), not whole


def _scenes(world: str, change: str, jobs: int, folder: Path, labs: ExitStack) -> list[Scene]:
    """Return as many scenes as cases are to be played at the same time, each on its own lab."""

    def made(number: int) -> Scene:
        lab = Lab.up(f"kills-{world}-{number}")
        labs.callback(lab.down)
        (folder / str(number)).mkdir()
        return _CHANGES[change](lab, folder / str(number), *_WORLDS[world])

    with ThreadPoolExecutor() as pool:
        return list(pool.map(made, range(jobs)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("worlds", nargs="*", choices=(*_WORLDS, "all"), default=["engine-dnf"])
    parser.add_argument("--changes", type=_listed, default=("update",), help=", ".join(_CHANGES))
    parser.add_argument("--jobs", type=int, default=1, help="cases at a time, each on its own lab")
    names = ", ".join(fault.name for fault in (NOTHING, *FAULTS))
    parser.add_argument("--faults", type=_listed, default=(), help=names)
    parser.add_argument("--steps", type=_listed, default=(), help="numbers as a preview has them")
    names = ", ".join(("none", *(condition.name for condition in CONDITIONS)))
    parser.add_argument("--conditions", type=_listed, default=("none",), help=names)
    parser.add_argument("--record", type=Path, help="a file of cases: those in it aren't played")
    return parser.parse_args()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _rows(scene: Scene, conditions: tuple[str, ...]) -> Iterator[Row]:
    if "none" in conditions:
        for step in scene.steps:
            yield Row(step)
            if unit_of(step):
                yield Row(step, middle=True)
    for condition in CONDITIONS:
        if condition.name in conditions:
            for step in scene.steps:
                if step.text.startswith(_MOMENTS):
                    yield Row(step, condition=condition)


def _is_played(scene: Scene, row: Row, fault: Fault) -> bool:
    if fault.of_lease and not scene.is_armed_at(row.step):
        return False
    if row.condition is None:
        return fault is not NOTHING
    first = next(step for step in scene.steps if step.text.startswith(_MOMENTS))
    return fault.name in _UNDER_CONDITIONS and (fault is not NOTHING or row.step == first)


def _play_all(
    scenes: list[Scene],
    rows: list[Row],
    faults: list[Fault],
    conditions: tuple[str, ...],
    record: Record,
) -> bool:
    """Play fault by fault; Ctrl-C ends it, and what was played until then is told: then False."""
    left = deque(
        (row.key, fault)
        for fault in faults
        for row in rows
        if _is_played(scenes[0], row, fault) and (row.key, fault.name) not in record.outcomes
    )

    def play_on(scene: Scene) -> None:
        own = {row.key: row for row in _rows(scene, conditions)}
        with suppress(IndexError):  # none is left
            while True:
                key, fault = left.popleft()
                record.add(own[key], fault, _played(scene, own[key], fault))

    with ThreadPoolExecutor(len(scenes)) as pool:
        try:
            list(pool.map(play_on, scenes))
        except KeyboardInterrupt:
            left.clear()
            print("interrupted: waiting for the cases under way", flush=True)
            return False
    return True


def _played(scene: Scene, row: Row, fault: Fault) -> Played:
    case = Case(row.step, fault, row.middle, row.condition)
    started = time.monotonic()
    try:
        outcome = play(scene, case)
    except (AssertionError, LabError, subprocess.TimeoutExpired) as error:
        outcome = Outcome(case, "", "", (f"{type(error).__name__}: {error}",))
    seconds = time.monotonic() - started
    failed = "".join(f"\n    FAILED: {failure}" for failure in outcome.failures)
    print(f"{seconds:5.1f} s  {case}: {outcome.left} ({outcome.told}){failed}", flush=True)
    return Played(outcome.left, outcome.failures)


def _table(rows: list[Row], faults: list[Fault], outcomes: Outcomes) -> Iterator[str]:
    played = [fault for fault in faults if any(name == fault.name for _, name in outcomes)]
    yield f"| step | {' | '.join(fault.name for fault in played)} |"
    yield f"|---|{'---|' * len(played)}"
    for row in rows:
        cells = (_cell(outcomes.get((row.key, fault.name))) for fault in played)
        yield f"| {row} | {' | '.join(cells)} |"
    failed = sum(bool(outcome.failures) for outcome in outcomes.values())
    yield f"\n{len(outcomes)} cases, {failed} failed"


def _cell(outcome: Played | None) -> str:
    if outcome is None:
        return ""
    return f"**FAILED** {outcome.left}" if outcome.failures else outcome.left


if __name__ == "__main__":
    sys.exit(main())
