"""BrokerOutputs: the outputs that mapinfra owns in one broker configuration, deployed and served.

Manual "Installing MAP on a remote server", chapter on the broker: the output is made on the
central, in the configuration of the remote's poller, and deployed to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mapinfra.centreon.access import Api
from mapinfra.centreon.broker import (
    IPV4,
    MASTER_PORT,
    Blocks,
    Group,
    Output,
    groups,
    masters,
    served_ports,
)
from mapinfra.centreon.facts import LISTENING_SCRIPT, files, json_object, listening_ports
from mapinfra.centreon.generated import file_outputs
from mapinfra.centreon.login import token_life
from mapinfra.centreon.survey import (
    BROKER_CONFIGURATIONS,
    BROKER_FILES,
    BROKER_FOLDER,
    BROKER_ROWS,
    BROKER_TYPES,
    CATEGORIES,
    LISTENING,
)
from mapinfra.errors import CentreonError, HostError
from mapinfra.hosts import Facts, Target
from mapinfra.resources import broker_plan, broker_rows, cbd, obstacles, pollers, records
from mapinfra.resources.broker_model import Deploy, Deployed, Desired, Kept, Live
from mapinfra.resources.contract import Inputs, Kind, Plan, Step
from mapinfra.resources.map_broker import (
    address_to_resolve,
    connection_found,
    disagreements,
)
from mapinfra.resources.session import Session, database_of
from mapinfra.resources.waiting import until

_RECORD = "broker-outputs"


class BrokerOutputsKind(Kind[Desired, Live]):
    """How BrokerOutputs are observed, planned and applied."""

    name = "BrokerOutputs"

    def desired(self, inputs: Mapping[str, Any]) -> Desired:
        """See `Kind.desired`."""
        return Desired(
            central=Target.model_validate(inputs["central"]),
            remote=Target.model_validate(inputs["remote"]),
            api=Api.model_validate(inputs["api"]),
            poller=str(inputs["poller"]),
            configuration=inputs.get("configuration"),
            outputs=tuple(
                Output(name=name, **{**values, "categories": tuple(sorted(values["categories"]))})
                for name, values in sorted(inputs["outputs"].items())
            ),
            take_over=dict(inputs.get("take_over", {})),
        )

    def targets(self, desired: Desired) -> Sequence[Target]:
        """See `Kind.targets`."""
        return (desired.central, desired.remote)

    def observe(self, desired: Desired, session: Session) -> Live:
        """See `Kind.observe`."""
        central = session.fleet.facts(desired.central)
        remote = session.fleet.facts(desired.remote)
        session.expect_tokens(desired.api, token_life(central))
        poller = _poller(central, desired)
        configuration = _configuration(central, desired, poller)
        identity = int(configuration["config_id"])
        rows = central.rows(BROKER_ROWS.name)
        there = files(remote.text(BROKER_FILES.name))
        pollers.expect_files_of(there, poller, desired.poller, desired.remote.name)
        file = there.get(str(configuration["config_filename"]))
        return Live(
            poller_id=poller,
            config_id=identity,
            config_name=str(configuration["config_name"]),
            file_name=str(configuration["config_filename"]),
            blocks=_blocks(central),
            categories=frozenset(str(r["value_value"]) for r in central.rows(CATEGORIES.name)),
            inputs=tuple(groups(rows, identity, "input")),
            outputs=tuple(groups(rows, identity, "output")),
            elsewhere=_elsewhere(central, poller, identity),
            file=tuple(file_outputs(json_object(file))),
            listening=listening_ports(remote.text(LISTENING.name)),
            record=records.read(remote, _RECORD, broker_plan.sound),
        )

    def thing(self, desired: Desired, live: Live) -> str:
        """See `Kind.thing`."""
        return f"{live.config_name} (id {live.config_id})"

    def home(self, desired: Desired) -> Target:
        """See `Kind.home`."""
        return desired.central

    def records(self, desired: Desired, live: Live) -> Sequence[tuple[Target, str]]:
        """See `Kind.records`."""
        return ((desired.remote, _RECORD),)

    def plan(self, desired: Desired, live: Live) -> Plan:
        """See `Kind.plan`."""
        return broker_plan.plan(desired, live)

    def obstacles(self, plan: Plan, desired: Desired, session: Session) -> Iterator[CentreonError]:
        """See `Kind.obstacles`."""
        verbs = {step.verb for step in plan.steps}
        remote = session.fleet.facts(desired.remote)
        yield from obstacles.records(remote)
        if "write" in verbs:
            yield from obstacles.read_only_database(session.fleet.facts(desired.central))
        if "restart" in verbs:
            yield from obstacles.cbd(remote)

    def conflicts(self, plan: Plan, desired: Desired, session: Session) -> Iterator[CentreonError]:
        """See `Kind.conflicts`."""
        if any(step.verb == "write" for step in plan.steps):
            yield from _map_left_alone(desired, session)

    def removal(self, desired: Desired, live: Live) -> Plan:
        """See `Kind.removal`."""
        return broker_plan.plan(broker_plan.without_outputs(desired), live)

    def run(self, step: Step, desired: Desired, session: Session) -> None:
        """See `Kind.run`."""
        api = session.api(desired.api)
        match step.verb:
            case "keep":
                _keep(step.data, desired, session)
            case "write":
                where = f"{desired.central.name}: broker configuration of poller {desired.poller}"
                host = session.fleet.host(desired.central)
                broker_rows.write(host, database_of(desired.central), step.data, where)
            case "generate":
                api.clapi("POLLERGENERATE", str(step.data.poller_id))
            case "test":
                api.clapi("POLLERTEST", str(step.data.poller_id))
            case "move":
                api.clapi("CFGMOVE", str(step.data.poller_id))
            case "wait":
                _await_file(step.data, desired, session)
            case "restart":
                host = session.fleet.host(desired.remote)
                cbd.restart(host, seconds=desired.remote.ssh.command_timeout)
            case "listen":
                _await_ports(step.data, desired, session)

    def undo(self, done: Sequence[Step]) -> Sequence[Step]:
        """See `Kind.undo`. The old rows come first: what is sent again is made from them."""
        by_verb = {step.verb: step for step in done}
        back: list[Step] = []
        if "write" in by_verb:
            step = by_verb["write"]
            edits = tuple(edit.back() for edit in reversed(step.data))
            back.append(Step(step.host, "write", "put the old rows back", data=edits))
        if "move" in by_verb:
            back += broker_plan.deploy_back(by_verb["move"])
        if "restart" in by_verb:
            back.append(Step(by_verb["restart"].host, "restart", "restart cbd again"))
        if "keep" in by_verb:
            first = next(step for step in done if step.verb == "keep")
            kept = Kept(first.data.before, first.data.record)
            back.append(Step(first.host, "keep", "put the old record back", data=kept))
        return back

    def computed(self, desired: Desired, live: Live | None) -> Inputs:
        """See `Kind.computed`."""
        if live is None:
            return {"deployed": True, "served": True, "faults": []}
        deployed, served = broker_plan.deployed(desired, live)
        return {
            "deployed": deployed,
            "served": served,
            "faults": broker_plan.row_faults(desired, live),
        }

    def live_inputs(self, desired: Desired, live: Live) -> Inputs | None:
        """See `Kind.live_inputs`."""
        return {"outputs": broker_plan.owned(desired, live)}


def _map_left_alone(desired: Desired, session: Session) -> Iterator[CentreonError]:
    """Yield where the outputs would no longer be what the remote's MAP server connects to.

    Its own resource tells, too, unless this run is of the outputs alone. A server that can't be
    read is its own resource's to tell.
    """
    server = session.wishes.maps.get(desired.remote.name)
    if server is not None:
        with suppress(HostError):
            facts = session.fleet.facts(server.host)
            connection = connection_found(server, desired.remote.name, facts)
            if address := address_to_resolve(connection, session.wishes):
                at = session.machines.names_at(address, server.host)
                connection = replace(connection, leads_to=at)
            yield from disagreements(connection, session.wishes)


def _poller(central: Facts, desired: Desired) -> int:
    numbers = pollers.numbers(central)
    if desired.poller not in numbers:
        raise CentreonError(
            f"Centreon knows no poller of that name; it knows {', '.join(sorted(numbers))}",
            where=f"{desired.remote.name}: poller {desired.poller}",
            remedy="correct `poller` in the spec, or add the remote server to Centreon first",
        )
    return numbers[desired.poller]


def _configuration(central: Facts, desired: Desired, poller: int) -> Mapping[str, Any]:
    """Return the row of the configuration of the poller's own broker, or of the one named."""
    all_rows = central.rows(BROKER_CONFIGURATIONS.name)
    own: list[Mapping[str, Any]] = [row for row in all_rows if row["ns_nagios_server"] == poller]
    found = masters(own, central.rows(BROKER_ROWS.name), poller)
    if desired.configuration is not None:
        found = [row for row in own if row["config_name"] == desired.configuration]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(str(row["config_name"]) for row in found or own)) or "none"
    wanted = desired.configuration or f"active, a daemon, with an input on port {MASTER_PORT}"
    raise CentreonError(
        f"{len(found)} broker configurations are {wanted}; the poller has {names}"
        if not found
        else f"several broker configurations would do: {names}",
        where=f"{desired.remote.name}: broker configuration of poller {desired.poller}",
        remedy="name the right one as `broker_configuration` in the spec",
    )


def _elsewhere(central: Facts, poller: int, config: int) -> Mapping[str, tuple[Group, ...]]:
    """Return what the poller's other active configurations hold: each has a process of its own."""
    rows = central.rows(BROKER_ROWS.name)
    return {
        str(row["config_name"]): tuple(
            group for kind in ("input", "output") for group in groups(rows, _id(row), kind)
        )
        for row in central.rows(BROKER_CONFIGURATIONS.name)
        if row["ns_nagios_server"] == poller
        and str(row["config_activate"]) == "1"
        and _id(row) != config
    }


def _id(row: Mapping[str, Any]) -> int:
    return int(row["config_id"])


def _blocks(central: Facts) -> Blocks:
    """Return the ids of the forms of outputs by type; a type's id differs between platforms."""
    found = {
        str(row["type_shortname"]): f"{row['cb_tag_id']}_{row['cb_type_id']}"
        for row in central.rows(BROKER_TYPES.name)
    }
    if IPV4 in found:
        return found
    raise CentreonError(
        f"Centreon knows no broker output of type {IPV4} (table cb_type)",
        where=central.host,
        remedy="check the installation of Centreon Web",
    )


def _keep(kept: Kept, desired: Desired, session: Session) -> None:
    host = session.fleet.host(desired.remote)
    if kept.record is None:
        records.remove(host, _RECORD)
    else:
        records.write(host, _RECORD, kept.record, session.stack)


def _await_file(deploy: Deploy, desired: Desired, session: Session) -> None:
    host = session.fleet.host(desired.remote)
    path = f"{BROKER_FOLDER}/{deploy.file_name}"

    def arrived() -> bool:
        content = host.run(["cat", path], check=False).stdout
        return deploy.arrived.in_file(file_outputs(json_object(content)))

    until(
        arrived,
        seconds=desired.remote.ssh.command_timeout,
        where=desired.remote.name,
        what=f"{path} did not get the new configuration",
        remedy="check gorgoned on the central and on the remote",
    )


def _await_ports(deployed: Deployed, desired: Desired, session: Session) -> None:
    host = session.fleet.host(desired.remote)

    def right() -> bool:
        text = host.run(["sh", "-c", LISTENING_SCRIPT]).text
        return deployed.on_ports(served_ports(listening_ports(text), deployed.file_name))

    wanted = ", ".join(map(str, sorted(deployed.opened))) or "none"
    until(
        right,
        seconds=desired.remote.ssh.command_timeout,
        where=desired.remote.name,
        what=f"cbd did not listen as configured (ports {wanted})",
        remedy="see `journalctl -u cbd` there",
    )
