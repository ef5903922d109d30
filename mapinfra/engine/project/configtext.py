"""One value of a YAML text set, and all else left as it is, byte by byte.

The Pulumi CLI keeps the comments of a stack's config and the order of its keys, too. A new key
comes where the CLI puts it: behind the last one of its mapping.
"""

import re
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import yaml

from mapinfra.engine.project import goyaml

Entry = str | dict[str, Any]
"""What is set: a text, or texts by key."""

_STEP = "  "


class OddLayout(ValueError):
    """The text is laid out so that the value can't be set without harm to others."""


def with_value(text: str, path: Sequence[str], value: Entry) -> str:
    """Set the value at a path of keys. `text` is YAML: a mapping or nothing. Raises OddLayout."""
    unix = text.replace("\r\n", "\n")
    root = yaml.compose(unix, Loader=yaml.SafeLoader)
    edited = _set(unix, root, path, value)
    if not _reads_as(edited, _wanted(goyaml.load(unix), path, value)):
        raise OddLayout
    return edited if unix == text else edited.replace("\n", "\r\n")


def _reads_as(text: str, wanted: object) -> bool:
    try:
        return bool(goyaml.load(text) == wanted)
    except yaml.YAMLError:
        return False


def _wanted(held: Any, path: Sequence[str], value: Entry) -> Entry:
    if not path:
        return value
    held = held if isinstance(held, dict) else {}
    return {**held, path[0]: _wanted(held.get(path[0]), path[1:], value)}


def _set(text: str, node: yaml.Node | None, path: Sequence[str], value: Entry) -> str:
    if not isinstance(node, yaml.MappingNode):  # nothing but comments
        return _with_line(text, len(text), _entry(path[0], _nested(path[1:], value), ""))
    for key, held in node.value:
        if key.value != path[0]:
            continue
        if path[1:] and isinstance(held, yaml.MappingNode) and held.value:
            return _set(text, held, path[1:], value)
        return _replaced(text, node, (key, held), _nested(path[1:], value))
    return _added(text, node, path[0], _nested(path[1:], value))


def _nested(path: Sequence[str], value: Entry) -> Entry:
    for key in reversed(path):
        value = {key: value}
    return value


def _replaced(
    text: str, node: yaml.MappingNode, pair: tuple[yaml.Node, yaml.Node], value: Entry
) -> str:
    key, held = pair
    start = text.find(":", key.end_mark.index) + 1
    end = max(start, _end(text, held))
    indent = None if node.flow_style else " " * key.start_mark.column
    return text[:start] + _rendered(value, indent) + text[end:]


def _added(text: str, node: yaml.MappingNode, key: str, value: Entry) -> str:
    if node.flow_style:
        entry = _entry(key, value, None)
        at = _end(text, node.value[-1][1]) if node.value else node.start_mark.index + 1
        return f"{text[:at]}{', ' if node.value else ''}{entry}{text[at:]}"
    # A key may stand behind a `?`, and the mapping begin with an anchor.
    column = min(node.start_mark.column, node.value[0][0].start_mark.column)
    indent = " " * column
    # What is said in comments below the last value, as far in as its key, belongs to it.
    rest = re.compile(rf"[^\n]*\n?(?: {{{column},}}#[^\n]*\n?)*")
    found = rest.match(text, _end(text, node.value[-1][1]))
    at = found.end() if found else len(text)
    return _with_line(text, at, indent + _entry(key, value, indent))


def _with_line(text: str, at: int, line: str) -> str:
    start = "" if at == 0 or text[at - 1] == "\n" else "\n"
    return f"{text[:at]}{start}{line}\n{text[at:]}"


def _end(text: str, node: yaml.Node) -> int:
    """Return where a value ends; PyYAML's mark of a block is behind the comments below it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    end: int = node.end_mark.index
    return len(text[:end].rstrip())


def _rendered(value: Entry, indent: str | None) -> str:
    """Return what follows the colon of a key at this indent, None in braces."""
    if isinstance(value, str):
        return f" {_scalar(value, flow=indent is None)}"
    if indent is None:
        return f" {{{', '.join(_entry(key, item, None) for key, item in value.items())}}}"
    inner = indent + _STEP
    return "".join(f"\n{inner}{_entry(key, item, inner)}" for key, item in value.items())


def _entry(key: str, value: Entry, indent: str | None) -> str:
    return f"{_scalar(key, flow=indent is None)}:{_rendered(value, indent)}"


def _scalar(text: str, *, flow: bool) -> str:
    """Return a text as YAML: plain where either engine then reads this text, else in quotes."""
    wide = partial(yaml.safe_dump, width=sys.maxsize, allow_unicode=True)
    plain = (
        wide([text], default_flow_style=True) == f"[{text}]\n"
        if flow
        else (wide(text) == f"{text}\n...\n")
    )
    return (
        text if plain and _reads_as(text, text) else str(wide(text, default_style='"')).rstrip("\n")
    )
