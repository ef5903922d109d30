"""Read and set what a config file holds, the rest of its bytes untouched."""

from collections.abc import Mapping

from mapinfra.config_files.model import (
    Assignment,
    ConfigFile,
    Effective,
    Format,
    PieceKind,
)


def settings(content: bytes, form: Format) -> dict[str, str]:
    """Return the value of each key once the whole file is read: of doubled keys, the last.

    In a shell file a reference to a variable that the file sets is put in; what only the
    environment or a command could tell stays as it is written. Raises ConfigFileUnreadable.
    """
    return {key: held.value for key, held in form.parse(content).effective().items()}


def with_settings(content: bytes, wanted: Mapping[str, str], form: Format) -> bytes:
    """Return the file with each wanted setting in effect, in the place and quotes it has there.

    A missing one is put at the end; a setting that is in effect already isn't touched; nothing is
    deleted. Raises ConfigFileUnreadable, or SettingImpossible when the format can't hold a value.
    """
    # Setting one key can change another that refers to it; each round leaves one less of those.
    for _ in range(len(wanted) + 1):
        before = content
        for key, value in wanted.items():
            content = _with_setting(content, key, value, form)
        if content == before:
            break
    return content


def _with_setting(content: bytes, key: str, value: str, form: Format) -> bytes:
    document = form.parse(content)
    held = form.meaning(document)
    if held.literal(key) == value:
        return content
    place = _place(document, key, form)
    at_end = appended(document, form.line(key, value), form)
    if place is None:
        return at_end
    if not held.whole and document.effective()[key] == Effective(value, settled=True):
        return content
    index, assignment = place
    pieces = [piece.raw for piece in document.pieces]
    pieces[index] = form.changed(document.pieces[index], assignment, value)
    in_place = b"".join(pieces)
    return (
        at_end
        if _holds(at_end, key, value, form) > _holds(in_place, key, value, form)
        else in_place
    )


def _holds(content: bytes, key: str, value: str, form: Format) -> bool:
    return form.meaning(form.parse(content)).literal(key) == value


def _place(document: ConfigFile, key: str, form: Format) -> tuple[int, Assignment] | None:
    """Return the assignment that has the last word on a key, if it can be told."""
    places = [place for place in document.assignments() if place[1].key == key]
    if not places:
        return None
    after = document.pieces[places[-1][0] + 1 :]
    if any(piece.kind is PieceKind.STATEMENT and form.may_set(piece, key) for piece in after):
        return None
    return places[-1]


def appended(document: ConfigFile, line: bytes, form: Format) -> bytes:
    """Return the file with one more line, which ends as the file ended."""
    line_end = document.line_end
    if not document.pieces:
        return line + line_end
    last = document.pieces[-1]
    before = b"".join(piece.raw for piece in document.pieces[:-1])
    if last.line_end:
        line += line_end
    return before + form.ended(last, line_end) + line
