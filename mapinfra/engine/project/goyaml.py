"""YAML as the Pulumi CLI reads it (Go's yaml.v3), where PyYAML would read something else.

`yes` and `off` are texts, `12:30` is one, `1e3` is a number.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_KINDS: Mapping[str, tuple[str, str]] = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+0123456789.",
    ),
}
"""Pattern and possible first letters; the first that fits decides."""


class _Loader(yaml.SafeLoader):
    """Reads plain scalars as Go does."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag.removeprefix(_TAG) not in _KINDS]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, (_pattern, _letters) in _KINDS.items():
    _Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"(?:{_pattern})$"), list(_letters))


def _number(loader: _Loader, node: yaml.ScalarNode) -> float:
    """Return a number without the `.0` that Go wouldn't write either."""
    found: float = loader.construct_yaml_float(node)
    return int(found) if found.is_integer() else found


def _date(_loader: _Loader, node: yaml.ScalarNode) -> None:
    """Refuse a date, which the CLI would read as another text."""
    raise yaml.constructor.ConstructorError(
        problem=f"put {node.value} in quotes: it would be a date", problem_mark=node.start_mark
    )


_Loader.add_constructor(f"{_TAG}float", _number)
_Loader.add_constructor(f"{_TAG}timestamp", _date)


def load(text: str) -> Any:
    """Read one document; raise yaml.YAMLError when it can't be."""
    return yaml.load(text, _Loader)  # noqa: S506 (a safe loader)
