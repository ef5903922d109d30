"""Whatever happens on the way, a stack ends as a fresh run of its last program would make it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mapinfra.engine.project.stacks import lock_holders
from mapinfra.engine.state.lock import remove_lock
from tests.marks import needs_pulumi
from tests.unit.engine import realcli
from tests.unit.engine.kills import Killing, pending
from tests.unit.engine.plainfiles import wait_until
from tests.unit.engine.realcli import FAILED, pulumi
from tests.unit.engine.sandbox import Sandbox

Program = dict[str, Any]
Engine = Literal["mapinfra", "pulumi"]

IN_CI = "CI" in os.environ
UP = ("up", "--yes", "--skip-preview", "--continue-on-error")

engines = st.sampled_from(["mapinfra", "pulumi"])
texts = st.sampled_from(["one", "two", "three"])


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Draw a program: some files in any order, each of which may need those before it."""
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    folders = draw(st.dictionaries(st.sampled_from("fg"), texts, max_size=2))
    files: dict[str, dict[str, Any]] = {}
    for name in names:
        earlier = sorted(files)
        one: dict[str, Any] = {"text": draw(texts)}
        shares = draw(st.booleans())
        if earlier and shares:
            one = {"text_of": draw(st.sampled_from(earlier))}
        if earlier:
            one["after"] = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2))
        if folders:
            one["folder"] = draw(st.sampled_from(["", *folders]))
        one["size"] = draw(st.sampled_from([1, [1, None], {"deep": {"x": True}}]))
        files[name] = one
    exports = {f"text of {name}": name for name in files if draw(st.booleans())}
    return {"folders": folders, "files": files, "exports": exports}


@dataclass(frozen=True)
class Step:
    """An edit and the run that makes it so, in which files may resist, or which may be killed.

    It is killed at its write number `killed`; a run of the CLI while it writes that file.
    """

    program: Program
    accident: dict[str, str]
    engine: Engine = "mapinfra"
    killed: int | None = None


accidents = st.dictionaries(
    st.sampled_from("abcd"), st.sampled_from(["broken", "by hand", "gone", "fine"]), max_size=3
)
kills = st.none() | st.integers(0, 60)


def happen(sandbox: Sandbox, accident: dict[str, str]) -> None:
    """Let files be changed or removed by hand, or let writing them fail."""
    for name, what in accident.items():
        file = sandbox.world / name
        if what == "broken":
            sandbox.steer(f"{name}.broken")
        elif what == "gone":
            file.unlink(missing_ok=True)
        elif what == "by hand" and file.exists():
            file.write_text("by hand")


def mended(sandbox: Sandbox) -> None:
    for file in sandbox.world.glob("*.broken"):
        file.unlink()


def kept(sandbox: Sandbox) -> dict[str, Any]:
    """Return what the state says of each resource, without when and how it came to be so."""
    found = sandbox.resources()
    for one in found.values():
        for volatile in ("created", "modified", "provider", "sourcePosition", "stackTrace"):
            one.pop(volatile, None)
        for bag in ("inputs", "outputs"):
            for volatile in ("plan", "sandbox:world"):
                one.get(bag, {}).pop(volatile, None)
        one["dependencies"] = sorted(one.get("dependencies", ()))
    found.get("default", {}).pop("id", None)
    return found


def end_of(sandbox: Sandbox, taken: list[Step], last: Engine) -> None:
    """Take the steps, what they left half made, and the last once more with nothing in its way.

    Twice: a file that moves to another folder is another resource, made before the old one goes.
    """
    half_made: dict[str, Program] = {}
    for step in taken:
        happen(sandbox, step.accident)
        run(sandbox, step)
        mended(sandbox)
        for one in pending(sandbox):
            if one["type"] == "creating":
                half_made.setdefault(one["resource"]["urn"], step.program)
    for program in [*half_made.values(), *[taken[-1].program] * 2]:
        run(sandbox, Step(program, {}, last))
    assert last == "pulumi" or pending(sandbox) == []


def run(sandbox: Sandbox, step: Step) -> None:
    """Let an engine make it so, and mend what a killed run left in its way."""
    sandbox.program(**step.program)
    if step.engine == "mapinfra":
        for holder in lock_holders(sandbox.project, "dev", sandbox.environment):
            remove_lock(holder)
        if step.killed is None or not Killing(sandbox).at(step.killed, up):
            sandbox.up()
        return
    pulumi(sandbox, "cancel", "--yes")
    if step.killed is not None:
        kill_the_cli(sandbox, "abcd"[step.killed % 4])
    elif realcli.run(sandbox, *UP).returncode not in (0, FAILED):
        raise AssertionError("the CLI neither succeeded nor failed")


def up(sandbox: Sandbox) -> None:
    sandbox.up(parallel=1)


def kill_the_cli(sandbox: Sandbox, file: str) -> None:
    """Start `pulumi up`, and kill it and what it started while it makes or changes a file."""
    sandbox.calls()
    sandbox.steer(f"{file}.hold")
    log = sandbox.world / "calls.log"
    with subprocess.Popen(
        realcli.line(*UP),
        cwd=sandbox.project,
        env=realcli.environment(sandbox),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        wait_until(lambda: process.poll() is not None or at_it(log, file))
        subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)
    sandbox.steer(f"{file}.hold", on=False)


def at_it(log: Path, file: str) -> bool:
    calls = log.read_text().splitlines() if log.exists() else []
    return any(call in (f"create {file}", f"update {file}", f"delete {file}") for call in calls)


def expect_as_fresh(sandbox: Sandbox, program: Program, folder: Path) -> None:
    fresh = Sandbox(folder)
    fresh.program(**program)
    assert fresh.up().summary.succeeded
    assert sandbox.live() == fresh.live()
    assert kept(sandbox) == kept(fresh)


@settings(
    max_examples=30,
    phases=[Phase.generate],
    derandomize=IN_CI,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(taken=st.lists(st.builds(Step, programs(), accidents, killed=kills), min_size=1, max_size=4))
def test_any_sequence_of_edits_ends_as_a_fresh_run_of_the_last_program(
    quick: None, taken: list[Step]
) -> None:
    with TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder) / "edited")
        end_of(sandbox, taken, "mapinfra")
        expect_as_fresh(sandbox, taken[-1].program, Path(folder) / "fresh")
        assert not sandbox.preview().summary.changed


@needs_pulumi
@settings(max_examples=4, derandomize=IN_CI, phases=[Phase.generate])
@given(
    taken=st.lists(st.builds(Step, programs(), accidents, engines, kills), min_size=2, max_size=4),
    last=engines,
)
def test_any_sequence_of_edits_by_either_engine_ends_so_too(
    taken: list[Step], last: Engine
) -> None:
    with TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder) / "edited")
        end_of(sandbox, taken, last)
        pulumi(sandbox, "preview", "--expect-no-changes")
        assert not sandbox.preview().summary.changed
        expect_as_fresh(sandbox, taken[-1].program, Path(folder) / "fresh")
