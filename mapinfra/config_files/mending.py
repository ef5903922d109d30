"""A merged file brought to what it has to mean, with as few changes of its text as possible."""

import re
from collections.abc import Iterator

from mapinfra.config_files import options
from mapinfra.config_files.errors import ConfigFileUnreadable, SettingImpossible
from mapinfra.config_files.meaning import Meaning, Value, Variable
from mapinfra.config_files.model import ConfigFile, Format, Piece
from mapinfra.config_files.proving import ExpectedMeaning
from mapinfra.config_files.writing import appended, with_settings

_SAFE = re.compile(r"[\w@%+=:,./?-]+", re.ASCII)


def mended(content: bytes, wanted: ExpectedMeaning, vendor: ConfigFile, form: Format) -> bytes:
    """Return a file with every variable as wanted that can be put right; it is to be proven."""
    for name in wanted.wrong(form.meaning(form.parse(content))):
        try:
            content = _with(content, name, wanted.variables.get(name), vendor, form)
        except (SettingImpossible, ConfigFileUnreadable):
            continue
    return content


def _with(
    content: bytes, name: str, variable: Variable | None, vendor: ConfigFile, form: Format
) -> bytes:
    document = form.parse(content)
    held = form.meaning(document).variables.get(name)
    if variable is None:
        return _without(document, name)
    if held is None:
        for index, _ in vendor.chains.get(name, []):
            document = form.parse(appended(document, _bare(vendor.pieces[index], form), form))
        content = b"".join(piece.raw for piece in document.pieces)
    elif name in options.NAMES:
        edited = _with_options(document, name, held.value, variable.value)
        now = form.meaning(form.parse(edited)).variables.get(name)
        if now is not None and options.same(now.value, variable.value):
            content = edited
    text = Meaning({name: variable}).literal(name)
    now = form.meaning(form.parse(content)).variables.get(name)
    if text is not None and (now is None or not options.same(now.value, variable.value)):
        content = with_settings(content, {name: text}, form)
    now = form.meaning(form.parse(content)).variables.get(name)
    if variable.exported and now is not None and not now.exported:
        content = appended(form.parse(content), f"export {name}".encode(), form)
    return content


def _without(document: ConfigFile, name: str) -> bytes:
    return b"".join(
        piece.raw
        for piece in document.pieces
        if {assignment.key for assignment in piece.assignments} != {name}
    )


def _bare(piece: Piece, form: Format) -> bytes:
    return form.adapted(piece, b"\n").raw.removesuffix(b"\n")


def _with_options(
    document: ConfigFile, name: str, held: Value | None, wanted: Value | None
) -> bytes:
    """Return the file with single options changed where they stand, if they can be found there."""
    raw = [piece.raw for piece in document.pieces]
    chain = document.chains.get(name, [])
    for before, after in _edits(options.split(held) or (), options.split(wanted) or ()):
        for index, assignment in chain:
            changed = _edited(raw[index], assignment.start, before, after)
            if changed is not None:
                raw[index] = changed
                break
    return b"".join(raw)


def _edits(
    held: tuple[options.Word, ...], wanted: tuple[options.Word, ...]
) -> Iterator[tuple[str, str]]:
    """Yield texts to replace by others, in the order in which that can be done."""
    now, then = options.effective(held), options.effective(wanted)
    for about, words in now.items():
        old, new = options.text(words), options.text(then.get(about, ()))
        if old is not None and new is not None and old != new:
            yield old, new
    before = ""
    for about, words in then.items():
        text = options.text(words)
        if text and about not in now:
            yield before, f"{before} {text}" if before else f"{text} "
        before = text or before


def _edited(raw: bytes, start: int, before: str, after: str) -> bytes | None:
    """Return a line with one option replaced; None where it isn't there exactly once."""
    words = [*before.split(), *after.split()]
    if not all(_SAFE.fullmatch(word) for word in words):
        return None
    head, text = raw[:start], raw[start:].decode("latin-1")
    if not before:
        opened = re.match(r'\w+\+?="', text)
        if opened is None:
            return None
        return head + (text[: opened.end()] + after + text[opened.end() :]).encode("latin-1")
    gap = r"[ \t]*" if not after else ""
    found = list(re.finditer(rf"(?<![^\s\"'=]){re.escape(before)}(?![^\s\"';]){gap}", text))
    # Of an option that is given twice the last counts.
    if not found:
        return None
    at = found[-1]
    return head + (text[: at.start()] + after + text[at.end() :]).encode("latin-1")
