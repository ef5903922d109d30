"""Sessions that hold MAP's own database while MAP is stopped: found, told, ended.

An open transaction that has read a table holds a metadata lock on it, and whatever changes or drops
the table waits for that, a day by default (lock_wait_timeout). MariaDB tells who holds such locks
only with its plugin METADATA_LOCK_INFO; without it, by the database that a session is in.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from mapinfra.backup.asking import CLIENT, END, SESSIONS
from mapinfra.backup.login import logged_in
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.subject import MariadbClient
from mapinfra.hosts import Host

_END = f"""\
login=--defaults-file=$1 database=$2
{CLIENT}{SESSIONS}{END}
end_all "$(sessions | sort -u)"
"""
_DROP = f"""\
login=--defaults-file=$1 database=$2
{CLIENT}{SESSIONS}{END}
drop() {{ said=$(client -e "DROP DATABASE IF EXISTS \\`$database\\`" 2>&1); }}
end_all "$(sessions | sort -u)"
drop && exit
end_all "$(holders | sort -u)"
drop || {{ printf '%s\\n' "$said" >&2; exit 1; }}
"""
_HELD = f"""\
login=--defaults-file=$1 database=$2
{CLIENT}{SESSIONS}
locked_by
"""


@dataclass(frozen=True)
class DatabasePlace:
    """A database, and how MariaDB's root logs in to its server."""

    client: MariadbClient
    database: str


def end(host: Host, place: DatabasePlace, service: str) -> Sequence[str]:
    """End the sessions that are in the database, or hold locks on it; say whose they were.

    For when the service that owns the database is stopped. Raises BackupFailed.
    """
    doing = f"ending the sessions that hold {place.database}"
    with logged_in(host, place.client, f"{service}.sessions") as login:
        return script(host, doing, _END, login, place.database).splitlines()


def drop(host: Host, place: DatabasePlace, service: str) -> Sequence[str]:
    """Drop the database; first end the sessions that hold it, and say whose they were."""
    with logged_in(host, place.client, f"{service}.sessions") as login:
        doing = f"dropping {place.database}"
        return script(host, doing, _DROP, login, place.database).splitlines()


def holders(host: Host, place: DatabasePlace, service: str) -> str:
    """Say whose sessions hold locks on the database. Raises BackupFailed."""
    doing = f"looking for who holds {place.database}"
    with logged_in(host, place.client, f"{service}.sessions") as login:
        return script(host, doing, _HELD, login, place.database).strip()


@contextmanager
def explained(host: Host, place: DatabasePlace, service: str) -> Iterator[None]:
    """Add to the error of a statement that waited too long for a lock who holds it."""
    try:
        yield
    except BackupFailed as error:
        if "ERROR 1205" not in error.what:
            raise
        raise BackupFailed(
            f"{error.what}; its tables are locked by {holders(host, place, service)}",
            where=host.name,
            remedy="end that session, or wait until it has ended",
        ) from None
