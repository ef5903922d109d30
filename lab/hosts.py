"""The hosts that every lab has."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["central", "remote", "map"]
Family = Literal["rpm", "deb"]


@dataclass(frozen=True)
class HostSpec:
    """One host: what it is for Centreon and how it differs from the others."""

    name: str
    role: Role
    family: Family
    number: int
    """The last part of its address."""
    poller_id: int | None
    """Its id in the central's table `nagios_server`; None for a host Centreon doesn't poll."""
    sudo_asks_password: bool = False


HOSTS = (
    HostSpec("central", "central", "deb", 10, 1),
    HostSpec("paris", "remote", "rpm", 11, 2, sudo_asks_password=True),
    HostSpec("lyon", "remote", "deb", 12, 3),
    HostSpec("map", "map", "rpm", 13, None),
)
