"""Plans saved by one engine and held to by either."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.marks import needs_pulumi
from tests.unit.engine.realcli import FAILED, pulumi, run
from tests.unit.engine.recorded import plan_resources
from tests.unit.engine.sandbox import SECRET, Sandbox

Command = Callable[..., tuple[int, str, str]]

BEFORE: dict[str, Any] = {
    "folders": {"f": "label"},
    "files": {
        "a": {"text": "one", "folder": "f"},
        "b": {"text_of": "a"},
        "c": {"text": "c"},
        "d": {"text": "d"},
        "r": {"text": "r", "place": "p"},
        "s": {"text": "s", "place": "t", "first": True},
    },
    "exports": {"t": "b"},
}
OPTIONS = {
    "aliases": [{"name": "zz"}],
    "protect": True,
    "ignore_changes": ["text"],
    "delete_before_replace": False,
}
AFTER: dict[str, Any] = {
    "folders": {"f": "other"},
    "files": {
        "a": {"text": "two", "folder": "f"},
        "b": {"text_of": "a"},
        "c": {"text": "c"},
        "r": {"text": "r", "place": "q"},
        "s": {"text": "s", "place": "u", "first": True},
        "n": {"text": "n", "after": ["a"], "options": OPTIONS},
    },
    "exports": {"t": "b", "u": "n"},
}


@pytest.fixture
def saved(sandbox: Sandbox, command: Command) -> Path:
    """A stack, and a plan saved in process that has every kind of step."""
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
    assert out.splitlines()[0] == "dev: 1 created, 2 updated, 2 replaced, 1 deleted, 1 unchanged"
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
    assert lines[-1] == "error: the plan doesn't fit any more; nothing was changed"
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


@pytest.mark.parametrize("content", ["{", "[]", '{"resourcePlans": {"x": {"steps": ["leap"]}}}'])
def test_what_is_no_plan_is_told_in_one_line(
    sandbox: Sandbox, command: Command, content: str
) -> None:
    (sandbox.project / "plan.json").write_text(content)
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 1
    assert "plan.json: is no plan of this stack: " in told
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


@needs_pulumi
def test_pulumi_does_what_was_planned_in_process(sandbox: Sandbox, saved: Path) -> None:
    pulumi(sandbox, "up", "--yes", "--plan", "plan.json")
    assert not sandbox.preview().summary.changed
    assert sandbox.live()["a"] == "two"


@needs_pulumi
def test_pulumi_refuses_a_plan_of_ours_that_doesnt_fit(sandbox: Sandbox, saved: Path) -> None:
    (sandbox.world / "c").write_text("by hand")
    refused = pulumi(sandbox, "up", "--yes", "--plan", "plan.json", code=FAILED)
    assert "update is not allowed by the plan" in refused or "violates plan" in refused
    assert sandbox.live()["c"] == "by hand"


@needs_pulumi
@pytest.mark.parametrize("first", [True, False])
def test_we_do_what_pulumi_planned_and_nothing_else(
    sandbox: Sandbox, command: Command, first: bool
) -> None:
    assert run(sandbox, "config", "set", "--secret", "password", SECRET).returncode == 0
    with_secret = {"secret_exports": ["password"]}
    if not first:
        sandbox.program(**BEFORE, **with_secret)
        sandbox.up()
    sandbox.program(**AFTER, **with_secret)
    pulumi(sandbox, "preview", "--save-plan", "plan.json")
    (sandbox.world / "c").write_text("by hand")
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == (0 if first else 1), told
    if not first:
        assert "c (test:File): planned was same" in told
        (sandbox.world / "c").write_text("c")
        code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
        assert code == 0, told
    assert not sandbox.preview().summary.changed


@needs_pulumi
@pytest.mark.parametrize("theirs", [True, False])
def test_a_plan_of_a_stack_with_nested_secrets_fits(
    sandbox: Sandbox, command: Command, theirs: bool
) -> None:
    for path in ("thing.a", "items[0]"):
        run(sandbox, "config", "set", "--path", "--secret", path, SECRET)
    sandbox.files(a="x")
    if theirs:
        pulumi(sandbox, "preview", "--save-plan", "plan.json")
    else:
        command("preview", "-s", "dev", "--save-plan", "plan.json")
    assert SECRET not in (sandbox.project / "plan.json").read_text()
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 0, told
    run(sandbox, "config", "set", "--path", "--secret", "thing.a", "another")
    code, _, told = command("up", "-s", "dev", "--yes", "--plan", "plan.json")
    assert code == 1
    assert "error: the stack's config: sandbox:thing has changed\n" in told


@needs_pulumi
def test_both_engines_save_the_same_plan(sandbox: Sandbox, saved: Path) -> None:
    pulumi(sandbox, "preview", "--save-plan", "theirs.json")
    theirs = (sandbox.project / "theirs.json").read_bytes()
    assert plan_resources(saved.read_bytes()) == plan_resources(theirs)
