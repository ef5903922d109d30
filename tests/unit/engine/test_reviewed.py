"""What a preview showed is what is done; a resource that would take other steps fails."""

from pathlib import Path

import pytest

from mapinfra.engine.project.stacks import open_stack
from mapinfra.engine.run.events import Event, OperationKind, ResourceEvent
from mapinfra.engine.run.operations import Options, operate
from mapinfra.engine.state.urn import name
from tests.unit.engine.sandbox import Result, Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def _shown(result: Result) -> dict[str, tuple[str, ...]]:
    return {one.urn: one.plan for one in result.events if isinstance(one, ResourceEvent)}


def _run(sandbox: Sandbox, reviewed: dict[str, tuple[str, ...]], kind: OperationKind) -> Result:
    events: list[Event] = []
    stack = open_stack(sandbox.project, "dev", sandbox.environment)
    summary = operate(stack, kind, events.append, Options(reviewed=reviewed), preview=False)
    return Result(summary, events)


def test_what_was_shown_is_done(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    done = _run(sandbox, _shown(sandbox.preview()), "update")
    assert done.told("done") == {"a": "create", "b": "create"}
    nothing = _run(sandbox, _shown(sandbox.preview()), "update")
    assert nothing.told("done") == {"a": "same", "b": "same"}


def test_what_would_take_other_steps_now_fails_alone(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    shown = _shown(sandbox.preview())
    (sandbox.world / "a").write_text("changed by hand")
    done = _run(sandbox, shown, "update")
    assert done.told("failed") == {"a": "update"}
    assert done.told("done") == {"a": "refresh", "b": "same"}
    assert done.message("a") == (
        "what is there has changed since the preview; the steps would now be: a: write one; "
        "run again"
    )
    assert sandbox.live()["a"] == "changed by hand"


def test_what_was_mended_meanwhile_needs_nothing_and_fails_nothing(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    (sandbox.world / "a").write_text("changed by hand")
    shown = _shown(sandbox.preview())
    (sandbox.world / "a").write_text("one")
    done = _run(sandbox, shown, "update")
    assert done.summary.succeeded
    assert done.told("done") == {"a": "same"}


def test_a_delete_that_wasnt_shown_is_not_done(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    (urn,) = (one["urn"] for one in sandbox.state()["resources"] if name(one["urn"]) == "a")
    done = _run(sandbox, {urn: ("something else",)}, "destroy")
    assert done.told("failed") == {"a": "delete"}
    assert sandbox.live() == {"a": "one"}
