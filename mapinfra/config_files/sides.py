"""The three versions of a config file, made comparable."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from mapinfra.config_files.concealment import names_a_secret
from mapinfra.config_files.errors import ConfigFileUnreadable
from mapinfra.config_files.model import (
    ConfigFile,
    Definition,
    Effective,
    Format,
    Piece,
    PieceKind,
)

_TEXTS = (PieceKind.COMMENT, PieceKind.STATEMENT)


@dataclass(frozen=True)
class Side:
    """One version of the file; every piece holds one assignment at most."""

    document: ConfigFile
    places_of_keys: Mapping[str, str]
    """The line in which each key is set last: `line 12`."""

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """What each key is set to."""
        return self.document.definitions

    @cached_property
    def effective(self) -> dict[str, Effective]:
        """The value of each key; references to secrets stay as they are written."""
        return self.document.effective(expands=lambda key: not names_a_secret(key))

    @cached_property
    def lines(self) -> Counter[str]:
        """How many times each line that sets no key is there; empty ones don't count."""
        return Counter({line: len(places) for line, places in self.places.items()})

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """The pieces that are such a line, by the line."""
        return places_of_lines(self.document)

    def written(self, key: str) -> str:
        """Return the assignments that make the key's value, as they are written."""
        chain = self.document.chains[key]
        return " ".join(self.document.pieces[index].text for index, _ in chain)


@dataclass(frozen=True)
class Sides:
    """The administrator's file, the vendor's new one, and if known the old package's."""

    pristine: Side | None
    local: Side
    vendor: Side

    def edited_key(self, key: str) -> bool:
        """Tell whether the administrator changed a key that differs from the vendor's."""
        local = self.local.definitions.get(key)
        if self.pristine is None:
            return local is not None
        return local != self.pristine.definitions.get(key)

    def edited_line(self, line: str) -> bool:
        """Tell whether the administrator added or took out a line that differs from the vendor's.

        Without the pristine file nothing counts as taken out.
        """
        if self.pristine is None:
            return self.local.lines[line] > self.vendor.lines[line]
        return self.local.lines[line] != self.pristine.lines[line]

    def differing_keys(self) -> list[str]:
        """Return the keys that differ, in the local file's order, then in the vendor's."""
        local, vendor = self.local.definitions, self.vendor.definitions
        return [key for key in {**local, **vendor} if local.get(key) != vendor.get(key)]

    def differing_lines(self) -> list[str]:
        """Return the lines that differ in number, in the same order."""
        local, vendor = self.local.lines, self.vendor.lines
        return [line for line in {**local, **vendor} if local[line] != vendor[line]]

    def added(self, line: str) -> int:
        """Return how many times more the administrator has the line than the merged file would."""
        surplus = self.local.lines[line] - self.vendor.lines[line]
        own = surplus
        if self.pristine is not None:
            own = self.local.lines[line] - self.pristine.lines[line]
        return max(0, min(own, surplus))

    def removed(self, line: str) -> int:
        """Return how many times the line is to leave the vendor's file."""
        if self.pristine is None:
            return 0
        own = self.pristine.lines[line] - self.local.lines[line]
        return max(0, min(own, self.vendor.lines[line] - self.local.lines[line]))


def places_of_lines(document: ConfigFile) -> dict[str, list[int]]:
    """Return the indexes of the pieces that set no key and aren't empty, by their text."""
    held: dict[str, list[int]] = {}
    for index, piece in enumerate(document.pieces):
        if piece.kind in _TEXTS:
            held.setdefault(piece.text, []).append(index)
    return held


def side(name: str, content: bytes, form: Format) -> Side:
    """Return one version of a file; raise ConfigFileUnreadable with that version's name."""
    try:
        document = form.parse(content)
    except ConfigFileUnreadable as fault:
        raise fault.of(name) from None
    return Side(one_each(document, form), dict(_placed(document)))


def _placed(document: ConfigFile) -> Iterator[tuple[str, str]]:
    line = 1
    for piece in document.pieces:
        yield from ((assignment.key, f"line {line}") for assignment in piece.assignments)
        # A byte order mark ends no line; a lone CR does.
        line += len((piece.raw + b".").splitlines()) - 1


def one_each(document: ConfigFile, form: Format, only: frozenset[str] | None = None) -> ConfigFile:
    """Return the file with lines of several assignments taken apart; `only` those of some keys."""
    pieces = list[Piece]()
    for piece in document.pieces:
        keys = {assignment.key for assignment in piece.assignments}
        if len(piece.assignments) > 1 and (only is None or only & keys):
            pieces += form.apart(piece, document.line_end)
        else:
            pieces.append(piece)
    return ConfigFile(tuple(pieces))
