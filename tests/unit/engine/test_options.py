"""What a program's options ask of a resource: protection, replacements, aliases and the like."""

from typing import Any

import pytest

from mapinfra.engine.run.events import ResourceEvent
from mapinfra.engine.state.urn import name
from tests.unit.engine.sandbox import Result, Sandbox


def moved(sandbox: Sandbox, first: bool, **more: dict[str, Any]) -> None:
    """Let the program want `a` at another place than where it is, beside `more`."""
    files = {"a": {"text": "deep", "place": "one", "first": first}, **more}
    sandbox.program(files=files)
    assert sandbox.up().summary.succeeded
    sandbox.calls()
    sandbox.program(files={**files, "a": {"text": "deep", "place": "two", "first": first}})


def ops(result: Result, resource: str) -> list[str]:
    return [
        one.op
        for one in result.events
        if isinstance(one, ResourceEvent)
        and name(one.urn) == resource
        and one.status in ("done", "planned")
    ]


def test_a_replacement_is_made_before_the_old_one_goes(sandbox: Sandbox) -> None:
    moved(sandbox, False)
    shown = sandbox.preview()
    assert ops(shown, "a") == ["replace", "create-replacement", "delete-replaced"]
    assert shown.summary.counts == {"same": 1, "replace": 1}
    done = sandbox.up()
    assert [line for line in sandbox.calls() if line[:4] in ("crea", "dele")] == [
        "create two",
        "delete one",
    ]
    assert done.summary.counts == {"same": 1, "replace": 1}
    assert sandbox.live() == {"two": "deep"}
    assert not sandbox.preview().summary.changed


def test_a_provider_may_want_the_old_one_deleted_first(sandbox: Sandbox) -> None:
    moved(sandbox, True)
    assert ops(sandbox.preview(), "a") == ["delete-replaced", "replace", "create-replacement"]
    sandbox.up()
    assert sandbox.calls()[-2:] == ["delete one", "create two"]
    assert sandbox.resources()["a"]["id"] == "two"


@pytest.mark.parametrize("first", [False, True])
def test_the_program_has_the_last_word_on_the_order(sandbox: Sandbox, first: bool) -> None:
    option = {"options": {"delete_before_replace": first}}
    old = {"text": "deep", "place": "one", "first": not first, **option}
    sandbox.program(files={"a": old})
    sandbox.up()
    sandbox.calls()
    sandbox.program(files={"a": {**old, "place": "two"}})
    assert sandbox.up().summary.succeeded
    made = [line for line in sandbox.calls() if line[:4] in ("crea", "dele")]
    assert made == (["delete one", "create two"] if first else ["create two", "delete one"])


def test_what_cant_outlive_the_one_that_is_deleted_first_goes_before_it(sandbox: Sandbox) -> None:
    moved(sandbox, True, b={"text": "x", "place_of": "a"}, c={"text_of": "a"})
    done = sandbox.up()
    assert done.summary.succeeded
    assert [line for line in sandbox.calls() if line[:4] in ("crea", "dele", "upda")] == [
        "delete deep",
        "delete one",
        "create two",
        "create deep",
    ]
    assert done.summary.counts == {"same": 2, "replace": 2}
    assert not sandbox.preview().summary.changed


def test_one_that_cant_be_deleted_before_keeps_the_others_as_they_are(sandbox: Sandbox) -> None:
    moved(sandbox, True, b={"text": "x", "place_of": "a"})
    sandbox.steer("deep.stuck")
    done = sandbox.up()
    assert done.message("a") == "unexpected RuntimeError: deep can't be deleted"
    assert done.told("skipped") == {"b": "update"}
    assert sandbox.live() == {"one": "deep", "deep": "x"}
    assert "pending_operations" not in sandbox.state()
    sandbox.steer("deep.stuck", on=False)
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {"two": "deep", "deep": "x"}


def test_a_replacement_that_fails_is_made_by_the_next_run(sandbox: Sandbox) -> None:
    moved(sandbox, True)
    sandbox.steer("two.broken")
    assert set(sandbox.up().told("failed")) == {"a"}
    assert sandbox.resources()["a"]["pendingReplacement"] is True
    sandbox.steer("two.broken", on=False)
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {"two": "deep"}
    assert "pendingReplacement" not in sandbox.resources()["a"]


def test_a_replaced_one_that_cant_be_deleted_is_deleted_by_the_next_run(sandbox: Sandbox) -> None:
    moved(sandbox, False)
    sandbox.steer("one.stuck")
    done = sandbox.up()
    assert done.told("failed") == {"a": "delete-replaced"}
    assert sandbox.live() == {"one": "deep", "two": "deep"}
    states = [one for one in sandbox.state()["resources"] if name(one["urn"]) == "a"]
    assert [(one["id"], one.get("delete", False)) for one in states] == [
        ("two", False),
        ("one", True),
    ]
    sandbox.steer("one.stuck", on=False)
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {"two": "deep"}


def test_a_change_may_be_said_to_need_a_replacement(sandbox: Sandbox) -> None:
    option = {"replace_on_changes": ["size.port"]}
    old = {"text": "x", "size": {"port": 1, "host": "h"}, "options": option}
    sandbox.program(files={"a": old})
    sandbox.up()
    sandbox.program(files={"a": {**old, "size": {"port": 1, "host": "other"}}})
    assert ops(sandbox.preview(), "a") == ["update"]
    sandbox.program(files={"a": {**old, "size": {"port": 2, "host": "h"}}})
    assert "replace" in ops(sandbox.preview(), "a")


def test_a_protected_resource_is_neither_deleted_nor_replaced(sandbox: Sandbox) -> None:
    kept = {"text": "x", "place": "one", "options": {"protect": True}}
    sandbox.program(files={"a": kept, "b": {"text": "y"}})
    sandbox.up()
    assert sandbox.resources()["a"]["protect"] is True
    sandbox.program(files={"a": {**kept, "place": "two"}, "b": {"text": "y"}})
    assert "protected" in sandbox.up().message("a")
    sandbox.program(files={"b": {"text": "y"}})
    assert sandbox.preview().message("a") == (
        "is protected, so it isn't deleted; take `protect` out of the program and run up, or: "
        "mapinfra state unprotect a --stack dev"
    )
    done = sandbox.run("destroy")
    assert done.told("done") == {"b": "delete"}
    assert sandbox.live() == {"one": "x"}


def test_protection_that_the_program_takes_away_is_gone_at_once(sandbox: Sandbox) -> None:
    kept = {"text": "x", "place": "one", "options": {"protect": True}}
    sandbox.program(files={"a": kept})
    sandbox.up()
    sandbox.program(files={"a": {"text": "x", "place": "two"}})
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {"two": "x"}


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


def test_a_replaced_one_that_is_retained_stays(sandbox: Sandbox) -> None:
    old = {"text": "x", "place": "one", "options": {"retain_on_delete": True}}
    sandbox.program(files={"a": old})
    sandbox.up()
    sandbox.program(files={"a": {**old, "place": "two"}})
    assert sandbox.up().summary.succeeded
    assert sandbox.live() == {"one": "x", "two": "x"}
    assert sandbox.resources()["a"]["id"] == "two"


def test_ignored_changes_are_left_as_they_are(sandbox: Sandbox) -> None:
    option = {"ignore_changes": ["text", "size.port"]}
    sandbox.program(files={"a": {"text": "x", "size": {"port": 1, "host": "h"}, "options": option}})
    sandbox.up()
    sandbox.program(
        files={"a": {"text": "other", "size": {"port": 2, "host": "new"}, "options": option}}
    )
    done = sandbox.up()
    assert [one.path for one in done.event("a", "done").changes] == ["size.host"]
    assert sandbox.live() == {"a": "x"}
    (sandbox.world / "a").write_text("by hand")
    assert not sandbox.preview().summary.changed


def test_one_that_is_deleted_with_another_is_only_forgotten(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "x"}, "b": {"text": "y", "deleted_with": "a"}})
    sandbox.up()
    sandbox.calls()
    sandbox.program()
    assert sandbox.up().told("done") == {"a": "delete", "b": "delete"}
    assert [line for line in sandbox.calls() if "delete" in line] == ["delete a"]


@pytest.mark.parametrize("first", [False, True])
def test_one_that_is_deleted_with_another_is_replaced_with_it(
    sandbox: Sandbox, first: bool
) -> None:
    moved(sandbox, first, b={"text": "y", "deleted_with": "a"})
    done = sandbox.up()
    assert done.summary.counts == {"same": 1, "replace": 2}
    assert "delete b" not in sandbox.calls()
    assert not sandbox.preview().summary.changed


@pytest.mark.parametrize(
    "alias", [{"name": "a"}, "urn:pulumi:dev::sandbox::pulumi-python:dynamic/test:File::a"]
)
def test_a_renamed_resource_is_the_same_one_by_its_alias(sandbox: Sandbox, alias: object) -> None:
    sandbox.program(files={"a": {"text": "x", "place": "p"}, "c": {"text_of": "a"}})
    sandbox.up()
    sandbox.program(
        files={
            "b": {"text": "x", "place": "p", "options": {"aliases": [alias]}},
            "c": {"text_of": "b"},
        }
    )
    renamed = sandbox.up()
    assert renamed.summary.succeeded
    assert "delete" not in renamed.summary.counts
    assert "create" not in renamed.summary.counts
    assert {"b", "c"} == sandbox.resources().keys() - {"sandbox-dev", "default"}
    assert sandbox.resources()["c"]["dependencies"] == [sandbox.resources()["b"]["urn"]]


def test_a_resource_may_move_below_a_folder(sandbox: Sandbox) -> None:
    sandbox.program(folders={"f": "l"}, files={"a": {"text": "x"}})
    sandbox.up()
    sandbox.program(
        folders={"f": "l"},
        files={"a": {"text": "x", "folder": "f", "options": {"aliases": [{"parent": None}]}}},
    )
    assert sandbox.up().told("done") == {"a": "same"}
    assert sandbox.resources()["a"]["urn"].endswith(
        "test:index:Folder$pulumi-python:dynamic/test:File::a"
    )


def test_children_follow_a_renamed_parent_of_another_type(sandbox: Sandbox) -> None:
    below = {"text": "x", "place": "p", "folder": "f"}
    sandbox.program(folders={"f": "l"}, files={"f-a": below})
    sandbox.up()
    sandbox.program(
        folders={"g": "l"},
        folder_options={
            "g": {"type": "Box", "aliases": [{"name": "f", "type_": "test:index:Folder"}]}
        },
        files={"g-a": {**below, "folder": "g"}},
    )
    done = sandbox.up()
    assert done.told("done") == {"g-a": "update"}  # its name is one of its inputs
    assert {"g", "g-a"} <= sandbox.resources().keys()
    assert not {"f", "f-a"} & sandbox.resources().keys()


def test_an_alias_of_a_resource_that_is_there_too_is_refused(sandbox: Sandbox) -> None:
    sandbox.files(a="x")
    sandbox.up()
    sandbox.program(
        files={"a": {"text": "x"}, "b": {"text": "y", "options": {"aliases": [{"name": "a"}]}}}
    )
    (line,) = sandbox.up().log
    assert "two resources of the program go by this name" in line
    assert sandbox.live() == {"a": "x"}
