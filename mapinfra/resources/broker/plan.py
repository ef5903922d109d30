"""What makes the outputs of one broker configuration be as wanted: pure, from facts to steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mapinfra.centreon.broker.generated import BrokerRow, generated, listens_on
from mapinfra.centreon.broker.outputs import IPV4, Group, faults, output_of, same_rows, same_stream
from mapinfra.resources.broker.matching import Matched, check, doubles, match_outputs
from mapinfra.resources.broker.model import (
    Deployed,
    DesiredOutputs,
    Edit,
    LiveOutputs,
    past,
    recorded,
)
from mapinfra.resources.broker.steps import (
    AwaitConfiguration,
    AwaitPorts,
    BrokerContext,
    BrokerStep,
    CheckConfiguration,
    GenerateConfiguration,
    KeepRecord,
    RestartBroker,
    SendConfiguration,
    WriteOutputs,
)
from mapinfra.resources.contract import Change, Plan
from mapinfra.resources.records import Record


def plan(desired: DesiredOutputs, live: LiveOutputs) -> Plan[BrokerContext]:
    """Return the plan; raise CentreonError when an output can't be as wanted on this platform."""
    matched = match_outputs(desired, live)
    check(desired, live, matched)
    edits = _edits(live, matched, doubles(desired, live, matched))
    return _Planner(desired, live, matched, edits, _arrived(live, matched, edits)).plan()


def without_outputs(desired: DesiredOutputs) -> DesiredOutputs:
    """Return what is wanted when nothing is: the outputs as they were found."""
    return replace(desired, outputs=())


def owned(desired: DesiredOutputs, live: LiveOutputs) -> dict[str, dict[str, Any]]:
    """Return the values of the outputs that are mapinfra's: wanted now, or taken over before."""
    groups = [match.group for match in match_outputs(desired, live) if match.group]
    return {group.value("name"): output_of(group.rows).values() for group in groups}


def row_faults(desired: DesiredOutputs, live: LiveOutputs) -> list[str]:
    """Return what Centreon's form would not have written so, in the owned outputs."""
    matched = match_outputs(desired, live)
    said = [
        f"{match.name}: {fault}"
        for match in matched
        if match.group and match.wanted
        for fault in faults(match.group.rows, live.blocks)
    ]
    return said + [f"{group} is a double" for group in doubles(desired, live, matched)]


def deployed(desired: DesiredOutputs, live: LiveOutputs) -> tuple[bool, bool]:
    """Tell whether the remote's file holds the outputs, and whether cbd serves them."""
    matched = match_outputs(desired, live)
    arrived = _arrived(live, matched, _edits(live, matched, doubles(desired, live, matched)))
    due = bool((live.record or {}).get("restart"))
    return arrived.in_file(live.file), arrived.on_ports(live.ports) and not due


def sound(record: Record) -> Record:
    """Return a record that the planner can work with; raise LookupError or TypeError."""
    for kept in record["outputs"].values():
        _ = kept["port"], kept["host"], [BrokerRow(*row) for row in kept["found"]]
    _ = record["restart"], record["configuration"]
    return record


def _edits(live: LiveOutputs, matched: Sequence[Matched], twice: Sequence[Group]) -> list[Edit]:
    edits = []
    number = max((group.number for group in live.outputs), default=-1)
    for match in matched:
        before = match.group.rows if match.group else ()
        after = match.after(live.blocks)
        if same_rows(before, after):
            continue
        if match.group is None:
            number += 1
        edits.append(
            Edit(live.config_id, match.group.number if match.group else number, before, after)
        )
    return edits + [Edit(live.config_id, group.number, group.rows, ()) for group in twice]


def _arrived(live: LiveOutputs, matched: Sequence[Matched], edits: Sequence[Edit]) -> Deployed:
    """Return how the remote is once everything is deployed."""
    there = [(match, generated(rows)) for match in matched if (rows := match.after(live.blocks))]
    edited = [edit.group for edit in edits]
    untouched = [group for group in live.outputs if group.number not in edited]
    foreign = {group.port for group in (*untouched, *live.inputs, *_groups_elsewhere(live))}
    before = [generated(edit.before) for edit in edits if edit.before]
    listened = {listens_on(one) for one in before} | {o.listens_on for o in past(live).values()}
    old_names = {str(one.get("name", "")) for one in before} | past(live).keys()
    names = {str(held.get("name", "")) for _, held in there}
    ports = {listens_on(held) for _, held in there}
    return Deployed(
        file_name=live.file_name,
        outputs=tuple(match.after(live.blocks) for match, _ in there),
        gone=frozenset(old_names - names - {group.value("name") for group in untouched}),
        opened=frozenset(p for m, held in there if m.wanted and (p := listens_on(held))),
        closed=frozenset(port for port in listened - ports - foreign if port),
    )


def _groups_elsewhere(live: LiveOutputs) -> list[Group]:
    return [group for groups in live.elsewhere.values() for group in groups]


@dataclass(frozen=True)
class _Planner:
    """Turns edits and what has arrived into changes and steps."""

    desired: DesiredOutputs
    live: LiveOutputs
    matched: Sequence[Matched]
    edits: Sequence[Edit]
    arrived: Deployed

    def plan(self) -> Plan[BrokerContext]:
        in_file = self.arrived.in_file(self.live.file)
        due = bool((self.live.record or {}).get("restart"))
        on_ports = self.arrived.on_ports(self.live.ports) and not due
        # Rows that were untidy, but of which the same is generated, need no deployment.
        deploy = not in_file or not all(same_stream(e.before, e.after) for e in self.edits)
        restart = deploy or not on_ports
        changes = restart or bool(self.edits)
        record = self._record(restart=restart) if changes else self.live.record
        steps = [
            *self._keep(record, self.live.record),
            *(self._write() if self.edits else ()),
            *(self._deploy() if deploy else ()),
            *(self._restart() if restart else ()),
            *self._keep(self._settled(), record),
        ]
        return Plan(
            changes=tuple(self._changes(in_file, on_ports)),
            steps=tuple(steps),
            reason="" if changes else self._reason(),
        )

    def _changes(self, in_file: bool, on_ports: bool) -> list[Change]:
        changes = []
        for match in self.matched:
            before = match.group.rows if match.group else ()
            after = match.after(self.live.blocks)
            if not same_rows(before, after):
                changes += _field_changes(match.name, before, after)
        for word, right in (("deployed", in_file), ("listening", on_ports)):
            changes += [] if right else [Change(word, False, True)]
        return changes

    def _reason(self) -> str:
        names = ", ".join(match.name for match in self.matched) or "none"
        return f"outputs of {self.live.config_name} ({names}) are as wanted, deployed and served"

    def _record(self, *, restart: bool) -> Record:
        outputs = {
            match.name: {**self._end(match), "found": [_listed(row) for row in match.found]}
            for match in self.matched
        }
        return {"configuration": self.live.config_id, "outputs": outputs, "restart": restart}

    def _end(self, match: Matched) -> dict[str, Any]:
        """Return where an output listens or connects; records name only a bbdo_server's type."""
        if match.wanted is None:
            return recorded(self.live)[match.name]
        kind = {} if match.wanted.type == IPV4 else {"type": match.wanted.type}
        return {
            "port": match.wanted.port,
            "host": match.wanted.host,
            **kind,
            **self._number(match),
        }

    def _number(self, match: Matched) -> dict[str, int]:
        """Return the group's number; of one that isn't changed, what the record has."""
        edited = [edit.group for edit in self.edits if _name_after(edit) == match.name]
        kept = recorded(self.live).get(match.name)
        if edited:
            return {"group": edited[0]}
        if kept is not None and match.is_recorded:
            return {"group": kept["group"]} if "group" in kept else {}
        return {"group": match.group.number} if match.group else {}

    def _settled(self) -> Record | None:
        wanted = {match.name for match in self.matched if match.wanted}
        record = self._record(restart=False)
        outputs = {name: kept for name, kept in record["outputs"].items() if name in wanted}
        return {**record, "outputs": outputs} if outputs else None

    def _keep(self, record: Record | None, before: Record | None) -> list[BrokerStep]:
        if record == before:
            return []
        host = self.desired.remote.name
        text = "forget what was found: nothing of it is left"
        if record is not None:
            before_text = before or {"outputs": {}, "restart": False}
            text = self._taken_over(before_text) + _record_text(record, before_text)
        return [KeepRecord(host, text, record, before)]

    def _taken_over(self, before: Record) -> str:
        """Say which outputs of other names become mapinfra's, once: when they are recorded."""
        said = [
            f"take over output {match.taken_over} as {match.name}"
            for match in self.matched
            if match.taken_over and match.name not in before["outputs"]
        ]
        return "".join(f"{text}; " for text in said)

    def _write(self) -> list[BrokerStep]:
        texts = ", ".join(_edit_text(edit) for edit in self.edits)
        text = f"in {self.live.config_name}, {texts}"
        return [WriteOutputs(self.desired.central.name, text, tuple(self.edits))]

    def _deploy(self) -> list[BrokerStep]:
        central, remote = self.desired.central.name, self.desired.remote.name
        poller, number = self.desired.poller, self.live.poller_id
        arrives = f"wait until {self.live.file_name} has arrived"
        return [
            GenerateConfiguration(
                central, f"generate the configuration of poller {poller}", number
            ),
            CheckConfiguration(central, f"test the configuration of poller {poller}", number),
            SendConfiguration(
                central,
                f"send the configuration to poller {poller}",
                number,
                remote,
                self._before(),
            ),
            AwaitConfiguration(remote, arrives, self.arrived),
        ]

    def _before(self) -> Deployed:
        old = tuple(edit.before for edit in self.edits if edit.before)
        names = {output_of(rows).name for rows in old}
        new = {output_of(edit.after).name for edit in self.edits if edit.after}
        return Deployed(self.live.file_name, old, gone=frozenset(new - names))

    def _restart(self) -> list[BrokerStep]:
        remote = self.desired.remote.name
        opened, closed = sorted(self.arrived.opened), sorted(self.arrived.closed)
        said = [f"see port {port} listening" for port in opened]
        said += [f"see port {port} closed" for port in closed]
        steps: list[BrokerStep] = [RestartBroker(remote, "restart cbd")]
        if said:
            steps.append(AwaitPorts(remote, ", ".join(said), self.arrived))
        return steps


def _record_text(record: Record, before: Record) -> str:
    """Say what a record has to say that the one before it hadn't."""
    news = []
    if record["outputs"].keys() - before["outputs"].keys():
        news.append("what was found")
    if record["restart"] != before["restart"]:
        due = bool(record["restart"])
        news.append("that cbd is due for a restart" if due else "that cbd was restarted")
    return f"record {', and '.join(news) or 'what is owned now'}"


def _listed(row: BrokerRow) -> list[Any]:
    return [row.key, row.value, row.level, row.subgroup, row.parent, row.index]


def _edit_text(edit: Edit) -> str:
    name = output_of(edit.after or edit.before).name
    if not edit.after:
        return f"remove output {name} (group {edit.group}, {len(edit.before)} rows)"
    if not edit.before:
        return f"add output {name} (group {edit.group}, {len(edit.after)} rows)"
    mended = [
        f"{change.path} {_shown(change.live)} → {_shown(change.desired)}"
        for change in _value_changes(edit.before, edit.after)
    ]
    return f"change output {name} (group {edit.group}): {', '.join(mended) or 'mend its rows'}"


def _name_after(edit: Edit) -> str:
    return output_of(edit.after).name if edit.after else ""


def _shown(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value) or "nothing"


def _field_changes(
    name: str, before: Sequence[BrokerRow], after: Sequence[BrokerRow]
) -> list[Change]:
    path = f"outputs.{name}"
    if not before or not after:
        live = output_of(before).values() if before else None
        return [Change(path, live, output_of(after).values() if after else None)]
    return [
        replace(change, path=f"{path}.{change.path}") for change in _value_changes(before, after)
    ]


def _value_changes(before: Sequence[BrokerRow], after: Sequence[BrokerRow]) -> list[Change]:
    """Return the values that differ; none where only rows are doubled, missing or misplaced."""
    old, new = ({"name": o.name, **o.values()} for o in (output_of(before), output_of(after)))
    pairs = {key: (old.get(key), new.get(key)) for key in {**old, **new}}
    return [Change(field, *pair) for field, pair in pairs.items() if pair[0] != pair[1]]
