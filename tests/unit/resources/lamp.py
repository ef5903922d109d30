"""A kind of resource over a dict: lamps that are to be on or off, each in a house."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapinfra.centreon.survey import survey_of
from mapinfra.errors import CentreonError, MapinfraError
from mapinfra.hosts import Fleet, Ssh, Target
from mapinfra.resources.contract import Change, Inputs, Kind, Plan, Step
from mapinfra.resources.session import Session
from mapinfra.secrets import Secrets


@dataclass(frozen=True)
class Wanted:
    """A lamp, by what the spec calls it, and whether it is to be on."""

    lamp: str
    on: bool
    by: str = ""


@dataclass
class LampKind(Kind[Wanted, bool | None]):
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

    def plan(self, desired: Wanted, live: bool | None) -> Plan:
        if live is None:
            raise CentreonError("there is no such lamp", where=desired.lamp)
        return self._turned(desired.lamp, live, desired.on)

    def removal(self, desired: Wanted, live: bool | None) -> Plan:
        return self._turned(desired.lamp, bool(live), False)

    def run(self, step: Step, desired: Wanted, session: Session) -> None:
        self.log.append(step.text)
        if step.text in self.broken:
            raise self.broken[step.text]
        if step.verb == "turn":
            self.live[desired.lamp] = step.data

    def undo(self, done: Sequence[Step]) -> Sequence[Step]:
        back = {"turn": "turn back", "note": "forget"}
        return [Step("house", f"un{one.verb}", back[one.verb]) for one in reversed(done)]

    def let_go(self, desired: Wanted, session: Session) -> None:
        self.let_go_of.append(desired.lamp)

    def computed(self, desired: Wanted, live: bool | None) -> Inputs:
        return {"warm": desired.on if live is None else live}

    def live_inputs(self, desired: Wanted, live: bool | None) -> Inputs | None:
        return None if live is None else {"on": live}

    def _turned(self, lamp: str, live: bool, on: bool) -> Plan:
        word = "on" if on else "off"
        if live == on:
            return Plan(reason=f"{lamp} is {word} already")
        turn = Step("house", "turn", f"turn {lamp} {word}", "turn it back", on)
        return Plan((Change("on", live, on),), (Step("house", "note", f"note {lamp}"), turn))


def empty_session(folder: Path) -> Session:
    """Return a session that has reached no host."""
    secrets = Secrets({}, folder)
    return Session(Fleet(secrets, survey_of, folder=folder), secrets)
