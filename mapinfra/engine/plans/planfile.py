"""A plan as a file, in the format of `pulumi preview --save-plan` and `pulumi up --plan`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mapinfra import jsontext
from mapinfra.engine.plans.plan import BagPlan, GoalPlan, Planned
from mapinfra.engine.run.aliases import Alias
from mapinfra.engine.run.events import Op
from mapinfra.engine.state.files import write_atomically
from mapinfra.engine.state.format import manifest
from mapinfra.engine.state.values import Properties, from_state, to_state
from mapinfra.errors import MapinfraError


@dataclass(frozen=True)
class Plan:
    """What a preview has planned, by URN, and the stack's config that it had, as in its file."""

    resources: Mapping[str, Planned]
    config: Mapping[str, Any]


class _Model(BaseModel):
    model_config = ConfigDict(strict=True)


class _Bag(_Model):
    adds: dict[str, Any] = Field(default_factory=dict)
    updates: dict[str, Any] = Field(default_factory=dict)
    deletes: list[str] = Field(default_factory=list)


class _Goal(_Model):
    type: str
    name: str
    custom: bool
    input_diff: _Bag = Field(default_factory=_Bag, alias="inputDiff")
    output_diff: _Bag = Field(default_factory=_Bag, alias="outputDiff")
    parent: str = ""
    protect: bool = False
    dependencies: list[str] = Field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str] | None] = Field(
        default_factory=dict, alias="propertyDependencies"
    )
    delete_first: bool | None = Field(None, alias="deleteBeforeReplace")
    ignore_changes: list[str] = Field(default_factory=list, alias="ignoreChanges")
    aliases: list[dict[str, Any]] = Field(default_factory=list, alias="structuredAliases")


class _Resource(_Model):
    goal: _Goal | None = None
    steps: list[str] = Field(default_factory=list)


class _File(_Model):
    config: dict[str, Any] = Field(default_factory=dict)
    resources: dict[str, _Resource] = Field(default_factory=dict, alias="resourcePlans")


def write(file: Path, plan: Plan, encrypt: Callable[[str], str]) -> None:
    """Write a plan; secrets go through `encrypt`. Raises StateError when that can't be done."""
    content = {
        "manifest": manifest(),
        "config": plan.config,
        "resourcePlans": {
            urn: _resource_out(urn, planned, encrypt)
            for urn, planned in sorted(plan.resources.items())
        },
    }
    write_atomically(file, json.dumps(content, indent=4, ensure_ascii=False).encode() + b"\n")


def _resource_out(urn: str, planned: Planned, encrypt: Callable[[str], str]) -> dict[str, Any]:
    found: dict[str, Any] = {"steps": list(planned.steps), "state": None}
    if planned.goal is not None:
        found["goal"] = _goal_out(planned.goal) | {
            "inputDiff": _bag_out(planned.inputs, encrypt),
            "outputDiff": _bag_out(planned.outputs, encrypt),
        }
    return found


def _goal_out(goal: GoalPlan) -> dict[str, Any]:
    found = {
        "parent": goal.parent,
        "dependencies": sorted(goal.dependencies),
        "provider": goal.provider,
        "propertyDependencies": {
            key: sorted(needed) for key, needed in sorted(goal.property_dependencies.items())
        },
        "ignoreChanges": sorted(goal.ignore_changes),
        "structuredAliases": [_alias_out(one) for one in sorted(goal.aliases, key=repr)],
    }
    first = {} if goal.delete_first is None else {"deleteBeforeReplace": goal.delete_first}
    always = {"type": goal.type, "name": goal.name, "custom": goal.custom, "protect": goal.protect}
    return always | first | {key: value for key, value in found.items() if value}


def _alias_out(alias: Alias) -> dict[str, Any]:
    return {name: getattr(alias, field) for name, field in _ALIAS_FIELDS.items()}


_ALIAS_FIELDS: Mapping[str, str] = {
    "URN": "urn", "Name": "name", "Type": "type", "Project": "project", "Stack": "stack",
    "Parent": "parent", "NoParent": "no_parent",
}  # fmt: skip


def _bag_out(bag: BagPlan, encrypt: Callable[[str], str]) -> dict[str, Any]:
    found = {
        "adds": to_state(bag.adds, encrypt),
        "updates": to_state(bag.updates, encrypt),
        "deletes": sorted(bag.deletes),
    }
    return {key: value for key, value in found.items() if value}


def read(file: Path, decrypt: Callable[[str], str]) -> Plan:
    """Read a plan of either engine; raise MapinfraError when it can't be used."""
    try:
        content = jsontext.loads(file.read_bytes())
        found = _File.model_validate(content)
        resources = {urn: _resource(one, decrypt) for urn, one in found.resources.items()}
    except OSError as error:
        raise MapinfraError(f"can't be read ({error.strerror})", where=str(file)) from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise _no_plan(file, f"{place}: {fault['msg']}") from None
    except (TypeError, ValueError, KeyError) as error:
        raise _no_plan(file, str(error)) from None
    return Plan(resources, found.config)


def _no_plan(file: Path, why: str) -> MapinfraError:
    remedy = "make it anew with: mapinfra preview --save-plan FILE"
    return MapinfraError(f"is no plan of this stack: {why}", where=str(file), remedy=remedy)


def _resource(found: _Resource, decrypt: Callable[[str], str]) -> Planned:
    steps = tuple(_step(one) for one in found.steps)
    if found.goal is None:
        return Planned(steps)
    goal = found.goal
    return Planned(
        steps,
        GoalPlan(
            type=goal.type,
            name=goal.name,
            custom=goal.custom,
            parent=goal.parent,
            protect=goal.protect,
            dependencies=frozenset(goal.dependencies),
            provider=goal.provider,
            property_dependencies={
                key: frozenset(needed or ()) for key, needed in goal.property_dependencies.items()
            },
            delete_first=goal.delete_first,
            ignore_changes=frozenset(goal.ignore_changes),
            aliases=frozenset(_alias(one) for one in goal.aliases),
        ),
        _bag(goal.input_diff, decrypt),
        _bag(goal.output_diff, decrypt),
    )


def _step(text: str) -> Op:
    for known in get_args(Op):
        if text == known:
            op: Op = known
            return op
    raise ValueError(f"the step {text!r} isn't known in process")


def _alias(found: Mapping[str, Any]) -> Alias:
    return Alias(**{field: found[name] for name, field in _ALIAS_FIELDS.items() if name in found})


def _bag(found: _Bag, decrypt: Callable[[str], str]) -> BagPlan:
    return BagPlan(
        adds=_values(found.adds, decrypt),
        updates=_values(found.updates, decrypt),
        deletes=frozenset(found.deletes),
    )


def _values(found: Mapping[str, Any], decrypt: Callable[[str], str]) -> Properties:
    return {key: from_state(value, decrypt) for key, value in found.items()}
