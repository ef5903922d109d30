"""What is there is taken into the state as it is; the next preview shows live → desired."""

import json

import pytest

from mapinfra.engine.run.targets import Targets
from mapinfra.engine.state.backend import StackFiles
from mapinfra.engine.state.urn import name
from tests.marks import needs_pulumi
from tests.unit.engine.realcli import planned, pulumi, pulumi_preview, pulumi_up
from tests.unit.engine.sandbox import Sandbox
from tests.unit.engine.shown import shown_by_us


@pytest.fixture
def grown(sandbox: Sandbox) -> Sandbox:
    """Files that somebody made by hand, and a program that has never been run."""
    (sandbox.world / "a").write_text("by hand")
    (sandbox.world / "b").write_text("right")
    sandbox.program(
        folders={"f": "label"},
        files={
            "a": {"text": "wanted", "folder": "f"},
            "b": {"text": "right", "after": ["a"]},
            "n": {"text": "new"},
            "m": {"text": "new", "after": ["n"]},
            "o": {"text_of": "n"},
        },
        exports={"t": "a", "u": "n"},
    )
    return sandbox


def test_what_is_there_becomes_updates_and_the_rest_stays_creates(grown: Sandbox) -> None:
    done = grown.run("import")
    assert done.summary.succeeded
    assert done.told("done") == {"a": "import", "b": "import"}
    assert "n (test:File) isn't there yet: up creates it" in done.log
    assert "o (test:File) depends on what isn't there yet: up creates it" in done.log
    assert grown.live() == {"a": "by hand", "b": "right"}
    assert not [line for line in grown.calls() if line[:4] in ("crea", "upda", "dele")]
    shown = grown.preview()
    assert shown.told("planned") == {
        "a": "update", "b": "same", "n": "create", "m": "create", "o": "create"
    }  # fmt: skip
    (change,) = shown.event("a", "planned").changes
    assert (change.path, change.old, change.new) == ("text", "by hand", "wanted")
    assert grown.up().summary.succeeded
    assert not grown.preview().summary.changed


def test_a_preview_of_adopting_writes_nothing(grown: Sandbox) -> None:
    before = grown.state_file.read_bytes()
    assert grown.run("import", preview=True).told("planned") == {"a": "import", "b": "import"}
    assert grown.state_file.read_bytes() == before


def test_adopting_again_changes_nothing(grown: Sandbox) -> None:
    grown.run("import")
    before = grown.resources()
    (grown.world / "a").write_text("changed since")
    (grown.world / "n").write_text("new")
    assert grown.run("import").told("done") == {"a": "same", "b": "same", "n": "import"}
    after = grown.resources()
    assert {key: after[key] for key in "abf"} == {key: before[key] for key in "abf"}


def test_adopting_is_all_or_nothing(grown: Sandbox) -> None:
    grown.steer("b.off")
    before = grown.state_file.read_bytes()
    done = grown.run("import")
    assert done.message("b") == "b: no answer; switch it on"
    assert not done.summary.succeeded
    assert done.log[-1] == "nothing was adopted; use --target to adopt only some resources"
    assert done.told("done") == {}
    assert grown.state_file.read_bytes() == before


def test_some_may_be_adopted_by_name(grown: Sandbox) -> None:
    grown.steer("b.off")
    done = grown.run("import", targets=Targets(("a", "f")))
    assert done.told("done") == {"a": "import"}
    assert {"a", "f"} <= grown.resources().keys()


def test_a_killed_adoption_has_adopted_nothing(
    grown: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []
    monkeypatch.setattr(StackFiles, "write", lambda _self, content: writes.append(content))
    grown.run("import")
    (only,) = writes
    state = json.loads(only)["checkpoint"]["latest"]
    assert {"a", "b", "f"} <= {name(one["urn"]) for one in state["resources"]}


@needs_pulumi
def test_pulumi_goes_on_with_what_was_adopted(grown: Sandbox) -> None:
    grown.run("import")
    expected = pulumi_preview(grown)
    assert planned(shown_by_us(grown)) == planned(expected) == {
        "a": {"update"}, "n": {"create"}, "m": {"create"}, "o": {"create"}
    }  # fmt: skip
    (history,) = json.loads(pulumi(grown, "stack", "history", "--json"))
    assert (history["kind"], history["result"]) == ("import", "succeeded")
    (step,) = (
        one for one in expected["steps"] if name(one["urn"]) == "a" and one["op"] == "update"
    )
    assert step["oldState"]["inputs"]["text"] == "by hand"
    assert step["newState"]["inputs"]["text"] == "wanted"
    pulumi_up(grown)
    assert grown.live()["a"] == "wanted"
    assert not grown.preview().summary.changed
