"""A config file as pieces that put together are its very bytes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Protocol

from mapinfra.config_files.meaning import Meaning

BOM = b"\xef\xbb\xbf"


class PieceKind(Enum):
    """What a piece of a file is."""

    BLANK = "blank"
    COMMENT = "comment"
    SETTING = "setting"
    STATEMENT = "statement"


@dataclass(frozen=True)
class ValuePart:
    """A stretch of a value: plain text, or an expansion as it is written.

    `reference` names the variable that the file may set itself; every other expansion (a command,
    a default) is not `literal` and names none. Double quotes around it can change what it means.
    """

    text: str
    reference: str | None = None
    literal: bool = True
    quoted: bool = False


@dataclass(frozen=True)
class Assignment:
    """One key and its value; the offsets are those of the piece's bytes.

    `start` is where the key begins, `value_start` and `end` hold the value as it is written.
    """

    key: str
    parts: tuple[ValuePart, ...]
    start: int
    value_start: int
    end: int
    exported: bool = False

    @property
    def continues(self) -> bool:
        """Whether the value builds on the one that the key had before."""
        name = re.compile(rf"(?<!\w){re.escape(self.key)}(?!\w)")
        return any(
            part.reference == self.key or (not part.literal and name.search(part.text))
            for part in self.parts
        )

    @property
    def meaning(self) -> tuple[bool, tuple[ValuePart, ...]]:
        """What it sets, however it is quoted; the two kinds of line end count as one."""
        parts = (replace(part, text=part.text.replace("\r\n", "\n")) for part in self.parts)
        return self.exported, tuple(parts)


Definition = tuple[tuple[bool, tuple[ValuePart, ...]], ...]


@dataclass(frozen=True)
class Piece:
    """One logical line with its line end: continuation lines belong to it."""

    raw: bytes
    kind: PieceKind
    assignments: tuple[Assignment, ...] = ()

    @property
    def text(self) -> str:
        """The piece as text to compare and to show, without the blanks around it."""
        text = self.raw.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        return text.strip(" \t\f\r\n")

    @property
    def line_end(self) -> bytes:
        """The line end of the piece; empty when it has none."""
        return next((end for end in (b"\r\n", b"\n", b"\r") if self.raw.endswith(end)), b"")


@dataclass(frozen=True)
class Effective:
    """The value of a key once the whole file is read.

    `settled` is false when something outside the file has a part in it.
    """

    value: str
    settled: bool


@dataclass(frozen=True)
class ConfigFile:
    """The pieces of one file, in order."""

    pieces: tuple[Piece, ...]

    @property
    def line_end(self) -> bytes:
        """The file's line end: that of its first line that has one, else a line feed."""
        return next((piece.line_end for piece in self.pieces if piece.line_end), b"\n")

    def assignments(self) -> Iterator[tuple[int, Assignment]]:
        """Yield each assignment with the index of its piece."""
        for index, piece in enumerate(self.pieces):
            for assignment in piece.assignments:
                yield index, assignment

    def effective(self, expands: Callable[[str], bool] | None = None) -> dict[str, Effective]:
        """Return the last value of each key, with references to the file's own keys put in.

        `expands` tells of which keys; of itself a key always builds on what it had before.
        """
        held: dict[str, Effective] = {}
        for _, assignment in self.assignments():
            found = [_expanded(part, held, assignment.key, expands) for part in assignment.parts]
            value = "".join(part.value for part in found)
            held[assignment.key] = Effective(value, all(part.settled for part in found))
        return held

    @cached_property
    def chains(self) -> dict[str, list[tuple[int, Assignment]]]:
        """Return, by key, the assignments that make its value: the last that starts it anew, on."""
        held: dict[str, list[tuple[int, Assignment]]] = {}
        for index, assignment in self.assignments():
            chain = held.setdefault(assignment.key, [])
            if not assignment.continues:
                chain.clear()
            chain.append((index, assignment))
        return held

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Return what each key is set to, in a form that two files can be compared by."""
        return {
            key: tuple(assignment.meaning for _, assignment in chain)
            for key, chain in self.chains.items()
        }


def _expanded(
    part: ValuePart, held: dict[str, Effective], key: str, expands: Callable[[str], bool] | None
) -> Effective:
    name = part.reference
    if name in held and (expands is None or name == key or expands(name)):
        return held[name]
    return Effective(part.text, part.literal)


class Format(Protocol):
    """How a kind of config file is read and written."""

    def parse(self, content: bytes) -> ConfigFile:
        """Return the pieces of a file; raise ConfigFileUnreadable when its reader would refuse."""
        ...

    def changed(self, piece: Piece, assignment: Assignment, value: str) -> bytes:
        """Return the piece with one value replaced, all else as it was; SettingImpossible."""
        ...

    def line(self, key: str, value: str) -> bytes:
        """Return a new line that sets the key, without line end; SettingImpossible."""
        ...

    def ended(self, piece: Piece, line_end: bytes) -> bytes:
        """Return the piece so that another can follow it."""
        ...

    def adapted(self, piece: Piece, line_end: bytes) -> Piece:
        """Return the piece with the line ends of the file that it moves to."""
        ...

    def apart(self, piece: Piece, line_end: bytes) -> tuple[Piece, ...]:
        """Return a piece of several assignments as one piece for each."""
        ...

    def may_set(self, piece: Piece, key: str) -> bool:
        """Tell whether a statement, which isn't read any closer, may give the key a value."""
        ...

    def meaning(self, document: ConfigFile) -> Meaning:
        """Return what whoever reads the file holds afterwards."""
        ...
