"""What differs between two property bags, path by path."""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any, Literal

from mapinfra.engine.state.values import (
    PROVIDER_KEY,
    UNKNOWN,
    Properties,
    Value,
    plain,
    shown,
)

Kind = Literal["add", "delete", "update"]
PLAN_KEY = "plan"
REMOVAL_KEY = "on_removal"
"""Inputs that list the planned steps, the second those of a deletion: no value of the resource."""
LATER = ("will be read in `up`: it depends on values that aren't known yet",)
"""In the place of steps that can't be known."""
_READABLE_KEY = re.compile(r"[A-Za-z0-9_$-]+")
_PULUMI_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_NOISE = frozenset({PROVIDER_KEY, PLAN_KEY, REMOVAL_KEY})


@dataclass(frozen=True)
class ValueChange:
    """One place where old and new differ; values are ready for display, secrets masked."""

    keys: tuple[str | int, ...]
    kind: Kind
    old: Value = None
    new: Value = None

    @property
    def path(self) -> str:
        """The place as people read it."""
        return _spelled(self.keys, _READABLE_KEY)

    @property
    def pulumi_path(self) -> str:
        """The place as Pulumi's JSON has it, where a key with a dash stands in brackets."""
        return _spelled(self.keys, _PULUMI_KEY)


def _spelled(keys: tuple[str | int, ...], plain_key: re.Pattern[str]) -> str:
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        elif plain_key.fullmatch(key):
            path += f".{key}" if path else key
        else:
            path += f'["{key}"]'
    return path


def equal(old: Properties, new: Properties) -> bool:
    """Compare inputs as Pulumi's engine does: whether they are secret makes no difference."""
    return bool(plain(old) == plain(new))


def changes(old: Properties, new: Properties, noise: Set[str] = _NOISE) -> tuple[ValueChange, ...]:
    """List what differs, in order of path, without the serialized provider and planned steps."""
    return tuple(
        between(
            {key: value for key, value in old.items() if key not in noise},
            {key: value for key, value in new.items() if key not in noise},
            (),
        )
    )


def changes_with_plan(old: Properties, new: Properties) -> tuple[ValueChange, ...]:
    """List what differs as Pulumi does, to which the plan is an input as others."""
    return changes(old, new, frozenset({PROVIDER_KEY}))


def steps_of(inputs: Properties) -> tuple[str, ...]:
    """Return the planned steps that a resource put into its inputs, in words."""
    plan = plain(inputs.get(PLAN_KEY))
    if plan == UNKNOWN:
        return LATER
    return tuple(str(step) for step in plan) if isinstance(plan, list) else ()


def between(old: Value, new: Value, keys: tuple[str | int, ...]) -> Iterator[ValueChange]:
    """List what differs between two values at a place."""
    for kind in (dict, list):
        if isinstance(old, kind) and isinstance(new, kind):
            yield from _between_parts(_by_key(old), _by_key(new), keys)
            return
    if plain(old) != plain(new):
        yield ValueChange(keys, "update", shown(old), shown(new))


def _by_key(value: Value) -> dict[Any, Value]:
    return value if isinstance(value, dict) else dict(enumerate(value))


def _between_parts(
    old: dict[Any, Value], new: dict[Any, Value], keys: tuple[str | int, ...]
) -> Iterator[ValueChange]:
    for key in sorted(old.keys() | new.keys()):
        inner = (*keys, key)
        if key not in new:
            yield ValueChange(inner, "delete", old=shown(old[key]))
        elif key not in old:
            yield ValueChange(inner, "add", new=shown(new[key]))
        else:
            yield from between(old[key], new[key], inner)
