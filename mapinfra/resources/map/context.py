"""What the steps of a MAP installation are done with."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Never

from mapinfra import interruption
from mapinfra.backup import Manifest, Reach, sessions
from mapinfra.centreon.map.health import Expected
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.centreon.web.extensions import ExtensionManager
from mapinfra.errors import HostError
from mapinfra.hosts import Database, Host, packages
from mapinfra.resources.contract import Step
from mapinfra.resources.map.model import DesiredMap, Replace
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.map.steps import LockedStep, OperationContext
from mapinfra.resources.session import database_of

_WEB_PACKAGES = "/var/lib/mapinfra/web-client"


@dataclass
class MapContext(OperationContext):
    """An operation on a MAP server, and on the central or remote that it serves."""

    @property
    def web(self) -> Host:
        """The server that has the web client."""
        return self.session.fleet.host(self.desired.web)

    @property
    def web_database(self) -> Database:
        """How the database of that server is reached."""
        return database_of(self.desired.web)

    @property
    def api(self) -> CentreonApi:
        """Its API."""
        return self.session.api(self.desired.api)

    @property
    def extensions(self) -> ExtensionManager:
        """Its Extension Manager."""
        return ExtensionManager(self.api, self.web, self.web_database)

    @property
    def service(self) -> str:
        """The MAP server's unit."""
        return self.desired.edition.service

    def expect_wanted(self, step: Step[Never]) -> None:
        """See `OperationContext`."""
        interruption.expect_none(self.map.name)

    def release(self) -> None:
        """See `OperationContext`."""
        if self.under_way is not None:
            # No reason to take back what is done: the next run tidies up, too.
            with suppress(HostError):
                self.under_way.sweep(self.web)
                # Also what a run that was killed has kept.
                self.web.run(["rm", "-rf", self.web_packages])
            self.under_way.end()
            self.under_way = None

    @property
    def web_packages(self) -> str:
        """Where the packages of the web client are kept that were there before."""
        return f"{_WEB_PACKAGES}-{self.service}"

    def go_back(self, reach: Reach, manifest: Manifest | None) -> None:
        """Go back to a backup: one of an interrupted run, or, without one, this run's own."""
        taken = self.operation.go_back(manifest, reach)
        back = self.operation.back
        if back is not None and back.message:
            self.tell(back.message)
        if taken.active:
            # As its configuration says: how an interrupted run's did before isn't known, and its
            # broker may be away.
            self.await_health(Expected())

    def systemctl(self, *words: str, check: bool = True) -> None:
        """Run systemctl on MAP's service."""
        self.map.run(["systemctl", *words, self.service], timeout=180, check=check)

    def change_package(
        self, host: Host, change: Replace, purpose: str, ready: Callable[[], None] | None = None
    ) -> None:
        """Install a package as wanted, or remove it."""
        unit = f"mapinfra-{purpose}-{self.service}"
        if change.new is None:
            packages.remove(host, [change.package], unit, purge=True)
        else:
            packages.install(host, change.wanted, unit, ready=ready)

    def drop(self, database: OwnDatabase) -> None:
        """Drop a database of MAP's own, and end who is in it."""
        place = sessions.DatabasePlace(database.client, database.name)
        for ended in sessions.drop(self.map, place, self.service):
            self.session.tell(f"{self.map.name}: ended {ended}, in {database.name}")

    def tell(self, line: str, *, detail: bool = False) -> None:
        """Report a line, and log it; of details only where the session wants them."""
        self.session.held.setdefault(report_key(self.desired), []).append(line)
        if self.session.details or not detail:
            self.session.tell(f"{self.map.name}: {line}")


MapStep = LockedStep[MapContext]
Done = Sequence[Step[MapContext]]
Back = Iterator[Step[MapContext]]
"""What `Step.undo` takes and returns."""


def report_key(desired: DesiredMap) -> tuple[str, str]:
    """Return under which name the session holds what `tell` has reported."""
    return "report of MapInstallation", desired.map.name
