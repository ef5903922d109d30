r"""Java properties: *-config.properties, *-database.properties.

Read as `java.util.Properties.load` reads bytes: latin-1, `\uXXXX` for all else, the last of doubled
keys counts. What is written is ASCII, so that a reader that takes the file as UTF-8 agrees.
"""

import re
from collections.abc import Iterator

from mapinfra.centreon.config_files.errors import ConfigFileUnreadable
from mapinfra.centreon.config_files.model import (
    BOM,
    Assignment,
    Document,
    Kind,
    Part,
    Piece,
)

_BYTES = "latin-1"
_BLANK = re.compile(r"[ \t\f]*(?:(?:\\(?:\r\n|\r|\n)[ \t\f]*)*(?:\r\n|\r|\n)|\Z)")
_COMMENT = re.compile(r"[ \t\f]*[#!][^\r\n]*(?:\r\n|\r|\n|\Z)")
_CONTINUED = r"\\(?:\r\n|\r|\n)[ \t\f]*"
_LINE = re.compile(rf"(?:{_CONTINUED}|\\.|[^\\\r\n])*\\?", re.DOTALL)
_GAP = rf"(?:[ \t\f]|{_CONTINUED})*"
_KEY = re.compile(rf"{_GAP}((?:{_CONTINUED}|\\.|[^\\\r\n \t\f:=])*)", re.DOTALL)
_SEPARATOR = re.compile(rf"{_GAP}(?:[=:]{_GAP})?")
_LINE_END = re.compile(r"\r\n|\r|\n")
_ESCAPE = re.compile(rf"{_CONTINUED}|\\u(.{{0,4}})|\\(.?)", re.DOTALL)
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{4}")
_UNESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "\\": "\\\\"}


class Properties:
    """The format of a Java properties file."""

    def parse(self, content: bytes) -> Document:
        """Return the pieces; raise ConfigFileUnreadable at a malformed `\\u` escape, as Java."""
        return Document(tuple(_pieces(content.decode(_BYTES))))

    def changed(self, piece: Piece, assignment: Assignment, value: str) -> bytes:
        """Return the piece with its value replaced; key, separator and line end stay."""
        before = piece.raw[: assignment.value_start]
        gap = before[assignment.start :]
        written = _escaped(value)
        if not re.search(rb"[ \t\f=:]\Z|[\r\n]", gap):
            before += b"="
        elif written[:1] in ("=", ":"):
            # After a mere blank it would be taken for the separator.
            written = "\\" + written
        return before + written.encode() + piece.raw[assignment.end :]

    def line(self, key: str, value: str) -> bytes:
        """Return `key=value`."""
        name = re.sub(r"([ :=#!])", r"\\\1", _escaped(key, leading=False))
        return f"{name}={_escaped(value)}".encode()

    def ended(self, piece: Piece, line_end: bytes) -> bytes:
        """Return the piece with a line end; one more if its last line would go on."""
        raw = piece.raw if piece.line_end else piece.raw + line_end
        body = raw[: -len(line_end)] if raw.endswith(line_end) else raw.rstrip(b"\r\n")
        open_end = piece.assignments and (len(body) - len(body.rstrip(b"\\"))) % 2
        return raw + line_end if open_end else raw

    def adapted(self, piece: Piece, line_end: bytes) -> Piece:
        """Return the piece with other line ends, its continuation lines too."""
        text = _LINE_END.sub(line_end.decode(), piece.raw.decode(_BYTES))
        return next(_pieces(text), piece)

    def apart(self, piece: Piece, line_end: bytes) -> tuple[Piece, ...]:
        """Return the piece: a line of this format never holds two keys."""
        return (piece,)

    def may_set(self, piece: Piece, key: str) -> bool:
        """Tell that no line but an assignment sets a key."""
        return False
