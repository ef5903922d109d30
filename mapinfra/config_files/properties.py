r"""Java properties: *-config.properties, *-database.properties.

Read as `java.util.Properties.load` reads bytes: latin-1, `\uXXXX` for all else, the last of doubled
keys counts. What is written is ASCII, so that a reader that takes the file as UTF-8 agrees.
"""

import re
from collections.abc import Iterator

from mapinfra.config_files.errors import ConfigFileUnreadable
from mapinfra.config_files.meaning import Meaning, Variable, joined
from mapinfra.config_files.model import (
    BOM,
    Assignment,
    ConfigFile,
    Piece,
    PieceKind,
    ValuePart,
)

_BYTES = "latin-1"
_END = r"(?:\r\n|\r|\n)"
_CONTINUED = rf"\\{_END}[ \t\f]*"
_GAP = rf"(?:[ \t\f]|{_CONTINUED})*"
_BLANK = re.compile(rf"{_GAP}(?:{_END}|\\?\Z)")
_COMMENT = re.compile(rf"{_GAP}[#!][^\r\n]*(?:{_END}|\Z)")
_KEY = re.compile(rf"{_GAP}((?:{_CONTINUED}|\\.|[^\\\r\n \t\f:=])*)", re.DOTALL)
_SEPARATOR = re.compile(rf"{_GAP}(?:[=:]{_GAP})?")
_VALUE = re.compile(rf"(?:{_CONTINUED}|\\.|[^\\\r\n])*\\?", re.DOTALL)
_LINE_END = re.compile(_END)
_JOINED = re.compile(rf"{_CONTINUED}|(\\.)", re.DOTALL)
_ESCAPE = re.compile(r"\\u(.{0,4})|\\(.?)", re.DOTALL)
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{4}")
_UNESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "\\": "\\\\"}


class Properties:
    """The format of a Java properties file."""

    def parse(self, content: bytes) -> ConfigFile:
        """Return the pieces; raise ConfigFileUnreadable at a malformed Unicode escape, as Java."""
        text = content.decode(_BYTES)
        if content.startswith(BOM) and _outside_setting(text, len(BOM)):
            return ConfigFile((Piece(BOM, PieceKind.BLANK), *_pieces(text, len(BOM))))
        return ConfigFile(tuple(_pieces(text)))

    def changed(self, piece: Piece, assignment: Assignment, value: str) -> bytes:
        """Return the piece with its value replaced; key, separator and line end stay."""
        text = piece.raw.decode(_BYTES)
        key = _match(_KEY, text, 0)
        separator = text[key.end() : assignment.value_start]
        written = _escaped(value)
        if not separator:
            written = f"={written}"
        elif written[:1] in ("=", ":") and not set("=:") & set(separator):
            written = f"\\{written}"
        before, after = piece.raw[: assignment.value_start], piece.raw[assignment.end :]
        return before + written.encode() + after

    def line(self, key: str, value: str) -> bytes:
        """Return `key=value`."""
        name = re.sub(r"([ :=#!])", r"\\\1", _plain(key))
        return f"{name}={_escaped(value)}".encode()

    def ended(self, piece: Piece, line_end: bytes) -> bytes:
        """Return the piece with a line end, and one more if its last line would go on."""
        raw = piece.raw if piece.line_end else piece.raw + line_end
        body = raw.removesuffix(piece.line_end or line_end)
        backslashes = len(body) - len(body.rstrip(b"\\"))
        goes_on = piece.kind is not PieceKind.COMMENT and backslashes % 2
        # Of its own kind: a CR and an LF would be one line end together.
        return raw + (piece.line_end or line_end) if goes_on else raw

    def adapted(self, piece: Piece, line_end: bytes) -> Piece:
        """Return the piece with other line ends, its continuation lines too."""
        text = _LINE_END.sub(line_end.decode(), piece.raw.decode(_BYTES))
        return next(_pieces(text), piece)

    def apart(self, piece: Piece, line_end: bytes) -> tuple[Piece, ...]:
        """Return the piece: a line of this format never holds two keys."""
        return (piece,)

    def may_set(self, piece: Piece, key: str) -> bool:
        """Tell that nothing but an assignment sets a key."""
        return False

    def meaning(self, document: ConfigFile) -> Meaning:
        """Return what Java's Properties hold."""
        held = document.effective()
        return Meaning({key: Variable(joined((one.value,))) for key, one in held.items()})


def _pieces(text: str, at: int = 0) -> Iterator[Piece]:
    while at < len(text):
        if found := _outside_setting(text, at):
            kind = PieceKind.BLANK if found.re is _BLANK else PieceKind.COMMENT
            yield Piece(found[0].encode(_BYTES), kind)
            at = found.end()
        else:
            assignment, end = _setting(text, at)
            yield Piece(text[at:end].encode(_BYTES), PieceKind.SETTING, (assignment,))
            at = end


def _outside_setting(text: str, at: int) -> re.Match[str] | None:
    return _BLANK.match(text, at) or _COMMENT.match(text, at)


def _setting(text: str, at: int) -> tuple[Assignment, int]:
    key = _match(_KEY, text, at)
    separator = _match(_SEPARATOR, text, key.end())
    value = _match(_VALUE, text, separator.end())
    ended = _LINE_END.match(text, value.end())
    assignment = Assignment(
        _unescaped(text, key.start(1), key.end()),
        (ValuePart(_unescaped(text, value.start(), value.end())),),
        key.start(1) - at,
        value.start() - at,
        value.end() - at,
    )
    return assignment, ended.end() if ended else value.end()


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    # Each of these patterns matches nothing at all where it matches nothing else.
    assert found is not None
    return found


def _unescaped(text: str, start: int, end: int) -> str:
    def character(found: re.Match[str]) -> str:
        if found[1] is None:
            return _UNESCAPED.get(found[2], found[2])
        if not _HEXADECIMAL.fullmatch(found[1]):
            line = len(_LINE_END.findall(text, 0, start)) + 1
            raise ConfigFileUnreadable("\\u without four hexadecimal digits", line=line)
        return chr(int(found[1], 16))

    joined = _JOINED.sub(lambda found: found[1] or "", text[start:end])
    units = _ESCAPE.sub(character, joined)
    # Java's characters are UTF-16 units: two escapes can make one character.
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _escaped(value: str) -> str:
    written = _plain(value)
    return f"\\{written}" if written.startswith(" ") else written


def _plain(text: str) -> str:
    return "".join(_ESCAPED.get(c) or (c if " " <= c <= "~" else _units(c)) for c in text)


def _units(character: str) -> str:
    raw = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[i : i + 2].hex()}" for i in range(0, len(raw), 2))
