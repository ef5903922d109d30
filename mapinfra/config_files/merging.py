"""What becomes of a config file when a package brings its own version of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from mapinfra.config_files import options
from mapinfra.config_files.carrying import carried
from mapinfra.config_files.difference import Difference, MergeOutcome
from mapinfra.config_files.mending import mended
from mapinfra.config_files.model import Format
from mapinfra.config_files.proving import alike, wanted
from mapinfra.config_files.sides import Side, Sides, side
from mapinfra.config_files.writing import with_settings


class Strategy(Enum):
    """What to do with differences that the spec doesn't declare."""

    CARRY = "carry"
    """The administrator's edits go into the vendor's file; in a conflict they win."""
    VENDOR = "vendor"
    """The vendor's file is taken, the administrator's edits are dropped."""
    KEEP = "keep"
    """The local file stays, what the vendor changed isn't taken."""
    REVIEW = "review"
    """Nothing is decided: an edited file stays as it is, and each difference is listed."""


@dataclass(frozen=True)
class Merged:
    """A merged file and what was done to get there, in the file's order."""

    content: bytes = field(repr=False)
    differences: tuple[Difference, ...]

    @property
    def undecided(self) -> tuple[Difference, ...]:
        """The differences that somebody has to decide; unless empty, the upgrade must stop."""
        return tuple(
            difference
            for difference in self.differences
            if difference.outcome is MergeOutcome.UNDECIDED
        )

    @property
    def counts(self) -> Counter[MergeOutcome]:
        """How many values had which outcome; lines that set none don't count."""
        return Counter(one.outcome for one in self.differences if one.line is None)


def merge(
    *,
    pristine: bytes | None,
    local: bytes,
    vendor: bytes,
    settings: Mapping[str, str],
    strategy: Strategy,
    form: Format,
    kept: Collection[str] = (),
) -> Merged:
    """Merge the administrator's file with the one that the new package brings.

    `pristine` is the old package's own file; without it every key that the local file has counts
    as the administrator's. `settings`, which the spec declares, are applied on top and win over
    both. Keys in `kept` keep their local values under every strategy, and are no edits: what the
    installation itself wrote. Raises ConfigFileUnreadable, naming the version and the line, or
    SettingImpossible.
    """
    sides = Sides(
        None if pristine is None else side("the old package's file", pristine, form),
        side("the local file", local, form),
        side("the vendor's file", vendor, form),
    )
    outcomes = _Outcomes(sides, frozenset(settings), frozenset(kept), strategy)
    differences = (*_of_keys(sides, settings, outcomes), *_of_lines(sides, outcomes))
    if strategy is Strategy.CARRY:
        versions = _Versions(pristine, local, vendor)
        proven = _carried(versions, sides, form, frozenset((*settings, *kept)))
        if proven is None:
            return Merged(local, (*differences, *_unjudged(versions, form)))
        content = proven
        differences = tuple(_as_done(differences, form.parse(content).effective()))
    elif strategy is Strategy.VENDOR or (strategy is Strategy.REVIEW and not outcomes.customised):
        content = vendor
    else:
        content = local
    own = {key: held.value for key, held in sides.local.effective.items() if key in kept}
    return Merged(with_settings(content, {**own, **settings}, form), differences)


def _as_done(differences: Iterable[Difference], held: Collection[str]) -> Iterable[Difference]:
    """Yield what was told of keys as it came: a proof may have led to none of a local line.

    So where that changed no value, and the vendor has taken the key out.
    """
    for one in differences:
        is_gone = one.key is not None and one.key not in held
        if one.outcome is MergeOutcome.CARRIED and one.local is not None and is_gone:
            yield replace(one, outcome=MergeOutcome.DROPPED)
        else:
            yield one


@dataclass(frozen=True)
class _Versions:
    pristine: bytes | None
    local: bytes
    vendor: bytes


def _carried(
    versions: _Versions, sides: Sides, form: Format, spared: Collection[str]
) -> bytes | None:
    """Return the merged file that is provably right; None when none of the ways leads to one.

    What is in `spared` is set afterwards, whatever it is here.
    """
    if versions.pristine == versions.local:
        return versions.vendor
    old = None if sides.pristine is None else form.meaning(form.parse(versions.pristine or b""))
    mine, new = (form.meaning(form.parse(one)) for one in (versions.local, versions.vendor))
    if versions.local == versions.vendor or (old is not None and alike(old, new)):
        return versions.local
    goal = wanted(old, mine, new)
    vendor = form.parse(versions.vendor)
    for base in (carried(sides, versions.vendor, form), versions.local):
        for content in (base, mended(base, goal, vendor, form)):
            if goal.proven(form.meaning(form.parse(content)), spared):
                return content
    return None


def _unjudged(versions: _Versions, form: Format) -> Iterable[Difference]:
    """Yield the lines that meet a change of the vendor's, and only a running shell can judge."""
    local, vendor = (form.meaning(form.parse(one)) for one in (versions.local, versions.vendor))
    old = form.meaning(form.parse(versions.pristine or b""))
    # Names of the vendor's alone, as the administrator's are not for everybody.
    changed = {
        name
        for name in {**old.variables, **vendor.variables}
        if old.variables.get(name) != vendor.variables.get(name)
    }
    found = [("local", term) for term in local.terms] + [("vendor's", one) for one in vendor.terms]
    meeting = [(whose, term) for whose, term in found if term.reads & changed]
    lines: dict[str, set[str]] = {}
    for whose, term in meeting or found:
        where = f"line {term.line} of the {whose} file"
        lines.setdefault(where, set()).update(term.reads & changed)
    for where, met in lines.items() or [("the local file", changed)]:
        named = f" ({', '.join(sorted(met))})" if met else ""
        yield Difference(MergeOutcome.UNDECIDED, unjudged=f"{where}{named}")


class _Outcomes:
    """What a strategy makes of an edited difference, and of one that only the vendor made."""

    def __init__(
        self, sides: Sides, declared: frozenset[str], kept: frozenset[str], strategy: Strategy
    ) -> None:
        self._strategy = strategy
        self._sides = sides
        self._kept = kept
        keys = (key for key in sides.differing_keys() if key not in declared | kept)
        lines = sides.differing_lines()
        # Without the pristine file it can't be told whose a difference is.
        self.customised = sides.pristine is None or (
            any(sides.edited_key(key) for key in keys)
            or any(sides.edited_line(line) for line in lines)
        )

    def of_key(self, key: str) -> MergeOutcome:
        if key in self._kept and self._strategy is not Strategy.KEEP:
            return MergeOutcome.CARRIED
        return self.of(self._sides.edited_key(key))

    def keeps(self, key: str) -> bool:
        """Tell whether the key's local value stays whatever the strategy."""
        return key in self._kept

    def of(self, edited: bool) -> MergeOutcome:
        match self._strategy:
            case Strategy.CARRY:
                return MergeOutcome.CARRIED if edited else MergeOutcome.TAKEN
            case Strategy.VENDOR:
                return MergeOutcome.DROPPED if edited else MergeOutcome.TAKEN
            case Strategy.KEEP:
                return MergeOutcome.KEPT
            case Strategy.REVIEW:
                return MergeOutcome.UNDECIDED if self.customised else MergeOutcome.TAKEN


def _of_keys(
    sides: Sides, settings: Mapping[str, str], outcomes: _Outcomes
) -> Iterable[Difference]:
    differing = sides.differing_keys()
    places = {**sides.vendor.places_of_keys, **sides.local.places_of_keys}
    for key in {**dict.fromkeys(differing), **settings}:
        values = {
            "pristine": _value(sides.pristine, key),
            "local": _value(sides.local, key),
            "vendor": _value(sides.vendor, key),
        }
        if key in settings:
            declared = settings[key]
            if {values["local"], values["vendor"]} != {declared}:
                yield Difference(MergeOutcome.DECLARED, key=key, declared=declared, **values)
            continue
        if single := list(_of_options(key, values, outcomes)):
            yield from single
            continue
        if values["local"] == values["vendor"]:
            # The same value, told another way: exported or not, by reference or in words.
            values["local"], values["vendor"] = sides.local.written(key), sides.vendor.written(key)
        yield Difference(outcomes.of_key(key), key=key, place=places.get(key), **values)


def _of_options(
    key: str, values: Mapping[str, str | None], outcomes: _Outcomes
) -> Iterable[Difference]:
    """Yield what differs of a list of options, each option by itself; nothing of other values."""
    if key not in options.NAMES or None in values.values() or outcomes.keeps(key):
        return
    lists = {whose: options.split((value or "",)) for whose, value in values.items()}
    if None in lists.values():
        return
    held = {whose: options.effective(words or ()) for whose, words in lists.items()}
    for about in {**held["local"], **held["vendor"]}:
        told = {
            whose: options.text(found[about]) if about in found else None
            for whose, found in held.items()
        }
        if told["local"] != told["vendor"]:
            yield Difference(outcomes.of(told["local"] != told["pristine"]), key=key, **told)


def _value(side: Side | None, key: str) -> str | None:
    held = None if side is None else side.effective.get(key)
    return None if held is None else held.value


def _of_lines(sides: Sides, outcomes: _Outcomes) -> Iterable[Difference]:
    for line in sides.differing_lines():
        known = sides.pristine is not None and sides.pristine.lines[line] > 0
        more = sides.local.lines[line] > sides.vendor.lines[line]
        yield Difference(
            outcomes.of(sides.edited_line(line)),
            line=line,
            pristine=line if known else None,
            local=line if more else None,
            vendor=None if more else line,
        )
