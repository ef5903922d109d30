"""What a resource that is there needs: nothing, an update, or a replacement."""

import copy
from dataclasses import dataclass

from mapinfra.engine.run.paths import contains, parse, reset
from mapinfra.engine.run.providers import Difference
from mapinfra.engine.state.diff import paths
from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import Properties
from mapinfra.errors import MapinfraError


@dataclass(frozen=True)
class Verdict:
    """What a change takes: a replacement when one of two says so, else an update.

    `replaces` are the keys that the provider can't change in place, `forced` the paths of which the
    program says that they need a replacement.
    """

    changed: bool
    replaces: tuple[str, ...] = ()
    forced: tuple[str, ...] = ()
    delete_first: bool = False

    @property
    def replacement(self) -> bool:
        """True when a change can't be made in place."""
        return bool(self.replaces or self.forced)


def judge(old: Resource, new: Resource, found: Difference) -> Verdict:
    """Say what leads from the old to the new resource, by what its provider found.

    A provider that says itself that there is a change names no keys, so `replace_on_changes`
    finds nothing then, as in Pulumi.
    """
    if found.changed is False:
        return Verdict(changed=False)
    marks = new.marks
    forced: set[str] = set()
    if found.changed is None:
        wanted, _ = ignoring(marks.ignore_changes, old.inputs, new.inputs)
        places = paths(old.inputs, wanted)
        if not places:
            return Verdict(changed=False)
        forced = _matching(marks.replace_on_changes, places)
    replaces = tuple(sorted(set(found.replaces)))
    return Verdict(True, replaces, tuple(sorted(forced)), found.delete_first)


def ignoring(
    ignored: tuple[str, ...], old: Properties, new: Properties
) -> tuple[Properties, list[str]]:
    """Return the new inputs with the old values at the ignored paths, and the paths that can't be.

    Elements that were added or removed can't be ignored.
    """
    kept, before = copy.deepcopy(new), copy.deepcopy(old)
    failed = [one for one in ignored if not reset(_parsed(one), before, kept)]
    return kept, failed


def _matching(patterns: tuple[str, ...], places: list[str]) -> set[str]:
    parsed = [_parsed(one) for one in patterns]
    return {
        place for place in places if any(contains(pattern, _parsed(place)) for pattern in parsed)
    }


def _parsed(text: str) -> tuple[str | int, ...]:
    try:
        return parse(text)
    except ValueError as error:
        raise MapinfraError(str(error)) from None
