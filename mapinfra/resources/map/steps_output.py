"""The steps that deploy the broker output that configure.sh makes on a central."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mapinfra.centreon.broker.generated import Stream, file_outputs
from mapinfra.centreon.broker.outputs import MAP_PORT, Group, file_holds, groups, served_ports
from mapinfra.centreon.facts import LISTENING_SCRIPT, json_object, listening_ports
from mapinfra.centreon.map.configure import OUTPUT_NAMES
from mapinfra.centreon.map.prerequisites import Broker
from mapinfra.centreon.reads import BROKER_FOLDER, BROKER_ROWS
from mapinfra.errors import CentreonError, DatabaseError
from mapinfra.resources.broker import cbd, rows
from mapinfra.resources.broker.model import Edit
from mapinfra.resources.map.context import Done, MapContext, MapStep
from mapinfra.resources.waiting import until


@dataclass(frozen=True)
class OutputStep(MapStep):
    """A step on the output of the central's own broker, which is given as it was before."""

    broker: Broker


class GenerateOutput(OutputStep):
    """The files of the central's poller made from the tables."""

    name = "generate"

    def _act(self, context: MapContext) -> None:
        context.api.clapi("POLLERGENERATE", str(self.broker.poller_id))


class CheckOutput(OutputStep):
    """Those files checked by the engine."""

    name = "test"

    def _act(self, context: MapContext) -> None:
        context.api.clapi("POLLERTEST", str(self.broker.poller_id))


class SendOutput(OutputStep):
    """Those files sent."""

    name = "move"

    def _act(self, context: MapContext) -> None:
        context.api.clapi("CFGMOVE", str(self.broker.poller_id))


class AwaitOutput(OutputStep):
    """The sent file waited for."""

    name = "arrive"

    def _act(self, context: MapContext) -> None:
        path = f"{BROKER_FOLDER}/{self.broker.file_name}"
        made = [group.rows for group in _outputs(context, self.broker) if group.is_for_map]
        if not made:
            raise CentreonError(
                f"configure.sh has made no output on port {MAP_PORT}",
                where=f"{context.web.name}: {self.broker.name}",
            )

        def arrived() -> bool:
            return file_holds(_in_file(context, path), made)

        _until(context, arrived, f"{path} did not get the output for MAP", "check gorgoned there")


class RestartCbd(OutputStep):
    """cbd restarted, so that it reads that file."""

    name = "cbd"

    def _act(self, context: MapContext) -> None:
        cbd.restart(context.web, seconds=_patience(context))


class AwaitMapPort(OutputStep):
    """MAP's port seen to be served."""

    name = "listen"

    def _act(self, context: MapContext) -> None:
        def listens() -> bool:
            text = context.web.run(["sh", "-c", LISTENING_SCRIPT]).text
            return int(MAP_PORT) in served_ports(listening_ports(text), self.broker.file_name)

        what = f"cbd did not listen on port {MAP_PORT}"
        _until(context, listens, what, "see `journalctl -u cbd`")


@dataclass(frozen=True)
class TakeOutputAway(OutputStep):
    """The output taken away again, as far as it has come."""

    sent: bool
    restarted: bool
    name = "unoutput"

    def _act(self, context: MapContext) -> None:
        broker = self.broker
        before = next((group for group in broker.outputs if _is_made_by_configure(group)), None)
        edits = [
            Edit(broker.config_id, group.number, group.rows, before.rows if before else ())
            for group in _outputs(context, broker)
            if _is_made_by_configure(group)
        ]
        where = f"{context.web.name}: {broker.name}"
        rows.write(context.web, context.web_database, edits, where)
        if self.sent:
            context.api.clapi("POLLERGENERATE", str(broker.poller_id))
            context.api.clapi("CFGMOVE", str(broker.poller_id))
            self._await_old_file(context)
        if self.restarted:
            cbd.restart(context.web, seconds=_patience(context))

    def _await_old_file(self, context: MapContext) -> None:
        path = f"{BROKER_FOLDER}/{self.broker.file_name}"
        names = {group.value("name") for group in self.broker.outputs}

        def arrived() -> bool:
            return {str(one.get("name")) for one in _in_file(context, path)} <= names

        _until(context, arrived, f"{path} did not get the old outputs", "check gorgoned there")


def output_back(broker: Broker, host: str, done: Done) -> TakeOutputAway:
    """Return the step that takes the output away that configure.sh has made."""
    sent = any(isinstance(step, SendOutput) for step in done)
    restarted = any(isinstance(step, RestartCbd) for step in done)
    text = f"take the output for MAP out of {broker.name} again"
    text += ", and deploy" if sent else ""
    return TakeOutputAway(host, text, broker, sent, restarted)


def _is_made_by_configure(group: Group) -> bool:
    return group.is_for_map and group.value("name") in OUTPUT_NAMES


def _outputs(context: MapContext, broker: Broker) -> list[Group]:
    """Return the outputs as they are in the table now."""
    queries = [(BROKER_ROWS.name, BROKER_ROWS.sql)]
    answer = context.web.snapshot(context.web_database, queries)[BROKER_ROWS.name]
    if isinstance(answer, DatabaseError):
        raise answer
    return groups(answer, broker.config_id, "output")


def _in_file(context: MapContext, path: str) -> Sequence[Stream]:
    """Return the outputs as they are in the file now."""
    return file_outputs(json_object(context.web.run(["cat", path], check=False).stdout))


def _patience(context: MapContext) -> float:
    return context.desired.web.ssh.command_timeout


def _until(context: MapContext, condition: Callable[[], bool], what: str, remedy: str) -> None:
    until(
        condition,
        seconds=_patience(context),
        where=context.web.name,
        what=what,
        remedy=remedy,
    )
