"""The same stack under the real Pulumi CLI and in process: each takes the other's state as its own.

Runs when `pulumi` is on PATH.
"""

import json
import os
import subprocess

import pytest

from mapinfra.engine.state.lock import held
from mapinfra.errors import StackLocked
from tests.marks import needs_pulumi
from tests.unit.engine.plainfiles import wait_until
from tests.unit.engine.realcli import NO_CHANGES, UNEXPECTED, environment, line, pulumi, run
from tests.unit.engine.sandbox import SECRET, Sandbox

pytestmark = needs_pulumi


@pytest.fixture
def shared(sandbox: Sandbox) -> Sandbox:
    """A stack with components, nested and secret values, dependencies and outputs."""
    secure = run(sandbox, "config", "set", "--secret", "password", SECRET)
    assert secure.returncode == 0, secure.stderr
    sandbox.program(
        folders={"f": "label"},
        files={
            "a": {"text": "one", "folder": "f", "size": {"port": 5758, "half": 0.5, "on": True}},
            "b": {"text_of": "a", "folder": "f"},
            "c": {"text": "three", "after": ["a"], "size": [1, None, "x"]},
        },
        exports={"text": "b"},
        values={"port": 5758, "deep": {"list": [1, {"x": None}]}},
        secret_exports=["password"],
    )
    return sandbox


def test_pulumi_takes_over_what_was_made_in_process(shared: Sandbox) -> None:
    assert shared.up().summary.succeeded
    pulumi(shared, "preview", *NO_CHANGES)
    pulumi(shared, "up", "--yes", "--skip-preview", *NO_CHANGES)
    again = shared.preview().summary
    assert (again.changed, again.output_changes) == (False, ())
    pulumi(shared, "destroy", "--yes", "--skip-preview")
    assert shared.live() == {}
    assert shared.preview().told("planned") == dict.fromkeys("abc", "create")


def test_what_pulumi_made_is_taken_over_in_process(shared: Sandbox) -> None:
    pulumi(shared, "up", "--yes", "--skip-preview")
    first = shared.preview().summary
    assert (first.changed, first.output_changes) == (False, ())
    assert first.outputs["text"] == "one"
    (shared.world / "a").write_text("by hand")
    assert shared.up().told("done") == {"a": "update", "b": "same", "c": "same"}
    pulumi(shared, "preview", *NO_CHANGES)
    assert shared.run("destroy").summary.succeeded
    assert shared.live() == {}
    pulumi(shared, "preview", *NO_CHANGES, code=UNEXPECTED)


def test_both_previews_list_the_same_steps_with_the_same_values(shared: Sandbox) -> None:
    shared.up()
    (shared.world / "a").write_text("by hand")
    (shared.world / "c").unlink()
    theirs = json.loads(pulumi(shared, "preview", "--json"))
    ours = shared.preview()
    assert theirs["changeSummary"] == ours.summary.counts
    planned = {
        step["urn"]: (step["op"], step["newState"]["inputs"])
        for step in theirs["steps"]
        if step["op"] in ("create", "update") and step["newState"]["custom"]
    }
    assert planned == {
        event.urn: (event.op, event.new.inputs if event.new else {})
        for event in (ours.event("a", "planned"), ours.event("c", "planned"))
    }


def test_why_nothing_is_to_be_done_is_told_by_both(sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    reason = "the file holds the text"
    assert sandbox.preview().event("a", "planned").reason == reason
    refreshed, _, _ = pulumi(sandbox, "preview", "--diff", "--show-sames").partition("(same)")
    assert f'reason    : "{reason}"' in refreshed
    shown = json.loads(pulumi(sandbox, "preview", "--json", "--show-sames"))
    (same,) = (one for one in shown["steps"] if one["op"] == "same" and one["urn"].endswith("::a"))
    assert same["oldState"]["outputs"]["reason"] == reason


def test_both_write_the_same_resources(shared: Sandbox) -> None:
    shared.up()
    ours = shared.resources()
    shared.run("destroy")
    pulumi(shared, "up", "--yes", "--skip-preview")
    theirs = shared.resources()
    ignored = {"sourcePosition", "stackTrace", "created", "modified", "provider"}
    volatile = {"default"}  # the provider resource: a random id, and ciphertexts
    for name in ours.keys() - volatile:
        ours[name].get("outputs", {}).pop("password", None)
        theirs[name].get("outputs", {}).pop("password", None)
        mine = {key: value for key, value in ours[name].items() if key not in ignored}
        other = {key: value for key, value in theirs[name].items() if key not in ignored}
        assert mine == other
    assert ours.keys() == theirs.keys()
    assert ours["default"].keys() >= theirs["default"].keys() - ignored


def test_a_run_that_was_cut_off_is_finished_by_pulumi(shared: Sandbox) -> None:
    shared.up()
    content = json.loads(shared.state_file.read_bytes())
    latest = content["checkpoint"]["latest"]
    (one,) = (one for one in latest["resources"] if one["urn"].endswith("::c"))
    latest["pending_operations"] = [{"resource": one, "type": "updating"}]
    shared.state_file.write_text(json.dumps(content))
    pulumi(shared, "up", "--yes", "--skip-preview")
    assert "pending_operations" not in shared.state()


def test_a_creation_that_pulumi_has_made_up_for_is_no_news(shared: Sandbox) -> None:
    shared.up()
    content = json.loads(shared.state_file.read_bytes())
    latest = content["checkpoint"]["latest"]
    (one,) = (one for one in latest["resources"] if one["urn"].endswith("::c"))
    latest["resources"].remove(one)
    latest["pending_operations"] = [
        {"resource": {key: one[key] for key in one if key != "id"}, "type": "creating"}
    ]
    shared.state_file.write_text(json.dumps(content))
    assert shared.preview().log == ["the run before was interrupted while creating c (test:File)"]
    pulumi(shared, "up", "--yes", "--skip-preview")
    assert "pending_operations" in shared.state(), "it keeps them, and so it need not be told"
    assert shared.preview().log == []


def test_pulumi_respects_our_lock(shared: Sandbox) -> None:
    with held(shared.locks, "dev"):
        ended = run(shared, "up", "--yes", "--skip-preview")
    assert ended.returncode != 0
    assert f"(pid {os.getpid()})" in ended.stderr
    assert shared.live() == {}


def test_we_respect_pulumi_s_lock(shared: Sandbox) -> None:
    shared.steer("b.hold")
    with subprocess.Popen(
        line("up", "--yes", "--skip-preview"),
        cwd=shared.project,
        env=environment(shared),
        stdout=subprocess.DEVNULL,
    ) as theirs:
        wait_until(lambda: "b" in shared.live())
        with pytest.raises(StackLocked, match=rf"\(pid {theirs.pid}\) since 20"):
            shared.up()
        shared.steer("b.hold", on=False)
        assert theirs.wait(timeout=60) == 0
    assert shared.preview().summary.changed is False
