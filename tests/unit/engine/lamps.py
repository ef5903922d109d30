"""Resources of mapinfra's own contract over a plain file, for programs of either engine.

A test copies this module beside the program it writes. What is live stands in `lamps.json` in the
project's folder: lamps by name, on or off. A lamp that is found on stays so when it is deleted.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from mapinfra.errors import CentreonError
from mapinfra.hosts import Ssh, Target
from mapinfra.resources.adapter import KindProvider
from mapinfra.resources.contract import Change, Inputs, Kind, Plan, Step
from mapinfra.resources.session import Session

LIVE = Path("lamps.json")
STACK = Path("stack")
"""Has what a provider is told of its stack, if it is."""


_turning = Lock()


def _turn(lamp: str, *, on: bool) -> None:
    """Turn a lamp while others are turned and looked at."""
    with _turning:
        written = LIVE.with_suffix(".new")
        written.write_text(json.dumps({**json.loads(LIVE.read_text()), lamp: on}))
        written.replace(LIVE)


@dataclass(frozen=True)
class Wanted:
    """A lamp, and whether it is to be on."""

    lamp: str
    on: bool
    keep: bool


@dataclass(frozen=True)
class TurnLamp(Step[Wanted]):
    """A lamp turned on or off."""

    on: bool

    def do(self, context: Wanted) -> None:
        if context.lamp == "broken":
            try:
                raise CentreonError("no bulb", where="house")
            except CentreonError as error:
                raise CentreonError("it stays dark", where="house") from error
        _turn(context.lamp, on=self.on)


class LampKind(Kind[Wanted, bool, Wanted]):
    """How lamps are turned."""

    name = "Lamp"

    def desired(self, inputs: Mapping[str, Any]) -> Wanted:
        return Wanted(str(inputs["lamp"]), bool(inputs["on"]), bool(inputs.get("keep")))

    def targets(self, desired: Wanted) -> Sequence[Target]:
        return (Target(name="house", ssh=Ssh(host="house")),)

    def observe(self, desired: Wanted, session: Session) -> bool:
        return bool(json.loads(LIVE.read_text())[desired.lamp])

    def thing(self, desired: Wanted, live: bool) -> str:
        return f"lamp {desired.lamp}"

    def plan(self, desired: Wanted, live: bool) -> Plan[Wanted]:
        if live == desired.on:
            return Plan(reason="it is so already")
        step = TurnLamp("house", f"turn {desired.lamp} {_word(desired.on)}", desired.on)
        return Plan((Change("on", live, desired.on),), (step,))

    def removal(self, desired: Wanted, live: bool) -> Plan[Wanted]:
        if desired.keep:
            return Plan(reason=f"{desired.lamp} is forgotten; it stays as it is")
        return self.plan(Wanted(desired.lamp, on=False, keep=False), live)

    def context(self, desired: Wanted, session: Session) -> Wanted:
        return desired

    def computed(self, desired: Wanted, live: bool | None) -> Inputs:
        return {}

    def live_inputs(self, desired: Wanted, live: bool) -> Inputs | None:
        return {"on": live}


class LampProvider(KindProvider):
    """Pulumi's provider of lamps."""

    kind = LampKind()


class Lamp(Resource, module="test", name="Lamp"):
    """A lamp."""

    def __init__(self, name: str, inputs: dict[str, Any]) -> None:
        stack = STACK.read_text() if STACK.exists() else None
        super().__init__(LampProvider(stack), name, inputs, pulumi.ResourceOptions())


def main() -> None:
    """Make the lamps that `wanted.json` describes."""
    for name, wanted in json.loads(Path("wanted.json").read_text()).items():
        Lamp(name, {"lamp": name, **wanted})


def _word(on: bool) -> str:
    return "on" if on else "off"
