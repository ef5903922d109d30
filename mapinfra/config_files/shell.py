"""Files of KEY="value" lines that a shell sources: centreon-map.conf, vars.sh, backup.conf.

A value is bytes to the shell: it is shown as UTF-8, and bytes that aren't UTF-8 survive as
surrogates. A carriage return before a line feed belongs to the line end, not to the value, since
that is what whoever saved such a file meant; inside quotes it is part of the value.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from mapinfra.config_files.errors import SettingImpossible
from mapinfra.config_files.meaning import Meaning
from mapinfra.config_files.model import (
    BOM,
    Assignment,
    ConfigFile,
    Piece,
    PieceKind,
    ValuePart,
)
from mapinfra.config_files.shell_meaning import meaning
from mapinfra.config_files.shell_syntax import Statement

_BYTES = "latin-1"
_BLANK = re.compile(r"[ \t]*(?:\r?\n|\r?\Z)")
_COMMENT = re.compile(r"[ \t]*#[^\n]*(?:\n|\Z)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_SPECIAL_IN_QUOTES = re.compile(rb'([\\"$`])')


class Shell:
    """The format of a file that a POSIX shell sources."""

    def parse(self, content: bytes) -> ConfigFile:
        """Return the pieces; raise ConfigFileUnreadable where a shell would give up.

        Assignments inside conditions, loops and functions, and those that go with a command, are
        part of a statement, as whether they take place can't be told from the file.
        """
        text = content.decode(_BYTES)
        if content.startswith(BOM) and _outside_statement(text, len(BOM)):
            return ConfigFile((Piece(BOM, PieceKind.BLANK), *_pieces(text, len(BOM))))
        return ConfigFile(tuple(_pieces(text)))

    def changed(self, piece: Piece, assignment: Assignment, value: str) -> bytes:
        """Return the piece with one value replaced, in the quotes it had where they can hold it."""
        written = piece.raw[assignment.value_start : assignment.end]
        quoted = _quoted(assignment.key, value, written[:1])
        before = piece.raw[: assignment.start]
        return before + assignment.key.encode() + b"=" + quoted + piece.raw[assignment.end :]

    def line(self, key: str, value: str) -> bytes:
        """Return `KEY="value"`."""
        if not _NAME.fullmatch(key):
            raise SettingImpossible("a shell has no variable of that name", where=key)
        return key.encode() + b"=" + _quoted(key, value, b'"')

    def ended(self, piece: Piece, line_end: bytes) -> bytes:
        """Return the piece with a line end."""
        return piece.raw if piece.raw.endswith(b"\n") else piece.raw + line_end

    def adapted(self, piece: Piece, line_end: bytes) -> Piece:
        """Return the piece with another line end; a line feed inside quotes stays as it is."""
        raw = piece.raw
        if line_end == b"\n":
            raw = raw.replace(b"\r\n", b"\n")
        elif raw.endswith(b"\n") and not raw.endswith(b"\r\n"):
            raw = raw[:-1] + line_end
        return next(_pieces(raw.decode(_BYTES)), piece)

    def apart(self, piece: Piece, line_end: bytes) -> tuple[Piece, ...]:
        """Return `A=1; B=2` as two lines; what stands around them goes with the first and last."""
        held = piece.assignments
        ends = [*(assignment.start for assignment in held[1:]), len(piece.raw)]
        lines = []
        for assignment, end in zip(held, ends, strict=True):
            start = 0 if assignment is held[0] else assignment.start
            text = piece.raw[start:end]
            if assignment is not held[-1]:
                text = text[: assignment.end - start] + line_end
            exported = assignment.exported and assignment is not held[0]
            lines.append((b"export " if exported else b"") + text)
        return self.parse(b"".join(lines)).pieces

    def may_set(self, piece: Piece, key: str) -> bool:
        """Tell whether the statement assigns, reads or unsets the key somewhere."""
        name = re.escape(key)
        found = rf"(?<![\w${{]){name}\+?=|\b(?:unset|read)\b[^;&|\n]*\b{name}\b"
        return re.search(found, piece.text) is not None

    def meaning(self, document: ConfigFile) -> Meaning:
        """Return what a shell holds after the file, as far as the text proves it."""
        return meaning(document)


def _pieces(text: str, at: int = 0) -> Iterator[Piece]:
    while at < len(text):
        if found := _outside_statement(text, at):
            kind = PieceKind.COMMENT if "#" in found[0] else PieceKind.BLANK
            end, assignments = found.end(), list[Assignment]()
        else:
            statement = Statement(text, at)
            end = statement.read()
            assignments = statement.assignments()
            kind = PieceKind.SETTING if assignments else PieceKind.STATEMENT
        held = tuple(_decoded(assignment) for assignment in assignments)
        yield Piece(text[at:end].encode(_BYTES), kind, held)
        at = end


def _outside_statement(text: str, at: int) -> re.Match[str] | None:
    return _BLANK.match(text, at) or _COMMENT.match(text, at)


def _decoded(assignment: Assignment) -> Assignment:
    """Return the assignment with neighbouring plain parts joined, and then decoded."""
    parts = list[ValuePart]()
    for plain, group in groupby(assignment.parts, lambda part: part.literal):
        if plain:
            parts.append(ValuePart(_utf8("".join(part.text for part in group))))
        else:
            parts += [replace(part, text=_utf8(part.text)) for part in group]
    return Assignment(
        assignment.key,
        tuple(part for part in parts if part.text),
        assignment.start,
        assignment.value_start,
        assignment.end,
        assignment.exported,
    )


def _utf8(text: str) -> str:
    return text.encode(_BYTES).decode("utf-8", "surrogateescape")


def _quoted(key: str, value: str, like: bytes) -> bytes:
    """Write a value as a shell reads it back, in the quotes that begin with `like` if possible."""
    if "\0" in value:
        raise SettingImpossible("a shell's variable can't hold a NUL character", where=key)
    try:
        raw = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise SettingImpossible("the value is not text", where=key) from None
    if like == b"'" and "'" not in value:
        return b"'" + raw + b"'"
    if like not in (b"'", b'"') and _NEEDS_NO_QUOTES.fullmatch(value):
        return raw
    return b'"' + _SPECIAL_IN_QUOTES.sub(rb"\\\1", raw) + b'"'
