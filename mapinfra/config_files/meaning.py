"""What a config file means to its reader, in a form that two files can be compared by."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Term:
    """Something that only a running shell can tell.

    Two are equal when the same text, reading the same values, makes them; then they are the same
    whatever they are. `digest` stands for both, so that no value is held or shown.
    """

    digest: str
    line: int = field(compare=False)
    """Where it stands in its file, counted from 1; 0: it is the environment's."""
    reads: frozenset[str] = field(default=frozenset(), compare=False)
    """The variables that have a part in it."""


Value = tuple[str | Term, ...]
"""A value: plain text, and what can't be told; an empty one has no parts."""


@dataclass(frozen=True)
class Variable:
    """What a variable holds; None: the file has unset it."""

    value: Value | None = field(repr=False)
    exported: bool = False


@dataclass(frozen=True)
class Meaning:
    """What a file leaves to its reader: variables, and what else was done, in order."""

    variables: Mapping[str, Variable]
    effects: tuple[Term, ...] = ()
    whole: bool = True
    """Whether every line has its own place in this; else the rest, from some line on, is one."""

    @property
    def terms(self) -> tuple[Term, ...]:
        """Return what only a running shell can tell, of the file's own, in its order."""
        parts = [part for held in self.variables.values() for part in held.value or ()]
        found = {part for part in (*parts, *self.effects) if isinstance(part, Term) and part.line}
        return tuple(sorted(found, key=lambda term: term.line))

    def literal(self, name: str) -> str | None:
        """Return a value that is text alone; None when it isn't, or isn't set."""
        held = self.variables.get(name)
        if held is None or held.value is None:
            return None
        texts = [part for part in held.value if isinstance(part, str)]
        return "".join(texts) if len(texts) == len(held.value) else None


def joined(parts: Value) -> Value:
    """Return a value with neighbouring texts joined and empty ones left out."""
    result = list[str | Term]()
    for part in parts:
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        elif part != "":
            result.append(part)
    return tuple(result)
