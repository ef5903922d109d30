"""Replacing resources: make the new one and delete the old one, in either order."""

import threading
from collections.abc import Collection, Iterator
from dataclasses import replace

from mapinfra.engine.run.deleting import delete
from mapinfra.engine.run.events import ResourceEvent
from mapinfra.engine.run.goal import Outcome
from mapinfra.engine.run.run import Run
from mapinfra.engine.run.verdict import Verdict, judge
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.clock import now
from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import UNKNOWN
from mapinfra.errors import MapinfraError


class Replacing:
    """The replacements of one run. Threads may share it.

    A provider, or the program, wants a resource deleted before its replacement is made. Then what
    depends on it, and can't live through that, is deleted before it, and made again when the
    program registers it. Else the old one is deleted at the end of the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._one_at_a_time = threading.Lock()
        self._replaced: set[str] = set()

    def caught_up_in(self, new: Resource) -> Verdict | None:
        """Return the verdict on a resource whose life hangs on one that was replaced."""
        if new.marks.deleted_with in self._replaced:
            return Verdict(changed=True, replaces=("deletedWith",))
        return None

    def replace(
        self, old: Resource, new: Resource, verdict: Verdict, registered: Collection[str]
    ) -> Outcome:
        """Replace a resource; `registered` are the URNs that the program has come to already."""
        if old.marks.protect and new.marks.protect:
            raise MapinfraError(
                "is protected, and this change needs a replacement",
                remedy="take `protect` out of the program, or leave this change",
            )
        self._replaced.add(new.urn)
        if verdict.delete_first:
            old = self._delete_first(old, registered)
        return self.make_again(old, new, verdict)

    def make_again(self, old: Resource, new: Resource, verdict: Verdict | None = None) -> Outcome:
        """Make the replacement of what is missing, or of what is deleted later."""
        self._replaced.add(new.urn)
        with self._run.step(old, new, "replace", verdict=verdict):
            return self._make(old, new)

    def _make(self, old: Resource, new: Resource) -> Outcome:
        run = self._run
        with run.step(old, new, "create-replacement", "creating"):
            if run.preview:
                run.journal.replace(old, new)
                return Outcome(outputs=new.inputs)
            found, outputs = run.providers.create(new.inputs)
            made = replace(new, id=found, outputs=outputs, created=now(), modified=now())
            run.journal.replace(old, made)
        return Outcome(found, outputs)

    def _delete_first(self, old: Resource, registered: Collection[str]) -> Resource:
        with self._one_at_a_time:
            doomed = [old, *self._dependents(old, registered)]
            for one in doomed[1:]:
                _expect_unprotected(one, old)
            names = frozenset(one.urn for one in doomed)
            for one in reversed(doomed):
                self._delete(one, names)
        return replace(old, missing=True)

    def _delete(self, old: Resource, doomed: frozenset[str]) -> None:
        event = ResourceEvent(old.urn, old.custom, "delete-replaced", "planned", old=old)
        delete(self._run, event, doomed)

    def _dependents(self, root: Resource, registered: Collection[str]) -> Iterator[Resource]:
        """Yield what has to go before `root` does, each one before what depends on it.

        A resource that the program has registered already doesn't depend on it any more.
        """
        going = {root.urn}
        for one in self._run.journal.old():
            open_to_it = one.urn not in registered and one.custom and not one.missing
            if open_to_it and self._goes_with(one, going):
                going.add(one.urn)
                yield one

    def _goes_with(self, one: Resource, going: set[str]) -> bool:
        if one.marks.deleted_with in going:
            return True
        touched = {
            key: UNKNOWN
            for key, found in one.property_dependencies.items()
            if going & set(found) and key in one.inputs
        }
        if not touched:
            return False
        imagined = replace(one, inputs=one.inputs | touched)
        found = self._run.providers.diff(one, imagined.inputs)
        return judge(one, imagined, found).replacement


def _expect_unprotected(one: Resource, root: Resource) -> None:
    if one.marks.protect:
        raise MapinfraError(
            f"can't be replaced: {urns.label(one.urn)} would have to be, too, and is protected",
            where=urns.label(root.urn),
            remedy=f"mapinfra state unprotect {urns.as_argument(one.urn)}",
        )
