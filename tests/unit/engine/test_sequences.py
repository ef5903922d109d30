"""Whatever happens on the way, a stack ends as a fresh run of its last program would make it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.marks import needs_pulumi
from tests.unit.engine.realcli import pulumi
from tests.unit.engine.sandbox import Sandbox

Program = dict[str, Any]
Engine = Literal["mapinfra", "pulumi"]

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


accidents = st.dictionaries(
    st.sampled_from("abcd"), st.sampled_from(["broken", "by hand", "gone", "fine"]), max_size=3
)
steps = st.lists(st.tuples(programs(), accidents), min_size=1, max_size=4)


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


def end_of(sandbox: Sandbox, taken: list[tuple[Program, dict[str, str], Engine]]) -> None:
    """Take the steps, and then the last one once more with nothing in its way."""
    for program, accident, engine in taken:
        happen(sandbox, accident)
        sandbox.program(**program)
        if engine == "pulumi":
            mended(sandbox)
            pulumi(sandbox, "up", "--yes", "--skip-preview")
        else:
            sandbox.up()
        mended(sandbox)
    assert sandbox.up().summary.succeeded


def expect_as_fresh(sandbox: Sandbox, program: Program, folder: Path) -> None:
    fresh = Sandbox(folder)
    fresh.program(**program)
    assert fresh.up().summary.succeeded
    assert sandbox.live() == fresh.live()
    assert kept(sandbox) == kept(fresh)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(taken=steps)
def test_any_sequence_of_edits_ends_as_a_fresh_run_of_the_last_program(
    quick: None, taken: list[tuple[Program, dict[str, str]]]
) -> None:
    with TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder) / "edited")
        end_of(sandbox, [(program, accident, "mapinfra") for program, accident in taken])
        expect_as_fresh(sandbox, taken[-1][0], Path(folder) / "fresh")
        assert not sandbox.preview().summary.changed


@needs_pulumi
@settings(max_examples=4, deadline=None, phases=[Phase.generate])
@given(
    taken=st.lists(
        st.tuples(programs(), accidents, st.sampled_from(["mapinfra", "pulumi"])),
        min_size=2,
        max_size=4,
    )
)
def test_any_sequence_of_edits_by_either_engine_ends_so_too(
    taken: list[tuple[Program, dict[str, str], Engine]],
) -> None:
    with TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder) / "edited")
        end_of(sandbox, taken)
        pulumi(sandbox, "preview", "--expect-no-changes")
        expect_as_fresh(sandbox, taken[-1][0], Path(folder) / "fresh")
