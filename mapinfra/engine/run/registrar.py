"""Bringing each resource that the program registers to its goal: same, create or update."""

import threading
import uuid
from dataclasses import dataclass, field, replace

from mapinfra.engine.project.stack_config import ClearConfig
from mapinfra.engine.run.events import Op, ResourceEvent
from mapinfra.engine.run.run import Run
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.clock import now
from mapinfra.engine.state.diff import changes, equal, steps_of
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource
from mapinfra.engine.state.values import PROVIDER_KEY, Properties, Secret, contains_unknown, plain
from mapinfra.errors import MapinfraError


@dataclass(frozen=True)
class Registered:
    """What the program gets back; outputs stay unknown to it when it wasn't `made`."""

    id: str = ""
    outputs: Properties = field(default_factory=dict)
    made: bool = True


NOT_MADE = Registered(made=False)
"""What the program gets back for a resource that failed, or isn't there."""


class Registrar:
    """Does each registration of the program. Threads call it at the same time."""

    def __init__(self, run: Run, config: ClearConfig, stack: str, project: str) -> None:
        self._run = run
        self._config = config
        self._provider_urn = urns.make(stack, project, "", PROVIDER_TYPE, "default")
        self._lock = threading.Lock()
        self._provider = ""
        self._untargeted: set[str] = set()
        self._unmade: set[str] = set()
        self.goals: dict[str, Resource] = {}
        self.given: dict[str, Properties] = {}

    @property
    def registered(self) -> set[str]:
        """The URNs that the program has registered so far."""
        return set(self.goals)

    def register(self, goal: Resource) -> Registered:
        """Bring a resource to its goal in the program, or in a preview see what that takes."""
        old = self._old(goal)
        blocked = self._blocked(goal)
        if blocked:
            return self._skip(goal, blocked)
        try:
            if not self._run.includes(goal):
                return self._leave(goal, old)
            return self._take(goal, old)
        except Exception as error:  # noqa: BLE001 (whatever a provider raises fails its resource)
            return self._fail(goal, error)

    def outputs(self, urn: str, found: Properties) -> None:
        """Record the outputs of a component or of the stack; each unknown one keeps its old value.

        Outputs are unknown when they come from resources that failed, or in a preview.
        """
        resource = self._run.state.find(urn)
        if resource is None or urn in self._untargeted:
            return
        self.given[urn] = found
        self._run.state.settle(replace(resource, outputs=_known(found, resource.outputs)))

    def _take(self, goal: Resource, old: Resource | None) -> Registered:
        self._expect_made(goal)
        return self._custom(goal, old) if goal.custom else self._component(goal, old)

    def _old(self, goal: Resource) -> Resource | None:
        with self._lock:
            if goal.urn in self.goals:
                raise MapinfraError(
                    "is registered twice", where=urns.label(goal.urn), remedy="rename one of them"
                )
            self.goals[goal.urn] = goal
        return self._run.state.find(goal.urn)

    def _blocked(self, goal: Resource) -> str:
        if self._run.stop.is_set():
            return "the run was interrupted"
        needs = goal.needs
        stuck = sorted(needs & self._run.tally.stuck())
        if stuck:
            return f"waits for {urns.label(stuck[0])}"
        if not self._run.preview and not self._unmade and contains_unknown(goal.inputs):
            return "waits for a value of a resource that failed"
        return ""

    def _expect_made(self, goal: Resource) -> None:
        unmade = sorted(goal.needs & self._unmade)
        if unmade:
            raise MapinfraError(
                f"needs {urns.label(unmade[0])}, which isn't there yet and is no target",
                remedy=f"add --target {urns.name(unmade[0])}",
            )

    def _skip(self, goal: Resource, why: str) -> Registered:
        self._run.tally.skip(goal.urn)
        op: Op = "update" if self._run.state.find(goal.urn) else "create"
        self._run.emit(ResourceEvent(goal.urn, goal.custom, op, "skipped", message=why))
        return NOT_MADE

    def _fail(self, goal: Resource, error: Exception) -> Registered:
        self._run.state.abandon(goal.urn)
        self._run.tally.fail(goal.urn)
        op: Op = "update" if self._run.state.find(goal.urn) else "create"
        message = self._run.errors.describe(error)
        self._run.emit(ResourceEvent(goal.urn, goal.custom, op, "failed", message=message))
        return NOT_MADE

    def _leave(self, goal: Resource, old: Resource | None) -> Registered:
        """Leave a resource as it is, or unmade, since others are the targets."""
        self._run.tally.count("same")
        with self._lock:
            self._untargeted.add(goal.urn)
            if old is None:
                self._unmade.add(goal.urn)
                return NOT_MADE
        self._run.state.settle(old)
        return Registered(old.id, old.outputs)

    def _component(self, goal: Resource, old: Resource | None) -> Registered:
        if old is None:
            with self._run.step(None, goal, "create"):
                self._run.state.settle(replace(goal, created=now(), modified=now()))
        elif equal(old.inputs, goal.inputs):
            self._same(old, goal)
        else:
            with self._run.step(old, goal, "update"):
                self._run.state.settle(_following(old, goal, old.outputs))
        return Registered()

    def _custom(self, goal: Resource, old: Resource | None) -> Registered:
        """Check, compare, and act.

        What couldn't be read may still be reached as the program now says; it is checked and
        brought to its goal then. But it is never called unchanged.
        """
        run = self._run
        if old is None:
            inputs = run.providers.check({}, goal.inputs)
            run.expect_reviewed(goal.urn, steps_of(inputs))
            return self._create(replace(goal, inputs=inputs, provider=self._provider_reference()))
        inputs = run.providers.check(old.inputs, _ignoring(goal, old.inputs, goal.inputs))
        new = replace(goal, inputs=inputs, provider=self._provider_reference())
        changed = self._is_changed(goal, old, inputs)
        if goal.urn in run.unread and not (changed and _visible(old, inputs)):
            raise MapinfraError(run.unread[goal.urn])
        run.expect_reviewed(goal.urn, steps_of(inputs))
        return self._update(old, new) if changed else self._same(old, new)

    def _is_changed(self, goal: Resource, old: Resource, inputs: Properties) -> bool:
        changed = self._run.providers.diff(old, inputs)
        if changed is None:
            return not equal(old.inputs, _ignoring(goal, old.inputs, inputs))
        return changed

    def _create(self, new: Resource) -> Registered:
        with self._run.step(None, new, "create", "creating"):
            if self._run.preview:
                return Registered(outputs=new.inputs)
            found, outputs = self._run.providers.create(new.inputs)
            self._run.state.settle(
                replace(new, id=found, outputs=outputs, created=now(), modified=now())
            )
        return Registered(found, outputs)

    def _update(self, old: Resource, new: Resource) -> Registered:
        with self._run.step(old, new, "update", "updating"):
            if self._run.preview:
                return Registered(old.id, new.inputs)
            outputs = self._run.providers.update(old, new.inputs)
            self._run.state.settle(_following(old, new, outputs))
        return Registered(old.id, outputs)

    def _same(self, old: Resource, new: Resource) -> Registered:
        outputs = old.outputs
        if PROVIDER_KEY in new.inputs:
            outputs = outputs | {PROVIDER_KEY: new.inputs[PROVIDER_KEY]}
        settled = replace(
            new, id=old.id, outputs=outputs, created=old.created, modified=old.modified,
            extra=old.extra,
        )  # fmt: skip
        self._run.state.settle(settled)
        self._run.tally.count("same")
        reason = plain(outputs.get("reason"))
        self._run.emit(
            ResourceEvent(
                new.urn, new.custom, "same", "planned" if self._run.preview else "done",
                reason=reason if isinstance(reason, str) else "", old=old, new=settled,
            )
        )  # fmt: skip
        return Registered(old.id, outputs)

    def _provider_reference(self) -> str:
        """Return the reference to the provider resource, bringing it into the state once."""
        with self._lock:
            if not self._provider:
                self._provider = self._settle_provider()
            return self._provider

    def _settle_provider(self) -> str:
        old = self._run.state.find(self._provider_urn)
        inputs = {
            key: Secret(value) if key in self._config.secret_keys else value
            for key, value in self._config.values.items()
        }
        new = Resource(
            self._provider_urn, PROVIDER_TYPE, custom=True, id=old.id if old else str(uuid.uuid4()),
            inputs=inputs, outputs=inputs, created=old.created if old else now(),
            modified=old.modified if old and old.inputs == inputs else now(),
        )  # fmt: skip
        self._run.state.settle(new)
        return f"{new.urn}::{new.id}"


def _ignoring(goal: Resource, old: Properties, new: Properties) -> Properties:
    """Return the new inputs with the old values of those whose changes are ignored."""
    kept = {key: value for key, value in new.items() if key not in goal.ignore_changes}
    return kept | {key: old[key] for key in goal.ignore_changes if key in old}


def _visible(old: Resource, inputs: Properties) -> bool:
    return bool(steps_of(inputs) or changes(old.inputs, inputs))


def _following(old: Resource, new: Resource, outputs: Properties) -> Resource:
    return replace(new, id=old.id, outputs=outputs, created=old.created, modified=now())


def _known(found: Properties, before: Properties) -> Properties:
    """Return values without their unknown parts, which keep the values they had, if any."""
    known: Properties = {}
    for key, value in found.items():
        past = before.get(key)
        if isinstance(value, dict):
            inner = _known(value, past if isinstance(past, dict) else {})
            if inner or not value:
                known[key] = inner
        elif not contains_unknown(value):
            known[key] = value
        elif past is not None:
            known[key] = past
    return known
