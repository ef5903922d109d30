"""The steps of BrokerOutputs: each with how it is done and what takes it back.

Taken back, the old rows come first, since what is sent again is made from them; then comes what is
deployed, then cbd, and the record of what was found is put back last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from mapinfra.centreon.broker.generated import file_outputs
from mapinfra.centreon.broker.outputs import served_ports
from mapinfra.centreon.facts import LISTENING_SCRIPT, json_object, listening_ports
from mapinfra.centreon.reads import BROKER_FOLDER
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.hosts import Host
from mapinfra.resources import records
from mapinfra.resources.broker import cbd, rows
from mapinfra.resources.broker.model import RECORD, Deployed, DesiredOutputs, Edit
from mapinfra.resources.contract import Step
from mapinfra.resources.records import Record
from mapinfra.resources.session import Session, database_of
from mapinfra.resources.waiting import until


@dataclass(frozen=True)
class BrokerContext:
    """What the steps of BrokerOutputs are done with."""

    desired: DesiredOutputs
    session: Session

    @property
    def central(self) -> Host:
        """The host that has the rows."""
        return self.session.fleet.host(self.desired.central)

    @property
    def remote(self) -> Host:
        """The host that the outputs are deployed to."""
        return self.session.fleet.host(self.desired.remote)

    @property
    def api(self) -> CentreonApi:
        """The central's API."""
        return self.session.api(self.desired.api)

    @property
    def patience(self) -> float:
        """Seconds that the remote may take for what it is waited for."""
        return self.desired.remote.ssh.command_timeout


BrokerStep = Step[BrokerContext]


@dataclass(frozen=True)
class KeepRecord(BrokerStep):
    """A record of what was found, and of what is due, written or, without one, removed."""

    record: Record | None = field(repr=False)
    before: Record | None = field(repr=False)
    is_change = False
    turn = 3

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""
        if self.record is None:
            records.remove(context.remote, RECORD)
        else:
            records.write(context.remote, RECORD, self.record, context.session.stack)

    def undo(self, done: Sequence[BrokerStep]) -> Iterator[BrokerStep]:
        """See `Step.undo`. A plan may record twice; the first has what was there before."""
        if self is next(step for step in done if isinstance(step, KeepRecord)):
            yield KeepRecord(self.host, "put the old record back", self.before, self.record)


@dataclass(frozen=True)
class WriteOutputs(BrokerStep):
    """Rows of outputs written to the central's table."""

    edits: tuple[Edit, ...] = field(repr=False)

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""
        desired = context.desired
        where = f"{desired.central.name}: broker configuration of poller {desired.poller}"
        rows.write(context.central, database_of(desired.central), self.edits, where)

    def undo(self, done: Sequence[BrokerStep]) -> Iterator[BrokerStep]:
        """See `Step.undo`."""
        edits = tuple(edit.back() for edit in reversed(self.edits))
        yield WriteOutputs(self.host, "put the old rows back", edits)


@dataclass(frozen=True)
class GenerateConfiguration(BrokerStep):
    """The files of a poller made from the tables."""

    poller_id: int

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""
        context.api.clapi("POLLERGENERATE", str(self.poller_id))


@dataclass(frozen=True)
class CheckConfiguration(BrokerStep):
    """Those files checked by the engine."""

    poller_id: int

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""
        context.api.clapi("POLLERTEST", str(self.poller_id))


@dataclass(frozen=True)
class SendConfiguration(BrokerStep):
    """Those files sent to the remote, which had others before."""

    poller_id: int
    remote: str
    before: Deployed
    turn = 1

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""
        context.api.clapi("CFGMOVE", str(self.poller_id))

    def undo(self, done: Sequence[BrokerStep]) -> Iterator[BrokerStep]:
        """See `Step.undo`. The old rows are back by then."""
        yield GenerateConfiguration(self.host, "generate the old configuration", self.poller_id)
        yield replace(self, text="send it again")
        yield AwaitConfiguration(self.remote, "wait until it has arrived", self.before)


@dataclass(frozen=True)
class AwaitConfiguration(BrokerStep):
    """The sent files waited for, on the remote."""

    arrived: Deployed

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""
        path = f"{BROKER_FOLDER}/{self.arrived.file_name}"

        def arrived() -> bool:
            content = context.remote.run(["cat", path], check=False).stdout
            return self.arrived.in_file(file_outputs(json_object(content)))

        until(
            arrived,
            seconds=context.patience,
            where=context.desired.remote.name,
            what=f"{path} did not get the new configuration",
            remedy="check gorgoned on the central and on the remote",
        )


@dataclass(frozen=True)
class RestartBroker(BrokerStep):
    """The remote's cbd restarted, so that it reads its configuration."""

    turn = 2

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""
        cbd.restart(context.remote, seconds=context.patience)

    def undo(self, done: Sequence[BrokerStep]) -> Iterator[BrokerStep]:
        """See `Step.undo`."""
        yield RestartBroker(self.host, "restart cbd again")


@dataclass(frozen=True)
class AwaitPorts(BrokerStep):
    """cbd seen to listen where it should, and nowhere else any more."""

    arrived: Deployed

    def do(self, context: BrokerContext) -> None:
        """See `Step.do`."""

        def right() -> bool:
            text = context.remote.run(["sh", "-c", LISTENING_SCRIPT]).text
            ports = served_ports(listening_ports(text), self.arrived.file_name)
            return self.arrived.on_ports(ports)

        wanted = ", ".join(map(str, sorted(self.arrived.opened))) or "none"
        until(
            right,
            seconds=context.patience,
            where=context.desired.remote.name,
            what=f"cbd did not listen as configured (ports {wanted})",
            remedy="see `journalctl -u cbd` there",
        )
