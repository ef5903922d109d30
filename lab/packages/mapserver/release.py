"""Which edition and version this program is: written beside it when its package is built."""

import json
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Fault = Literal["", "start", "health", "scriptlet", "dependency"]


@dataclass(frozen=True)
class Edition:
    """What tells MAP legacy and MAP engine apart."""

    name: Literal["legacy", "engine"]
    package: str
    service: str
    configuration: str
    """The directory of its configuration."""
    prefix: str
    """How the names of its main and its database file begin."""
    database: str
    context: str
    """The first part of its URLs."""
    port: int
    log: str

    @property
    def main_file(self) -> Path:
        """Centreon Web, broker and ports."""
        return Path(self.configuration, f"{self.prefix}-config.properties")

    @property
    def database_file(self) -> Path:
        """Its own database."""
        return Path(self.configuration, f"{self.prefix}-database.properties")

    @property
    def centreon_database_file(self) -> Path:
        """The databases of the central or remote it belongs to."""
        return Path(self.configuration, "centreon-database.properties")

    @property
    def home(self) -> Path:
        """Where the package installs what is no configuration."""
        return Path("/usr/share", self.package)


EDITIONS = {
    "legacy": Edition(
        "legacy", "centreon-map-server", "centreon-map", "/etc/centreon-studio", "studio",
        "centreon_studio", "centreon-studio", 8080, "/var/log/centreon-map/centreon-map.log",
    ),
    "engine": Edition(
        "engine", "centreon-map-engine", "centreon-map-engine", "/etc/centreon-map", "map",
        "centreon_map", "centreon-map", 8081, "/var/log/centreon-map/centreon-map-engine.log",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Release:
    """One version of one edition."""

    edition: Edition
    version: str
    schema: int
    """The version of the database's schema that it works with."""
    fault: Fault = ""
    moves_tls: bool = False
    """Whether its package's script moves TLS settings from a keystore to PEM files."""

    @property
    def number(self) -> tuple[int, ...]:
        """The version, to compare."""
        return tuple(map(int, self.version.split(".")))

    @property
    def health_path(self) -> str:
        """Where its health is asked: the API was `beta` until 24.10."""
        api = "latest" if self.number >= (24, 10) else "beta"
        return f"/{self.edition.context}/api/{api}/actuator/health"

    def dumps(self) -> str:
        """The text that `read` reads."""
        return json.dumps({
            "edition": self.edition.name, "version": self.version, "schema": self.schema,
            "fault": self.fault, "moves_tls": self.moves_tls,
        })  # fmt: skip


def read() -> Release:
    """The release that this program is."""
    text = pkgutil.get_data(__package__, "release.json")
    assert text is not None, "the build writes release.json beside this module"
    facts = json.loads(text)
    edition = EDITIONS[facts.pop("edition")]
    return Release(edition, **facts)
