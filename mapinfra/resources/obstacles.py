"""What would make a step fail on a host as it is, known from the pass: told before the first one.

What the pass can't tell is no obstacle: the step itself will say it.
"""

from collections.abc import Iterator
from contextlib import suppress

from mapinfra.centreon.reads import CBD_UNIT, READ_ONLY, RECORD_FOLDER, RECORD_ROOM
from mapinfra.errors import CentreonError, HostError
from mapinfra.hosts import Facts


def records(facts: Facts) -> Iterator[CentreonError]:
    """mapinfra's own folder on a host can't be written to."""
    with suppress(HostError):
        told = dict(line.partition("=")[::2] for line in facts.text(RECORD_ROOM.name).splitlines())
        where = f"{facts.host}: {RECORD_FOLDER}"
        if told.get("writable") == "no":
            yield CentreonError(
                f"mapinfra's records can't be written: {told['folder']} is read-only, or not its "
                "user's",
                where=where,
                remedy="look at the file system there (dmesg, mount), or at ssh.become",
            )
        elif told.get("room") == "no":
            yield CentreonError(
                f"mapinfra's records can't be written: no room is left on the disk of "
                f"{told['folder']}",
                where=where,
                remedy="make room there (df -h, df -i)",
            )


def read_only_database(facts: Facts) -> Iterator[CentreonError]:
    """A host's MariaDB takes no changes from this user."""
    with suppress(HostError):
        row = facts.rows(READ_ONLY.name)[0]
        if str(row["read_only"]).upper() in ("0", "OFF") or row["exempt"]:
            return
        yield CentreonError(
            "MariaDB takes no changes there (read_only is on)",
            where=facts.host,
            remedy="it is a replica, or was left so: give the primary, or SET GLOBAL read_only = 0",
        )


def cbd(facts: Facts) -> Iterator[CentreonError]:
    """A remote's broker can't be restarted by its service."""
    with suppress(HostError):
        state = facts.text(CBD_UNIT.name).strip()
        if state == "masked":
            yield CentreonError(
                "cbd is masked, so it can't be restarted",
                where=facts.host,
                remedy="systemctl unmask cbd, or find out why it is",
            )
        elif state == "not-found":
            yield CentreonError(
                "there is no service cbd, so it can't be restarted",
                where=facts.host,
                remedy="install Centreon Broker (centreon-broker-cbd) there, or correct ssh.host",
            )
