"""What the lab's machinery tells a host about itself, in two files written before it boots."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HOST_FILE = Path("/etc/lab/host.json")
SECRETS_FILE = Path("/etc/lab/secrets.json")

CENTRAL_ID = 1
NOT_REMOTES = ("central", "map")


@dataclass(frozen=True)
class Remote:
    """A remote server as the central knows it; `id` is its row in nagios_server."""

    id: int
    name: str
    address: str


@dataclass(frozen=True)
class Host:
    """This host: its part in the platform and the addresses of all."""

    name: str
    role: Literal["central", "remote", "map"]
    family: Literal["rpm", "deb"]
    address: str
    central_address: str
    hosts: dict[str, str]

    @property
    def web_user(self) -> str:
        """The user that the web server of this family of systems runs as."""
        return "apache" if self.family == "rpm" else "www-data"

    @property
    def web_service(self) -> str:
        """The web server's unit on this family of systems."""
        return "httpd" if self.family == "rpm" else "apache2"

    def remotes(self) -> list[Remote]:
        """The platform's remote servers, with the ids in which they were added, from 2 on."""
        names = [name for name in self.hosts if name not in NOT_REMOTES]
        return [Remote(id, name, self.hosts[name]) for id, name in enumerate(names, start=2)]

    def itself_as_remote(self) -> Remote:
        """This host's entry among the remotes."""
        return next(remote for remote in self.remotes() if remote.name == self.name)


@dataclass(frozen=True)
class Secrets:
    """The passwords made for this lab."""

    database_password: str
    api_password: str
    gorgone_key: str

    def centreon_database_password(self, host_name: str) -> str:
        """The password of Centreon's own database user on a host.

        Central and remotes both need it and share only gorgone's key, so it is derived from that.
        """
        text = f"centreon database of {host_name}"
        return hmac.new(self.gorgone_key.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def read_host() -> Host:
    """This host, from /etc/lab/host.json."""
    facts: dict[str, Any] = json.loads(HOST_FILE.read_text())
    return Host(**{name: facts[name] for name in Host.__dataclass_fields__})


def read_secrets() -> Secrets:
    """This lab's passwords, from /etc/lab/secrets.json (root only)."""
    secrets: dict[str, str] = json.loads(SECRETS_FILE.read_text())
    return Secrets(**{name: secrets[name] for name in Secrets.__dataclass_fields__})
