"""A MAP installation as it is to be and as it is, and what the steps between work on. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from mapinfra.backup import Manifest, Shelf
from mapinfra.centreon.map.configure import Install
from mapinfra.centreon.map.environment import System
from mapinfra.centreon.map.health import Health
from mapinfra.centreon.map.prerequisites import Broker, Ground
from mapinfra.centreon.releases.editions import WEB_CLIENT, Edition
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.web import options
from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.extensions import Extensions
from mapinfra.config_files import Strategy, format_of, settings, shown_value
from mapinfra.errors import CentreonError
from mapinfra.hosts import Target
from mapinfra.hosts.packages import Installed, Offered
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.wishes import NO_WISHES, Wishes
from mapinfra.rollback import Entry, Found

INSTALLATION: Final = "installation"
REMOVAL: Final = "removal"
REPAIR: Final = "repair"
"""Operations, as the journal on the host names them."""

UNINSTALL: Final = "uninstall"
"""The value of `removal` with which packages go."""

CHANGED: Final = " (after the server was changed)"
"""Ends a journal's step from when the server's package begins to change: before, only the service
has to be brought back."""


@dataclass(frozen=True)
class DesiredMap:
    """One MAP server and the web client of the central or remote that it serves."""

    map: Target
    web: Target
    api: Api
    edition: Edition
    version: Version
    web_client: Version
    release_notes_read: str | None
    downgrade_to: Version | None
    strategy: Strategy
    settings: Mapping[str, Mapping[str, str]]
    """By the file's name and key."""
    address: str | None
    folder: str
    keep: int
    lease_minutes: float
    start_seconds: float
    install: Install | None = None
    """What an installation from nothing needs to know; None: only what is there is changed."""
    uninstall: bool = False
    """Whether packages go when the spec has this MAP no more."""
    drop_database: bool = False
    """Whether its database goes with them."""

    @property
    def settings_by_path(self) -> dict[str, Mapping[str, str]]:
        """The declared settings by the file's full path."""
        return {
            f"{self.edition.config_dir}/{name}": wanted for name, wanted in self.settings.items()
        }


@dataclass(frozen=True)
class AccountScope:
    """Who may log in where, for a new installation."""

    accounts: frozenset[str] | None
    """From where MAP's user may log in to Centreon's databases; None: nobody could ask."""
    contacts: Mapping[str, bool]
    """Contacts that may reach the API Realtime, and whether they are administrators."""


@dataclass(frozen=True)
class LiveMap:
    """What the passes over both hosts found."""

    journal: Found
    interrupted: Manifest | None
    """The backup of a run that ended without a word, after which nobody went back."""
    installed: Installed
    offered: Offered
    health: Health
    configuration: Mapping[str, bytes] = field(repr=False)
    system: System
    web_installed: Installed
    web_offered: Offered
    extensions: Extensions
    options: options.Values
    central: Version | None
    """Version of Centreon Web there."""
    is_central: bool
    broker: Broker | None
    """The central's own; None on a remote, whose outputs are made on its central."""
    ground: Ground
    shelf: Shelf = field(default_factory=lambda: Shelf(()))
    """The backups there are."""
    place: AccountScope | None = None
    """What a new installation would stand on; None where it isn't asked for."""
    wishes: Wishes = NO_WISHES
    broker_at: Collection[str] = ()
    """The names of the machine that MAP's broker.address leads to, where its text doesn't tell."""
    own: OwnDatabase | CentreonError | None = None
    """MAP's own database, or why it can't be backed up; None where nobody looked: MAP isn't there,
    or another run is at work on it."""

    @property
    def unfinished(self) -> bool:
        """Whether an installation was cut off."""
        entry = self.journal.entry
        return entry is not None and entry.operation == INSTALLATION

    @property
    def packages(self) -> Mapping[str, str]:
        """Package versions on the MAP server; those to go back to, where a run was interrupted."""
        past = self.interrupted.packages if self.interrupted else {}
        return {**self.installed.versions, **past}


@dataclass(frozen=True)
class Lock:
    """What the step that takes the lock works on."""

    operation: str
    target: str
    over: Entry | None
    unfinished: bool = False
    """Whether the run that had the lock has left something to go back from."""


@dataclass(frozen=True)
class Replace:
    """A package at one version and, for the way back, at the one before; None: not installed."""

    package: str
    old: str | None
    new: str | None

    @property
    def wanted(self) -> dict[str, str]:
        """The package at its new version, as package managers are asked for it."""
        return {self.package: self.new} if self.new is not None else {}

    @property
    def past(self) -> dict[str, str]:
        """The package at the version before."""
        return {self.package: self.old} if self.old is not None else {}


@dataclass(frozen=True)
class DatabaseAccount:
    """MAP's user at the databases of Centreon, for logins from one address."""

    client: str
    is_new: bool


@dataclass(frozen=True)
class Setup:
    """What configure.sh is run for."""

    centreon_address: str
    broker_port: str
    broker: Broker | None
    is_new_database: bool


def settings_of(desired: DesiredMap, live: LiveMap) -> dict[str, dict[str, str | None]]:
    """Return the declared settings as they are now; of what isn't as declared, no secret.

    It goes to previews and to the state, and what stands beside a setting in one value, such as
    MAP's signing key in JAVA_OPTS, is no one's business there.
    """
    return {
        name: {
            key: value if value in (None, wanted[key]) else shown_value(key, value)
            for key in wanted
            for value in (
                held(live.configuration, f"{desired.edition.config_dir}/{name}").get(key),
            )
        }
        for name, wanted in desired.settings.items()
    }


def server_version(desired: DesiredMap, live: LiveMap) -> Version | None:
    """Return the version of the server's package; None when it isn't installed."""
    text = live.packages.get(desired.edition.server_package)
    return Version.of_package(text) if text else None


def web_client_version(live: LiveMap) -> Version | None:
    """Return the version of the web client's package; None when it isn't installed."""
    text = live.web_installed.versions.get(WEB_CLIENT.package)
    return Version.of_package(text) if text else None


def database_of_map(desired: DesiredMap, live: LiveMap) -> OwnDatabase:
    """Return MAP's own database; CentreonError when it can't be told which one, or be backed up."""
    if live.interrupted is not None:  # the files may be half changed
        return OwnDatabase(live.interrupted.database, live.interrupted.client)
    if live.own is None:
        raise CentreonError("MAP's own database isn't known", where=desired.map.name)
    if isinstance(live.own, CentreonError):
        raise live.own
    return live.own


def held(configuration: Mapping[str, bytes], path: str) -> dict[str, str]:
    """Return the settings of one of these configuration files; empty where it isn't there."""
    form, content = format_of(path), configuration.get(path)
    return {} if form is None or content is None else settings(content, form)


def offered_as(offered: Offered, package: str, version: Version, where: str) -> str:
    """Return a package's version, its newest release, that is offered of a version of MAP.

    Raises CentreonError that lists what is offered when that version isn't.
    """
    versions = offered.versions.get(package, ())
    fitting = [text for text in versions if Version.of_package(text) == version]
    if fitting:
        return fitting[-1]
    kept = [
        text for text in offered.withheld.get(package, ()) if Version.of_package(text) == version
    ]
    if kept:
        raise CentreonError(
            f"{package} {kept[-1]} is offered, but the package manager is told to leave it alone "
            f"({', '.join(offered.withheld_by)})",
            where=where,
            remedy=f"take {package} out of the excludes, locks or pins there",
        )
    told = f"offered: {', '.join(versions)}" if versions else "no version of it is"
    unread = f" (not read: {'; '.join(offered.unreadable)})" if offered.unreadable else ""
    raise CentreonError(
        f"no repository offers {package} {version}; {told}{unread}",
        where=where,
        remedy="ask for one that is, or configure the repository of its line",
    )


def expect_unheld(installed: Installed, package: str, where: str) -> None:
    """Raise CentreonError for a package that is to be changed, and that apt holds as it is."""
    if package in installed.held:
        raise CentreonError(
            f"{package} is on hold", where=where, remedy=f"run `apt-mark unhold {package}` there"
        )
