"""Broker outputs: how Centreon Web keeps them in its tables and the broker in its file.

Source of every key, default and level: table `cfg_centreonbroker_info` as Centreon's own broker
form writes it for an IPv4 output; the defaults are those of the picture in the manual "Installing
MAP on a remote server".
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

MAP_PORT = "5758"
TYPE = "ipv4"
MASTER_PORT = "5669"


@dataclass(frozen=True)
class Row:
    """One row of `cfg_centreonbroker_info`, without the configuration and group it belongs to."""

    key: str
    value: str
    level: int = 0
    subgroup: int | None = None
    parent: int | None = None
    index: int | None = None

    def __str__(self) -> str:
        return f"{self.key}={self.value}" if self.value else self.key


@dataclass(frozen=True)
class Output:
    """An IPv4 output of a broker configuration; every value is text, as Centreon keeps it."""

    name: str
    port: str = MAP_PORT
    host: str = ""
    protocol: str = "bbdo"
    tls: str = "auto"
    private_key: str = ""
    tls_hostname: str = ""
    public_certificate: str = ""
    ca_certificate: str = ""
    negotiation: str = "yes"
    buffering_timeout: str = "0"
    retry_interval: str = ""
    failover: str = ""
    one_peer_retention: str = "no"
    compression: str = "auto"
    compression_level: str = ""
    compression_buffer: str = ""
    categories: tuple[str, ...] = ("bam", "neb")

    @property
    def listens_on(self) -> int | None:
        """The port it listens on; None where it connects, or the port is no number."""
        return int(self.port) if self.port.isdecimal() and not self.host else None

    def values(self) -> dict[str, Any]:
        """Return the fields but the name, as they stand in a resource's inputs."""
        held: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        del held["name"]
        return held | {"categories": sorted(self.categories)}


# Our word for each key, in the order of the form; `filters` and `category` follow apart.
KEYS: Mapping[str, str] = {
    "name": "name",
    "port": "port",
    "host": "host",
    "protocol": "protocol",
    "tls": "tls",
    "private_key": "private_key",
    "tls_hostname": "tls_hostname",
    "public_certificate": "public_cert",
    "ca_certificate": "ca_certificate",
    "negotiation": "negotiation",
    "buffering_timeout": "buffering_timeout",
    "retry_interval": "retry_interval",
    "failover": "failover",
    "one_peer_retention": "one_peer_retention_mode",
    "compression": "compression",
    "compression_level": "compression_level",
    "compression_buffer": "compression_buffer",
}
# The installation wizard and configure.sh misspell it; the form drops it when it saves.
_MISSPELT = "negociation"
_OWN_KEYS = frozenset(KEYS.values()) | {"type", "blockId", "filters", "category", _MISSPELT}


def rows_of(output: Output, block: str) -> tuple[Row, ...]:
    """Return the rows of an output: 20 and one for each category; `block` is the id of its form."""
    plain = [Row(key, getattr(output, name)) for name, key in KEYS.items()]
    plain[1:1] = [Row("type", TYPE), Row("blockId", block)]
    filters = Row("filters", "", subgroup=1)
    categories = [Row("category", value, level=1, parent=1) for value in output.categories]
    return (*plain, filters, *categories)


def output_of(rows: Iterable[Row]) -> Output:
    """Return the output that rows say; a missing value is '', of a doubled one the first counts."""
    held: dict[str, str] = {}
    categories: list[str] = []
    for row in rows:
        if row.key == "category":
            categories.append(row.value)
        else:
            held.setdefault(row.key, row.value)
    values = {name: held.get(key, "") for name, key in KEYS.items()}
    return Output(**values, categories=tuple(sorted(set(categories))))


def mended(rows: Sequence[Row], output: Output, block: str) -> tuple[Row, ...]:
    """Return the rows that hold `output`, with those of keys that mapinfra doesn't know kept."""
    return (*rows_of(output, block), *(row for row in rows if row.key not in _OWN_KEYS))


def same_rows(one: Iterable[Row], other: Iterable[Row]) -> bool:
    """Tell whether two sets of rows say the same; their order means nothing."""
    return Counter(one) == Counter(other)


def faults(rows: Sequence[Row], block: str) -> list[str]:
    """Return, in words, what Centreon's form would not have written so: doubled, missing, wrong."""
    there = Counter(rows)
    right = Counter(mended(rows, output_of(rows), block))
    said = [f"{row} missing" for row in right - there]
    for row in there - right:
        doubled = any(row.key == other.key for other in right) and row.key != _MISSPELT
        said.append(f"{row} {'doubled or misplaced' if doubled else 'not a key'}")
    return sorted(said)


@dataclass(frozen=True)
class Group:
    """One input or output of a broker configuration as it stands in the table."""

    number: int
    rows: tuple[Row, ...]

    def value(self, key: str) -> str:
        """Return the first value of a key, '' where it isn't there."""
        return next((row.value for row in self.rows if row.key == key), "")

    def listens_on(self, port: str) -> bool:
        """Tell whether this takes connections on that port: no host to connect to."""
        return self.value("port") == port and not self.value("host")

    def __str__(self) -> str:
        return f"{self.value('name') or 'unnamed'} ({self.value('type')}, group {self.number})"


def groups(rows: Iterable[Mapping[str, Any]], config: int, kind: str) -> list[Group]:
    """Return the inputs or outputs (`kind`) of one configuration, lowest group first."""
    gathered: dict[int, list[Row]] = {}
    for row in rows:
        if row["config_id"] == config and row["config_group"] == kind:
            gathered.setdefault(int(row["config_group_id"]), []).append(row_of(row))
    return [Group(number, tuple(gathered[number])) for number in sorted(gathered)]


def masters(
    configurations: Iterable[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], poller: int
) -> list[Mapping[str, Any]]:
    """Return the configurations of a poller's own broker, not of its modules; mostly one.

    It is known by its part (daemon, active, takes the engine's events on 5669): its name differs
    from what the documentation says, and may have been changed.
    """
    return [
        row
        for row in configurations
        if row["ns_nagios_server"] == poller
        and str(row["daemon"]) == "1"
        and str(row["config_activate"]) == "1"
        and any(g.value("port") == MASTER_PORT for g in groups(rows, row["config_id"], "input"))
    ]


def row_of(row: Mapping[str, Any]) -> Row:
    """Return a row as it came from the database."""
    return Row(
        key=str(row["config_key"]),
        value="" if row["config_value"] is None else str(row["config_value"]),
        level=int(row["grp_level"]),
        subgroup=row["subgrp_id"],
        parent=row["parent_grp_id"],
        index=row["fieldIndex"],
    )


def recognise(
    wanted: Sequence[Output], recorded: Mapping[str, Output], there: Sequence[Group]
) -> dict[str, Group]:
    """Return the group that is each wanted output, by its name.

    What was recorded under the same name, and is still as recorded, is known first. Else an output
    is known by what it does, the port it listens on or the address it connects to: the vendor's
    pictures and scripts name it in several ways, so the name counts only for what is left
    (somebody changed the port).
    """
    left = [group for group in there if group.value("type") == TYPE]
    known: dict[str, Group] = {}

    def take(output: Output, found: Iterable[Group]) -> None:
        group = next(iter(found), None)
        if output.name not in known and group is not None:
            known[output.name] = group
            left.remove(group)

    for output in wanted:
        old = recorded.get(output.name)
        take(output, [g for g in left if old and _same_end(old, g) and _same_name(old, g)])
    for same in (_same_end, _same_name):
        for output in wanted:
            take(output, [group for group in left if same(output, group)])
    return known


def _same_end(output: Output, group: Group) -> bool:
    return group.value("port") == output.port and group.value("host") == output.host


def _same_name(output: Output, group: Group) -> bool:
    return group.value("name") == output.name


def in_file(output: Output) -> dict[str, Any]:
    """Return the output as the generated file holds it: text only, nothing empty."""
    held = {key: getattr(output, name) for name, key in KEYS.items()} | {"type": TYPE}
    plain: dict[str, Any] = {key: value for key, value in held.items() if value}
    return plain | {"filters": {"category": sorted(output.categories)}}


def file_outputs(content: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the outputs of a generated file (`centreonBroker.output[]`)."""
    broker = (content or {}).get("centreonBroker")
    outputs = broker.get("output") if isinstance(broker, dict) else None
    return [one for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []


def file_pollers(contents: Iterable[Mapping[str, Any] | None]) -> dict[int, str]:
    """Return whose configuration generated files are: the names of pollers by their numbers."""
    heads = [(content or {}).get("centreonBroker") for content in contents]
    return {
        int(str(head["poller_id"])): str(head.get("poller_name", ""))
        for head in heads
        if isinstance(head, dict) and str(head.get("poller_id")).isdecimal()
    }


def file_holds(outputs: Sequence[Mapping[str, Any]], output: Output) -> bool:
    """Tell whether the file's outputs hold this one, once, as it should be."""
    named = [one for one in outputs if one.get("name") == output.name]
    wanted = in_file(output)
    known = set(KEYS.values()) | {"type"}
    return (
        len(named) == 1
        and {key: value for key, value in named[0].items() if key in known and value}
        | {"filters": {"category": sorted(_categories(named[0]))}}
        == wanted
    )


def _categories(output: Mapping[str, Any]) -> list[str]:
    filters = output.get("filters")
    held = filters.get("category", []) if isinstance(filters, dict) else []
    return [held] if isinstance(held, str) else [str(value) for value in held]


def served_ports(listening: Mapping[int, str]) -> frozenset[int]:
    """Return the ports that the broker listens on, or, where programs aren't known, may."""
    return frozenset(port for port, program in listening.items() if program in ("cbd", ""))
