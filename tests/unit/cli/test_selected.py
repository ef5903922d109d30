"""The stack that `pulumi stack select` chose is the one that is worked on where none is named."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from tests.marks import needs_pulumi
from tests.unit.cli.conftest import Command
from tests.unit.engine.realcli import environment
from tests.unit.engine.sandbox import Sandbox


@pytest.fixture
def home(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Pulumi CLI's own folder."""
    folder = sandbox.project.parent / "pulumi-home"
    monkeypatch.setenv("PULUMI_HOME", str(folder))
    return folder


def remember(home: Path, project: Path, content: object) -> None:
    """Write what the CLI keeps for a project."""
    mark = hashlib.sha1(str(project / "Pulumi.yaml").encode()).hexdigest()
    (home / "workspaces").mkdir(parents=True, exist_ok=True)
    file = home / "workspaces" / f"sandbox-{mark}-workspace.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def test_the_selected_stack_is_worked_on(sandbox: Sandbox, home: Path, command: Command) -> None:
    chosen = {f"file://{sandbox.backend}": "organization/sandbox/dev", "file:///else": "other"}
    remember(home, sandbox.project, {"stack": "old", "stacks": chosen})
    code, out, err = command("preview")
    assert (code, out) == (0, "dev: nothing to do\n"), err


def test_what_an_older_cli_selected_counts_too(
    sandbox: Sandbox, home: Path, command: Command
) -> None:
    remember(home, sandbox.project, {"stack": "dev"})
    assert command("preview")[0] == 0


def test_a_stack_that_is_named_goes_before_the_selected_one(
    sandbox: Sandbox, home: Path, command: Command
) -> None:
    remember(home, sandbox.project, {"stack": "gone"})
    assert command("preview", "-s", "dev")[0] == 0
    assert command("preview")[0] == 6


@pytest.mark.parametrize("content", [None, "{", "[]", {"stacks": {"file:///else": "other"}}, {}])
def test_without_a_selected_stack_one_has_to_be_named(
    sandbox: Sandbox, home: Path, command: Command, content: object
) -> None:
    if content is not None:
        remember(home, sandbox.project, content)
    code, _, err = command("preview")
    assert code == 2
    assert "add --stack NAME, or type `pulumi stack select NAME`" in err


@needs_pulumi
def test_the_cli_s_own_choice_is_found(sandbox: Sandbox, home: Path, command: Command) -> None:
    subprocess.run(
        ["pulumi", "stack", "select", "dev"],
        cwd=sandbox.project,
        env=environment(sandbox),
        check=True,
    )
    code, out, err = command("preview")
    assert (code, out) == (0, "dev: nothing to do\n"), err
