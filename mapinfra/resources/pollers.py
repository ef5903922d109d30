"""Whether a host is the remote server that the spec takes it for: its broker's files tell."""

from collections.abc import Mapping
from contextlib import suppress

from mapinfra.centreon.broker.outputs import file_pollers
from mapinfra.centreon.facts import files, json_object
from mapinfra.centreon.reads import BROKER_FILES, BROKER_FOLDER, POLLERS
from mapinfra.errors import CentreonError, HostError
from mapinfra.hosts import Facts, Target
from mapinfra.resources.session import Session


def expect_own(session: Session, target: Target) -> None:
    """Raise CentreonError for a remote of the spec whose host has another poller's files only.

    Raises HostError when that host can't be read.
    """
    wishes = session.wishes
    poller = wishes.pollers.get(target.name)
    if poller is None or wishes.central is None:
        return
    there = files(session.fleet.facts(target).text(BROKER_FILES.name))
    with suppress(HostError):  # what a central that can't be read knows, other resources tell
        number = numbers(session.fleet.facts(wishes.central)).get(poller)
        if number is not None:
            expect_files_of(there, number, poller, target.name)


def expect_files_of(there: Mapping[str, bytes], number: int, poller: str, remote: str) -> None:
    """Refuse a host whose broker's files are of other pollers only: it is another server.

    A poller that was renamed keeps its number, one that was added anew its name.
    """
    found = file_pollers(json_object(content) for content in there.values())
    if not found or number in found or poller in found.values():
        return
    whose = ", ".join(f"{name} (id {other})" for other, name in sorted(found.items()))
    raise CentreonError(
        f"this host has the broker's files of poller {whose}, not of {poller} (id {number})",
        where=f"{remote}: {BROKER_FOLDER}",
        remedy=f"correct ssh.host or `poller` of {remote}; if it is that host, export the "
        "configuration of the poller in Centreon first",
    )


def numbers(central: Facts) -> dict[str, int]:
    """Return the numbers of Centreon's pollers by their names; raise HostError."""
    return {str(row["name"]): int(str(row["id"])) for row in central.rows(POLLERS.name)}
