"""What mapinfra writes at a moment is what the Pulumi CLI wrote then; no CLI is needed.

States while an operation is under way, and with every option; a preview, and the history. How they
were recorded: `tests/golden`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from mapinfra.engine.run.events import OperationKind
from mapinfra.engine.state.checkpoint import parse, render
from mapinfra.engine.state.passphrase import Crypters
from mapinfra.errors import StateError
from tests.golden import FOLDER
from tests.golden.moments import MOMENTS, Moment, before_its_edit, kind_of
from tests.lab.engines import Preview
from tests.unit.engine.recorded import settled_text, state_text
from tests.unit.engine.sandbox import PASSPHRASE, Sandbox
from tests.unit.engine.shown import shown_by_us

RECORDED = FOLDER / "moments"
STATES = [RECORDED / f"{name}.json" for name in MOMENTS]


def in_process(sandbox: Sandbox, kind: OperationKind) -> None:
    sandbox.run(kind)


@pytest.mark.parametrize(("name", "moment"), MOMENTS.items(), ids=MOMENTS.keys())
def test_the_state_at_a_moment_is_what_the_cli_wrote(
    quick: None, sandbox: Sandbox, name: str, moment: Moment
) -> None:
    folder = sandbox.project.parent
    ours = state_text(moment(sandbox, in_process), folder)
    assert ours == state_text((RECORDED / f"{name}.json").read_bytes(), folder)


@pytest.mark.parametrize("file", STATES, ids=lambda one: one.stem)
def test_each_is_read_and_written_again_the_same(file: Path) -> None:
    keyring = Crypters(PASSPHRASE)
    found = parse(file.read_bytes(), str(file), lambda salt: keyring.crypter(salt).decrypt)
    written = render("organization/sandbox/dev", found, keyring.crypter(found.salt).encrypt)
    assert list(json.loads(written)) == list(json.loads(file.read_bytes()))
    assert state_text(written, file.parent) == state_text(file.read_bytes(), file.parent)


def test_the_recorded_states_have_every_mark() -> None:
    texts = [file.read_text() for file in STATES]
    for mark in (
        '"protect":true', '"retainOnDelete":true', '"ignoreChanges":["', '"ciphertext":"',
        '"type":"creating"', '"type":"updating"', '"type":"deleting"',
    ):  # fmt: skip
        assert any(mark in text for text in texts), mark


@pytest.mark.parametrize(
    ("name", "resource", "mark"),
    [
        ("replaced", "a", "delete"),
        ("half-replaced", "a", "pendingReplacement"),
        ("marked", "d", "replaceOnChanges"),
    ],
)
def test_a_mark_that_only_the_cli_can_handle_is_refused(
    name: str, resource: str, mark: str
) -> None:
    file = FOLDER / "refused" / f"{name}.json"
    crypters = Crypters(PASSPHRASE)
    with pytest.raises(StateError) as refused:
        parse(file.read_bytes(), "dev.json", lambda salt: crypters.crypter(salt).decrypt)
    assert str(refused.value) == (
        f"dev.json: {resource} (test:File) is marked `{mark}`, which isn't supported in process; "
        "finish this with the Pulumi CLI (pulumi up), or keep using it for this stack"
    )


@pytest.fixture
def edited(sandbox: Sandbox) -> Sandbox:
    """A stack that has each kind of step before it."""
    before_its_edit(sandbox, in_process)
    return sandbox


def test_a_preview_in_json_is_what_the_cli_printed(quick: None, edited: Sandbox) -> None:
    theirs = json.loads((RECORDED / "preview.json").read_text())
    ours = shown_by_us(edited)
    assert theirs.keys() == ours.keys() - {"diagnostics"}
    folder = edited.project.parent
    for found in (theirs, ours):
        found["steps"] = [_comparable(one) for one in found["steps"]]
        for chance in ("duration", "diagnostics"):
            found.pop(chance, None)
    texts = [settled_text({**one, **_said(one)}, folder) for one in (theirs, ours)]
    assert texts[1] == texts[0]


def _said(found: dict[str, Any]) -> dict[str, Any]:
    summary, steps = Preview(found).said()
    return {"changeSummary": summary, "steps": dict(sorted(steps.items()))}


def _comparable(step: dict[str, Any]) -> dict[str, Any]:
    """Take out where mapinfra says more of components."""
    state = step.get("newState") or step.get("oldState") or {}
    if step["op"] == "update" and not state.get("custom"):
        return {**step, "diffReasons": None, "detailedDiff": None}
    return step


def test_the_history_has_the_shape_of_the_cli_s(quick: None, sandbox: Sandbox) -> None:
    sandbox.files(a="one")
    sandbox.up()
    sandbox.run("refresh")
    sandbox.steer("a.broken")
    sandbox.files(a="two")
    sandbox.up()
    sandbox.run("destroy")
    ours = {kind_of(one): shape(one) for one in _history(sandbox.backend)}
    theirs = {kind_of(one): shape(one) for one in _history(RECORDED)}
    assert ours == theirs
    assert theirs.keys() == {
        "update-succeeded", "update-failed", "refresh-succeeded", "destroy-succeeded"
    }  # fmt: skip


def _history(folder: Path) -> list[dict[str, Any]]:
    files = [*folder.rglob("*.history.json"), *folder.glob("history/*.json")]
    return [json.loads(one.read_bytes()) for one in files]


def shape(found: dict[str, Any]) -> dict[str, str]:
    return {key: type(value).__name__ for key, value in found.items()}
