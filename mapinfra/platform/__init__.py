"""A spec as Pulumi resources: which there are, what they belong to, in what order."""

from mapinfra.platform.components import CentralServer, RemoteServer, platform
from mapinfra.platform.program import declare

__all__ = ["CentralServer", "RemoteServer", "declare", "platform"]
