"""Property paths, such as `size.port`, `outputs["a b"][0]` and `*`, which is any key or index."""

import re
from collections.abc import Iterator
from typing import TypeAlias

from mapinfra.engine.state.values import Properties, Secret, Value

Path: TypeAlias = tuple[str | int, ...]

_PART = re.compile(
    r"""\[(?P<index>\d+)\] | \[\*\] | \["(?P<quoted>(?:\\.|[^"\\])*)"\] | \.?(?P<key>[^.\[\]]+)""",
    re.VERBOSE,
)


def parse(text: str) -> Path:
    """Read a path; raise ValueError when it isn't one."""
    return tuple(_parts(text))


def _parts(text: str) -> Iterator[str | int]:
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            raise ValueError(f"{text!r} is no property path")
        at = found.end()
        if found["index"]:
            yield int(found["index"])
        elif found["quoted"] is not None:
            yield re.sub(r"\\(.)", r"\1", found["quoted"])
        else:
            yield found["key"] or "*"


def contains(path: Path, other: Path) -> bool:
    """Tell whether `other` is the place of `path`, or inside it."""
    return len(other) >= len(path) and all(
        mine in ("*", theirs) for mine, theirs in zip(path, other, strict=False)
    )


def reset(path: Path, old: Properties, new: Properties) -> bool:
    """Change `new` so that it is at the place as `old` is; False when it can't be done in full.

    No place is made on the way, and no list gets another length.
    """
    return bool(path) and _reset(path, old, new)


def _reset(path: Path, old: Value, new: Value) -> bool:
    old, new = _open(old, covering=not isinstance(new, Secret)), _open(new)
    key, rest = path[0], path[1:]
    if key == "*":
        return _reset_each(rest, old, new)
    if isinstance(key, int):
        return _reset_item(key, rest, old, new)
    return _reset_below(key, rest, old, new) if rest else _reset_key(key, old, new)


def _open(value: Value, *, covering: bool = False) -> Value:
    """Look into a secret; `covering` makes its parts secret, since they leave it."""
    if not isinstance(value, Secret):
        return value
    inside = _open(value.value)
    if covering and isinstance(inside, dict):
        return {key: Secret(part) for key, part in inside.items()}
    if covering and isinstance(inside, list):
        return [Secret(part) for part in inside]
    return inside


def _reset_key(key: str, old: Value, new: Value) -> bool:
    if isinstance(old, dict) and key in old:
        if not isinstance(new, dict):
            return False
        new[key] = old[key]
    elif isinstance(new, dict):
        new.pop(key, None)
    return True


def _reset_below(key: str, rest: Path, old: Value, new: Value) -> bool:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return not isinstance(old, dict) and not isinstance(new, dict)
    if key not in new:
        return key not in old
    return _reset(rest, old.get(key), new[key])


def _reset_item(index: int, rest: Path, old: Value, new: Value) -> bool:
    if not (isinstance(old, list) and isinstance(new, list)):
        return not isinstance(old, list) and not isinstance(new, list)
    if index >= len(old) or index >= len(new):
        return not rest and index >= len(old) and index >= len(new)
    if rest:
        return _reset(rest, old[index], new[index])
    new[index] = old[index]
    return True


def _reset_each(rest: Path, old: Value, new: Value) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return _reset_values(rest, old, new)
    if isinstance(old, list) and isinstance(new, list):
        shared = range(min(len(old), len(new)))
        done = all(_reset_item(index, rest, old, new) for index in shared)
        return done and len(old) == len(new)
    return not rest and isinstance(new, dict | list)


def _reset_values(rest: Path, old: Properties, new: Properties) -> bool:
    if rest:
        if not old.keys() <= new.keys():
            return False
        return all(_reset(rest, old[key], new[key]) for key in sorted(old))
    new.clear()
    new.update(old)
    return True
