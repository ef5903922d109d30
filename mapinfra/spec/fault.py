"""One fault of a spec: where it is, what is wrong, what is right."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from mapinfra.errors import SpecError

Keys: TypeAlias = tuple[str | int, ...]
"""The way from a spec's root to a value: keys of blocks, indices of lists."""

_LONGEST_KEY: Final = 60


@dataclass(frozen=True)
class Fault:
    """`text` says what is wrong and, after a semicolon, what is right; `line` counts from 1."""

    line: int
    keys: Keys
    text: str

    def told(self, file: str) -> str:
        """The fault as one line."""
        parts = (f"{printable(file)}:{self.line}", dotted(self.keys), printable(self.text))
        return ": ".join(part for part in parts if part)


def spec_error(file: str, faults: Iterable[Fault]) -> SpecError:
    """All faults, each once, in the order of the file."""
    in_order = sorted(faults, key=lambda fault: fault.line)
    return SpecError(list(dict.fromkeys(fault.told(file) for fault in in_order)))


def dotted(keys: Keys) -> str:
    """`remotes.paris.broker_outputs.Centreon-Map.port`; items of a list count from 0."""
    return ".".join(_segment(str(key)) for key in keys)


def _segment(key: str) -> str:
    if len(key) > _LONGEST_KEY:
        key = f"{key[:_LONGEST_KEY]}…"
    return key if re.fullmatch(r"[\w-]+", key) else f'"{printable(key)}"'


def printable(text: str) -> str:
    """The text on one line, with nothing a terminal or an encoder stumbles on."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
