"""What the one pass reads for a restore, and what is looked at on top of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mapinfra import backup
from mapinfra.backup import Client, Found, Manifest, Present, journal, shelf
from mapinfra.centreon.config_files import PROPERTIES, settings
from mapinfra.centreon.editions import Edition
from mapinfra.centreon.map_host import fitting
from mapinfra.hosts import Fleet, Host, Survey
from mapinfra.restore.servers import Server


@dataclass(frozen=True)
class Observed:
    """What is there before a restore."""

    journal: Found
    interrupted: Manifest | None
    """The backup of a run that ended without a word, after which nobody went back."""
    present: Present
    own_databases: frozenset[str] = frozenset()
    """The database that MAP's configuration names, in the backup."""

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
        (journal.probe(desired.edition.service), shelf.probe(desired.folder)),
    )


def observe(fleet: Fleet, server: Server, manifest: Manifest) -> Observed:
    """Look at a server before a restore; raise HostError."""
    facts, edition = fleet.facts(server.target), server.desired.edition
    found = fitting(journal.read(facts, edition.service), edition)
    host = fleet.host(server.target)
    names = {edition.server_package, *manifest.packages}
    present = backup.look(host, manifest, sorted(names), Client())
    return Observed(found, found.interrupted, present, _databases(host, manifest, edition))


def _databases(host: Host, manifest: Manifest, edition: Edition) -> frozenset[str]:
    name = edition.own_database_file
    held = settings(backup.saved(host, manifest, name).encode(), PROPERTIES)
    url = held.get(f"{edition.database}.connection.url", "").removeprefix("jdbc:")
    path = urlsplit(url).path.strip("/")
    return frozenset({path} if path else ())
