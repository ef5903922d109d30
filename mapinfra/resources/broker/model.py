"""What the outputs of one broker configuration are made of: as wanted, as found, as deployed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mapinfra.centreon.broker.generated import BrokerRow, Stream
from mapinfra.centreon.broker.outputs import IPV4, Blocks, Group, Output, file_holds, served_ports
from mapinfra.centreon.facts import Listener
from mapinfra.centreon.web.access import Api
from mapinfra.hosts import Target
from mapinfra.resources.records import Record

RECORD = "broker-outputs"
"""The record, on the remote, of what was found."""


@dataclass(frozen=True)
class DesiredOutputs:
    """The outputs that mapinfra owns in the broker configuration of one poller."""

    central: Target
    remote: Target
    api: Api
    poller: str
    configuration: str | None
    outputs: tuple[Output, ...]
    take_over: Mapping[str, str] = field(default_factory=dict)
    """The name of the foreign output that is to become one of these, by its name here."""


@dataclass(frozen=True)
class LiveOutputs:
    """What is there: rows on the central, the generated file and the ports on the remote."""

    poller_id: int
    config_id: int
    config_name: str
    file_name: str
    blocks: Blocks
    categories: frozenset[str]
    inputs: tuple[Group, ...]
    outputs: tuple[Group, ...]
    elsewhere: Mapping[str, tuple[Group, ...]]
    """Inputs and outputs of the poller's other active configurations, by their names."""
    file: tuple[Stream, ...]
    listening: Mapping[int, tuple[Listener, ...]]
    record: Record | None

    @property
    def ports(self) -> frozenset[int]:
        """The ports that the broker of this configuration serves."""
        return served_ports(self.listening, self.file_name)


@dataclass(frozen=True)
class Edit:
    """The rows of one output group before and after; no rows: the group isn't there."""

    config_id: int
    group: int
    before: tuple[BrokerRow, ...]
    after: tuple[BrokerRow, ...]

    def back(self) -> "Edit":
        """Return the edit that undoes this one."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True)
class Deployed:
    """How the remote's file and ports are when a deployment has arrived.

    Outputs are given by their rows; what is put back as it was found may be unable to listen.
    """

    file_name: str
    outputs: tuple[tuple[BrokerRow, ...], ...]
    gone: frozenset[str] = frozenset()
    opened: frozenset[int] = frozenset()
    closed: frozenset[int] = frozenset()

    def in_file(self, file: Sequence[Stream]) -> bool:
        """Tell whether the file holds what it should and nothing that is gone."""
        there = any(one.get("name") in self.gone for one in file)
        return not there and file_holds(file, self.outputs)

    def on_ports(self, ports: frozenset[int]) -> bool:
        """Tell whether what must listen does, and what must not doesn't."""
        return self.opened <= ports and not self.closed & ports


def recorded(live: LiveOutputs) -> dict[str, dict[str, Any]]:
    """Return what the record says of each output that was taken over."""
    outputs = (live.record or {}).get("outputs", {})
    return {str(name): dict(kept) for name, kept in outputs.items()}


def past(live: LiveOutputs) -> dict[str, Output]:
    """Return the outputs that mapinfra took over before, by name, where they were then."""
    return {
        name: Output(
            name,
            type=str(kept.get("type", IPV4)),
            port=str(kept["port"]),
            host=str(kept["host"]),
        )
        for name, kept in recorded(live).items()
    }
