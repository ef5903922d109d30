"""A plan as a file: saved after a preview, and what a later `up` is held to."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mapinfra import jsontext
from mapinfra.engine.plans.plan import ResourcePlan, misfits
from mapinfra.engine.project.stack import Stack, load
from mapinfra.engine.project.stack_config import StackConfig
from mapinfra.engine.run.events import Op
from mapinfra.engine.state.files import write_atomically
from mapinfra.engine.state.urn import label
from mapinfra.engine.state.values import from_state, to_state
from mapinfra.errors import MapinfraError

_VERSION = 1


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _ResourceShape(_Shape):
    op: Op
    inputs: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Any] = Field(default_factory=dict)


class _FileShape(_Shape):
    version: Literal[1]
    config: dict[str, Any]
    resources: dict[str, _ResourceShape]


def save_plan(stack: Stack, plan: Mapping[str, ResourcePlan], file: Path) -> None:
    """Write a plan; its secrets are encrypted by the stack's key.

    Raises StateError when it can't be written.
    """
    _, crypter = load(stack)
    resources = {
        urn: {
            "op": one.op,
            "inputs": to_state(one.inputs, crypter.encrypt),
            "outputs": to_state(one.outputs, crypter.encrypt),
        }
        for urn, one in sorted(plan.items())
    }
    content = {"version": _VERSION, "config": stack.config.held(), "resources": resources}
    write_atomically(file, json.dumps(content, indent=4, ensure_ascii=False).encode() + b"\n")


class SavedPlan:
    """A plan read from its file."""

    def __init__(self, stack: Stack, file: Path) -> None:
        """Read the plan; raise MapinfraError when it isn't one of this stack."""
        _, self._crypter = load(stack)
        self._stack = stack
        try:
            found = _FileShape.model_validate(jsontext.loads(file.read_bytes()))
            self._resources = {urn: self._read(one) for urn, one in found.resources.items()}
        except OSError as error:
            raise MapinfraError(f"can't be read ({error.strerror})", where=str(file)) from None
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in fault["loc"]) or "the whole"
            raise _no_plan(file, f"{place}: {fault['msg']}") from None
        except (TypeError, ValueError, KeyError) as error:
            raise _no_plan(file, str(error)) from None
        self._config = StackConfig(raw=found.config)

    def _read(self, found: _ResourceShape) -> ResourcePlan:
        inputs, outputs = (
            {key: from_state(value, self._crypter.decrypt) for key, value in bag.items()}
            for bag in (found.inputs, found.outputs)
        )
        return ResourcePlan(found.op, inputs, outputs)

    def misfits(self, now: Mapping[str, ResourcePlan]) -> Iterator[str]:
        """Say, a line each, why the plan isn't what would be done now; nothing when it is."""
        planned, config = (one.in_clear(self._crypter).values for one in self._configs())
        for key in sorted(planned.keys() | config.keys()):
            if planned.get(key) != config.get(key):
                yield f"the stack's config: {key} has changed"
        for urn in sorted(self._resources.keys() | now.keys()):
            for line in misfits(self._resources.get(urn), now.get(urn)):
                yield f"{label(urn)}: {line}"

    def _configs(self) -> tuple[StackConfig, StackConfig]:
        return self._config, self._stack.config


def _no_plan(file: Path, why: str) -> MapinfraError:
    remedy = "save it again with: mapinfra preview --save-plan FILE"
    return MapinfraError(f"isn't a plan of this stack: {why}", where=str(file), remedy=remedy)
