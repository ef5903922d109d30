"""Java's properties files: `key=value` lines in latin-1."""

import re
from collections.abc import Mapping
from pathlib import Path

_LINE = re.compile(r"^[ \t]*([^#!\s=:][^\s=:]*)[ \t]*[=:][ \t]*(.*?)[ \t]*(?=\r?$)", re.M)

_ESCAPED = re.compile(r"\\([^tnrfu])")


def read(*paths: Path) -> dict[str, str]:
    """The settings of some files; of a key that is there twice, the last counts, as in Java.

    Raises OSError for a file that can't be read.
    """
    return {
        key: _ESCAPED.sub(r"\1", value)
        for path in paths
        for key, value in _LINE.findall(path.read_text("latin-1"))
    }


def change(path: Path, values: Mapping[str, str]) -> None:
    """Set some keys, in their places; the rest of the file, its owner and mode stay."""
    text = path.read_bytes().decode("latin-1")
    missing = dict(values)

    def replaced(match: re.Match[str]) -> str:
        key = match[1]
        return f"{key}={missing.pop(key, values[key])}" if key in values else match[0]

    text = _LINE.sub(replaced, text)
    text += "".join(f"{key}={value}\n" for key, value in missing.items())
    path.write_bytes(text.encode("latin-1"))
