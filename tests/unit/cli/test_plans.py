"""Plans that are saved, and what `up` is held to by them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.engine.sandbox import SECRET, Sandbox

Command = Callable[..., tuple[int, str, str]]

BEFORE: dict[str, Any] = {
    "folders": {"f": "label"},
    "files": {
        "a": {"text": "one", "folder": "f"},
        "b": {"text_of": "a"},
        "c": {"text": "c"},
        "d": {"text": "d"},
    },
    "exports": {"t": "b"},
}
OPTIONS = {"protect": True, "ignore_changes": ["text"]}
AFTER: dict[str, Any] = {
    "folders": {"f": "other"},
    "files": {
        "a": {"text": "two", "folder": "f"},
        "b": {"text_of": "a"},
        "c": {"text": "c"},
        "n": {"text": "n", "after": ["a"], "options": OPTIONS},
    },
    "exports": {"t": "b", "u": "n"},
}


@pytest.fixture
def saved(sandbox: Sandbox, command: Command) -> Path:
    """A stack, and a plan saved in process that has every kind of operation."""
    sandbox.program(**BEFORE)
    sandbox.up()
    sandbox.program(**AFTER)
    code, _, told = command("preview", "-s", "dev", "--save-plan", "plan.json")
    assert (code, told.splitlines()[-1]) == (0, "wrote the plan to plan.json")
    sandbox.calls()
    return sandbox.project / "plan.json"


def test_what_was_planned_is_done(sandbox: Sandbox, command: Command, saved: Path) -> None:
    code, out, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 0, told
    assert out.splitlines()[0] == "dev: 1 created, 2 updated, 1 deleted, 1 unchanged"
    assert not sandbox.preview().summary.changed


def test_a_plan_that_doesnt_fit_is_refused_before_anything_is_touched(
    sandbox: Sandbox, command: Command, saved: Path
) -> None:
    (sandbox.world / "c").write_text("by hand")
    (sandbox.world / "d").unlink()
    sandbox.program(**{**AFTER, "files": {**AFTER["files"], "a": {"text": "x", "folder": "f"}}})
    code, out, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert (code, out) == (1, "")
    lines = [line for line in told.splitlines() if line.startswith("error: ")]
    assert lines[-1] == "error: the plan no longer fits; nothing was changed"
    assert 'error: a (test:File): text: planned was "two", and now it would be "x"' in lines
    assert "error: c (test:File): planned was same, and now it would be: update" in lines
    assert not any("d (test:File)" in line for line in lines), "what is gone needn't be deleted"
    assert not [line for line in sandbox.calls() if line[:4] in ("crea", "upda", "dele")]


def test_more_or_less_in_the_program_than_in_the_plan_is_refused(
    sandbox: Sandbox, command: Command, saved: Path
) -> None:
    files = {key: one for key, one in AFTER["files"].items() if key != "n"}
    sandbox.program(**{**AFTER, "files": {**files, "m": {"text": "m"}}, "exports": {}})
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 1
    assert "m (test:File): the plan doesn't have it, and now it would be: create" in told
    assert "n (test:File): there is nothing to do; planned was: create" in told
    assert "n" not in sandbox.live()


def test_a_config_that_has_changed_is_refused(
    sandbox: Sandbox, command: Command, saved: Path
) -> None:
    command("config", "set", "extra", "5", "-s", "dev")
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 1
    assert "error: the stack's config: sandbox:extra has changed\n" in told


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "[" * 5000,
        '{"resourcePlans": {"x": {"steps": ["create"]}}}',
        '{"version": 1, "config": {}, "resources": {"x": {"op": "leap"}}}',
    ],
)
def test_what_is_no_plan_is_told_in_one_line(
    sandbox: Sandbox, command: Command, content: str
) -> None:
    (sandbox.project / "plan.json").write_text(content)
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 1
    assert "plan.json: isn't a plan of this stack: " in told
    assert len(told.splitlines()) == 1


def test_no_secret_is_in_a_plan(sandbox: Sandbox, command: Command) -> None:
    from mapinfra.engine.project.stacks import set_config

    set_config(sandbox.project, "dev", sandbox.environment, "password", SECRET, secret=True)
    sandbox.program(files={"a": {"text": "x"}}, secret_exports=["password"])
    assert command("preview", "-s", "dev", "--save-plan", "plan.json")[0] == 0
    plan = (sandbox.project / "plan.json").read_text()
    assert SECRET not in plan
    assert "ciphertext" in plan
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 0, told


def test_no_plan_is_written_when_the_preview_fails(sandbox: Sandbox, command: Command) -> None:
    sandbox.files(a="x")
    sandbox.steer("a.off")
    assert command("preview", "-s", "dev", "--save-plan", "plan.json")[0] == 1
    assert not (sandbox.project / "plan.json").exists()


def test_values_that_the_plan_didnt_know_yet_may_be_any(sandbox: Sandbox, command: Command) -> None:
    made: dict[str, Any] = {"a": {"text": "x"}, "b": {"text_of": "a", "size": {"deep": [1]}}}
    sandbox.program(files=made, exports={"t": "b"})
    assert command("preview", "-s", "dev", "--save-plan", "plan.json")[0] == 0
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json", "--target", "a")
    assert code == 1
    assert "b (test:File): there is nothing to do; planned was: create" in told
    sandbox.program(files={**made, "b": {**made["b"], "size": {"deep": [2]}}}, exports={"t": "b"})
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 1
    assert "error: b (test:File): size.deep[0]: planned was 1, and now it would be 2\n" in told
    sandbox.program(files=made, exports={"t": "b"})
    assert command("up", "-s", "dev", "--yes", "--plan", "plan.json")[0] == 0


def test_a_secret_that_has_changed_is_told_without_its_value(
    sandbox: Sandbox, command: Command
) -> None:
    from mapinfra.engine import set_config

    for value in (SECRET, "another"):
        set_config(sandbox.project, "dev", sandbox.environment, "password", value, secret=True)
        sandbox.program(secret_exports=["password"])
        if value == SECRET:
            assert command("preview", "-s", "dev", "--save-plan", "plan.json")[0] == 0
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 1
    assert "error: the stack's config: sandbox:password has changed\n" in told
    assert 'password: planned was "[secret]", and now it would be "[secret]"' in told
    assert "another" not in told
