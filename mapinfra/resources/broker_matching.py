"""Which of the outputs that are there are mapinfra's, and which stand in its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapinfra.centreon.broker import TYPE, Group, Output, Row, mended, recognise, rows_of
from mapinfra.errors import CentreonError
from mapinfra.resources.broker_model import Desired, Live, past, recorded


@dataclass(frozen=True)
class Matched:
    """One owned output: as wanted (None: to be put back as found), and where it stands."""

    name: str
    wanted: Output | None
    group: Group | None
    found: tuple[Row, ...]

    def after(self, block: str) -> tuple[Row, ...]:
        """Return the rows that are to be there; none: no such output."""
        if self.wanted is None:
            return self.found
        rows = self.group.rows if self.group else ()
        return mended(rows, self.wanted, block) if rows else rows_of(self.wanted, block)


def match_outputs(desired: Desired, live: Live) -> list[Matched]:
    """Return every output that is wanted, or was taken over before, with where it stands now."""
    wanted = {output.name: output for output in desired.outputs}
    before = past(live)
    known = recognise(list({**before, **wanted}.values()), before, live.outputs)
    kept = recorded(live)
    return [
        Matched(
            name=name,
            wanted=wanted.get(name),
            group=known.get(name),
            found=_found(kept.get(name), known.get(name)),
        )
        for name in {**before, **wanted}
    ]


def _found(kept: Mapping[str, Any] | None, group: Group | None) -> tuple[Row, ...]:
    if kept is None:
        return group.rows if group else ()
    return tuple(Row(*row) for row in kept["found"])


def doubles(desired: Desired, live: Live, matched: Sequence[Matched]) -> list[Group]:
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


def check(desired: Desired, live: Live, matched: Sequence[Matched]) -> None:
    """Raise CentreonError when an output can't be as wanted on this platform."""
    _same_configuration(desired, live)
    _known_categories(desired, live)
    own = [match.group for match in matched if match.group] + doubles(desired, live, matched)
    others = [group for group in (*live.inputs, *live.outputs) if group not in own]
    _free_ports(desired, live, others)
    _free_names(desired, live, others)


def _same_configuration(desired: Desired, live: Live) -> None:
    """What was taken over in one poller's configuration can't be put back by way of another's."""
    if live.record is not None and live.record["configuration"] != live.config_id:
        raise CentreonError(
            f"outputs were taken over in the broker configuration {live.record['configuration']}, "
            f"but {live.config_name} is {live.config_id}",
            where=f"{desired.remote.name}: poller {desired.poller}",
            remedy="take the remote out of the spec, run up, then add it with its new poller; if "
            "the old configuration is gone, delete /var/lib/mapinfra/broker-outputs.json there",
        )


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
