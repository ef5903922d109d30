"""Broker outputs: how Centreon Web keeps them in its tables, and how an output is recognised.

Source of every key, default and level: table `cfg_centreonbroker_info` as Centreon's own broker
form writes it for the two types of outputs that a MAP server can connect to; the defaults are
those of the picture in the manual "Installing MAP on a remote server".
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from mapinfra.centreon.broker.generated import (
    BrokerRow,
    Stream,
    categories,
    generated,
    listens_on,
)
from mapinfra.centreon.facts import Listener

MAP_PORT = "5758"
IPV4 = "ipv4"
BBDO_SERVER = "bbdo_server"
MASTER_PORT = "5669"
VENDORS_NAMES = ("Centreon-Map", "Centreon-Studio")
"""What the manual's pictures and configure.sh call MAP's output, in any case of letters."""

# Our word for each key, in the order of the form; `filters` and `category` follow apart.
KEYS: Mapping[str, Mapping[str, str]] = {
    IPV4: {
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
    },
    # Its `authorization` is a secret that mapinfra neither reads nor writes.
    BBDO_SERVER: {
        "name": "name",
        "host": "host",
        "port": "port",
        "transport": "transport_protocol",
        "tls": "encryption",
        "private_key": "private_key",
        "public_certificate": "certificate",
        "compression": "compression",
        "one_peer_retention": "retention",
    },
}
# The installation wizard and configure.sh misspell it; the form drops it when it saves.
_MISSPELT = "negociation"
_OWN_KEYS = {key for keys in KEYS.values() for key in keys.values()} | {
    "type", "blockId", "filters", "category", _MISSPELT,
}  # fmt: skip
# Only with TLS, and not every line's generator leaves them out without.
_KEYS_OF_TLS = ("private_key", "certificate")

Blocks = Mapping[str, str]
"""The id of the form of each type of output, `tag_type`; ids differ between platforms."""


@dataclass(frozen=True)
class Output:
    """An output of a broker configuration; every value is text, as Centreon keeps it.

    A type's KEYS tell which fields it has; the others say nothing.
    """

    name: str
    type: str = IPV4
    port: str = MAP_PORT
    host: str = ""
    protocol: str = "bbdo"
    transport: str = "TCP"
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
        return listens_on({"type": self.type, "port": self.port, "host": self.host})

    def values(self) -> dict[str, Any]:
        """Return the fields of its type but the name, as they stand in a resource's inputs."""
        own = [f.name for f in fields(self) if f.name in KEYS[self.type] and f.name != "name"]
        kind = {} if self.type == IPV4 else {"type": self.type}
        held = {name: getattr(self, name) for name in own}
        return kind | held | {"categories": sorted(self.categories)}


def rows_of(output: Output, blocks: Blocks) -> tuple[BrokerRow, ...]:
    """Return the rows of an output, as the form of its type writes them."""
    plain = [BrokerRow(key, getattr(output, name)) for name, key in KEYS[output.type].items()]
    plain[1:1] = [BrokerRow("type", output.type), BrokerRow("blockId", blocks[output.type])]
    if output.type == BBDO_SERVER:
        return (*plain, *(BrokerRow("category", value) for value in output.categories))
    filters = BrokerRow("filters", "", subgroup=1)
    inner = [BrokerRow("category", value, level=1, parent=1) for value in output.categories]
    return (*plain, filters, *inner)


def output_of(rows: Iterable[BrokerRow]) -> Output:
    """Return the output that rows make; what they don't, or make empty, is ''."""
    held = generated(rows)
    kind = str(held.get("type", ""))
    keys = KEYS[kind if kind in KEYS else IPV4]
    values = {name: str(held.get(key, "")) for name, key in keys.items()}
    return Output(**values, type=kind if kind in KEYS else IPV4, categories=categories(held))


def mended(rows: Sequence[BrokerRow], output: Output, blocks: Blocks) -> tuple[BrokerRow, ...]:
    """Return the rows that hold `output`, with those of keys that mapinfra doesn't know kept."""
    return (*rows_of(output, blocks), *(row for row in rows if row.key not in _OWN_KEYS))


def same_rows(one: Iterable[BrokerRow], other: Iterable[BrokerRow]) -> bool:
    """Tell whether two sets of rows are the same; their order means nothing."""
    return Counter(one) == Counter(other)


def same_stream(one: Sequence[BrokerRow], other: Sequence[BrokerRow]) -> bool:
    """Tell whether the generator makes the same of two sets of rows, as far as a broker goes by."""
    return _meaning(generated(one)) == _meaning(generated(other))


def faults(rows: Sequence[BrokerRow], blocks: Blocks) -> list[str]:
    """Return, in words, what Centreon's form would not have written so: doubled, missing, wrong."""
    there = Counter(rows)
    right = Counter(mended(rows, output_of(rows), blocks))
    said = [f"{row} missing" for row in right - there]
    for row in there - right:
        doubled = any(row.key == other.key for other in right) and row.key != _MISSPELT
        said.append(f"{row} {'doubled or misplaced' if doubled else 'not a key'}")
    return sorted(said)


@dataclass(frozen=True)
class Group:
    """One input or output of a broker configuration as it stands in the table."""

    number: int
    rows: tuple[BrokerRow, ...]

    def value(self, key: str) -> str:
        """Return the value of a key that the generator takes, '' where there is none."""
        return str(generated(self.rows).get(key, ""))

    @property
    def port(self) -> int | None:
        """The port that it listens on; None where it connects, or the port is no number."""
        return listens_on(generated(self.rows))

    @property
    def is_for_map(self) -> bool:
        """Whether it is an output that MAP servers connect to, whatever its name."""
        return self.port == int(MAP_PORT) and self.value("type") in KEYS

    def __str__(self) -> str:
        return f"{self.value('name') or 'unnamed'} ({self.value('type')}, group {self.number})"


def groups(rows: Iterable[Mapping[str, Any]], config: int, kind: str) -> list[Group]:
    """Return the inputs or outputs (`kind`) of one configuration, lowest group first."""
    gathered: dict[int, list[BrokerRow]] = {}
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


def row_of(row: Mapping[str, Any]) -> BrokerRow:
    """Return a row as it came from the database."""
    return BrokerRow(
        key=str(row["config_key"]),
        value="" if row["config_value"] is None else str(row["config_value"]),
        level=int(row["grp_level"]),
        subgroup=row["subgrp_id"],
        parent=row["parent_grp_id"],
        index=row["fieldIndex"],
    )


def recognise(
    wanted: Sequence[Output],
    recorded: Mapping[str, Output],
    there: Sequence[Group],
    take_over: Mapping[str, str],
) -> dict[str, Group]:
    """Return the group that is each wanted output, by its name.

    What was recorded under the same name, and is still as recorded, is known first, then one that
    is named in `take_over`. Else an output is known by what it does, its type with the port it
    listens on or the address it connects to: the vendor's pictures and scripts name it in several
    ways, so the name counts only for what is left (somebody changed the port).
    """
    left = [group for group in there if group.value("type") in KEYS]
    known: dict[str, Group] = {}

    def take(output: Output, found: Iterable[Group]) -> None:
        group = next(iter(found), None)
        if output.name not in known and group is not None:
            known[output.name] = group
            left.remove(group)

    for output in wanted:
        old = recorded.get(output.name)
        take(output, [g for g in left if old and _same_end(old, g) and _same_name(old, g)])
    for output in wanted:
        name = "" if output.name in recorded else take_over.get(output.name, "")
        take(output, [group for group in left if name and group.value("name") == name])
    for same in (_same_end, _same_name):
        for output in wanted:
            take(output, [g for g in left if same(output, g) and _same_type(output, g)])
    return known


def _same_end(output: Output, group: Group) -> bool:
    return group.value("port") == output.port and group.value("host") == output.host


def _same_name(output: Output, group: Group) -> bool:
    return group.value("name") == output.name


def _same_type(output: Output, group: Group) -> bool:
    return group.value("type") == output.type


def is_vendors(name: str) -> bool:
    """Tell whether a name is one that the vendor gives to MAP's output."""
    return name.casefold() in (known.casefold() for known in VENDORS_NAMES)


def file_pollers(contents: Iterable[Mapping[str, Any] | None]) -> dict[int, str]:
    """Return whose configuration generated files are: the names of pollers by their numbers."""
    heads = [(content or {}).get("centreonBroker") for content in contents]
    return {
        int(str(head["poller_id"])): str(head.get("poller_name", ""))
        for head in heads
        if isinstance(head, dict) and str(head.get("poller_id")).isdecimal()
    }


def file_holds(file: Sequence[Stream], outputs: Sequence[Sequence[BrokerRow]]) -> bool:
    """Tell whether a file's outputs hold what is generated of these, each given by its rows.

    Of each name there are to be as many as wanted: one that is there once too often was changed.
    """
    wanted = Counter(_meaning(stream) for rows in outputs if (stream := generated(rows)))
    names = {generated(rows).get("name") for rows in outputs}
    return Counter(_meaning(one) for one in file if one.get("name") in names) == wanted


def _meaning(stream: Stream) -> str:
    """Return, in one form, what of a stream counts for a broker: its type's keys, its filters."""
    kind = str(stream.get("type", ""))
    keys = {"type", *(KEYS[kind].values() if kind in KEYS else stream.keys() - {"filters"})}
    if kind == BBDO_SERVER and stream.get("encryption") != "yes":
        keys -= set(_KEYS_OF_TLS)
    held = {key: str(value) for key, value in stream.items() if key in keys and value}
    return json.dumps([held, categories(stream)], sort_keys=True)


def served_ports(listening: Mapping[int, Iterable[Listener]], file: str) -> frozenset[int]:
    """Return the ports that the broker of a configuration's file listens on.

    Where a port's program, or its configuration, can't be known, it may be that broker.
    """
    return frozenset(
        port
        for port, there in listening.items()
        if any(one.program in ("cbd", "") and one.file in (file, "") for one in there)
    )
