"""Backups of the MAP servers of a spec, listed and brought back. Free of YAML and of a terminal."""

from mapinfra.restore.plan import Difference, RestorePlan, plan_restore
from mapinfra.restore.reads import Observed, observe, survey
from mapinfra.restore.restoring import Restoring
from mapinfra.restore.servers import Server, server_named, servers_of
from mapinfra.restore.shelves import Read, located, read_shelves, rehearsed, verified

__all__ = [
    "Difference",
    "Observed",
    "Read",
    "RestorePlan",
    "Restoring",
    "Server",
    "located",
    "observe",
    "plan_restore",
    "read_shelves",
    "rehearsed",
    "server_named",
    "servers_of",
    "survey",
    "verified",
]
