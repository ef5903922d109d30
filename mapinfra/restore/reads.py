"""What the one pass reads for a restore, and what is looked at on top of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra import backup
from mapinfra.backup import Manifest, Present, shelf
from mapinfra.centreon.map import jdbc
from mapinfra.centreon.map.environment import CONFIGURATION, configuration
from mapinfra.centreon.map.jdbc import NotUnderstood
from mapinfra.centreon.releases.editions import Edition
from mapinfra.config_files import PROPERTIES, settings
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts, Fleet, Host, Survey
from mapinfra.resources.map import own_database
from mapinfra.resources.map.fitting import fitting
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.restore.servers import RestorableServer
from mapinfra.rollback import Found, Standing, journal


@dataclass(frozen=True)
class Observed:
    """What is there before a restore."""

    journal: Found
    interrupted: Manifest | None
    """The backup of a run that ended without a word, after which nobody went back."""
    present: Present
    own_databases: frozenset[str] = frozenset()
    """The database that MAP's configuration names, in the backup."""
    own: OwnDatabase | CentreonError | None = None
    """What MAP's own connection reaches now, or why that can't be told; None: MAP isn't there."""

    @property
    def packages(self) -> Mapping[str, str]:
        """What is installed once an interrupted run has been gone back from."""
        past = self.interrupted.packages if self.interrupted else {}
        return {**self.present.packages, **past}

    @property
    def has_database(self) -> bool:
        """Whether MAP's database is there by then."""
        return self.interrupted is not None or self.present.database is not None


def survey(server: RestorableServer) -> Survey:
    """Return what the pass reads of a MAP server."""
    desired = server.desired
    return Survey(
        (CONFIGURATION, journal.probe(desired.edition.service), shelf.probe(desired.folder)),
    )


def observe(fleet: Fleet, server: RestorableServer, manifest: Manifest) -> Observed:
    """Look at a server before a restore; raise HostError."""
    facts, edition = fleet.facts(server.target), server.desired.edition
    found = fitting(journal.read(facts, edition.service), edition)
    host = fleet.host(server.target)
    names = {edition.server_package, *manifest.packages}
    own = None
    if found.interrupted is None and found.standing is not Standing.HELD:
        own = _own(host, server, facts)
    present = backup.look(host, manifest, sorted(names), manifest.client)
    databases = _databases(host, manifest, edition)
    return Observed(found, found.interrupted, present, databases, own)


def _databases(host: Host, manifest: Manifest, edition: Edition) -> frozenset[str]:
    name = edition.own_database_file
    held = settings(backup.saved(host, manifest, name).encode(), PROPERTIES)
    try:
        url = jdbc.parse(held.get(f"{edition.database}.connection.url", ""))
    except NotUnderstood:
        return frozenset()
    return frozenset({url.database})


def _own(host: Host, server: RestorableServer, facts: Facts) -> OwnDatabase | CentreonError | None:
    files = configuration(facts, server.desired.edition)
    return own_database.found(host, server.desired.edition, files) if files else None
