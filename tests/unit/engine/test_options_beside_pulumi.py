"""The options of a program under both engines: the same steps, and the same state after them.

Runs when `pulumi` is on PATH.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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

PLACED: Program = {"text": "deep", "place": "one"}
PROTECTED: Program = {"text": "x", "options": {"protect": True}}
IGNORING: Program = {"options": {"ignore_changes": ["text", "size.port"]}}
SAID: Program = {"options": {"replace_on_changes": ["size.port"]}}
# Both stand at one place, where deleting the old one last would delete the new one.
SAID_FIRST: Program = {"options": {**SAID["options"], "delete_before_replace": True}}

SCENARIOS: dict[str, tuple[Program, Program]] = {
    "another provider": (
        {"files": {"a": {"text": "x"}}},
        {"files": {"a": {"text": "x", "other": True}}},
    ),
    "created before": (
        {"files": {"a": PLACED, "b": {"text_of": "a"}}},
        {"files": {"a": {**PLACED, "place": "two"}, "b": {"text_of": "a"}}},
    ),
    "deleted before": (
        {"files": {"a": PLACED, "b": {"text": "x", "place_of": "a"}, "c": {"text_of": "a"}}},
        {
            "files": {
                "a": {**PLACED, "place": "two", "first": True},
                "b": {"text": "x", "place_of": "a"},
                "c": {"text_of": "a"},
            }
        },
    ),
    "deleted before, says the program": (
        {"files": {"a": {**PLACED, "options": {"delete_before_replace": True}}}},
        {"files": {"a": {**PLACED, "place": "two", "options": {"delete_before_replace": True}}}},
    ),
    "replaced on changes alone": (
        {"files": {"a": {"text": "x", "size": {"port": 1}, **SAID_FIRST}}},
        {"files": {"a": {"text": "x", "size": {"port": 2}, **SAID_FIRST}}},
    ),
    "replaced on changes": (
        {"files": {"a": {"text": "x", "place": "p", "size": {"port": 1}, **SAID}}},
        {"files": {"a": {"text": "x", "place": "q", "size": {"port": 2}, **SAID}}},
    ),
    "ignored": (
        {"files": {"a": {"text": "x", "size": {"port": 1, "host": "h"}, **IGNORING}}},
        {"files": {"a": {"text": "y", "size": {"port": 2, "host": "i"}, **IGNORING}}},
    ),
    "retained": (
        {"files": {"a": {"text": "x", "options": {"retain_on_delete": True}}}},
        {"files": {}},
    ),
    "unprotected and deleted with another": (
        {"files": {"a": PROTECTED, "b": {"text": "y", "deleted_with": "a"}}},
        {"files": {"a": {"text": "x"}}},
    ),
    "deleted with another": (
        {"files": {"a": {"text": "x"}, "b": {"text": "y", "deleted_with": "a"}}},
        {"files": {}},
    ),
    "replaced with another": (
        {"files": {"a": PLACED, "b": {"text": "y", "place": "p", "deleted_with": "a"}}},
        {
            "files": {
                "a": {**PLACED, "place": "two", "first": True},
                "b": {"text": "y", "place": "p", "deleted_with": "a"},
            }
        },
    ),
    "renamed": (
        {"files": {"a": {"text": "x", "place": "p"}, "c": {"text_of": "a"}}},
        {
            "files": {
                "b": {"text": "x", "place": "p", "options": {"aliases": [{"name": "a"}]}},
                "c": {"text_of": "b"},
            }
        },
    ),
    "moved": (
        {"folders": {"f": "l"}, "files": {"a": {"text": "x"}}},
        {
            "folders": {"f": "l"},
            "files": {
                "a": {"text": "x", "folder": "f", "options": {"aliases": [{"parent": None}]}}
            },
        },
    ),
    "below a renamed parent": (
        {"folders": {"f": "l"}, "files": {"f-a": {"text": "x", "place": "p", "folder": "f"}}},
        {
            "folders": {"g": "l"},
            "folder_options": {
                "g": {"type": "Box", "aliases": [{"name": "f", "type_": "test:index:Folder"}]}
            },
            "files": {"g-a": {"text": "x", "place": "p", "folder": "g"}},
        },
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
def test_a_replacement_that_was_cut_off_is_finished_by_the_other(
    sandbox: Sandbox, copies: Callable[[Sandbox], Sandbox], first: bool
) -> None:
    sandbox.program(files={"a": {**PLACED, "first": first}})
    sandbox.up()
    sandbox.steer("two.broken" if first else "one.stuck")
    theirs = copies(sandbox)
    for one in (sandbox, theirs):
        one.program(files={"a": {**PLACED, "first": first, "place": "two"}})
    assert not sandbox.up().summary.succeeded
    pulumi_up(theirs, code=FAILED)
    assert settled(sandbox) == settled(theirs)
    for one in (sandbox, theirs):
        one.steer("two.broken" if first else "one.stuck", on=False)
    assert planned(shown_by_us(theirs)) == planned(pulumi_preview(theirs))
    pulumi_up(sandbox)
    assert theirs.up().summary.succeeded
    assert sandbox.live() == theirs.live() == {"two": "deep"}
    assert settled(sandbox) == settled(theirs)
