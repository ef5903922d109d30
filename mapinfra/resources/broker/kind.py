"""BrokerOutputs: the outputs that mapinfra owns in one broker configuration, deployed and served.

Manual "Installing MAP on a remote server", chapter on the broker: the output is made on the
central, in the configuration of the remote's poller, and deployed to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mapinfra.centreon.broker.generated import file_outputs
from mapinfra.centreon.broker.outputs import (
    IPV4,
    MASTER_PORT,
    Blocks,
    Group,
    Output,
    groups,
    masters,
)
from mapinfra.centreon.facts import files, json_object, listening_ports
from mapinfra.centreon.reads import (
    BROKER_CONFIGURATIONS,
    BROKER_FILES,
    BROKER_ROWS,
    BROKER_TYPES,
    CATEGORIES,
    LISTENING,
)
from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.login import token_life
from mapinfra.errors import CentreonError, HostError
from mapinfra.hosts import Facts, Target
from mapinfra.resources import obstacles, pollers, records
from mapinfra.resources.broker import plan
from mapinfra.resources.broker.model import RECORD, DesiredOutputs, LiveOutputs
from mapinfra.resources.broker.steps import BrokerContext, RestartBroker, WriteOutputs
from mapinfra.resources.contract import Inputs, Kind, Plan
from mapinfra.resources.map.broker import (
    address_to_resolve,
    connection_found,
    disagreements,
)
from mapinfra.resources.session import Session


class BrokerOutputsKind(Kind[DesiredOutputs, LiveOutputs, BrokerContext]):
    """How BrokerOutputs are observed, planned and applied."""

    name = "BrokerOutputs"

    def desired(self, inputs: Mapping[str, Any]) -> DesiredOutputs:
        """See `Kind.desired`."""
        return DesiredOutputs(
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

    def targets(self, desired: DesiredOutputs) -> Sequence[Target]:
        """See `Kind.targets`."""
        return (desired.central, desired.remote)

    def observe(self, desired: DesiredOutputs, session: Session) -> LiveOutputs:
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
        return LiveOutputs(
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
            record=records.read(remote, RECORD, plan.sound),
        )

    def thing(self, desired: DesiredOutputs, live: LiveOutputs) -> str:
        """See `Kind.thing`."""
        return f"{live.config_name} (id {live.config_id})"

    def home(self, desired: DesiredOutputs) -> Target:
        """See `Kind.home`."""
        return desired.central

    def records(self, desired: DesiredOutputs, live: LiveOutputs) -> Sequence[tuple[Target, str]]:
        """See `Kind.records`."""
        return ((desired.remote, RECORD),)

    def plan(self, desired: DesiredOutputs, live: LiveOutputs) -> Plan[BrokerContext]:
        """See `Kind.plan`."""
        return plan.plan(desired, live)

    def obstacles(
        self, plan: Plan[BrokerContext], desired: DesiredOutputs, session: Session
    ) -> Iterator[CentreonError]:
        """See `Kind.obstacles`."""
        remote = session.fleet.facts(desired.remote)
        yield from obstacles.records(remote)
        if plan.has(WriteOutputs):
            yield from obstacles.read_only_database(session.fleet.facts(desired.central))
        if plan.has(RestartBroker):
            yield from obstacles.cbd(remote)

    def conflicts(
        self, plan: Plan[BrokerContext], desired: DesiredOutputs, session: Session
    ) -> Iterator[CentreonError]:
        """See `Kind.conflicts`."""
        if plan.has(WriteOutputs):
            yield from _map_left_alone(desired, session)

    def removal(self, desired: DesiredOutputs, live: LiveOutputs) -> Plan[BrokerContext]:
        """See `Kind.removal`."""
        return plan.plan(plan.without_outputs(desired), live)

    def context(self, desired: DesiredOutputs, session: Session) -> BrokerContext:
        """See `Kind.context`."""
        return BrokerContext(desired, session)

    def computed(self, desired: DesiredOutputs, live: LiveOutputs | None) -> Inputs:
        """See `Kind.computed`."""
        if live is None:
            return {"deployed": True, "served": True, "faults": []}
        deployed, served = plan.deployed(desired, live)
        return {
            "deployed": deployed,
            "served": served,
            "faults": plan.row_faults(desired, live),
        }

    def live_inputs(self, desired: DesiredOutputs, live: LiveOutputs) -> Inputs | None:
        """See `Kind.live_inputs`."""
        return {"outputs": plan.owned(desired, live)}


def _map_left_alone(desired: DesiredOutputs, session: Session) -> Iterator[CentreonError]:
    """Yield where the outputs would no longer be what the remote's MAP server connects to.

    Its own resource tells, too, unless this run is of the outputs alone. A server that can't be
    read is its own resource's to tell.
    """
    server = session.wishes.maps.get(desired.remote.name)
    if server is not None:
        with suppress(HostError):
            facts = session.fleet.facts(server.host)
            connection = connection_found(server, desired.remote.name, facts)
            address = address_to_resolve(connection, session.wishes)
            at = session.machines.names_at(address, server.host)
            yield from disagreements(replace(connection, leads_to=at), session.wishes)


def _poller(central: Facts, desired: DesiredOutputs) -> int:
    numbers = pollers.numbers(central)
    if desired.poller not in numbers:
        raise CentreonError(
            f"Centreon knows no poller of that name; it knows {', '.join(sorted(numbers))}",
            where=f"{desired.remote.name}: poller {desired.poller}",
            remedy="correct `poller` in the spec, or add the remote server to Centreon first",
        )
    return numbers[desired.poller]


def _configuration(central: Facts, desired: DesiredOutputs, poller: int) -> Mapping[str, Any]:
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
