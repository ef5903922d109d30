"""What the parts of one run share, and how each operation is reported and counted."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from mapinfra.engine.run.errortext import ErrorLines
from mapinfra.engine.run.events import Emit, Op, ResourceEvent
from mapinfra.engine.run.providers import Providers
from mapinfra.engine.run.targets import Targets
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.current import CurrentState
from mapinfra.engine.state.diff import LATER, changes, steps_of
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, OperationType, Resource
from mapinfra.engine.state.urn import STACK_TYPE
from mapinfra.errors import MapinfraError


class Tally:
    """Counts of a run, shared by its threads, and who failed or was skipped.

    `errors` are those that belong to no resource.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: dict[Op, int] = {}
        self.failed: set[str] = set()
        self.skipped: set[str] = set()
        self.errors = 0

    def count(self, op: Op) -> None:
        """Count a resource by what was done to it."""
        with self._lock:
            self.counts[op] = self.counts.get(op, 0) + 1

    def fail(self, urn: str) -> None:
        """Note a resource whose operation failed."""
        with self._lock:
            self.failed.add(urn)

    def skip(self, urn: str) -> None:
        """Note a resource that was left alone because of another."""
        with self._lock:
            self.skipped.add(urn)

    @property
    def whole(self) -> bool:
        """True when nothing failed or was left alone so far."""
        with self._lock:
            return not (self.failed or self.skipped or self.errors)

    def stuck(self) -> frozenset[str]:
        """URNs that nothing may build on in this run."""
        with self._lock:
            return frozenset(self.failed | self.skipped)


@dataclass(frozen=True)
class Run:
    """What all parts of one run share."""

    state: CurrentState
    providers: Providers
    tally: Tally
    errors: ErrorLines
    emit: Emit
    preview: bool
    stop: threading.Event
    reviewed: Mapping[str, Sequence[str]] | None = None
    """The steps that a preview showed, by URN; None when nothing was shown."""
    targets: Targets = field(default_factory=Targets)
    _implied: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)
    """Why the live state of resources couldn't be read, by URN."""

    def expect_reviewed(self, urn: str, steps: Sequence[str]) -> None:
        """Raise MapinfraError when a preview showed other steps for this resource.

        That nothing is left to do, since a server has come up meanwhile, is no reason to stop.
        """
        if self.reviewed is None or not steps:
            return
        if self.reviewed.get(urn, ()) not in (tuple(steps), LATER):
            raise MapinfraError(
                "what is there has changed since the preview; "
                f"the steps would now be: {'; '.join(steps)}",
                remedy="run again",
            )

    def includes(self, resource: Resource) -> bool:
        """Tell whether the run may change a resource; of two that depend, ask for the first first.

        The stack and the providers are always part of it.
        """
        if resource.type in (STACK_TYPE, PROVIDER_TYPE) or self.targets.named(resource.urn):
            return True
        implied = self.targets.dependents and any(
            urn in self._implied or self.targets.named(urn)
            for urn in resource.needs
            if urns.types(urn) != STACK_TYPE
        )
        if implied:
            self._implied.add(resource.urn)
        return implied

    @contextmanager
    def reported(self, event: ResourceEvent) -> Iterator[None]:
        """Report an operation as it begins and ends, in a preview as planned, and count it."""
        if self.preview:
            self.emit(event)
            yield
        else:
            self.emit(replace(event, status="started"))
            began = time.monotonic()
            yield
            seconds = time.monotonic() - began
            self.emit(replace(event, status="done", seconds=seconds))
        self.tally.count(event.op)

    @contextmanager
    def step(
        self,
        old: Resource | None,
        new: Resource,
        op: Op,
        pending: OperationType | None = None,
    ) -> Iterator[None]:
        """Report and count an operation that makes or changes a resource; record its begin."""
        event = ResourceEvent(
            new.urn, new.custom, op, "planned",
            changes=changes(old.inputs if old else {}, new.inputs), plan=steps_of(new.inputs),
            old=old, new=new,
        )  # fmt: skip
        with self.reported(event):
            if pending and not self.preview:
                self.state.begin(pending, _dated_as(old, new) if op == "update" else new)
            yield


def _dated_as(old: Resource | None, new: Resource) -> Resource:
    return replace(new, created=old.created, modified=old.modified) if old else new
