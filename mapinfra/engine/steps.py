"""What is to be done for one resource, and doing it: same, create or update."""

import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from mapinfra.engine import urn as urns
from mapinfra.engine.checkpoint import PROVIDER_TYPE, OperationType, Resource, now
from mapinfra.engine.diff import changes, equal, steps_of
from mapinfra.engine.events import Emit, Op, ResourceEvent
from mapinfra.engine.faults import Faults
from mapinfra.engine.journal import Journal
from mapinfra.engine.project import ClearConfig
from mapinfra.engine.providers import Providers
from mapinfra.engine.values import PROVIDER_KEY, Properties, Secret, contains_unknown, plain
from mapinfra.errors import MapinfraError


@dataclass(frozen=True)
class Goal:
    """A resource as the program wants it."""

    urn: str
    type: str
    custom: bool
    inputs: Properties
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def resource(self, inputs: Properties, provider: str) -> Resource:
        """Return the resource of the state that this goal leads to."""
        return Resource(
            urn=self.urn,
            type=self.type,
            custom=self.custom,
            inputs=inputs,
            parent=self.parent,
            provider=provider,
            dependencies=self.dependencies,
            property_dependencies=self.property_dependencies,
        )


@dataclass(frozen=True)
class Outcome:
    """What the program gets back. After a failure its outputs stay unknown to the program."""

    id: str = ""
    outputs: Properties = field(default_factory=dict)
    failed: bool = False


_FAILED = Outcome(failed=True)


class Tally:
    """Counts of a run, shared by its threads, and who failed or was skipped."""

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
        """Note a resource whose step failed."""
        with self._lock:
            self.failed.add(urn)

    def skip(self, urn: str) -> None:
        """Note a resource that was left alone because of another."""
        with self._lock:
            self.skipped.add(urn)

    def error(self) -> None:
        """Note an error that belongs to no resource."""
        with self._lock:
            self.errors += 1

    def stuck(self) -> frozenset[str]:
        """URNs that nothing may build on in this run."""
        with self._lock:
            return frozenset(self.failed | self.skipped)


@dataclass(frozen=True)
class Run:
    """What all parts of one run share."""

    journal: Journal
    providers: Providers
    tally: Tally
    faults: Faults
    emit: Emit
    preview: bool
    stop: threading.Event
    reviewed: Mapping[str, Sequence[str]] | None = None
    """The steps that a preview showed, by URN; None when nothing was shown."""
    unread: dict[str, str] = field(default_factory=dict)
    """Why the live state couldn't be read, of resources of which that is so."""

    def expect_reviewed(self, urn: str, steps: Sequence[str]) -> None:
        """Raise MapinfraError when a preview showed other steps for this resource."""
        if self.reviewed is not None and list(self.reviewed.get(urn, ())) != list(steps):
            now = "; ".join(steps) or "nothing is left to do"
            raise MapinfraError(
                f"what is there has changed since the preview; the steps would now be: {now}",
                remedy="run again",
            )


class Steps:
    """Takes the step of each resource the program registers. Threads call it at the same time."""

    def __init__(self, run: Run, config: ClearConfig, stack: str, project: str) -> None:
        self._run = run
        self._config = config
        self._provider_urn = urns.make(stack, project, "", PROVIDER_TYPE, "default")
        self._lock = threading.Lock()
        self._provider = ""
        self.registered: set[str] = set()

    def register(self, goal: Goal) -> Outcome:
        """Bring one resource to its goal, or in a preview find out what that would take."""
        self._note(goal)
        blocked = self._blocked(goal)
        if blocked:
            return self._skip(goal, blocked)
        try:
            return self._custom(goal) if goal.custom else self._component(goal)
        except Exception as error:  # noqa: BLE001 (whatever a provider raises fails its resource)
            return self._fail(goal, error)

    def outputs(self, urn: str, found: Properties) -> None:
        """Record the outputs of a component or of the stack; what is unknown keeps its old value.

        Outputs are unknown when they come from resources that failed, or in a preview.
        """
        resource = self._run.journal.find(urn)
        if resource is None:
            return
        known = {key: value for key, value in found.items() if not contains_unknown(value)}
        kept = {key: resource.outputs[key] for key in found if key in resource.outputs}
        self._run.journal.settle(replace(resource, outputs=kept | known))

    def _note(self, goal: Goal) -> None:
        with self._lock:
            if goal.urn in self.registered:
                raise MapinfraError(
                    "is registered twice", where=urns.label(goal.urn), remedy="rename one of them"
                )
            self.registered.add(goal.urn)

    def _blocked(self, goal: Goal) -> str:
        if self._run.stop.is_set():
            return "the run was interrupted"
        needs = goal.resource({}, "").needs
        stuck = sorted(needs & self._run.tally.stuck())
        if stuck:
            return f"waits for {urns.label(stuck[0])}"
        if not self._run.preview and contains_unknown(goal.inputs):
            return "waits for a value of a resource that failed"
        return ""

    def _skip(self, goal: Goal, why: str) -> Outcome:
        self._run.tally.skip(goal.urn)
        op: Op = "update" if self._run.journal.find(goal.urn) else "create"
        self._run.emit(ResourceEvent(goal.urn, goal.custom, op, "skipped", message=why))
        return _FAILED

    def _fail(self, goal: Goal, error: Exception) -> Outcome:
        self._run.journal.abandon(goal.urn)
        self._run.tally.fail(goal.urn)
        op: Op = "update" if self._run.journal.find(goal.urn) else "create"
        message = self._run.faults.describe(error)
        self._run.emit(ResourceEvent(goal.urn, goal.custom, op, "failed", message=message))
        return _FAILED

    def _component(self, goal: Goal) -> Outcome:
        old = self._run.journal.find(goal.urn)
        new = goal.resource(goal.inputs, "")
        if old is None:
            with self._step(None, new, "create"):
                self._run.journal.settle(replace(new, created=now(), modified=now()))
        elif equal(old.inputs, goal.inputs):
            self._settle_same(old, new)
        else:
            with self._step(old, new, "update"):
                self._run.journal.settle(_following(old, new, old.outputs))
        return Outcome()

    def _custom(self, goal: Goal) -> Outcome:
        """Check, compare, and act.

        What couldn't be read may still be reached as the program now says; it is checked and
        brought to its goal then. But it is never called unchanged.
        """
        providers = self._run.providers
        old = self._run.journal.find(goal.urn)
        inputs = providers.check(old.inputs if old else {}, goal.inputs)
        self._run.expect_reviewed(goal.urn, steps_of(inputs))
        new = goal.resource(inputs, self._provider_reference())
        if old is None:
            return self._create(new)
        changed = providers.differs(old, inputs)
        if changed is None:
            changed = not equal(old.inputs, inputs)
        if goal.urn in self._run.unread and not (changed and _visible(old, inputs)):
            raise MapinfraError(self._run.unread[goal.urn])
        return self._update(old, new) if changed else self._settle_same(old, new)

    def _create(self, new: Resource) -> Outcome:
        with self._step(None, new, "create", "creating"):
            if self._run.preview:
                return Outcome(outputs=new.inputs)
            found, outputs = self._run.providers.create(new.inputs)
            self._run.journal.settle(
                replace(new, id=found, outputs=outputs, created=now(), modified=now())
            )
        return Outcome(found, outputs)

    def _update(self, old: Resource, new: Resource) -> Outcome:
        with self._step(old, new, "update", "updating"):
            if self._run.preview:
                return Outcome(old.id, new.inputs)
            outputs = self._run.providers.update(old, new.inputs)
            self._run.journal.settle(_following(old, new, outputs))
        return Outcome(old.id, outputs)

    def _settle_same(self, old: Resource, new: Resource) -> Outcome:
        outputs = old.outputs
        if PROVIDER_KEY in new.inputs:
            outputs = outputs | {PROVIDER_KEY: new.inputs[PROVIDER_KEY]}
        settled = replace(
            new, id=old.id, outputs=outputs, created=old.created, modified=old.modified,
            extra=old.extra,
        )  # fmt: skip
        self._run.journal.settle(settled)
        self._run.tally.count("same")
        reason = plain(outputs.get("reason"))
        self._run.emit(
            ResourceEvent(
                new.urn, new.custom, "same", "planned" if self._run.preview else "done",
                reason=reason if isinstance(reason, str) else "", old=old, new=settled,
            )
        )  # fmt: skip
        return Outcome(old.id, outputs)

    @contextmanager
    def _step(
        self, old: Resource | None, new: Resource, op: Op, pending: OperationType | None = None
    ) -> Iterator[None]:
        event = ResourceEvent(
            new.urn, new.custom, op, "planned",
            changes=changes(old.inputs if old else {}, new.inputs), plan=steps_of(new.inputs),
            old=old, new=new,
        )  # fmt: skip
        if self._run.preview:
            self._run.emit(event)
            yield
        else:
            self._run.emit(replace(event, status="started"))
            began = time.monotonic()
            if pending:
                self._run.journal.begin(pending, new if old is None else old)
            yield
            seconds = time.monotonic() - began
            self._run.emit(replace(event, status="done", seconds=seconds))
        self._run.tally.count(op)

    def _provider_reference(self) -> str:
        """Return the reference to the provider resource, bringing it into the state once."""
        with self._lock:
            if not self._provider:
                self._provider = self._settle_provider()
            return self._provider

    def _settle_provider(self) -> str:
        old = self._run.journal.find(self._provider_urn)
        inputs = {
            key: Secret(value) if key in self._config.secret_keys else value
            for key, value in self._config.values.items()
        }
        new = Resource(
            self._provider_urn, PROVIDER_TYPE, custom=True, id=old.id if old else str(uuid.uuid4()),
            inputs=inputs, outputs=inputs, created=old.created if old else now(),
            modified=old.modified if old and old.inputs == inputs else now(),
        )  # fmt: skip
        self._run.journal.settle(new)
        return f"{new.urn}::{new.id}"


def _visible(old: Resource, inputs: Properties) -> bool:
    return bool(steps_of(inputs) or changes(old.inputs, inputs))


def _following(old: Resource, new: Resource, outputs: Properties) -> Resource:
    return replace(new, id=old.id, outputs=outputs, created=old.created, modified=now())
