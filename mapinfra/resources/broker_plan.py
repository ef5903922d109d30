"""What makes the outputs of one broker configuration be as wanted: pure, from facts to steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mapinfra.centreon.access import Api
from mapinfra.centreon.broker import (
    TYPE,
    Group,
    Output,
    Row,
    faults,
    file_holds,
    mended,
    output_of,
    recognise,
    rows_of,
    same_rows,
    served_ports,
)
from mapinfra.errors import CentreonError
from mapinfra.hosts import Target
from mapinfra.resources.contract import Change, Plan, Step
from mapinfra.resources.records import Record


@dataclass(frozen=True)
class Desired:
    """The outputs that mapinfra owns in the broker configuration of one poller."""

    central: Target
    remote: Target
    api: Api
    poller: str
    configuration: str | None
    outputs: tuple[Output, ...]


@dataclass(frozen=True)
class Live:
    """What is there: rows on the central, the generated file and the ports on the remote."""

    poller_id: int
    config_id: int
    config_name: str
    file_name: str
    block: str
    categories: frozenset[str]
    inputs: tuple[Group, ...]
    outputs: tuple[Group, ...]
    file: tuple[Mapping[str, Any], ...]
    listening: Mapping[int, str]
    record: Record | None

    @property
    def ports(self) -> frozenset[int]:
        """The ports that the broker serves."""
        return served_ports(self.listening)


@dataclass(frozen=True)
class Edit:
    """The rows of one output group before and after; no rows: the group isn't there."""

    config_id: int
    group: int
    before: tuple[Row, ...]
    after: tuple[Row, ...]

    def back(self) -> "Edit":
        """Return the edit that undoes this one."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True)
class Deployed:
    """How the remote's file and ports are when a deployment has arrived."""

    outputs: tuple[Output, ...]
    gone: frozenset[str] = frozenset()
    closed: frozenset[int] = frozenset()

    def in_file(self, file: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether the file holds what it should and nothing that is gone."""
        return all(file_holds(file, output) for output in self.outputs) and not any(
            one.get("name") in self.gone for one in file
        )

    def open_ports(self) -> frozenset[int]:
        """Return the ports that must listen."""
        return frozenset(int(output.port) for output in self.outputs if not output.host)

    def on_ports(self, ports: frozenset[int]) -> bool:
        """Tell whether what must listen does, and what must not doesn't."""
        return self.open_ports() <= ports and not self.closed & ports


@dataclass(frozen=True)
class Deploy:
    """What the deploying steps work on."""

    remote: str
    poller_id: int
    file_name: str
    arrived: Deployed
    before: Deployed


@dataclass(frozen=True)
class Kept:
    """A record as it is to be and as it was; None: there is none."""

    record: Record | None
    before: Record | None


@dataclass(frozen=True)
class _Matched:
    """One owned output: as wanted (None: to be put back as found), and where it stands."""

    name: str
    wanted: Output | None
    group: Group | None
    found: tuple[Row, ...]

    def after(self, block: str) -> tuple[Row, ...]:
        if self.wanted is None:
            return self.found
        rows = self.group.rows if self.group else ()
        return mended(rows, self.wanted, block) if rows else rows_of(self.wanted, block)


def plan(desired: Desired, live: Live) -> Plan:
    """Return the plan; raise CentreonError when an output can't be as wanted on this platform."""
    _known_categories(desired, live)
    matched = _match(desired, live)
    doubles = _doubles(desired, live, matched)
    own = [*(match.group for match in matched if match.group), *doubles]
    others = [group for group in (*live.inputs, *live.outputs) if group not in own]
    _free_ports(desired, live, others)
    _free_names(desired, live, others)
    edits = _edits(live, matched, doubles)
    arrived = _arrived(live, matched, edits)
    return _Planner(desired, live, matched, edits, arrived).plan()


def without_outputs(desired: Desired) -> Desired:
    """Return what is wanted when nothing is: the outputs as they were found."""
    return replace(desired, outputs=())


def owned(desired: Desired, live: Live) -> dict[str, dict[str, Any]]:
    """Return the values of the outputs that are mapinfra's: wanted now, or taken over before."""
    groups = [match.group for match in _match(desired, live) if match.group]
    return {group.value("name"): output_of(group.rows).values() for group in groups}


def row_faults(desired: Desired, live: Live) -> list[str]:
    """Return what Centreon's form would not have written so, in the owned outputs."""
    matched = _match(desired, live)
    said = [
        f"{match.name}: {fault}"
        for match in matched
        if match.group and match.wanted
        for fault in faults(match.group.rows, live.block)
    ]
    return said + [f"{group} is a double" for group in _doubles(desired, live, matched)]


def deployed(desired: Desired, live: Live) -> tuple[bool, bool]:
    """Tell whether the remote's file holds the outputs, and whether cbd serves them."""
    matched = _match(desired, live)
    arrived = _arrived(live, matched, _edits(live, matched, _doubles(desired, live, matched)))
    due = bool((live.record or {}).get("restart"))
    return arrived.in_file(live.file), arrived.on_ports(live.ports) and not due


def deploy_back(move: Step) -> list[Step]:
    """Return the steps that send a configuration again, after the old rows are back."""
    deploy: Deploy = move.data
    data = replace(deploy, arrived=deploy.before, before=deploy.arrived)
    verbs = (("generate", "generate the old configuration"), ("move", "send it again"))
    steps = [Step(move.host, verb, text, data=data) for verb, text in verbs]
    return [*steps, Step(deploy.remote, "wait", "wait until it has arrived", data=data)]


def sound(record: Record) -> Record:
    """Return a record that the planner can work with; raise LookupError or TypeError."""
    for kept in record["outputs"].values():
        _ = kept["port"], kept["host"], [Row(*row) for row in kept["found"]]
    _ = record["restart"]
    return record


def _recorded(live: Live) -> dict[str, dict[str, Any]]:
    outputs = (live.record or {}).get("outputs", {})
    return {str(name): dict(kept) for name, kept in outputs.items()}


def _past(live: Live) -> dict[str, Output]:
    """Return the outputs that mapinfra took over before, by name, where they were then."""
    return {
        name: Output(name, port=str(kept["port"]), host=str(kept["host"]))
        for name, kept in _recorded(live).items()
    }


def _match(desired: Desired, live: Live) -> list[_Matched]:
    wanted = {output.name: output for output in desired.outputs}
    past = _past(live)
    known = recognise(list({**past, **wanted}.values()), past, live.outputs)
    recorded = _recorded(live)
    return [
        _Matched(
            name=name,
            wanted=wanted.get(name),
            group=known.get(name),
            found=_found(recorded.get(name), known.get(name)),
        )
        for name in {**past, **wanted}
    ]


def _found(kept: Mapping[str, Any] | None, group: Group | None) -> tuple[Row, ...]:
    if kept is None:
        return group.rows if group else ()
    return tuple(Row(*row) for row in kept["found"])


def _doubles(desired: Desired, live: Live, matched: Sequence[_Matched]) -> list[Group]:
    """Return the groups that say again, under the same name, what a wanted one says."""
    taken = [match.group for match in matched if match.group]
    return [
        group
        for group in live.outputs
        if group not in taken
        and any(
            (group.value("type"), group.value("name"), group.value("port"), group.value("host"))
            == (TYPE, output.name, output.port, output.host)
            for output in desired.outputs
        )
    ]


def _known_categories(desired: Desired, live: Live) -> None:
    for output in desired.outputs:
        unknown = sorted(set(output.categories) - live.categories)
        if unknown:
            known = [value for value in output.categories if value in live.categories]
            raise CentreonError(
                f"filter category {', '.join(unknown)} is not known to this Centreon"
                + (" (bam comes with Centreon BAM)" if "bam" in unknown else ""),
                where=f"{desired.remote.name}: output {output.name}",
                remedy=f"write `categories: [{', '.join(known or sorted(live.categories))}]`"
                + (", or install BAM" if "bam" in unknown else ""),
            )


def _free_ports(desired: Desired, live: Live, others: Sequence[Group]) -> None:
    for output in desired.outputs:
        taken = next((group for group in others if _collide(output, group)), None)
        if taken is not None:
            raise CentreonError(
                f"port {output.port} is used already by {taken}",
                where=f"{desired.remote.name}: output {output.name} of {live.config_name}",
                remedy="give the output another port, or remove the other one in Centreon",
            )
        program = live.listening.get(int(output.port), "")
        if not output.host and program not in ("cbd", ""):
            raise CentreonError(
                f"port {output.port} is used already by the program {program}",
                where=f"{desired.remote.name}: output {output.name} of {live.config_name}",
                remedy="give the output another port, or stop that program",
            )


def _free_names(desired: Desired, live: Live, others: Sequence[Group]) -> None:
    for output in desired.outputs:
        taken = next((group for group in others if group.value("name") == output.name), None)
        if taken is not None:
            raise CentreonError(
                f"the name is used already by {taken}, port {taken.value('port') or 'none'}",
                where=f"{desired.remote.name}: output {output.name} of {live.config_name}",
                remedy="give the output another name, or remove the other one in Centreon",
            )


def _collide(output: Output, group: Group) -> bool:
    server = group.value("type") == "bbdo_server" and group.value("port") == output.port
    return not output.host and (server or group.listens_on(output.port))


def _edits(live: Live, matched: Sequence[_Matched], doubles: Sequence[Group]) -> list[Edit]:
    edits = []
    number = max((group.number for group in live.outputs), default=-1)
    for match in matched:
        before = match.group.rows if match.group else ()
        after = match.after(live.block)
        if same_rows(before, after):
            continue
        if match.group is None:
            number += 1
        edits.append(
            Edit(live.config_id, match.group.number if match.group else number, before, after)
        )
    return edits + [Edit(live.config_id, group.number, group.rows, ()) for group in doubles]


def _arrived(live: Live, matched: Sequence[_Matched], edits: Sequence[Edit]) -> Deployed:
    """Return how the remote is once everything is deployed."""
    there = tuple(output_of(rows) for m in matched if (rows := m.after(live.block)))
    names = {output.name for output in there}
    left = {int(output.port) for output in there if not output.host}
    edited = [edit.group for edit in edits]
    untouched = [group for group in live.outputs if group.number not in edited]
    foreign = {int(p) for g in (*untouched, *live.inputs) if (p := g.value("port")).isdigit()}
    before = [output_of(edit.before) for edit in edits if edit.before]
    taken_over = (*before, *_past(live).values())
    past = [output for output in taken_over if not output.host]
    foreign_names = {group.value("name") for group in untouched}
    return Deployed(
        outputs=there,
        gone=frozenset({output.name for output in taken_over} - names - foreign_names),
        closed=frozenset({int(o.port) for o in past if o.port.isdigit()} - left - foreign),
    )


@dataclass(frozen=True)
class _Planner:
    """Turns edits and what has arrived into changes and steps."""

    desired: Desired
    live: Live
    matched: Sequence[_Matched]
    edits: Sequence[Edit]
    arrived: Deployed

    def plan(self) -> Plan:
        in_file = self.arrived.in_file(self.live.file)
        due = bool((self.live.record or {}).get("restart"))
        on_ports = self.arrived.on_ports(self.live.ports) and not due
        deploy = bool(self.edits) or not in_file
        restart = deploy or not on_ports
        record = self._record() if restart else self.live.record
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
            reason="" if restart else self._reason(),
        )

    def _changes(self, in_file: bool, on_ports: bool) -> list[Change]:
        changes = []
        for match in self.matched:
            before = match.group.rows if match.group else ()
            after = match.after(self.live.block)
            if not same_rows(before, after):
                changes += _field_changes(match.name, before, after)
        for word, right in (("deployed", in_file), ("listening", on_ports)):
            changes += [] if right else [Change(word, False, True)]
        return changes

    def _reason(self) -> str:
        names = ", ".join(match.name for match in self.matched) or "none"
        return f"outputs of {self.live.config_name} ({names}) are as wanted, deployed and served"

    def _record(self) -> Record:
        outputs = {
            match.name: {
                "port": match.wanted.port if match.wanted else self._end(match.name)["port"],
                "host": match.wanted.host if match.wanted else self._end(match.name)["host"],
                "found": [_listed(row) for row in match.found],
            }
            for match in self.matched
        }
        return {"outputs": outputs, "restart": True}

    def _end(self, name: str) -> dict[str, Any]:
        return _recorded(self.live)[name]

    def _settled(self) -> Record | None:
        wanted = {match.name for match in self.matched if match.wanted}
        outputs = {name: kept for name, kept in self._record()["outputs"].items() if name in wanted}
        return {"outputs": outputs, "restart": False} if outputs else None

    def _keep(self, record: Record | None, before: Record | None) -> list[Step]:
        if record == before:
            return []
        host = self.desired.remote.name
        text = "forget what was found: nothing of it is left"
        if record is not None:
            text = _record_text(record, before or {"outputs": {}, "restart": False})
        return [Step(host, "keep", text, data=Kept(record, before))]

    def _write(self) -> list[Step]:
        texts = ", ".join(_edit_text(edit) for edit in self.edits)
        return [
            Step(
                self.desired.central.name,
                "write",
                f"in {self.live.config_name}, {texts}",
                undo="put the old rows back",
                data=tuple(self.edits),
            )
        ]

    def _deploy(self) -> list[Step]:
        central, remote = self.desired.central.name, self.desired.remote.name
        poller = self.desired.poller
        data = Deploy(
            remote, self.live.poller_id, self.live.file_name, self.arrived, self._before()
        )
        return [
            Step(central, "generate", f"generate the configuration of poller {poller}", data=data),
            Step(central, "test", f"test the configuration of poller {poller}", data=data),
            Step(
                central,
                "move",
                f"send the configuration to poller {poller}",
                undo="send the old configuration again",
                data=data,
            ),
            Step(remote, "wait", f"wait until {self.live.file_name} has arrived", data=data),
        ]

    def _before(self) -> Deployed:
        old = tuple(output_of(edit.before) for edit in self.edits if edit.before)
        new = {output_of(edit.after).name for edit in self.edits if edit.after}
        return Deployed(old, gone=frozenset(new - {output.name for output in old}))

    def _restart(self) -> list[Step]:
        remote = self.desired.remote.name
        opened, closed = sorted(self.arrived.open_ports()), sorted(self.arrived.closed)
        said = [f"see port {port} listening" for port in opened]
        said += [f"see port {port} closed" for port in closed]
        undo = "restart cbd again"
        steps = [Step(remote, "restart", "restart cbd", undo=undo, data=self.arrived)]
        if said:
            steps.append(Step(remote, "listen", ", ".join(said), data=self.arrived))
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


def _listed(row: Row) -> list[Any]:
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


def _shown(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value) or "nothing"


def _field_changes(name: str, before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    path = f"outputs.{name}"
    if not before or not after:
        live = output_of(before).values() if before else None
        return [Change(path, live, output_of(after).values() if after else None)]
    return [
        replace(change, path=f"{path}.{change.path}") for change in _value_changes(before, after)
    ]


def _value_changes(before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    """Return the values that differ; none where only rows are doubled, missing or misplaced."""
    old, new = output_of(before), output_of(after)
    pairs = {"name": (old.name, new.name)} | {
        field: (value, new.values()[field]) for field, value in old.values().items()
    }
    return [Change(field, *pair) for field, pair in pairs.items() if pair[0] != pair[1]]
