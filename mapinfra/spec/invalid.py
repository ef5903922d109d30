"""What the model refuses, told in the words of the spec's file."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mapinfra.spec.fault import Keys
from mapinfra.spec.json_schema import Node, is_secret, node_at
from mapinfra.spec.wording import REFERENCE_FORMS, allowed, either, kind, shown

Finding: TypeAlias = tuple[Keys, str]
"""Where the fault is in the merged spec, and what is wrong and right."""

_CLEAR_TEXT: Final = f"a clear text password has no place in a spec; write {REFERENCE_FORMS}"
_NO_REFERENCE: Final = f"not a reference to a secret; write {REFERENCE_FORMS}"


def findings(
    refused: ValidationError, data: object, at: Keys, root: Node, *, missing: bool = True
) -> Iterator[Finding]:
    """Each fault of `data`, which stands at the keys `at` of the spec that `root` describes.

    Without `missing`, nothing is said of keys that are required and not there.
    """
    for error in refused.errors(include_url=False, include_input=False):
        inner = _written(error["loc"], data)
        if error["type"] == "missing":
            if not missing:
                continue
            inner = (*inner, error["loc"][-1])
        keys = outside_secret(at + inner, root)
        yield keys, _text(error, keys, _value(data, keys[len(at) :]), root)


def outside_secret(keys: Keys, root: Node) -> Keys:
    """The keys up to a secret's own: what stands below may be the secret itself."""
    for length in range(len(keys)):
        node = node_at(keys[:length], root)
        if node and is_secret(node):
            return keys[:length]
    return keys


def _written(location: Keys, data: object) -> Keys:
    """The part of pydantic's location that is in the file; the rest names types of its own."""
    for length, key in enumerate(location):
        if not _has(data, key):
            return location[:length]
        data = _value(data, (key,))
    return location


def _has(data: object, key: str | int) -> bool:
    if isinstance(data, dict):
        return key in data
    return isinstance(data, list) and isinstance(key, int) and key < len(data)


def _value(data: object, keys: Keys) -> object:
    for key in keys:
        match data:
            case dict():
                data = data.get(key)
            case list() if isinstance(key, int):
                data = data[key]
            case _:
                return None
    return data


def _text(error: ErrorDetails, keys: Keys, value: object, root: Node) -> str:
    node = node_at(keys, root)
    if error["type"] == "extra_forbidden" and not (node and is_secret(node)):
        return _unknown(str(keys[-1]), node_at(keys[:-1], root) or {})
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if node is None:
        return f"{kind(value)} has no place here; take it out"
    if error["type"] == "missing" and value is None:
        return f"missing; add it: {node['description'].rstrip('.')}"
    return _refused(node, keys, value)


def _unknown(key: str, parent: Node) -> str:
    known = list(parent.get("properties", {}))
    close = get_close_matches(key.lower(), known, n=1)
    return f"unknown key; {f'did you mean {close[0]}?' if close else f'known are {either(known)}'}"


def _refused(node: Node, keys: Keys, value: object) -> str:
    if is_secret(node):
        return _NO_REFERENCE if value is None or isinstance(value, dict | list) else _CLEAR_TEXT
    if node.get("type") == "object":
        return _not_a_block(node, value)
    is_text = node.get("type") == "string" and "enum" not in node and "const" not in node
    if is_text and isinstance(value, bool | int | float):
        return f"read as {kind(value)}, not as text; put it in quotes"
    if "pattern" in node:
        return f"{shown(value)} is not allowed; write {_gist(node['description'])}"
    what = "a port" if keys[-1] == "port" else "allowed"
    right = allowed(node) + (", without quotes" if _is_quoted_number(value, node) else "")
    return f"{shown(value)} is not {what}; write {right}"


def _not_a_block(node: Node, value: object) -> str:
    known = ", ".join(node.get("properties", ["names of your choice"]))
    return f"{kind(value)} where a block of keys belongs; write {{}} for none, or some of: {known}"


def _gist(description: str) -> str:
    """A description's first clause, to go on with in a sentence."""
    first = description.partition(";")[0].rstrip(".")
    return first[0].lower() + first[1:]


def _is_quoted_number(value: object, node: Node) -> bool:
    return isinstance(value, str) and value.isdigit() and "enum" not in node
