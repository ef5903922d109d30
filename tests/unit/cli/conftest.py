import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mapinfra.cli import main
from tests.unit.engine.conftest import quick as quick
from tests.unit.engine.sandbox import Sandbox

Command = Callable[..., tuple[int, str, str]]


def untimed(text: str) -> str:
    return re.sub(r" in \d+\.\d s$", "", text, flags=re.MULTILINE)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.fixture
def command(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `mapinfra …` on the sandbox; return exit code, stdout and stderr, times left out."""
    for key, value in sandbox.environment.items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("PULUMI_STACK", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    monkeypatch.chdir(sandbox.project)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mapinfra", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, untimed(printed.out), untimed(printed.err)

    return run
