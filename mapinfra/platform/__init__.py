"""A spec as Pulumi resources: which there are, what they belong to, in what order."""

from mapinfra.platform.components import RemoteServer, platform

__all__ = ["RemoteServer", "platform"]
