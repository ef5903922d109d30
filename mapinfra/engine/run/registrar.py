"""What is to be done for one resource, and doing it: same, create, update, or replace."""

import threading
import uuid
from dataclasses import replace

from mapinfra.engine.project.project import ClearConfig
from mapinfra.engine.run.aliases import former_names
from mapinfra.engine.run.events import LogEvent, Op, ResourceEvent
from mapinfra.engine.run.goal import Goal, Outcome
from mapinfra.engine.run.replacing import Replacing
from mapinfra.engine.run.run import Run
from mapinfra.engine.run.verdict import Verdict, ignoring, judge
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.clock import now
from mapinfra.engine.state.diff import changes, equal, steps_of
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource
from mapinfra.engine.state.values import PROVIDER_KEY, Properties, Secret, contains_unknown, plain
from mapinfra.errors import MapinfraError

NOT_MADE = Outcome(made=False)
"""What a resource is to the program that failed, or isn't there."""


class Steps:
    """Takes the step of each resource the program registers. Threads call it at the same time."""

    def __init__(self, run: Run, config: ClearConfig, stack: str, project: str) -> None:
        self._run = run
        self._config = config
        self._replacing = Replacing(run)
        self._provider_urn = urns.make(stack, project, "", PROVIDER_TYPE, "default")
        self._lock = threading.Lock()
        self._provider = ""
        self._former: dict[str, str] = {}
        self._untargeted: set[str] = set()
        self._unmade: set[str] = set()
        self.goals: dict[str, Goal] = {}
        self.given: dict[str, Properties] = {}

    @property
    def registered(self) -> set[str]:
        """The URNs that the program has registered so far."""
        return set(self.goals)

    def register(self, goal: Goal) -> Outcome:
        """Bring one resource to its goal, or in a preview find out what that would take."""
        old = self._old(goal)
        blocked = self._blocked(goal)
        if blocked:
            return self._skip(goal, blocked)
        try:
            if not self._run.confined_to(goal.resource({}, "")):
                return self._leave(goal, old)
            return self._take(goal, old)
        except Exception as error:  # noqa: BLE001 (whatever a provider raises fails its resource)
            return self._fail(goal, error)

    def outputs(self, urn: str, found: Properties) -> None:
        """Record the outputs of a component or of the stack; each unknown one keeps its old value.

        Outputs are unknown when they come from resources that failed, or in a preview.
        """
        resource = self._run.journal.find(urn)
        if resource is None or urn in self._untargeted:
            return
        self.given[urn] = found
        self._run.journal.settle(replace(resource, outputs=_known(found, resource.outputs)))

    def _take(self, goal: Goal, old: Resource | None) -> Outcome:
        self._expect_made(goal)
        return self._custom(goal, old) if goal.custom else self._component(goal, old)

    def _old(self, goal: Goal) -> Resource | None:
        """Find the resource in the state, by its name or a former one, which it then loses."""
        journal = self._run.journal
        with self._lock:
            if goal.urn in self.goals:
                raise MapinfraError(
                    "is registered twice", where=urns.label(goal.urn), remedy="rename one of them"
                )
            self.goals[goal.urn] = goal
            if goal.urn in self._former.values():
                raise _claimed_twice(goal.urn)
            if journal.had(goal.urn):
                return journal.unsettled(goal.urn)
            for alias in former_names(goal.urn, goal.parent, goal.aliases, self._former):
                if journal.had(alias):
                    return self._taken_over(goal.urn, alias)
            return journal.unsettled(goal.urn)

    def _taken_over(self, urn: str, alias: str) -> Resource:
        old = self._run.journal.unsettled(alias)
        if alias in self.goals or alias in self._former.values() or old is None:
            raise _claimed_twice(alias)
        self._former[urn] = alias
        return self._run.journal.rename(old, urn)

    def _blocked(self, goal: Goal) -> str:
        if self._run.stop.is_set():
            return "the run was interrupted"
        needs = goal.resource({}, "").needs
        stuck = sorted(needs & self._run.tally.stuck())
        if stuck:
            return f"waits for {urns.label(stuck[0])}"
        if not self._run.preview and not self._unmade and contains_unknown(goal.inputs):
            return "waits for a value of a resource that failed"
        return ""

    def _expect_made(self, goal: Goal) -> None:
        unmade = sorted(goal.resource({}, "").needs & self._unmade)
        if unmade:
            raise MapinfraError(
                f"needs {urns.label(unmade[0])}, which isn't there yet and is no target",
                remedy=f"add --target {urns.name(unmade[0])}",
            )

    def _skip(self, goal: Goal, why: str) -> Outcome:
        self._run.tally.skip(goal.urn)
        op: Op = "update" if self._run.journal.find(goal.urn) else "create"
        self._run.emit(ResourceEvent(goal.urn, goal.custom, op, "skipped", message=why))
        return NOT_MADE

    def _fail(self, goal: Goal, error: Exception) -> Outcome:
        self._run.journal.abandon(goal.urn)
        self._run.tally.fail(goal.urn)
        op: Op = "update" if self._run.journal.find(goal.urn) else "create"
        message = self._run.faults.describe(error)
        self._run.emit(ResourceEvent(goal.urn, goal.custom, op, "failed", message=message))
        return NOT_MADE

    def _leave(self, goal: Goal, old: Resource | None) -> Outcome:
        """Leave a resource as it is, or unmade, since the run is confined to others."""
        self._run.tally.count("same")
        with self._lock:
            self._untargeted.add(goal.urn)
            if old is None:
                self._unmade.add(goal.urn)
                return NOT_MADE
        self._run.journal.settle(old)
        return Outcome(old.id, old.outputs)

    def _component(self, goal: Goal, old: Resource | None) -> Outcome:
        new = goal.resource(goal.inputs, "")
        if old is None:
            with self._run.step(None, new, "create"):
                self._run.journal.settle(replace(new, created=now(), modified=now()))
        elif equal(old.inputs, goal.inputs):
            self._same(old, new)
        else:
            with self._run.step(old, new, "update"):
                self._run.journal.settle(_following(old, new, old.outputs))
        return Outcome()

    def _custom(self, goal: Goal, old: Resource | None) -> Outcome:
        """Check, compare, and act.

        What couldn't be read may still be reached as the program now says; it is checked and
        brought to its goal then. But it is never called unchanged.
        """
        run = self._run
        inputs = self._checked(goal, old)
        new = goal.resource(inputs, self._provider_reference())
        if old is None or old.missing:
            run.expect_reviewed(goal.urn, steps_of(inputs))
            return self._replacing.make_again(old, new) if old else self._create(new)
        verdict = self._replacing.caught_up_in(new) or judge(
            old, new, run.providers.diff(old, inputs)
        )
        if goal.urn in run.unread and not (verdict.changed and _visible(old, inputs)):
            raise MapinfraError(run.unread[goal.urn])
        if verdict.replacement:
            return self._replace(goal, old, new, verdict)
        run.expect_reviewed(goal.urn, steps_of(inputs))
        return self._update(old, new) if verdict.changed else self._same(old, new)

    def _checked(self, goal: Goal, old: Resource | None) -> Properties:
        if old is None:
            return self._run.providers.check({}, goal.inputs)
        given, failed = ignoring(goal.marks.ignore_changes, old.inputs, goal.inputs)
        if failed:
            line = f"added or removed elements can't be ignored: {', '.join(failed)}"
            self._run.emit(LogEvent("info", line, goal.urn))
        return self._run.providers.check({} if old.missing else old.inputs, given)

    def _replace(self, goal: Goal, old: Resource, new: Resource, verdict: Verdict) -> Outcome:
        """Replace: what is new is checked as what never was there."""
        whole = replace(new, inputs=self._run.providers.check({}, goal.inputs))
        self._run.expect_reviewed(goal.urn, steps_of(whole.inputs))
        if goal.delete_first is not None:
            verdict = replace(verdict, delete_first=goal.delete_first)
        return self._replacing.replace(old, whole, verdict, self.registered)

    def _create(self, new: Resource) -> Outcome:
        with self._run.step(None, new, "create", "creating"):
            if self._run.preview:
                return Outcome(outputs=new.inputs)
            found, outputs = self._run.providers.create(new.inputs)
            self._run.journal.settle(
                replace(new, id=found, outputs=outputs, created=now(), modified=now())
            )
        return Outcome(found, outputs)

    def _update(self, old: Resource, new: Resource) -> Outcome:
        with self._run.step(old, new, "update", "updating"):
            if self._run.preview:
                return Outcome(old.id, new.inputs)
            outputs = self._run.providers.update(old, new.inputs)
            self._run.journal.settle(_following(old, new, outputs))
        return Outcome(old.id, outputs)

    def _same(self, old: Resource, new: Resource) -> Outcome:
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


def _claimed_twice(urn: str) -> MapinfraError:
    return MapinfraError(
        "two resources of the program go by this name, one by an alias",
        where=urns.label(urn),
        remedy="take the alias out, or rename one of them",
    )


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
