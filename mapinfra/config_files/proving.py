"""Whether a merged file provably means what it should: each old value, plus the vendor's change."""

from collections.abc import Collection
from dataclasses import dataclass

from mapinfra.config_files import options
from mapinfra.config_files.meaning import Meaning, Term, Value, Variable

_UNKNOWN = Term("nobody can tell", 0)
_GONE = Variable(None)


@dataclass(frozen=True)
class ExpectedMeaning:
    """What the merged file has to mean; `effects` is None when that can't be told."""

    variables: dict[str, Variable]
    effects: tuple[Term, ...] | None

    def wrong(self, found: Meaning, spared: Collection[str] = ()) -> list[str]:
        """Return the variables that aren't as wanted, but those that are set afterwards anyway."""
        names = {**self.variables, **found.variables}
        return [
            name
            for name in names
            if name not in spared
            and not _same(name, self.variables.get(name), found.variables.get(name))
        ]

    def proven(self, found: Meaning, spared: Collection[str] = ()) -> bool:
        """Tell whether a file is right."""
        return found.effects == self.effects and not self.wrong(found, spared)


def wanted(old: Meaning | None, mine: Meaning, new: Meaning) -> ExpectedMeaning:
    """Return what a merge of three versions has to mean; in a conflict the administrator's wins."""
    names = {**mine.variables, **new.variables}
    if old is None:
        effects = mine.effects if new.effects in ((), mine.effects) else None
        return ExpectedMeaning({**new.variables, **mine.variables}, effects)
    merged = {
        name: _variable(
            name, old.variables.get(name), mine.variables.get(name), new.variables.get(name)
        )
        for name in names
    }
    present = {name: held for name, held in merged.items() if held is not None}
    return ExpectedMeaning(present, _effects(old, mine, new))


def alike(one: Meaning, other: Meaning) -> bool:
    """Tell whether two files provably mean the same."""
    return ExpectedMeaning(dict(one.variables), one.effects).proven(other)


def _effects(old: Meaning, mine: Meaning, new: Meaning) -> tuple[Term, ...] | None:
    if old.effects == new.effects or mine.effects == new.effects:
        return mine.effects
    return new.effects if mine.effects == old.effects else None


def _variable(
    name: str, old: Variable | None, mine: Variable | None, new: Variable | None
) -> Variable | None:
    if _same(name, old, mine):
        return new
    if _same(name, old, new) or mine is None:
        return mine
    if any(_builds_on(name, one.value) for one in (old, mine, new) if one is not None):
        return Variable((_UNKNOWN,))
    if new is None or _GONE in (mine, new):  # whole: what isn't there is no less exported
        return mine
    before = old.exported if old else False
    exported = new.exported if mine.exported == before else mine.exported
    return Variable(_value(name, old.value if old else None, mine.value, new.value), exported)


def _value(name: str, old: Value | None, mine: Value | None, new: Value | None) -> Value | None:
    if old == mine:
        return new
    lists = [options.split(value) for value in (old, mine, new)]
    if name not in options.NAMES or old == new or mine is None or None in lists:
        return mine
    before, ours, theirs = (words or () for words in lists)
    return options.value(options.merged(before, ours, theirs))


def _builds_on(name: str, value: Value | None) -> bool:
    """Tell whether a value was made of an earlier one in a way that isn't known."""
    return any(isinstance(part, Term) and name in part.reads for part in value or ())


def _same(name: str, one: Variable | None, other: Variable | None) -> bool:
    if one is None or other is None or name not in options.NAMES:
        return one == other
    return one.exported == other.exported and options.same(one.value, other.value)
