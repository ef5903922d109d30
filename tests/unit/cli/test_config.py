"""`config set`: values go where Pulumi has them, secrets encrypted and never by a command line."""

import io

import pytest
import yaml

from mapinfra.engine.project.stacks import open_stack
from tests.unit.cli.conftest import Command
from tests.unit.engine.sandbox import Sandbox

PASSWORD = "s3cret ünd: 'quoted'"


def _in_clear(sandbox: Sandbox) -> dict[str, str]:
    stack = open_stack(sandbox.project, "dev", sandbox.environment)
    return dict(stack.config.in_clear(stack.crypters.crypter(stack.config.salt)).values)


def test_a_value_is_set_beside_the_others(sandbox: Sandbox, command: Command) -> None:
    before = _in_clear(sandbox)
    assert command("config", "set", "-s", "dev", "spec", "stacks/dev.yaml")[0] == 0
    assert _in_clear(sandbox) == before | {"sandbox:spec": "stacks/dev.yaml"}


def test_a_secret_comes_from_standard_input_and_is_encrypted(
    sandbox: Sandbox, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    code, out, err = command("config", "set", "-s", "dev", "--secret", "apiPassword")
    assert code == 0
    assert PASSWORD not in out + err
    file = sandbox.project / "stacks" / "Pulumi.dev.yaml"
    assert list(yaml.safe_load(file.read_text())["config"]["sandbox:apiPassword"]) == ["secure"]
    assert PASSWORD not in file.read_text()
    assert _in_clear(sandbox)["sandbox:apiPassword"] == PASSWORD


@pytest.mark.parametrize("left", ["", "# mine\nconfig:\n  sandbox:world: /x\n"])
def test_a_config_without_a_salt_gets_that_of_its_state_before_its_first_secret(
    sandbox: Sandbox, command: Command, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    salt = sandbox.config_file.read_text().splitlines()[0]
    sandbox.config_file.write_text(left)
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD))
    code, _, err = command("config", "set", "-s", "dev", "--secret", "apiPassword")
    assert (code, err) == (0, f"set apiPassword in {sandbox.config_file}\n")
    assert sandbox.config_file.read_text().startswith(left)
    assert f"{salt}\n" in sandbox.config_file.read_text()
    assert _in_clear(sandbox)["sandbox:apiPassword"] == PASSWORD


def test_no_salt_is_written_under_a_wrong_passphrase(
    sandbox: Sandbox, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.config_file.write_text("config: {}\n")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "another")
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD))
    code, _, err = command("config", "set", "-s", "dev", "--secret", "apiPassword")
    assert code == 1
    assert "the passphrase is wrong for this stack; set the passphrase" in err
    assert sandbox.config_file.read_text() == "config: {}\n"


def test_a_secret_on_the_command_line_is_refused(sandbox: Sandbox, command: Command) -> None:
    file = sandbox.project / "stacks" / "Pulumi.dev.yaml"
    before = file.read_text()
    code, _, err = command("config", "set", "-s", "dev", "--secret", "apiPassword", PASSWORD)
    assert code == 2
    assert "other users can see a command line" in err
    assert PASSWORD not in err
    assert file.read_text() == before


def test_a_stack_that_is_not_there_is_told(command: Command) -> None:
    code, _, err = command("config", "set", "-s", "none", "spec", "x")
    assert code == 6
    assert "none" in err
