"""Backups of the MAP servers of a spec, listed and brought back. Free of YAML and of a terminal."""

from mapinfra.restore.plan import BackupDifference, RestorePlan, plan_restore
from mapinfra.restore.reads import Observed, observe, survey
from mapinfra.restore.restoring import Restoring
from mapinfra.restore.servers import RestorableServer, server_named, servers_of
from mapinfra.restore.shelves import ServerShelf, located, read_shelves, rehearsed, verified

__all__ = [
    "BackupDifference",
    "Observed",
    "RestorableServer",
    "RestorePlan",
    "Restoring",
    "ServerShelf",
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
