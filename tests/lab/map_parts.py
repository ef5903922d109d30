"""What the tests of MAP's single parts share: a fleet that reads them, on a lab's hosts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import Lab
from mapinfra.centreon.map.answers import MAP_SERVERS
from mapinfra.centreon.map.health import UNITS
from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.centreon.web.extensions import EXTENSIONS_ON_DISK, MODULE_ROWS, WIDGET_ROWS
from mapinfra.centreon.web.options import OPTIONS
from mapinfra.hosts import Database, Fleet, Ssh, Survey, Target
from mapinfra.secrets import ConfigSecret, FileSecret, Secrets

SURVEY = Survey(
    probes=(EXTENSIONS_ON_DISK, UNITS, MAP_SERVERS), queries=(MODULE_ROWS, WIDGET_ROWS, OPTIONS)
)


def secrets_of(lab: Lab, **config: str) -> Secrets:
    """Return what resolves the lab's own secrets, and those of `config`."""
    return Secrets(config, lab.directory)


def target(lab: Lab, name: str) -> Target:
    """Return a host of the lab, with its Centreon database."""
    database = Database(user="mapinfra", password=FileSecret(file="secrets/database_password"))
    ssh = Ssh(config=str(lab.directory / "ssh_config"), become="sudo", command_timeout=30)
    return Target(name=name, ssh=ssh, database=database)


@contextmanager
def open_fleet(lab: Lab, folder: Path) -> Iterator[Fleet]:
    """Open a fleet that reads MAP's parts."""
    with Fleet(secrets_of(lab), lambda _: SURVEY, folder=folder) as fleet:
        yield fleet


def client(lab: Lab, user: str = "admin", password: str | None = None, **api: Any) -> CentreonApi:
    """Return a client of the central's API; the caller closes it."""
    reference = FileSecret(file="secrets/api_password") if password is None else None
    url = f"http://{lab.host('central').address}/centreon"
    return CentreonApi(
        Api(url=url, user=user, password=reference or ConfigSecret(secret="password"), **api),
        secrets_of(lab, password=password or ""),
    )
