"""What a spec says of the brokers that MAP servers connect to, and where it says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mapinfra.centreon.releases.editions import Edition
from mapinfra.hosts import Target


@dataclass(frozen=True)
class WantedOutput:
    """An output of the spec that listens, and where the spec has it."""

    name: str
    port: str
    tls: str
    place: str
    """File and line."""


@dataclass(frozen=True)
class WantedMap:
    """A MAP server of the spec, as far as it concerns its broker."""

    host: Target
    edition: Edition
    declared: Mapping[str, str]
    """What the spec sets in its main configuration file."""


@dataclass(frozen=True)
class Wishes:
    """What a spec says of brokers, pollers and the MAP servers that connect there."""

    outputs: Mapping[str, Sequence[WantedOutput]]
    """By the name of the remote."""
    hosts: Mapping[str, str]
    """The name of the central or remote that has an address, `comparable`, for itself."""
    maps: Mapping[str, WantedMap] = field(default_factory=dict)
    """By the name of the remote."""
    central: Target | None = None
    pollers: Mapping[str, str] = field(default_factory=dict)
    """The name that Centreon has for a remote, by the spec's."""


def comparable(address: str) -> str:
    """Return a name or address in the one way in which equal ones are equal."""
    return address.strip("[]").lower().removesuffix(".")


NO_WISHES = Wishes({}, {})
