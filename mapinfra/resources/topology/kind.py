"""TopologyFlag: a page of a server's Centreon menu, shown or hidden.

Manual "Installing MAP on a remote server": the Images page must be shown on a remote server.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapinfra.centreon.reads import TOPOLOGY
from mapinfra.centreon.web.topology import Page, find_page, pages
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host, Target, Transaction
from mapinfra.resources import obstacles, records
from mapinfra.resources.contract import Change, Inputs, Kind, Plan, Step
from mapinfra.resources.session import Session, database_of

_SHOW = "UPDATE topology SET topology_show = %s WHERE topology_id = %s"
_LOOK = "SELECT topology_show FROM topology WHERE topology_id = %s"


@dataclass(frozen=True)
class DesiredPage:
    """A page, by name or page number, and whether it is to be shown."""

    server: Target
    page: str
    shown: bool


@dataclass(frozen=True)
class LivePage:
    """The page as it is, and the record of whether it was shown when mapinfra took over."""

    page: Page
    found: bool | None


def _word(shown: bool) -> str:
    return "shown" if shown else "hidden"


def _record(number: int) -> str:
    return f"page-{number}"


@dataclass(frozen=True)
class PageContext:
    """What the steps of a TopologyFlag are done with."""

    desired: DesiredPage
    session: Session

    @property
    def host(self) -> Host:
        """The server whose menu it is."""
        return self.session.fleet.host(self.desired.server)


@dataclass(frozen=True)
class RecordPage(Step[PageContext]):
    """Whether a page is shown, recorded before the first change to it."""

    page: Page
    is_change = False

    def do(self, context: PageContext) -> None:
        """See `Step.do`."""
        record = {"shown": self.page.shown}
        records.write(context.host, _record(self.page.number), record, context.session.stack)

    def undo(self, done: Sequence[Step[PageContext]]) -> Iterator[Step[PageContext]]:
        """See `Step.undo`."""
        yield _forget(self.host, self.page)


@dataclass(frozen=True)
class ForgetPage(Step[PageContext]):
    """That record removed."""

    number: int

    def do(self, context: PageContext) -> None:
        """See `Step.do`."""
        records.remove(context.host, _record(self.number))


@dataclass(frozen=True)
class FlipPage(Step[PageContext]):
    """A page shown or hidden: its row written in one transaction, and read back."""

    page: Page
    shown: bool

    def do(self, context: PageContext) -> None:
        """See `Step.do`."""

        def work(transaction: Transaction) -> None:
            if self._found(transaction, f"{_LOOK} FOR UPDATE") != self.shown:
                transaction.execute(_SHOW, ("1" if self.shown else "0", self.page.row))
                _expect(self._found(transaction, _LOOK), self.shown, context.desired)

        context.host.transact(database_of(context.desired.server), work)

    def undo(self, done: Sequence[Step[PageContext]]) -> Iterator[Step[PageContext]]:
        """See `Step.undo`."""
        yield _flip(self.host, self.page, not self.shown)

    def _found(self, transaction: Transaction, sql: str) -> bool | None:
        """Return whether the page is shown now; None when its row is gone."""
        rows = transaction.query(sql, (self.page.row,))
        return str(rows[0]["topology_show"]) == "1" if rows else None


def _flip(host: str, page: Page, shown: bool) -> FlipPage:
    return FlipPage(host, f"{'show' if shown else 'hide'} {page} in the menu", page, shown)


def _forget(host: str, page: Page) -> ForgetPage:
    return ForgetPage(host, f"forget what was found of {page}", page.number)


class TopologyFlagKind(Kind[DesiredPage, LivePage, PageContext]):
    """How a TopologyFlag is observed, planned and applied."""

    name = "TopologyFlag"

    def desired(self, inputs: Mapping[str, Any]) -> DesiredPage:
        """See `Kind.desired`."""
        return DesiredPage(
            server=Target.model_validate(inputs["server"]),
            page=str(inputs["page"]),
            shown=bool(inputs["shown"]),
        )

    def targets(self, desired: DesiredPage) -> Sequence[Target]:
        """See `Kind.targets`."""
        return (desired.server,)

    def observe(self, desired: DesiredPage, session: Session) -> LivePage:
        """See `Kind.observe`."""
        facts = session.fleet.facts(desired.server)
        page = find_page(desired.page, pages(facts.rows(TOPOLOGY.name)), facts.host)
        return LivePage(
            page, records.read(facts, _record(page.number), lambda kept: bool(kept["shown"]))
        )

    def thing(self, desired: DesiredPage, live: LivePage) -> str:
        """See `Kind.thing`."""
        return str(live.page)

    def home(self, desired: DesiredPage) -> Target:
        """See `Kind.home`."""
        return desired.server

    def records(self, desired: DesiredPage, live: LivePage) -> Sequence[tuple[Target, str]]:
        """See `Kind.records`."""
        return ((desired.server, _record(live.page.number)),)

    def plan(self, desired: DesiredPage, live: LivePage) -> Plan[PageContext]:
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

    def obstacles(
        self, plan: Plan[PageContext], desired: DesiredPage, session: Session
    ) -> Iterator[CentreonError]:
        """See `Kind.obstacles`."""
        facts = session.fleet.facts(desired.server)
        yield from obstacles.records(facts)
        if plan.changes:
            yield from obstacles.read_only_database(facts)

    def removal(self, desired: DesiredPage, live: LivePage) -> Plan[PageContext]:
        """See `Kind.removal`."""
        host, page = desired.server.name, live.page
        before = page.shown if live.found is None else live.found
        forget = _forget(host, page)
        if page.shown == before:
            return Plan(
                steps=() if live.found is None else (forget,),
                reason=f"{page} was {_word(before)} on {host} before mapinfra, and is",
            )
        return Plan(
            changes=(Change("shown", page.shown, before),),
            steps=(_flip(host, page, before), forget),
        )

    def context(self, desired: DesiredPage, session: Session) -> PageContext:
        """See `Kind.context`."""
        return PageContext(desired, session)

    def computed(self, desired: DesiredPage, live: LivePage | None) -> Inputs:
        """See `Kind.computed`."""
        return {}

    def live_inputs(self, desired: DesiredPage, live: LivePage) -> Inputs | None:
        """See `Kind.live_inputs`."""
        return {"shown": live.page.shown}

    def _take_over(self, host: str, live: LivePage) -> tuple[Step[PageContext], ...]:
        if live.found is not None:
            return ()
        text = f"record that {live.page} was {_word(live.page.shown)}"
        return (RecordPage(host, text, live.page),)


def _expect(there: bool | None, shown: bool, desired: DesiredPage) -> None:
    if there != shown:
        raise CentreonError(
            "the row of table topology did not take the change",
            where=f"{desired.server.name}: page {desired.page}",
            remedy="somebody else changes it; preview again",
        )
