"""What a preview has planned for each resource, and whether it still is what is to be done."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mapinfra.engine.run.aliases import Alias
from mapinfra.engine.run.events import Op
from mapinfra.engine.state.diff import between
from mapinfra.engine.state.values import UNKNOWN, Properties, Secret, Value, plain

_ALLOWED: Mapping[Op, frozenset[Op]] = {
    "create": frozenset({"same", "create"}),
    "update": frozenset({"same", "update"}),
    "replace": frozenset({"same", "update", "replace"}),
    "create-replacement": frozenset({"same", "update", "create-replacement"}),
    "delete-replaced": frozenset({"same", "update", "delete-replaced"}),
}
"""Less than what is planned may be done, as in Pulumi."""
_NOWHERE: Value = object()
"""Stands for the value of a key that isn't there."""


@dataclass(frozen=True)
class Bag:
    """The inputs, or outputs, as they are and as they are to be."""

    old: Properties = field(default_factory=dict)
    new: Properties = field(default_factory=dict)


@dataclass(frozen=True)
class BagPlan:
    """What is to differ in the inputs, or outputs, of a resource, by their names."""

    adds: Properties = field(default_factory=dict)
    updates: Properties = field(default_factory=dict)
    deletes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, bag: Bag) -> "BagPlan":
        """Plan what leads from the old to the new."""
        differ = [key for key in bag.new if _changed(bag.old.get(key, _NOWHERE), bag.new[key])]
        return cls(
            adds={key: bag.new[key] for key in differ if key not in bag.old},
            updates={key: bag.new[key] for key in differ if key in bag.old},
            deletes=frozenset(bag.old.keys() - bag.new.keys()),
        )

    def misfits(self, bag: Bag) -> Iterator[str]:
        """Say what in the bag isn't as planned."""
        for key in sorted(bag.old.keys() | bag.new.keys() | self.adds.keys() | self.updates.keys()):
            if not self._fits(key, bag):
                planned = self.adds.get(key, self.updates.get(key, _old(self, key, bag)))
                yield from _told(key, planned, bag.new.get(key))

    def _fits(self, key: str, bag: Bag) -> bool:
        wanted = self.adds.get(key, self.updates.get(key, _NOWHERE))
        if key in self.deletes:
            return key not in bag.new
        if wanted is _NOWHERE:
            return not _changed(bag.old.get(key, _NOWHERE), bag.new.get(key, _NOWHERE))
        if key not in bag.new:
            return bool(wanted == UNKNOWN)
        return _matches(wanted, bag.new[key]) and (key in self.adds or key in bag.old)


@dataclass(frozen=True)
class GoalPlan:
    """What the program wants of a resource, but for its inputs."""

    type: str
    name: str
    custom: bool
    parent: str = ""
    protect: bool = False
    dependencies: frozenset[str] = frozenset()
    provider: str = ""
    property_dependencies: dict[str, frozenset[str]] = field(default_factory=dict)
    delete_first: bool | None = None
    ignore_changes: frozenset[str] = frozenset()
    aliases: frozenset[Alias] = frozenset()

    def misfits(self, now: "GoalPlan") -> Iterator[str]:
        """Say in what the present goal isn't as planned."""
        for what in (
            "custom", "parent", "protect", "dependencies", "delete_first", "ignore_changes",
            "aliases",
        ):  # fmt: skip
            if getattr(self, what) != getattr(now, what):
                yield f"{what.replace('_', ' ')} changed"
        if not _same_provider(self.provider, now.provider):
            yield "provider changed"
        for key in sorted(self.property_dependencies.keys() & now.property_dependencies.keys()):
            if self.property_dependencies[key] != now.property_dependencies[key]:
                yield f"dependencies of {key} changed"


@dataclass(frozen=True)
class Planned:
    """The steps of one resource, in order; without a goal it's to be deleted."""

    steps: tuple[Op, ...]
    goal: GoalPlan | None = None
    inputs: BagPlan = field(default_factory=BagPlan)
    outputs: BagPlan = field(default_factory=BagPlan)


@dataclass(frozen=True)
class Present:
    """The steps of one resource as they would be now, with the whole of its inputs and outputs."""

    steps: tuple[Op, ...]
    goal: GoalPlan | None = None
    inputs: Bag = field(default_factory=Bag)
    outputs: Bag = field(default_factory=Bag)

    def plan(self) -> Planned:
        """Return this as a plan."""
        inputs, outputs = BagPlan.of(self.inputs), BagPlan.of(self.outputs)
        return Planned(self.steps, self.goal, inputs, outputs)


def misfits(planned: Planned | None, present: Present | None) -> list[str]:
    """Say why a resource isn't as it was planned any more; nothing when it is.

    What was to be deleted may be gone. What the plan doesn't know must stay as it is.
    """
    if planned is None:
        steps = set(present.steps if present else ()) - {"same"}
        return [f"the plan doesn't have it, and now it would be: {_list(steps)}"] if steps else []
    if present is None:
        left = set(planned.steps) - {"same", "delete"}
        return [f"there is nothing to do; planned was: {_list(planned.steps)}"] if left else []
    found = list(_step_misfits(planned.steps, present.steps))
    if planned.goal is not None and present.goal is not None:
        found += planned.goal.misfits(present.goal)
        found += planned.inputs.misfits(present.inputs)
        found += planned.outputs.misfits(present.outputs)
    return found


def _step_misfits(planned: Sequence[Op], now: Sequence[Op]) -> Iterator[str]:
    fit = len(planned) == len(now) and all(
        step in _ALLOWED.get(limit, {limit}) for limit, step in zip(planned, now, strict=True)
    )
    if not fit:
        yield f"planned was {_list(planned)}, and now it would be: {_list(now)}"


def _list(steps: Iterable[Op]) -> str:
    return ", ".join(steps)


def _changed(old: Value, new: Value) -> bool:
    return bool(plain(old) != plain(new))


def _matches(planned: Value, now: Value) -> bool:
    """Compare with a planned value, of which parts may not have been known yet."""
    if planned == UNKNOWN:
        return True
    if isinstance(planned, Secret) or isinstance(now, Secret):
        return _matches(_open(planned), _open(now))
    if isinstance(planned, dict) and isinstance(now, dict):
        return planned.keys() == now.keys() and all(
            _matches(planned[key], now[key]) for key in planned
        )
    if isinstance(planned, list) and isinstance(now, list) and len(planned) == len(now):
        return all(_matches(one, other) for one, other in zip(planned, now, strict=True))
    return not _changed(planned, now)


def _open(value: Value) -> Value:
    return value.value if isinstance(value, Secret) else value


def _same_provider(planned: str, now: str) -> bool:
    """Compare references, `URN::id`; the id of a provider that is to be made isn't known yet."""
    urn, _, known = planned.rpartition("::")
    return planned == now or (known == UNKNOWN and urn == now.rpartition("::")[0])


def _old(plan: BagPlan, key: str, bag: Bag) -> Value:
    return None if key in plan.deletes else bag.old.get(key)


def _told(key: str, planned: Value, now: Value) -> Iterator[str]:
    for change in between(planned, now, (key,)):
        before, after = _word(change.old), _word(change.new)
        yield f"{change.path}: planned was {before}, and now it would be {after}"


def _word(value: Value) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
