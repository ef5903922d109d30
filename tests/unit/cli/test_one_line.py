"""However a command fails, it ends in one line that says where, what, and what to do."""

import re
from pathlib import Path

import pytest

from tests.marks import needs_pulumi
from tests.unit.cli.conftest import Command
from tests.unit.engine.realcli import run
from tests.unit.engine.sandbox import Sandbox

RUNNING = (
    ("preview",), ("up", "-y"), ("refresh", "-y"), ("destroy", "-y"), ("adopt", "-y"),
    ("refresh", "--preview-only"),
)  # fmt: skip
OTHERS = (
    ("backups",), ("restore", "central/map", "x", "-y"), ("cancel",), ("config", "set", "a", "b"),
    ("state", "delete", "a", "-y"), ("state", "unprotect", "a"),
)  # fmt: skip
PROGRAMS = {
    "raises": ("raise ValueError('one\ntwo')", 1),
    "cannot be parsed": ("def (", 1),
    "ends itself": ("raise SystemExit(3)", 1),
    "ends itself with words": ("raise SystemExit('words')", 1),
    "ends itself well": ("raise SystemExit", 0),
    "prints": ("print('\\x1b[2J\\x00')", 0),
    "raises later": ("import pulumi\npulumi.Output.from_input(0).apply(lambda zero: 1 / zero)", 1),
    "gives up": ("import pulumi\nraise pulumi.RunError('nothing can be done')", 1),
    "wants config": ("import pulumi\npulumi.Config().require('none')", 1),
    "logs an error": ("import pulumi\npulumi.log.error('no')", 0),
}


def one_line(told: str) -> str:
    """Return what stderr says: one line, and not a word of Python's."""
    (line,) = told.splitlines()
    assert re.fullmatch(r"error: .{15,}", line), line
    assert "Traceback" not in line
    return line


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("arguments", RUNNING + OTHERS, ids=" ".join)
def test_a_folder_without_a_project_is_told(
    command: Command, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    code, _, told = command(*arguments, "-s", "dev", "-C", str(tmp_path / "empty"))
    assert code == 1
    assert "no Pulumi.yaml in this folder or above it" in one_line(told)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("arguments", RUNNING + OTHERS, ids=" ".join)
def test_an_unknown_stack_is_told(command: Command, arguments: tuple[str, ...]) -> None:
    code, _, told = command(*arguments, "-s", "none")
    assert code == 6
    assert "no stack named 'none'" in one_line(told)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("arguments", RUNNING, ids=" ".join)
def test_a_damaged_state_is_told_and_left(
    sandbox: Sandbox, command: Command, arguments: tuple[str, ...]
) -> None:
    sandbox.state_file.write_text('{"version": 3, "check')
    code, _, told = command(*arguments, "-s", "dev")
    assert code == 1
    assert "is damaged" in one_line(told)
    assert sandbox.state_file.read_text() == '{"version": 3, "check'


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_fails_is_told(sandbox: Sandbox, command: Command, program: str) -> None:
    text, code = PROGRAMS[program]
    (sandbox.project / "__main__.py").write_text(text)
    ended, _, told = command("preview", "-s", "dev")
    assert ended == code
    if code:
        one_line(told)


def test_each_fault_that_a_program_tells_is_a_line(sandbox: Sandbox, command: Command) -> None:
    text = "import pulumi\nraise pulumi.RunError('first.yaml:1: faulty\\nfirst.yaml:2: faulty')"
    (sandbox.project / "__main__.py").write_text(text)
    _, _, told = command("preview", "-s", "dev")
    assert told == "error: first.yaml:1: faulty\nerror: first.yaml:2: faulty\n"


@needs_pulumi
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_cli_ends_with_the_same_code(sandbox: Sandbox, program: str) -> None:
    text, code = PROGRAMS[program]
    (sandbox.project / "__main__.py").write_text(text)
    assert run(sandbox, "preview").returncode == code


@pytest.mark.parametrize("place", ["/proc/nowhere", "."])
def test_a_debug_file_that_cant_be_written_is_a_bad_call(command: Command, place: str) -> None:
    code, out, told = command("preview", "-s", "dev", "--debug", place)
    assert (code, out) == (2, "")
    assert "Invalid value for '--debug'" in told.splitlines()[-1]
