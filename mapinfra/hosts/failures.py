"""Failures inside this layer, and what is done to them on their way to whoever asked."""

import copy

from mapinfra.errors import (
    AuthenticationRefused,
    CommandTimeout,
    HostError,
    HostUnreachable,
    MapinfraError,
)
from mapinfra.text import without_secrets

_LONGEST_COMPLAINT = 1 << 16  # bytes of an output that are looked at for its last line
_SHOWN = 1000  # characters of it


class ConnectionLost(HostUnreachable):
    """A connection that was there has gone; the only fault worth a new connection."""


class CommandNotBegun(HostError):
    """What logged in didn't come to run the command: nothing of it was done."""


class NotBegunInTime(CommandNotBegun, CommandTimeout):
    """The time was over before the command began."""


class Overran(CommandTimeout):
    """A command that took too long; `printed` is what it printed until then."""

    def __init__(self, what: str, *, where: str, remedy: str, printed: bytes) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.printed = printed


class Flooded(Exception):
    """More was printed than `limit` bytes, the most that is taken in."""

    def __init__(self, limit: int) -> None:
        super().__init__("flooded")
        self.limit = limit


class AgentUnusable(AuthenticationRefused):
    """The SSH agent gave no answer, or doesn't sign: no fault of the host's."""


class ChannelRefused(Exception):
    """The server didn't open a channel; `forbidden` when its configuration says so."""

    def __init__(self, *, forbidden: bool) -> None:
        super().__init__("channel refused")
        self.forbidden = forbidden


class RefusedByHop(OSError):
    """A jump host couldn't reach, or doesn't forward to, the next host."""


def relocated(error: MapinfraError, name: str) -> MapinfraError:
    """Return a copy, told of the host `name`; copies, since many threads raise one failure."""
    twin = copy.copy(error)
    told_of_it = twin.where == name or twin.where.startswith(f"{name} via ")
    if isinstance(twin, HostError) and not told_of_it:
        twin.where = name
    return twin


def last_line(output: bytes) -> str:
    """The last line that says something, for an error of one line; what seems secret is hidden."""
    lines = output[-_LONGEST_COMPLAINT:].decode(errors="replace").splitlines()
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return without_secrets(last if len(last) <= _SHOWN else f"{last[: _SHOWN - 1]}…")
