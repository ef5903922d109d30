"""JSON that somebody else wrote, read without a way to end the program."""

import json
from collections.abc import Callable, Mapping
from typing import Any

DEEPEST = 100
"""Levels of lists and objects in each other; what mapinfra reads has a dozen."""


def loads(text: str | bytes, *, constant: Callable[[str], Any] | None = None) -> Any:
    """Return what a text says; `constant` makes something of NaN and the infinities.

    Raises ValueError for what isn't JSON, isn't UTF-8, or is nested deeper than DEEPEST, which
    would exhaust whoever walks through it.
    """
    try:
        value = json.loads(text, parse_constant=constant)
    except RecursionError:
        raise _too_deep() from None
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return value
    raise _too_deep()


def _inner(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep() -> ValueError:
    return ValueError(f"it is nested more than {DEEPEST} levels deep")
