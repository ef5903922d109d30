"""What a preview has planned for each resource, and whether that is still what would be done."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mapinfra.engine.run.events import Op
from mapinfra.engine.state.diff import between
from mapinfra.engine.state.values import UNKNOWN, Properties, Secret, Value

_ALLOWED: Mapping[Op, frozenset[Op]] = {
    "create": frozenset({"create", "same"}),
    "update": frozenset({"update", "same"}),
}
"""Less than what is planned may be done, as in Pulumi."""


@dataclass(frozen=True)
class ResourcePlan:
    """The operation on one resource, and the inputs it leads to.

    `outputs` are those of a component or of the stack, as the program gives them.
    """

    op: Op
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)


def misfits(planned: ResourcePlan | None, now: ResourcePlan | None) -> Iterator[str]:
    """Say why a resource isn't as it was planned any more; nothing when it is.

    What was to be deleted may be gone. What the plan doesn't have must stay as it is.
    """
    if planned is None:
        if now is not None and now.op != "same":
            yield f"the plan doesn't have it, and now it would be: {now.op}"
    elif now is None:
        if planned.op not in ("same", "delete"):
            yield f"there is nothing to do; planned was: {planned.op}"
    else:
        if now.op not in _ALLOWED.get(planned.op, {planned.op}):
            yield f"planned was {planned.op}, and now it would be: {now.op}"
        yield from _differences(planned.inputs, now.inputs)
        yield from _differences(planned.outputs, now.outputs)


def _differences(planned: Properties, now: Properties) -> Iterator[str]:
    for change in between(_filled(planned, now), now, ()):
        before, after = _word(change.old), _word(change.new)
        yield f"{change.path}: planned was {before}, and now it would be {after}"


def _filled(planned: Value, now: Value) -> Value:
    """Put the present values where the plan didn't know any yet."""
    match planned, now:
        case Secret(), Secret():
            return Secret(_filled(planned.value, now.value))
        case Secret(), _:
            return _filled(planned.value, now)
        case dict(), dict():
            known = {key: one for key, one in planned.items() if key in now or one != UNKNOWN}
            return {key: _filled(one, now.get(key)) for key, one in known.items()}
        case list(), list() if len(planned) == len(now):
            return [_filled(one, other) for one, other in zip(planned, now, strict=True)]
    return now if planned == UNKNOWN else planned


def _word(value: Value) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
