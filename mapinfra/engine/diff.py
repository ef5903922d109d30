"""What differs between two property bags, path by path."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mapinfra.engine.values import (
    PROVIDER_KEY,
    UNKNOWN,
    Properties,
    Secret,
    Value,
    masked,
    plain,
)

Kind = Literal["add", "delete", "update"]
PLAN_KEY = "plan"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$-]+")


@dataclass(frozen=True)
class Change:
    """One place where old and new differ; values are ready for display, secrets masked."""

    path: str
    kind: Kind
    old: Value = None
    new: Value = None


def equal(old: Properties, new: Properties) -> bool:
    """Compare inputs as Pulumi's engine does: whether they are secret makes no difference."""
    return bool(plain(old) == plain(new))


def paths(old: Properties, new: Properties) -> list[str]:
    """Name every place where old and new differ, in order."""
    return [change.path for change in between(old, new, "")]


def changes(old: Properties, new: Properties) -> tuple[Change, ...]:
    """List what differs, in order of path, without the serialized provider and the plan."""
    noise = {PROVIDER_KEY, PLAN_KEY}
    return tuple(
        between(
            {key: value for key, value in old.items() if key not in noise},
            {key: value for key, value in new.items() if key not in noise},
            "",
        )
    )


def steps_of(inputs: Properties) -> tuple[str, ...]:
    """Return the planned steps that a resource put into its inputs, in words."""
    plan = plain(inputs.get(PLAN_KEY))
    return tuple(str(step) for step in plan) if isinstance(plan, list) else ()


def between(old: Value, new: Value, path: str) -> Iterator[Change]:
    """List what differs between two values at a path."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _between_dicts(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _between_lists(old, new, path)
    elif plain(old) != plain(new):
        yield Change(path, "update", _shown(old), _shown(new))


def _between_dicts(old: Properties, new: Properties, path: str) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        inner = _joined(path, key)
        if key not in new:
            yield Change(inner, "delete", old=_shown(old[key]))
        elif key not in old:
            yield Change(inner, "add", new=_shown(new[key]))
        else:
            yield from between(old[key], new[key], inner)


def _between_lists(old: list[Value], new: list[Value], path: str) -> Iterator[Change]:
    for index in range(max(len(old), len(new))):
        inner = f"{path}[{index}]"
        if index >= len(new):
            yield Change(inner, "delete", old=_shown(old[index]))
        elif index >= len(old):
            yield Change(inner, "add", new=_shown(new[index]))
        else:
            yield from between(old[index], new[index], inner)


def _joined(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _shown(value: Value) -> Value:
    if isinstance(value, Secret):
        return masked(value)
    return "(known after the change)" if value == UNKNOWN else masked(value)
