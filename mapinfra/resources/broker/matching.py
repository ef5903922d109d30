"""Which of the outputs that are there are mapinfra's, and which stand in its way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapinfra.centreon.broker.generated import BrokerRow
from mapinfra.centreon.broker.outputs import (
    BBDO_SERVER,
    IPV4,
    KEYS,
    Blocks,
    Group,
    Output,
    is_vendors,
    mended,
    recognise,
    rows_of,
)
from mapinfra.errors import CentreonError
from mapinfra.resources.broker.model import DesiredOutputs, LiveOutputs, past, recorded


@dataclass(frozen=True)
class Matched:
    """One owned output: as wanted (None: to be put back as found), and where it stands."""

    name: str
    wanted: Output | None
    group: Group | None
    found: tuple[BrokerRow, ...]
    is_recorded: bool
    """Whether it was taken over before."""

    def after(self, blocks: Blocks) -> tuple[BrokerRow, ...]:
        """Return the rows that are to be there; none: no such output."""
        if self.wanted is None:
            return self.found
        rows = self.group.rows if self.group else ()
        return mended(rows, self.wanted, blocks) if rows else rows_of(self.wanted, blocks)

    @property
    def taken_over(self) -> Group | None:
        """The output of another name, not mapinfra's so far, that becomes this one."""
        foreign = self.group is not None and not self.is_recorded
        return self.group if foreign and self.wanted and _other_name(self) else None


def _other_name(match: Matched) -> bool:
    return match.group is not None and match.group.value("name") != match.name


def match_outputs(desired: DesiredOutputs, live: LiveOutputs) -> list[Matched]:
    """Return every output that is wanted, or was taken over before, with where it stands now."""
    wanted = {output.name: output for output in desired.outputs}
    before = past(live)
    every = list({**before, **wanted}.values())
    known = recognise(every, before, live.outputs, desired.take_over)
    kept = recorded(live)
    return [
        _matched(name, wanted.get(name), known.get(name), kept.get(name))
        for name in {**before, **wanted}
    ]


def _matched(
    name: str, wanted: Output | None, group: Group | None, kept: Mapping[str, Any] | None
) -> Matched:
    if group is not None and kept is not None and _is_another(name, group, kept):
        if wanted is None:
            return Matched(name, None, None, (), is_recorded=True)
        kept = None
    return Matched(name, wanted, group, _found(kept, group), is_recorded=kept is not None)


def _is_another(name: str, group: Group, kept: Mapping[str, Any]) -> bool:
    """Tell whether somebody has put another output in the place of a recorded one.

    One that was renamed keeps its number, and one that was moved its name. Records of earlier
    versions tell no number.
    """
    return group.value("name") != name and kept.get("group", group.number) != group.number


def _found(kept: Mapping[str, Any] | None, group: Group | None) -> tuple[BrokerRow, ...]:
    if kept is None:
        return group.rows if group else ()
    return tuple(BrokerRow(*row) for row in kept["found"])


def doubles(desired: DesiredOutputs, live: LiveOutputs, matched: Sequence[Matched]) -> list[Group]:
    """Return the groups that say again, under the same name, what a wanted one says."""
    taken = [match.group for match in matched if match.group]
    return [
        group
        for group in live.outputs
        if group not in taken
        and any(
            (group.value("type"), group.value("name"), group.value("port"), group.value("host"))
            == (output.type, output.name, output.port, output.host)
            for output in desired.outputs
        )
    ]


def check(desired: DesiredOutputs, live: LiveOutputs, matched: Sequence[Matched]) -> None:
    """Raise CentreonError when an output can't be as wanted on this platform."""
    _same_configuration(desired, live)
    _known_types(desired, live)
    _known_categories(desired, live)
    for match in matched:
        _named_to_be_taken(desired, live, match)
        _may_be_taken(desired, live, match)
    own = [match.group for match in matched if match.group] + doubles(desired, live, matched)
    others = [group for group in (*live.inputs, *live.outputs) if group not in own]
    _free_ports(desired, live, others)
    _free_names(desired, live, others)


def _same_configuration(desired: DesiredOutputs, live: LiveOutputs) -> None:
    """What was taken over in one poller's configuration can't be put back by way of another's."""
    if live.record is not None and live.record["configuration"] != live.config_id:
        raise CentreonError(
            f"outputs were taken over in the broker configuration {live.record['configuration']}, "
            f"but {live.config_name} is {live.config_id}",
            where=f"{desired.remote.name}: poller {desired.poller}",
            remedy="take the remote out of the spec, run up, then add it with its new poller; if "
            "the old configuration is gone, delete /var/lib/mapinfra/broker-outputs.json there",
        )


def _known_categories(desired: DesiredOutputs, live: LiveOutputs) -> None:
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


def _known_types(desired: DesiredOutputs, live: LiveOutputs) -> None:
    for output in desired.outputs:
        if output.type not in live.blocks:
            raise CentreonError(
                f"this Centreon knows no broker output of type {output.type} (table cb_type)",
                where=f"{desired.remote.name}: output {output.name}",
                remedy=f"write `type: {IPV4}`; {BBDO_SERVER} came with Centreon 22.10",
            )


def _named_to_be_taken(desired: DesiredOutputs, live: LiveOutputs, match: Matched) -> None:
    """A name in `take_over` that isn't there would have another output made beside it."""
    name = desired.take_over.get(match.name)
    if name is None or match.is_recorded or match.wanted is None:
        return
    held = match.group.value("name") if match.group else ""
    if held not in (name, match.name):
        listed = ", ".join(map(str, live.outputs)) or "none"
        raise CentreonError(
            f"there is no output {name} to take over; there is {listed}",
            where=f"{desired.remote.name}: output {match.name} of {live.config_name}",
            remedy="correct `take_over`, or take it out",
        )


def _may_be_taken(desired: DesiredOutputs, live: LiveOutputs, match: Matched) -> None:
    group = match.taken_over
    if group is None or is_vendors(group.value("name")):
        return
    if desired.take_over.get(match.name) != group.value("name"):
        raise CentreonError(
            f"port {group.value('port')} is used already by {group}, which may be somebody else's",
            where=f"{desired.remote.name}: output {match.name} of {live.config_name}",
            remedy=f"write `take_over: {group.value('name')}` for the output to have it renamed "
            "and changed, or give the output another port",
        )


def _free_ports(desired: DesiredOutputs, live: LiveOutputs, others: Sequence[Group]) -> None:
    for output in desired.outputs:
        where = f"{desired.remote.name}: output {output.name} of {live.config_name}"
        taken = next(_users_of(output, live, others), None)
        if taken is not None:
            raise CentreonError(
                f"port {output.port} is used already by {taken}",
                where=where,
                remedy="give the output another port, or remove the other one in Centreon",
            )
        listeners = live.listening.get(output.listens_on or 0, ())
        program = next((one.program for one in listeners if one.program not in ("cbd", "")), None)
        if program is not None:
            raise CentreonError(
                f"port {output.port} is used already by the program {program}",
                where=where,
                remedy="give the output another port, or stop that program",
            )


def _users_of(output: Output, live: LiveOutputs, others: Sequence[Group]) -> Iterator[str]:
    """Yield what else listens on an output's port, in any active configuration of the poller."""
    port = output.listens_on
    if port is None:
        return
    yield from (_of_type(group, output) for group in others if group.port == port)
    for configuration, groups in live.elsewhere.items():
        yield from (f"{group} of {configuration}" for group in groups if group.port == port)


def _of_type(group: Group, output: Output) -> str:
    """Say which output it is, and how to have it taken over where only its type differs."""
    kind = group.value("type")
    hint = f" (write `type: {kind}` to have it taken over)" if kind in KEYS else ""
    return f"{group}{hint if kind != output.type else ''}"


def _free_names(desired: DesiredOutputs, live: LiveOutputs, others: Sequence[Group]) -> None:
    for output in desired.outputs:
        taken = next((group for group in others if group.value("name") == output.name), None)
        if taken is not None:
            raise CentreonError(
                f"the name is used already by {taken}, port {taken.value('port') or 'none'}",
                where=f"{desired.remote.name}: output {output.name} of {live.config_name}",
                remedy="give the output another name, or remove the other one in Centreon",
            )
