"""Property values: what a resource's inputs and outputs are made of.

A value is None, bool, float, str, a list, a dict with text keys, or a `Secret` around one of
these. Numbers are floats, as providers get them from the Pulumi CLI. A value that a preview can't
know yet is the text `UNKNOWN`, as on the wire.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf import json_format, struct_pb2
from pulumi.output import Unknown

Value: TypeAlias = Any
Properties: TypeAlias = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PROVIDER_KEY = "__provider"
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a public marker)
_ASSET_SIGNATURES = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
"""Those of assets and of archives."""


@dataclass(frozen=True)
class Secret:
    """A value that is encrypted wherever it is written, and never displayed."""

    value: Value

    def __repr__(self) -> str:
        return "Secret([secret])"


def mapped(value: Value, leaf: Callable[[Value], Value]) -> Value:
    """Copy a value with every leaf of it replaced."""
    if isinstance(value, dict):
        return {key: mapped(item, leaf) for key, item in value.items()}
    if isinstance(value, list):
        return [mapped(item, leaf) for item in value]
    return leaf(value)


def plain(value: Value) -> Value:
    """Copy a value with its secrets in clear: what a provider's methods are given."""
    return mapped(value, lambda leaf: plain(leaf.value) if isinstance(leaf, Secret) else leaf)


def masked(value: Value) -> Value:
    """Copy a value for display: `[secret]` for secrets, whole numbers as int."""
    return mapped(value, _masked_leaf)


def shown(value: Value) -> Value:
    """Copy a value for people: as masked, and in words what isn't known yet."""
    return mapped(
        masked(value), lambda leaf: "(known after the change)" if leaf == UNKNOWN else leaf
    )


def _masked_leaf(leaf: Value) -> Value:
    return "[secret]" if isinstance(leaf, Secret) else _whole(leaf)


def _whole(leaf: Value) -> Value:
    return int(leaf) if isinstance(leaf, float) and leaf.is_integer() else leaf


def normalised(value: object) -> Value:
    """Turn what a provider returned into a value; raise TypeError for what can't be one."""
    match value:
        case None | bool() | str() | Secret():
            return value
        case Unknown():
            return UNKNOWN
        case int() | float():
            return _finite(float(value))
        case Mapping():
            return {str(key): normalised(value[key]) for key in sorted(value, key=str)}
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview | range):
            return [normalised(item) for item in value]
    raise TypeError(f"a {type(value).__name__} can't be a property value")


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise TypeError(f"the number {number} can't be a property value")
    return number


def properties(found: Mapping[str, object] | None) -> Properties:
    """Turn a provider's property bag into one; absent and None are the same, as in Pulumi."""
    whole: Properties = normalised(found or {})
    return {key: value for key, value in whole.items() if value is not None}


def contains(value: Value, test: Callable[[Value], bool]) -> bool:
    """Tell whether a value, or any part of it, passes a test."""
    if test(value):
        return True
    match value:
        case dict():
            return any(contains(item, test) for item in value.values())
        case list():
            return any(contains(item, test) for item in value)
        case Secret():
            return contains(value.value, test)
    return False


def contains_unknown(value: Value) -> bool:
    """Tell whether any part of a value isn't known yet."""
    return contains(value, lambda part: bool(part == UNKNOWN))


def contains_asset(value: Value) -> bool:
    """Tell whether any part of a value is an asset or an archive."""
    return contains(
        value,
        lambda part: isinstance(part, dict) and part.get(SIGNATURE_KEY) in _ASSET_SIGNATURES,
    )


def is_plain_key(text: str) -> bool:
    """Tell whether a property path is just the key of an input."""
    return not set(text) & set('.[]"*')


def mark_secrets(found: Properties, like: Properties) -> Properties:
    """Make secret in `found` what is secret at the same place in `like`.

    Providers get and return secrets in clear, so what they return is marked by their inputs.
    """
    return {key: _marked(value, like.get(key)) for key, value in found.items()}


def _marked(value: Value, like: Value) -> Value:
    match value, like:
        case Secret(), _:
            return value
        case _, Secret():
            return Secret(value)
        case dict(), dict():
            return mark_secrets(value, like)
    # Where the places can't be matched, all of it is secret, as in Pulumi.
    return Secret(value) if contains(like, lambda part: isinstance(part, Secret)) else value


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Read a property bag off the wire."""
    found = json_format.MessageToDict(struct)
    return {key: _opened(found[key], lambda sealed: sealed.get("value")) for key in sorted(found)}


def to_struct(found: Properties) -> struct_pb2.Struct:
    """Put a property bag on the wire."""
    struct = struct_pb2.Struct()
    struct.update(_sealed(found, lambda value: {"value": value}))
    return struct


def from_state(value: Any, decrypt: Callable[[str], str]) -> Value:
    """Read a value of the state file; secrets go through `decrypt`.

    Raises TypeError or ValueError for what can't be a value.
    """

    def unsealed(sealed: dict[str, Any]) -> Any:
        if "plaintext" in sealed:
            return json.loads(str(sealed["plaintext"]))
        return json.loads(decrypt(str(sealed["ciphertext"])))

    return _opened(value, unsealed)


def to_state(value: Value, encrypt: Callable[[str], str]) -> Any:
    """Turn a value into what the state file holds; secrets go through `encrypt` as JSON text."""
    return _sealed(
        value, lambda inner: {"ciphertext": encrypt(json.dumps(inner, separators=(",", ":")))}
    )


def _opened(value: Any, unsealed: Callable[[dict[str, Any]], Any]) -> Value:
    if isinstance(value, dict):
        if value.get(SIGNATURE_KEY) == SECRET_SIGNATURE:
            return Secret(_opened(unsealed(value), unsealed))
        return {key: _opened(item, unsealed) for key, item in value.items()}
    if isinstance(value, list):
        return [_opened(item, unsealed) for item in value]
    return normalised(value)


def _sealed(value: Value, sealed: Callable[[Any], dict[str, Any]]) -> Any:
    """Turn a value into JSON, keys in order; `sealed` says what a secret becomes."""
    match value:
        case Secret():
            return {SIGNATURE_KEY: SECRET_SIGNATURE, **sealed(_sealed(value.value, sealed))}
        case dict():
            return {key: _sealed(value[key], sealed) for key in sorted(value)}
        case list():
            return [_sealed(item, sealed) for item in value]
    return _whole(value)
