"""What becomes of a config file when a package brings its own version of it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from mapinfra.centreon.config_files.carrying import carried
from mapinfra.centreon.config_files.difference import Difference, Outcome
from mapinfra.centreon.config_files.model import Format
from mapinfra.centreon.config_files.sides import Side, Sides, side
from mapinfra.centreon.config_files.writing import with_settings


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
            difference for difference in self.differences if difference.outcome is Outcome.UNDECIDED
        )


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
        # Where only one of the two changed, its file is taken whole.
        content = local if pristine == vendor else carried(sides, vendor, form)
    elif strategy is Strategy.VENDOR or (strategy is Strategy.REVIEW and not outcomes.customised):
        content = vendor
    else:
        content = local
    own = {key: held.value for key, held in sides.local.effective.items() if key in kept}
    return Merged(with_settings(content, {**own, **settings}, form), differences)


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

    def of_key(self, key: str) -> Outcome:
        if key in self._kept and self._strategy is not Strategy.KEEP:
            return Outcome.CARRIED
        return self.of(self._sides.edited_key(key))

    def of(self, edited: bool) -> Outcome:
        match self._strategy:
            case Strategy.CARRY:
                return Outcome.CARRIED if edited else Outcome.TAKEN
            case Strategy.VENDOR:
                return Outcome.DROPPED if edited else Outcome.TAKEN
            case Strategy.KEEP:
                return Outcome.KEPT
            case Strategy.REVIEW:
                return Outcome.UNDECIDED if self.customised else Outcome.TAKEN


def _of_keys(
    sides: Sides, settings: Mapping[str, str], outcomes: _Outcomes
) -> Iterable[Difference]:
    differing = sides.differing_keys()
    for key in {**dict.fromkeys(differing), **settings}:
        values = {
            "pristine": _value(sides.pristine, key),
            "local": _value(sides.local, key),
            "vendor": _value(sides.vendor, key),
        }
        if key in settings:
            declared = settings[key]
            if {values["local"], values["vendor"]} != {declared}:
                yield Difference(Outcome.DECLARED, key=key, declared=declared, **values)
            continue
        if values["local"] == values["vendor"]:
            # The same value, told another way: exported or not, by reference or in words.
            values["local"], values["vendor"] = sides.local.written(key), sides.vendor.written(key)
        yield Difference(outcomes.of_key(key), key=key, **values)


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
