"""The options of a program under both engines: the same steps, and the same state after them.

Runs when `pulumi` is on PATH.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mapinfra.errors import StateError
from tests.marks import needs_pulumi
from tests.unit.engine.realcli import (
    FAILED,
    NO_CHANGES,
    planned,
    pulumi,
    pulumi_preview,
    pulumi_up,
    settled,
)
from tests.unit.engine.sandbox import Sandbox
from tests.unit.engine.shown import shown_by_us

pytestmark = needs_pulumi

Program = dict[str, Any]

PROTECTED: Program = {"text": "x", "options": {"protect": True}}
IGNORING: Program = {"options": {"ignore_changes": ["text", "size"]}}

SCENARIOS: dict[str, tuple[Program, Program]] = {
    "another provider": (
        {"files": {"a": {"text": "x"}}},
        {"files": {"a": {"text": "x", "other": True}}},
    ),
    "ignored": (
        {"files": {"a": {"text": "x", "size": {"port": 1}, "meets": [], **IGNORING}}},
        {"files": {"a": {"text": "y", "size": {"port": 2}, "meets": ["a"], **IGNORING}}},
    ),
    "ignored, added and removed": (
        {"files": {"a": {"text": "x", "size": 1, **IGNORING}, "b": {"text": "x", **IGNORING}}},
        {"files": {"a": {"text": "y", **IGNORING}, "b": {"text": "y", "size": 1, **IGNORING}}},
    ),
    "retained": (
        {"files": {"a": {"text": "x", "options": {"retain_on_delete": True}}}},
        {"files": {}},
    ),
    "unprotected": (
        {"files": {"a": PROTECTED, "b": {"text": "y"}}},
        {"files": {"a": {"text": "x"}}},
    ),
}


@pytest.fixture
def copies(tmp_path: Path) -> Callable[[Sandbox], Sandbox]:
    """Make a second sandbox just like the first."""

    def copy(sandbox: Sandbox) -> Sandbox:
        other = Sandbox(tmp_path / "other")
        for part in ("project", "backend", "world"):
            shutil.rmtree(getattr(other, part))
            shutil.copytree(getattr(sandbox, part), getattr(other, part))
        for file in (other.config_file, other.state_file):
            text = file.read_text()
            file.write_text(text.replace(str(sandbox.world), str(other.world)))
        return other

    return copy


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_both_engines_take_the_same_steps_to_the_same_state(
    sandbox: Sandbox, copies: Callable[[Sandbox], Sandbox], scenario: str
) -> None:
    before, after = SCENARIOS[scenario]
    sandbox.program(**before)
    sandbox.up()
    theirs = copies(sandbox)
    sandbox.program(**after)
    theirs.program(**after)
    expected, found = pulumi_preview(theirs), shown_by_us(sandbox)
    assert planned(found) == planned(expected)
    assert found["changeSummary"] == expected["changeSummary"]
    assert _steps(found) == _steps(expected)
    pulumi_up(theirs)
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == theirs.live()
    assert settled(sandbox) == settled(theirs)
    pulumi(sandbox, "preview", *NO_CHANGES)
    assert not theirs.preview().summary.changed


def _steps(shown: dict[str, Any]) -> dict[tuple[str, str], tuple[object, ...]]:
    """Return what a preview in JSON says of each step that changes something.

    The serialized provider, which mapinfra never shows, is left out.
    """
    return {
        (step["op"], step["urn"]): (
            {key: one for key, one in (step["detailedDiff"] or {}).items() if key != "__provider"},
            [key for key in step.get("diffReasons", ()) if key != "__provider"],
            step.get("replaceReasons"),
        )
        for step in shown["steps"]
        if step["op"] not in ("same", "refresh")
    }


def test_protection_holds_in_the_other_engine_and_is_lifted_by_pulumi_s_command(
    sandbox: Sandbox,
) -> None:
    sandbox.program(files={"a": PROTECTED})
    sandbox.up()
    assert "protected" in pulumi(sandbox, "destroy", "--yes", "--skip-preview", code=FAILED)
    urn = sandbox.resources()["a"]["urn"]
    pulumi(sandbox, "state", "unprotect", urn, "--yes")
    assert "protect" not in sandbox.resources()["a"]
    assert sandbox.run("destroy").summary.succeeded
    assert sandbox.live() == {}
    pulumi_up(sandbox)
    assert set(sandbox.run("destroy").told("failed")) == {"a"}


@pytest.mark.parametrize("first", [True, False])
def test_a_replacement_that_pulumi_was_cut_off_in_is_refused_until_pulumi_has_finished_it(
    sandbox: Sandbox, first: bool
) -> None:
    placed = {"text": "deep", "place": "one", "first": first}
    sandbox.program(files={"a": placed})
    sandbox.up()
    sandbox.steer("two.broken" if first else "one.stuck")
    sandbox.program(files={"a": {**placed, "place": "two"}})
    pulumi_up(sandbox, code=FAILED)
    sandbox.calls()
    with pytest.raises(StateError, match="finish this with the Pulumi CLI"):
        sandbox.up()
    assert sandbox.calls() == []
    sandbox.steer("two.broken" if first else "one.stuck", on=False)
    pulumi_up(sandbox)
    assert not sandbox.preview().summary.changed


def test_an_alias_that_pulumi_has_followed_is_refused_until_it_is_removed(
    sandbox: Sandbox,
) -> None:
    sandbox.program(files={"a": {"text": "x", "place": "p"}})
    sandbox.up()
    renamed = {"text": "x", "place": "p"}
    sandbox.program(files={"b": {**renamed, "options": {"aliases": [{"name": "a"}]}}})
    pulumi_up(sandbox)
    assert "the option aliases" in sandbox.preview().log[0]
    sandbox.program(files={"b": renamed})
    pulumi_up(sandbox)
    assert not sandbox.preview().summary.changed
