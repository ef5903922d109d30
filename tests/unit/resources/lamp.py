"""A kind of resource over a dict: lamps that are to be on or off, each in a house."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapinfra.errors import CentreonError, MapinfraError
from mapinfra.hosts import Fleet, Ssh, Target
from mapinfra.resources.contract import Change, Inputs, Kind, Plan, Step
from mapinfra.resources.reading import survey_of
from mapinfra.resources.session import Session
from mapinfra.secrets import Secrets


@dataclass(frozen=True)
class Wanted:
    """A lamp, by what the spec calls it, and whether it is to be on."""

    lamp: str
    on: bool
    by: str = ""


@dataclass
class LampKind(Kind[Wanted, bool | None, "LampContext"]):
    """Lamps of the dict `live`; what is done stands in `log`, `broken` says which step fails."""

    name: str = "Lamp"
    live: dict[str, bool] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    broken: dict[str, Exception] = field(default_factory=dict)
    unreadable: MapinfraError | None = None
    let_go_of: list[str] = field(default_factory=list)

    def desired(self, inputs: Mapping[str, Any]) -> Wanted:
        return Wanted(inputs["lamp"], bool(inputs["on"]), str(inputs.get("by", "")))

    def targets(self, desired: Wanted) -> Sequence[Target]:
        return (Target(name="house", ssh=Ssh(host="house")),)

    def observe(self, desired: Wanted, session: Session) -> bool | None:
        if self.unreadable is not None:
            raise self.unreadable
        return self.live.get(desired.lamp)

    def thing(self, desired: Wanted, live: bool | None) -> str:
        return f"lamp {desired.lamp}"

    def plan(self, desired: Wanted, live: bool | None) -> "Plan[LampContext]":
        if live is None:
            raise CentreonError("there is no such lamp", where=desired.lamp)
        return self._turned(desired.lamp, live, desired.on)

    def removal(self, desired: Wanted, live: bool | None) -> "Plan[LampContext]":
        return self._turned(desired.lamp, bool(live), False)

    def context(self, desired: Wanted, session: Session) -> "LampContext":
        return LampContext(self, desired.lamp)

    def let_go(self, context: "LampContext") -> None:
        self.let_go_of.append(context.lamp)

    def computed(self, desired: Wanted, live: bool | None) -> Inputs:
        return {"warm": desired.on if live is None else live}

    def live_inputs(self, desired: Wanted, live: bool | None) -> Inputs | None:
        return None if live is None else {"on": live}

    def _turned(self, lamp: str, live: bool, on: bool) -> "Plan[LampContext]":
        word = "on" if on else "off"
        if live == on:
            return Plan(reason=f"{lamp} is {word} already")
        steps = NoteLamp("house", f"note {lamp}"), TurnLamp("house", f"turn {lamp} {word}", on)
        return Plan((Change("on", live, on),), steps)


@dataclass(frozen=True)
class LampContext:
    """The lamps, and which one is turned."""

    kind: LampKind
    lamp: str


class LampStep(Step[LampContext]):
    """A step that is logged, and fails where it is broken."""

    def do(self, context: LampContext) -> None:
        context.kind.log.append(self.text)
        if self.text in context.kind.broken:
            raise context.kind.broken[self.text]


class NoteLamp(LampStep):
    is_change = False

    def undo(self, done: Sequence[Step[LampContext]]) -> Iterator[LampStep]:
        yield LampStep("house", "forget")


@dataclass(frozen=True)
class TurnLamp(LampStep):
    on: bool

    def do(self, context: LampContext) -> None:
        super().do(context)
        context.kind.live[context.lamp] = self.on

    def undo(self, done: Sequence[Step[LampContext]]) -> Iterator[LampStep]:
        yield LampStep("house", "turn back")


def empty_session(folder: Path) -> Session:
    """Return a session that has reached no host."""
    secrets = Secrets({}, folder)
    return Session(Fleet(secrets, survey_of, folder=folder), secrets)
