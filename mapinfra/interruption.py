"""The user's wish that this process end what it does: one for the process, as its signals are.

Whoever does something long that may be broken off asks `expect_none` again and again.
"""

import threading

from mapinfra.errors import MapinfraError

_wanted = threading.Event()


class WorkInterrupted(MapinfraError):
    """What was going on was broken off, since the user wants the run to end."""


def want() -> None:
    """Note the wish."""
    _wanted.set()


def forget() -> None:
    """Forget it, once the run has ended."""
    _wanted.clear()


def expect_none(where: str) -> None:
    """Raise Interrupted when the run is to end; `where` is the host that something is done on."""
    if _wanted.is_set():
        raise WorkInterrupted("interrupted", where=where)
