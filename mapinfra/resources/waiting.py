"""Waiting for what happens on a host in its own time: a question asked until the answer is yes."""

import time
from collections.abc import Callable

from mapinfra.errors import CommandTimeout

_PAUSE = 0.25


def until(
    condition: Callable[[], bool], *, seconds: float, where: str, what: str, remedy: str
) -> None:
    """Ask until `condition` holds; raise CommandTimeout when it doesn't within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            raise CommandTimeout(f"{what} within {seconds:g} s", where=where, remedy=remedy)
        time.sleep(_PAUSE)
