"""YAML as far as its nodes; everything wrong is told in our own words, without its text."""

from typing import Any, Final

import yaml

MAX_DEPTH: Final = 50
PLAIN: Final = "plain"
"""Tag of an unquoted scalar."""
QUOTED: Final = "quoted"
"""Tag of a quoted or block scalar."""

# What PyYAML finds wrong, by the beginning of its words. They are not passed on: they may hold a
# piece of the text, and that may be a password.
_PROBLEMS = {
    "found character '\\t'": "a tab where only spaces may be; indent with spaces",
    "found character": "text can't begin with this character here; put the text in quotes",
    "mapping values are not allowed": "a colon where none may be; check the indentation, or put "
    "text that holds a colon in quotes",
    "could not find expected ':'": "a key without its colon; write `key: value`",
    "found undefined alias": "an alias without its anchor; put text that begins with * in quotes",
    "found undefined tag": "tags have no use in a spec; put text that begins with ! in quotes",
    "expected alphabetic or numeric": "not an anchor or alias; put text that begins with & or * "
    "in quotes",
    "second occurrence": "an anchor given twice; name each anchor differently",
    "but found another document": "more than one document; write one spec per file",
    "found unexpected end of stream": "the file ends inside quotes; close them",
    "found unknown escape character": "an unknown escape in double quotes; use single quotes",
    "expected <block end>": "this line doesn't fit the ones above; check indentation and quotes",
    "expected ',' or": "a list or block in brackets that isn't closed; check commas and brackets",
}
_ANY_PROBLEM = "this isn't YAML; check indentation, colons, quotes and brackets"


class Unusable(Exception):
    """The file can't be used at all, so this is its only fault."""

    def __init__(self, line: int, text: str) -> None:
        self.line = line
        self.text = text
        super().__init__(text)


class _Loader(yaml.SafeLoader):
    """Composes nodes; a scalar's tag tells only whether it is plain or quoted."""

    depth = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:
        """Leave the meaning of plain scalars to this module."""
        if kind is yaml.ScalarNode:
            return PLAIN if implicit[0] else QUOTED
        return str(super().resolve(kind, value, implicit))  # type: ignore[no-untyped-call]

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node, not deeper than this interpreter's stack can bear."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise too_deep(event.start_mark.line + 1)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def too_deep(line: int) -> Unusable:
    """The fault of a document nested deeper than any spec is."""
    return Unusable(line, f"nested more than {MAX_DEPTH} levels deep; is it a spec?")


def compose(text: str) -> yaml.Node:
    """The root node of the only document in a text. Raises Unusable."""
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unusable(line, "a character that YAML doesn't allow; take it out") from None
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _malformed(error, loader.line + 1) from None
    except (ValueError, OverflowError):  # of chr() and int() on absurd escapes and directives
        raise Unusable(loader.line + 1, _ANY_PROBLEM) from None
    if node is None:
        raise Unusable(1, "the file is empty; write at least `central:` and `remotes:`")
    return node


def _malformed(error: yaml.MarkedYAMLError, last_line: int) -> Unusable:
    mark = error.problem_mark or error.context_mark
    said = error.problem or ""
    text = next((ours for theirs, ours in _PROBLEMS.items() if said.startswith(theirs)), None)
    return Unusable(mark.line + 1 if mark else last_line, text or _ANY_PROBLEM)
