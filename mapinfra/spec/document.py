"""YAML with the line of every value.

Plain scalars are read as YAML 1.1 does, without its surprises: `05758` and `57:58` are text, not
numbers, `2024-01-01` is text, and a key is never a boolean. Anchors, aliases and merge keys work;
tags have no use in a spec. What the aliases amount to when written out is bounded.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import yaml

from mapinfra.spec.fault import Fault, Keys
from mapinfra.spec.marked_yaml import MAX_DEPTH, PLAIN, QUOTED, Unusable, compose, too_deep

_MAX_VALUES: Final = 200_000
_STR: Final = "tag:yaml.org,2002:str"
_BLOCKS: Final = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_WORDS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    **{
        form: value
        for word, value in (
            ("null", None),
            ("yes", True),
            ("on", True),
            ("true", True),
            ("no", False),
            ("off", False),
            ("false", False),
        )
        for form in (word, word.capitalize(), word.upper())
    },
}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Document:
    """What a file says, and on which line; `faults` are those of the YAML itself."""

    data: object
    lines: dict[Keys, int]
    faults: list[Fault]


def parse(text: str) -> Document:
    """Parse the only document in a text. Raises Unusable when it isn't YAML."""
    return _Walk().document(compose(text))


class _Walk:
    """From nodes to values, noting lines and faults on the way."""

    def __init__(self) -> None:
        self._lines: dict[Keys, int] = {}
        self._faults: list[Fault] = []
        self._open: set[int] = set()
        self._values = 0

    def document(self, node: yaml.Node) -> Document:
        """The document under its root node."""
        self._lines[()] = _line(node)
        return Document(self._value(node, ()), self._lines, self._faults)

    def _value(self, node: yaml.Node, keys: Keys) -> object:
        self._count(node)
        match node:
            case yaml.MappingNode():
                return self._block(node, keys)
            case yaml.SequenceNode():
                return self._list(node, keys)
            case _:
                return self._scalar(node, keys)

    def _scalar(self, node: yaml.Node, keys: Keys) -> object:
        if node.tag == PLAIN:
            return _plain(node.value)
        self._check_tag(node, keys, {QUOTED, _STR})
        return str(node.value)

    def _list(self, node: yaml.SequenceNode, keys: Keys) -> list[object]:
        self._check_tag(node, keys, _BLOCKS)
        with self._inside(node):
            return [self._item(item, (*keys, index)) for index, item in enumerate(node.value)]

    def _item(self, node: yaml.Node, keys: Keys) -> object:
        self._lines[keys] = _line(node)
        return self._value(node, keys)

    def _block(self, node: yaml.MappingNode, keys: Keys) -> dict[str | int, object]:
        self._check_tag(node, keys, _BLOCKS)
        block: dict[str | int, object] = {}
        self._fill(block, node, keys)
        return block

    def _fill(self, block: dict[str | int, object], node: yaml.MappingNode, keys: Keys) -> None:
        """Add a node's own pairs, then those it merges in with `<<`; what is there already wins."""
        merged: list[yaml.Node] = []
        own: dict[str, int] = {}
        taken = {str(key) for key in block}
        with self._inside(node):
            for key_node, value_node in node.value:
                if _is_merge(key_node):
                    merged.append(value_node)
                    continue
                key = self._key(key_node, keys)
                if key is None or self._given_twice(key, key_node, own, keys):
                    continue
                if str(key) not in taken:
                    self._lines[(*keys, key)] = _line(key_node)
                    block[key] = self._value(value_node, (*keys, key))
            for value_node in merged:
                self._merge(block, value_node, keys)

    def _merge(self, block: dict[str | int, object], node: yaml.Node, keys: Keys) -> None:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            self._count(source)
            if isinstance(source, yaml.MappingNode):
                self._fill(block, source, keys)
            else:
                text = "`<<` merges blocks of keys only; write `<<: *name` of such a block"
                self._faults.append(Fault(_line(source), keys, text))

    def _key(self, node: yaml.Node, keys: Keys) -> str | int | None:
        self._count(node)
        if isinstance(node, yaml.ScalarNode):
            plain = _plain(node.value) if node.tag == PLAIN else None
            return plain if type(plain) is int else str(node.value)
        text = "a list or block as a key; write a name as the key"
        self._faults.append(Fault(_line(node), keys, text))
        return None

    def _given_twice(
        self, key: str | int, node: yaml.Node, own: dict[str, int], keys: Keys
    ) -> bool:
        if str(key) not in own:
            own[str(key)] = _line(node)
            return False
        text = f"given twice, first on line {own[str(key)]}; keep one of the two"
        self._faults.append(Fault(_line(node), (*keys, key), text))
        return True

    def _check_tag(self, node: yaml.Node, keys: Keys, expected: set[str]) -> None:
        if node.tag not in expected:
            text = "tags have no use in a spec; put text that begins with ! in quotes"
            self._faults.append(Fault(_line(node), keys, text))

    def _count(self, node: yaml.Node) -> None:
        """Refuse the file of a few lines whose aliases amount to millions of values."""
        self._values += 1
        if self._values > _MAX_VALUES:
            text = f"more than {_MAX_VALUES} values with its aliases written out; use fewer aliases"
            raise Unusable(_line(node), text)

    @contextmanager
    def _inside(self, node: yaml.Node) -> Iterator[None]:
        if id(node) in self._open:
            text = "an alias inside the very block that it names; name another block"
            raise Unusable(_line(node), text)
        if len(self._open) >= MAX_DEPTH:
            raise too_deep(_line(node))
        self._open.add(id(node))
        yield
        self._open.remove(id(node))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_merge(node: yaml.Node) -> bool:
    return bool(node.tag == PLAIN and node.value == "<<")


def _plain(text: str) -> object:
    """The meaning of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
