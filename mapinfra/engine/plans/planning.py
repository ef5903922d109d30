"""From a preview that has been run to what it planned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mapinfra.engine.plans.plan import Bag, GoalPlan, Present
from mapinfra.engine.run.events import Op, ResourceEvent
from mapinfra.engine.run.goal import Goal
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource, Snapshot
from mapinfra.engine.state.values import UNKNOWN, Properties


@dataclass(frozen=True)
class Previewed:
    """A preview that has been run: the state before and after, events, and what was registered.

    `before` is the state once live values were read. `outputs` are those of components and of
    the stack, as the program gave them.
    """

    before: Snapshot
    after: Snapshot
    events: Iterable[ResourceEvent]
    goals: Mapping[str, Goal]
    outputs: Mapping[str, Properties]

    def plan(self) -> dict[str, Present]:
        """Return what is to be done to each resource."""
        before, after = _by_urn(self.before), _by_urn(self.after)
        steps: dict[str, list[Op]] = {urn: [] for urn in self.goals if urn in after}
        wanted: dict[str, tuple[Resource | None, Resource | None]] = {}
        for event in self.events:
            steps.setdefault(event.urn, []).append(event.op)
            wanted.setdefault(event.urn, (event.old, event.new))
            if event.op not in ("delete", "delete-replaced"):
                wanted[event.urn] = (event.old, event.new)
        planned = {
            urn: self._present(urn, tuple(_in_order(steps[urn])), *wanted.get(urn, (None, None)))
            for urn in steps
        }
        return planned | _providers(before, after)

    def _present(
        self, urn: str, steps: tuple[Op, ...], old: Resource | None, new: Resource | None
    ) -> Present:
        goal = self.goals.get(urn)
        if goal is None:
            return Present(steps)
        if new is None:  # left as it is, since it's no target
            old = new = _by_urn(self.after)[urn]
        outputs = self.outputs.get(urn)
        before = old.outputs if old else {}
        return Present(
            steps or ("same",),
            _goal(goal, self._provider(new)),
            Bag(old.inputs if old else {}, new.inputs),
            Bag() if outputs is None else Bag(before, outputs),
        )

    def _provider(self, new: Resource) -> str:
        """Return the reference to the provider; one that isn't made yet has no id."""
        urn = new.provider.rpartition("::")[0]
        return new.provider if not urn or urn in _by_urn(self.before) else f"{urn}::{UNKNOWN}"


def _by_urn(snapshot: Snapshot) -> dict[str, Resource]:
    return {one.urn: one for one in snapshot.resources if not one.replaced}


def _in_order(steps: list[Op]) -> list[Op]:
    """Put the steps of a replacement as Pulumi takes them: one made first comes before it."""
    if steps[:2] == ["replace", "create-replacement"] and "delete-replaced" in steps:
        return ["create-replacement", "replace", *steps[2:]]
    return steps


def _goal(goal: Goal, provider: str) -> GoalPlan:
    return GoalPlan(
        type=goal.type,
        name=urns.name(goal.urn),
        custom=goal.custom,
        parent=goal.parent,
        protect=goal.marks.protect,
        dependencies=frozenset(goal.dependencies),
        provider=provider,
        property_dependencies={
            key: frozenset(needed) for key, needed in goal.property_dependencies.items()
        },
        delete_first=goal.delete_first,
        ignore_changes=frozenset(goal.marks.ignore_changes),
        aliases=frozenset(goal.aliases),
    )


def _providers(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> dict[str, Present]:
    """Plan the providers, which are in nobody's program: made, or changed with the config."""
    return {
        new.urn: Present(
            (_step(before.get(new.urn), new),),
            GoalPlan(type=new.type, name=urns.name(new.urn), custom=True),
            Bag(before[new.urn].inputs if new.urn in before else {}, new.inputs),
        )
        for new in after.values()
        if new.type == PROVIDER_TYPE
    }


def _step(old: Resource | None, new: Resource) -> Op:
    if old is None:
        return "create"
    return "same" if old.inputs == new.inputs else "update"
