"""TopologyFlag: a page of a server's Centreon menu, shown or hidden.

Manual "Installing MAP on a remote server": the Images page must be shown on a remote server.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapinfra.centreon.survey import TOPOLOGY
from mapinfra.centreon.topology import Page, find_page, pages
from mapinfra.errors import CentreonError
from mapinfra.hosts import Target, Transaction
from mapinfra.resources import obstacles, records
from mapinfra.resources.contract import Change, Inputs, Kind, Plan, Step
from mapinfra.resources.session import Session, database_of

_SHOW = "UPDATE topology SET topology_show = %s WHERE topology_id = %s"
_LOOK = "SELECT topology_show FROM topology WHERE topology_id = %s"


@dataclass(frozen=True)
class Desired:
    """A page, by name or page number, and whether it is to be shown."""

    server: Target
    page: str
    shown: bool


@dataclass(frozen=True)
class Live:
    """The page as it is, and the record of whether it was shown when mapinfra took over."""

    page: Page
    found: bool | None


@dataclass(frozen=True)
class Flip:
    """What the step that writes works on."""

    page: Page
    shown: bool


def _word(shown: bool) -> str:
    return "shown" if shown else "hidden"


def _record(number: int) -> str:
    return f"page-{number}"


class TopologyFlagKind(Kind[Desired, Live]):
    """How a TopologyFlag is observed, planned and applied."""

    name = "TopologyFlag"

    def desired(self, inputs: Mapping[str, Any]) -> Desired:
        """See `Kind.desired`."""
        return Desired(
            server=Target.model_validate(inputs["server"]),
            page=str(inputs["page"]),
            shown=bool(inputs["shown"]),
        )

    def targets(self, desired: Desired) -> Sequence[Target]:
        """See `Kind.targets`."""
        return (desired.server,)

    def observe(self, desired: Desired, session: Session) -> Live:
        """See `Kind.observe`."""
        facts = session.fleet.facts(desired.server)
        page = find_page(desired.page, pages(facts.rows(TOPOLOGY.name)), facts.host)
        return Live(
            page, records.read(facts, _record(page.number), lambda kept: bool(kept["shown"]))
        )

    def thing(self, desired: Desired, live: Live) -> str:
        """See `Kind.thing`."""
        return str(live.page)

    def home(self, desired: Desired) -> Target:
        """See `Kind.home`."""
        return desired.server

    def records(self, desired: Desired, live: Live) -> Sequence[tuple[Target, str]]:
        """See `Kind.records`."""
        return ((desired.server, _record(live.page.number)),)

    def plan(self, desired: Desired, live: Live) -> Plan:
        """See `Kind.plan`."""
        host, page = desired.server.name, live.page
        if page.shown == desired.shown:
            return Plan(
                steps=self._take_over(host, live),
                reason=f"{page} is {_word(page.shown)} on {host} already",
            )
        return Plan(
            changes=(Change("shown", page.shown, desired.shown),),
            steps=(*self._take_over(host, live), _flip(host, page, desired.shown)),
        )

    def obstacles(self, plan: Plan, desired: Desired, session: Session) -> Iterator[CentreonError]:
        """See `Kind.obstacles`."""
        facts = session.fleet.facts(desired.server)
        yield from obstacles.records(facts)
        if plan.changes:
            yield from obstacles.read_only_database(facts)

    def removal(self, desired: Desired, live: Live) -> Plan:
        """See `Kind.removal`."""
        host, page = desired.server.name, live.page
        before = page.shown if live.found is None else live.found
        forget = Step(host, "forget", f"forget what was found of {page}", data=page.number)
        if page.shown == before:
            return Plan(
                steps=() if live.found is None else (forget,),
                reason=f"{page} was {_word(before)} on {host} before mapinfra, and is",
            )
        return Plan(
            changes=(Change("shown", page.shown, before),),
            steps=(_flip(host, page, before), forget),
        )

    def run(self, step: Step, desired: Desired, session: Session) -> None:
        """See `Kind.run`."""
        host = session.fleet.host(desired.server)
        match step.verb:
            case "record":
                record = {"shown": step.data.shown}
                records.write(host, _record(step.data.number), record, session.stack)
            case "forget":
                records.remove(host, _record(step.data))
            case _:
                self._write(step.data, desired, session)

    def undo(self, done: Sequence[Step]) -> Sequence[Step]:
        """See `Kind.undo`."""
        back = {
            "record": lambda step: Step(
                step.host, "forget", f"forget what was found of {step.data}", data=step.data.number
            ),
            "write": lambda step: _flip(step.host, step.data.page, not step.data.shown),
        }
        return [back[step.verb](step) for step in reversed(done) if step.verb in back]

    def computed(self, desired: Desired, live: Live | None) -> Inputs:
        """See `Kind.computed`."""
        return {}

    def live_inputs(self, desired: Desired, live: Live) -> Inputs | None:
        """See `Kind.live_inputs`."""
        return {"shown": live.page.shown}

    def _take_over(self, host: str, live: Live) -> tuple[Step, ...]:
        if live.found is not None:
            return ()
        text = f"record that {live.page} was {_word(live.page.shown)}"
        return (Step(host, "record", text, undo="forget it", data=live.page),)

    def _write(self, flip: Flip, desired: Desired, session: Session) -> None:
        host = session.fleet.host(desired.server)
        with host.transaction(database_of(desired.server)) as transaction:
            if _shown(transaction, f"{_LOOK} FOR UPDATE", flip) != flip.shown:
                transaction.execute(_SHOW, ("1" if flip.shown else "0", flip.page.row))
                _expect(_shown(transaction, _LOOK, flip), flip.shown, desired)


def _flip(host: str, page: Page, shown: bool) -> Step:
    verb = "show" if shown else "hide"
    undo = "hide" if shown else "show"
    return Step(host, "write", f"{verb} {page} in the menu", f"{undo} it again", Flip(page, shown))


def _shown(transaction: Transaction, sql: str, flip: Flip) -> bool | None:
    """Return whether the page is shown now; None when its row is gone."""
    rows = transaction.query(sql, (flip.page.row,))
    return str(rows[0]["topology_show"]) == "1" if rows else None


def _expect(there: bool | None, shown: bool, desired: Desired) -> None:
    if there != shown:
        raise CentreonError(
            "the row of table topology did not take the change",
            where=f"{desired.server.name}: page {desired.page}",
            remedy="somebody else changes it; preview again",
        )
