"""Failures inside this layer, and what is done to them on their way to whoever asked."""

import copy

from mapinfra.errors import HostError, HostUnreachable, MapinfraError


class ConnectionLost(HostUnreachable):
    """A connection that was there has gone; the only fault worth a new connection."""


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
    """The last line that says something, for an error of one line."""
    lines = output.decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
