from collections.abc import Callable
from pathlib import Path

import pytest

from mapinfra.errors import SpecError
from mapinfra.spec import Spec, load

Faults = Callable[[str], list[str]]
Load = Callable[[str], Spec]


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    folder = tmp_path / "stacks"
    folder.mkdir()
    return folder / "dev.yaml"


@pytest.fixture
def load_text(spec_file: Path) -> Load:
    def load_text(text: str) -> Spec:
        spec_file.write_text(text, encoding="utf-8")
        return load(spec_file)

    return load_text


@pytest.fixture
def faults(spec_file: Path) -> Callable[[str | bytes], list[str]]:
    """Faults of a text, without the folder."""

    def faults(text: str | bytes) -> list[str]:
        spec_file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SpecError) as refused:
            load(spec_file)
        assert str(refused.value) == "\n".join(refused.value.faults)
        return [fault.removeprefix(f"{spec_file.parent}/") for fault in refused.value.faults]

    return faults
