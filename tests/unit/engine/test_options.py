"""What a program's options ask of a resource: protection, retaining, ignored changes."""

from typing import Any

import pytest

from tests.unit.engine.sandbox import Sandbox


def test_a_change_that_needs_a_replacement_fails_that_resource_alone(sandbox: Sandbox) -> None:
    old: dict[str, Any] = {"text": "deep", "place": "one"}
    sandbox.program(files={"a": old, "b": {"text": "x"}})
    sandbox.up()
    sandbox.calls()
    sandbox.program(files={"a": {**old, "place": "two"}, "b": {"text": "y"}})
    line = (
        "place can't be changed in place, and replacing isn't supported in process; "
        "use the Pulumi CLI for this stack"
    )
    assert sandbox.preview().message("a") == line
    done = sandbox.up()
    assert done.message("a") == line
    assert done.told("done") == {"b": "update"}
    assert sandbox.live() == {"one": "deep", "b": "y"}


def test_a_protected_resource_is_not_deleted(sandbox: Sandbox) -> None:
    kept = {"text": "x", "options": {"protect": True}}
    sandbox.program(files={"a": kept, "b": {"text": "y"}})
    sandbox.up()
    assert sandbox.resources()["a"]["protect"] is True
    sandbox.program(files={"b": {"text": "y"}})
    assert sandbox.preview().message("a") == (
        "is protected, so it isn't deleted; take `protect` out of the program and run up, or: "
        "mapinfra state unprotect a --stack dev"
    )
    done = sandbox.run("destroy")
    assert done.told("done") == {"b": "delete"}
    assert sandbox.live() == {"a": "x"}


def test_protection_that_the_program_takes_away_is_gone_at_once(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "x", "options": {"protect": True}}})
    sandbox.up()
    sandbox.files(a="x")
    assert sandbox.up().summary.succeeded
    sandbox.program()
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {}


def test_children_are_protected_by_their_parent(sandbox: Sandbox) -> None:
    sandbox.program(
        folders={"f": "label"},
        folder_options={"f": {"protect": True}},
        files={"a": {"text": "x", "folder": "f"}},
    )
    sandbox.up()
    assert sandbox.resources()["a"]["protect"] is True
    assert set(sandbox.run("destroy").told("failed")) == {"a"}
    assert sandbox.live() == {"a": "x"}


def test_what_is_retained_is_forgotten_and_left(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "x", "options": {"retain_on_delete": True}}})
    sandbox.up()
    sandbox.program()
    shown = sandbox.preview().event("a", "planned")
    assert (shown.op, shown.plan) == ("delete", ())
    assert shown.reason == "a is left as it is: retain_on_delete"
    assert sandbox.up().told("done") == {"a": "delete"}
    assert sandbox.live() == {"a": "x"}
    assert "a" not in sandbox.resources()


@pytest.mark.parametrize("said_of", ["the resource", "its parent"])
def test_a_parent_s_options_hold_unless_the_resource_has_its_own(
    sandbox: Sandbox, said_of: str
) -> None:
    own = {"retain_on_delete": False} if said_of == "the resource" else {}
    sandbox.program(
        folders={"f": "label"},
        folder_options={"f": {"retain_on_delete": True}},
        files={"a": {"text": "x", "folder": "f", "options": own}},
    )
    sandbox.up()
    sandbox.program()
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == ({} if own else {"a": "x"})


def test_ignored_changes_are_left_as_they_are(sandbox: Sandbox) -> None:
    option = {"ignore_changes": ["text"]}
    sandbox.program(files={"a": {"text": "x", "size": 1, "options": option}})
    sandbox.up()
    sandbox.program(files={"a": {"text": "other", "size": 2, "options": option}})
    done = sandbox.up()
    assert [one.path for one in done.event("a", "done").changes] == ["size"]
    assert sandbox.live() == {"a": "x"}
    (sandbox.world / "a").write_text("by hand")
    assert not sandbox.preview().summary.changed
