"""Real output of dnf, rpm, apt and dpkg in the C locale, taken from hosts of the lab."""

from pathlib import Path

from mapinfra.hosts import Completed

_FOLDER = Path(__file__).parent


def printed(name: str) -> str:
    """What the command `name` printed."""
    return (_FOLDER / f"{name}.out").read_text()


def completed(
    name: str, status: int, *, stdout: str | None = None, stderr: str | None = None
) -> Completed:
    """The command `name` as it ended; a side without a file said nothing."""
    sides = [
        given.encode() if given is not None else _bytes(name, kind)
        for given, kind in ((stdout, "out"), (stderr, "err"))
    ]
    return Completed((name,), status, *sides)


def _bytes(name: str, kind: str) -> bytes:
    file = _FOLDER / f"{name}.{kind}"
    return file.read_bytes() if file.exists() else b""
