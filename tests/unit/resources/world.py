"""A remote and its central in memory: what each step of BrokerOutputs does to what is observed."""

from dataclasses import replace

from mapinfra.centreon.broker.generated import BrokerRow, generated, listens_on
from mapinfra.centreon.broker.outputs import Group, Output, rows_of, same_rows
from mapinfra.centreon.facts import Listener
from mapinfra.resources.broker.kind import BrokerOutputsKind
from mapinfra.resources.broker.model import DesiredOutputs, Edit, LiveOutputs
from mapinfra.resources.broker.steps import (
    AwaitConfiguration,
    AwaitPorts,
    BrokerContext,
    BrokerStep,
    KeepRecord,
    RestartBroker,
    SendConfiguration,
    WriteOutputs,
)
from mapinfra.resources.contract import Plan

BLOCKS = {"ipv4": "1_3", "bbdo_server": "1_35"}
KIND = BrokerOutputsKind()

MASTER = Group(
    0,
    (BrokerRow("name", "paris-broker-input"), BrokerRow("type", "ipv4"), BrokerRow("port", "5669")),
)
SQL = Group(
    0,
    (
        BrokerRow("name", "unified-sql"),
        BrokerRow("type", "unified_sql"),
        BrokerRow("db_port", "3306"),
    ),
)
RRD = Group(
    1,
    (
        BrokerRow("name", "rrd"),
        BrokerRow("type", "ipv4"),
        BrokerRow("port", "5670"),
        BrokerRow("host", "::1"),
    ),
)
FORWARD = Group(
    3,
    (
        BrokerRow("name", "forward"),
        BrokerRow("type", "ipv4"),
        BrokerRow("port", "5669"),
        BrokerRow("host", "central"),
    ),
)


def wanted(*outputs: Output) -> DesiredOutputs:
    """Return what is wanted of the remote paris."""
    target = {"name": "paris", "ssh": {"host": "paris"}}
    api = {"url": "http://central/centreon", "user": "admin", "password": {"env": "P"}}
    return replace(
        KIND.desired(
            {
                "central": {"name": "central", "ssh": {"host": "central"}},
                "remote": target,
                "api": api,
                "poller": "paris",
                "outputs": {},
            }
        ),
        outputs=outputs,
    )


def fresh(*outputs: Group) -> LiveOutputs:
    """Return a remote as Centreon makes it, with more outputs, all deployed."""
    live = LiveOutputs(
        poller_id=2,
        config_id=4,
        config_name="paris-broker",
        file_name="paris-broker.json",
        blocks=BLOCKS,
        categories=frozenset({"neb", "storage", "correlation", "dumper", "bam"}),
        inputs=(MASTER,),
        outputs=(SQL, RRD, FORWARD, *outputs),
        elsewhere={},
        file=(),
        listening={},
        record=None,
    )
    return restarted(deployed(live))


def group(number: int, output: Output) -> Group:
    """Return an output as the form writes it."""
    return Group(number, rows_of(output, BLOCKS))


def deployed(live: LiveOutputs) -> LiveOutputs:
    """Return the remote after its configuration was generated and has arrived."""
    outputs = [generated(one.rows) for one in sorted(live.outputs, key=lambda one: one.number)]
    return replace(live, file=tuple(outputs))


def restarted(live: LiveOutputs) -> LiveOutputs:
    """Return the remote after a restart of cbd, which serves what the file says."""
    ports = {5669, *(port for one in live.file if (port := listens_on(one)))}
    cbd = (Listener("cbd", live.file_name),)
    return replace(live, listening={22: (Listener("sshd"),)} | dict.fromkeys(ports, cbd))


def applied(plan: Plan[BrokerContext], live: LiveOutputs) -> LiveOutputs:
    """Return what is there after all steps."""
    for step in plan.steps:
        live = done(step, live)
    return live


def done(step: BrokerStep, live: LiveOutputs) -> LiveOutputs:
    """Return what is there after one step."""
    match step:
        case KeepRecord(record=record):
            return replace(live, record=record)
        case WriteOutputs(edits=edits):
            for edit in edits:
                live = _edited(edit, live)
            return live
        case SendConfiguration():
            return deployed(live)
        case RestartBroker():
            return restarted(live)
        case AwaitConfiguration(arrived=arrived):
            assert arrived.in_file(live.file)
        case AwaitPorts(arrived=arrived):
            assert arrived.on_ports(live.ports)
    return live


def _edited(edit: Edit, live: LiveOutputs) -> LiveOutputs:
    there = {one.number: one for one in live.outputs}
    before = there.pop(edit.group).rows if edit.group in there else ()
    assert same_rows(before, edit.before) or same_rows(before, edit.after)
    if edit.after:
        there[edit.group] = Group(edit.group, edit.after)
    return replace(live, outputs=tuple(there[number] for number in sorted(there)))
