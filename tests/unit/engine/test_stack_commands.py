"""Pulumi's commands on a stack that no other program than mapinfra has ever written.

Runs when `pulumi` is on PATH.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mapinfra.engine.project.stacks import init_stack, set_config
from mapinfra.engine.state.passphrase import Crypters
from tests.marks import needs_pulumi
from tests.unit.engine.realcli import NO_CHANGES, pulumi
from tests.unit.engine.sandbox import PASSPHRASE, SECRET, Sandbox

pytestmark = needs_pulumi

PROGRAM: dict[str, Any] = {
    "folders": {"f": "label"},
    "files": {"a": {"text": "one", "folder": "f"}, "b": {"text_of": "a", "after": ["a"]}},
    "exports": {"said": "b"},
    "secret_exports": ["password"],
}


@pytest.fixture
def ours(sandbox: Sandbox) -> Sandbox:
    """A stack with components, dependencies, outputs and a secret, that mapinfra made."""
    set_config(sandbox.project, "dev", sandbox.environment, "password", SECRET, secret=True)
    sandbox.program(**PROGRAM)
    assert sandbox.up().summary.succeeded
    return sandbox


def exported(sandbox: Sandbox) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(pulumi(sandbox, "stack", "export"))
    return found


def test_an_export_has_what_the_state_has_and_no_secret(ours: Sandbox) -> None:
    deployment = exported(ours)["deployment"]
    assert [one["urn"] for one in deployment["resources"]] == [
        one["urn"] for one in ours.state()["resources"]
    ]
    assert SECRET not in json.dumps(deployment)


def test_the_history_lists_our_runs(ours: Sandbox) -> None:
    ours.run("refresh")
    told = json.loads(pulumi(ours, "stack", "history", "--json"))
    assert [(one["kind"], one["result"]) for one in told] == [
        ("refresh", "succeeded"),
        ("update", "succeeded"),
    ]
    assert told[1]["resourceChanges"] == {"create": 4}


def test_config_and_outputs_are_read_with_their_secrets(ours: Sandbox) -> None:
    assert pulumi(ours, "config", "get", "password").strip() == SECRET
    assert pulumi(ours, "stack", "output", "password", "--show-secrets").strip() == SECRET
    assert pulumi(ours, "stack", "output", "said").strip() == "one"


def test_a_graph_has_parents_and_dependencies(ours: Sandbox, tmp_path: Path) -> None:
    drawn = tmp_path / "graph.dot"
    pulumi(ours, "stack", "graph", str(drawn))
    graph = drawn.read_text()
    assert graph.startswith("strict digraph")
    assert all(f"::{name}" in graph for name in ("f", "a", "b"))
    assert graph.count("->") == 4  # three to a parent, one to what it needs


def test_a_protected_resource_is_unprotected(ours: Sandbox) -> None:
    content = json.loads(ours.state_file.read_bytes())
    (one,) = (
        resource
        for resource in content["checkpoint"]["latest"]["resources"]
        if resource["urn"].endswith("::a")
    )
    one["protect"] = True
    ours.state_file.write_text(json.dumps(content))
    pulumi(ours, "state", "unprotect", one["urn"], "--yes")
    assert "protect" not in ours.resources()["a"]
    ours.program()
    assert ours.up().told("done") == {"a": "delete", "b": "delete"}


def test_what_was_exported_is_imported_and_goes_on_in_process(
    ours: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "exported.json"
    file.write_text(json.dumps(exported(ours)))
    before = ours.resources()
    ours.program()
    assert ours.up().told("done") == {"a": "delete", "b": "delete"}
    ours.program(**PROGRAM)
    for name in ("a", "b"):
        (ours.world / name).write_text("one")
    pulumi(ours, "stack", "import", "--file", str(file))
    assert ours.resources().keys() == before.keys()
    preview = ours.preview()
    assert (preview.summary.changed, preview.summary.output_changes) == (False, ())
    (ours.world / "b").write_text("by hand")
    assert ours.up().told("done") == {"a": "same", "b": "update"}
    pulumi(ours, "preview", "--expect-no-changes")


def test_a_stack_exported_with_its_secrets_in_clear_is_imported_too(
    ours: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "exported.json"
    file.write_text(pulumi(ours, "stack", "export", "--show-secrets"))
    assert SECRET in file.read_text()
    pulumi(ours, "stack", "import", "--file", str(file))
    assert SECRET not in ours.state_file.read_text()
    preview = ours.preview()
    assert (preview.summary.changed, preview.summary.output_changes) == (False, ())


COMMENTED = """\
# head
config:
  # about a
  sandbox:a: one # behind a
  sandbox:c:
    secure: {secret} # behind c
    # below c
"""


@pytest.mark.parametrize(
    ("key", "value", "secret"),
    [
        ("a", "two", False),
        ("sandbox:a", "7", False),
        ("new", "yes", False),
        ("c", "changed", True),
        ("new", "hidden", True),
    ],
)
def test_a_config_keeps_its_comments_as_pulumi_keeps_them(
    sandbox: Sandbox, key: str, value: str, secret: bool
) -> None:
    def ended() -> str:
        return re.sub("secure: v1:[^ \n]*", "secure: v1", sandbox.config_file.read_text())

    salt = sandbox.config_file.read_text().splitlines()[0]
    crypter = Crypters(PASSPHRASE).crypter(salt.removeprefix("encryptionsalt: "))
    before = f"{COMMENTED.format(secret=crypter.encrypt('s'))}{salt} # the salt\n"
    sandbox.config_file.write_text(before)
    pulumi(sandbox, "config", "set", key, value, *(["--secret"] if secret else []))
    by_pulumi = ended()
    sandbox.config_file.write_text(before)
    set_config(sandbox.project, "dev", sandbox.environment, key, value, secret=secret)
    assert ended() == by_pulumi


def test_pulumi_goes_on_with_a_stack_whose_making_was_cut_off(sandbox: Sandbox) -> None:
    """The salt is written first, and then the state: what is left is a config and no stack."""
    sandbox.state_file.unlink()
    before = sandbox.config_file.read_text()
    pulumi(sandbox, "stack", "init")
    assert sandbox.config_file.read_text() == before
    sandbox.files(a="one")
    assert sandbox.up().summary.succeeded
    pulumi(sandbox, "preview", *NO_CHANGES)


def test_mapinfra_goes_on_with_a_stack_that_pulumi_left_without_a_config(sandbox: Sandbox) -> None:
    """Pulumi writes the state first."""
    world = sandbox.config_file.read_text().partition("\n")[2]
    sandbox.config_file.unlink()
    sandbox.state_file.unlink()
    pulumi(sandbox, "stack", "init")
    sandbox.config_file.unlink()
    init_stack(sandbox.project, "dev", sandbox.environment)
    with sandbox.config_file.open("a") as file:
        file.write(world)
    sandbox.files(a="one")
    assert sandbox.up().summary.succeeded
    pulumi(sandbox, "preview", *NO_CHANGES)


def test_the_history_has_the_config_as_pulumi_has_it(sandbox: Sandbox) -> None:
    with sandbox.config_file.open("a") as file:
        file.write("  n: 5\n  t: true\n  s: '5'\n  empty:\n  o: {a: [1, x], b: {c: true}}\n")
    assert sandbox.up().summary.succeeded
    pulumi(sandbox, "up", "--yes", "--skip-preview")
    ours, theirs = (
        json.loads(one.read_text())["config"]
        for one in sorted(sandbox.backend.rglob("*.history.json"))
    )
    assert ours == theirs
    assert ours["sandbox:o"] == {"a": [1, "x"], "b": {"c": True}}
