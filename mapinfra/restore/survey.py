"""What the one pass reads for a restore, and what is looked at on top of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra import backup
from mapinfra.backup import Client, Found, Manifest, Present, Standing, journal, shelf
from mapinfra.centreon.map_host import BACKUPS, manifests
from mapinfra.hosts import Fleet, Survey
from mapinfra.restore.servers import Server


@dataclass(frozen=True)
class Observed:
    """What is there before a restore."""

    journal: Found
    interrupted: Manifest | None
    """The backup of a run that ended without a word, after which nobody went back."""
    present: Present

    @property
    def packages(self) -> Mapping[str, str]:
        """What is installed once an interrupted run has been gone back from."""
        past = self.interrupted.packages if self.interrupted else {}
        return {**self.present.packages, **past}

    @property
    def has_database(self) -> bool:
        """Whether MAP's database is there by then."""
        return self.interrupted is not None or self.present.database is not None


def survey(server: Server) -> Survey:
    """Return what the pass reads of a MAP server."""
    desired = server.desired
    return Survey(
        (BACKUPS, journal.probe(desired.edition.service), shelf.probe(desired.folder)),
    )


def observe(fleet: Fleet, server: Server, manifest: Manifest) -> Observed:
    """Look at a server before a restore; raise HostError."""
    facts, edition = fleet.facts(server.target), server.desired.edition
    found = journal.read(facts, edition.service)
    interrupted = None
    if found.entry is not None and found.standing is Standing.ABANDONED:
        interrupted = manifests(facts).get(found.entry.backup)
    host = fleet.host(server.target)
    names = {edition.server_package, *manifest.packages}
    return Observed(found, interrupted, backup.look(host, manifest, sorted(names), Client()))
