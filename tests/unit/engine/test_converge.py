"""A run brings the world to the program, and the next one finds nothing to do."""

from tests.unit.engine.sandbox import Sandbox


def test_a_preview_shows_what_up_then_does_and_writes_nothing(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    before = sandbox.state_file.read_bytes()
    planned = sandbox.preview()
    assert planned.told("planned") == {"a": "create", "b": "create"}
    assert planned.event("a", "planned").plan == ("a: write one",)
    assert sandbox.state_file.read_bytes() == before
    assert sandbox.live() == {}
    done = sandbox.up()
    assert done.told("done") == planned.told("planned")
    assert done.event("a", "done").plan == planned.event("a", "planned").plan
    assert sandbox.live() == {"a": "one", "b": "two"}


def test_a_second_up_does_nothing_and_reads_each_resource_once(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    sandbox.calls()
    again = sandbox.up()
    assert again.summary.changed is False
    assert sorted(sandbox.calls()) == ["configure", "read a", "read b"]
    assert again.event("a", "done").reason == "the file holds the text"


def test_an_update_shows_old_and_new_values_by_path(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "x", "size": {"deep": [1, 2], "kept": True}}})
    sandbox.up()
    sandbox.program(files={"a": {"text": "y", "size": {"deep": [1, 3], "kept": True}}})
    changes = sandbox.preview().event("a", "planned").changes
    assert [(one.path, one.old, one.new) for one in changes] == [
        ("size.deep[1]", 2, 3),
        ("text", "x", "y"),
    ]


def test_drift_is_shown_with_live_values_and_repaired(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    (sandbox.world / "a").write_text("by hand")
    (sandbox.world / "b").unlink()
    planned = sandbox.preview()
    assert planned.told("planned") == {"a": "update", "b": "create"}
    (change,) = planned.event("a", "planned").changes
    assert (change.path, change.old, change.new) == ("text", "by hand", "one")
    sandbox.up()
    assert sandbox.live() == {"a": "one", "b": "two"}
    assert sandbox.preview().summary.changed is False


def test_refresh_takes_drift_into_the_state_and_changes_no_file(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    (sandbox.world / "a").write_text("by hand")
    (sandbox.world / "b").unlink()
    sandbox.calls()
    found = sandbox.run("refresh")
    assert found.summary.counts == {"same": 1, "update": 1, "delete": 1}
    assert sandbox.resources()["a"]["inputs"]["text"] == "by hand"
    assert "b" not in sandbox.resources()
    assert sorted(sandbox.calls()) == ["configure", "read a", "read b"]


def test_what_the_program_no_longer_has_is_deleted(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    sandbox.files(a="one")
    assert sandbox.preview().told("planned") == {"a": "same", "b": "delete"}
    sandbox.up()
    assert sandbox.live() == {"a": "one"}
    assert "b" not in sandbox.resources()


def test_destroy_deletes_dependents_first_and_leaves_an_empty_state(sandbox: Sandbox) -> None:
    sandbox.program(
        folders={"f": "label"},
        files={
            "a": {"text": "one", "folder": "f"},
            "b": {"text_of": "a", "folder": "f"},
            "c": {"text": "three", "after": ["b"]},
        },
    )
    sandbox.up()
    sandbox.calls()
    sandbox.run("destroy")
    assert [call for call in sandbox.calls() if call.startswith("delete")] == [
        "delete c",
        "delete b",
        "delete a",
    ]
    assert sandbox.live() == {}
    assert "resources" not in sandbox.state()


def test_what_a_provider_says_while_it_works_is_told(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    assert sandbox.run("destroy").log == ["a: step 1/1"]


def test_a_previewed_destroy_deletes_nothing(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    assert sandbox.run("destroy", preview=True).told("planned") == {"a": "delete"}
    assert sandbox.live() == {"a": "one"}
    assert "a" in sandbox.resources()


def test_outputs_of_a_resource_reach_the_resources_that_use_them(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "one"}, "b": {"text_of": "a"}}, exports={"text": "b"})
    done = sandbox.up()
    assert sandbox.live() == {"a": "one", "b": "one"}
    assert done.summary.outputs == {"text": "one"}
    assert sandbox.resources()["b"]["dependencies"] == [sandbox.resources()["a"]["urn"]]


def test_independent_resources_are_worked_on_at_the_same_time(sandbox: Sandbox) -> None:
    names = ["a", "b", "c", "d"]
    sandbox.program(files={one: {"text": "x", "meets": names} for one in names})
    assert sandbox.up(parallel=4).summary.succeeded


def test_more_independent_resources_than_workers_all_get_done(sandbox: Sandbox) -> None:
    sandbox.files(**{f"f{number}": "x" for number in range(12)})
    assert sandbox.up(parallel=1).summary.succeeded
    assert len(sandbox.live()) == 12


def test_a_component_counts_and_its_changed_inputs_are_an_update(sandbox: Sandbox) -> None:
    sandbox.program(folders={"f": "old"})
    assert sandbox.up().summary.counts == {"create": 2}
    sandbox.program(folders={"f": "new"})
    assert sandbox.up().summary.counts == {"same": 1, "update": 1}
    assert sandbox.resources()["f"]["outputs"] == {"label": "new"}


def test_a_changed_stack_output_is_told_and_recorded(sandbox: Sandbox) -> None:
    sandbox.program(values={"kept": 5758, "old": [1]})
    sandbox.up()
    sandbox.program(values={"kept": 5758, "new": {"a": None}})
    done = sandbox.up()
    assert [(one.path, one.kind) for one in done.summary.output_changes] == [
        ("new", "add"),
        ("old", "delete"),
    ]
    assert sandbox.resources()["sandbox-dev"]["outputs"] == {"kept": 5758, "new": {"a": None}}
