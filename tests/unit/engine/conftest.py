from pathlib import Path

import pytest

from tests.unit.engine.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make keys in no time and sync nothing, for tests that open a stack a hundred times."""
    monkeypatch.setattr("mapinfra.engine.state.passphrase._ROUNDS", 1)
    monkeypatch.setattr("os.fsync", lambda _handle: None)
