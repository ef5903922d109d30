"""What is backed up: one MAP server, and how MariaDB's tools log in to its database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mapinfra.hosts.packages import Family

_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]*")
_DATABASE = re.compile(r"[A-Za-z0-9_$-]+")
_FOLDER = re.compile(r"(/[A-Za-z0-9_.-]+)+")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LOCAL = ("localhost", "127.0.0.1", "::1")

USUAL_UNITS = ("mariadb", "mysqld", "mysql")
"""How the unit of a host's one MariaDB may be called."""
FOLDER = "/var/backups/mapinfra"
"""Where backups are kept unless a spec says otherwise."""


@dataclass(frozen=True)
class MariadbClient:
    """How MariaDB's own tools log in, seen from the host they run on.

    They need to read everything of the database for a dump, and to create and drop databases and
    to set definers for the way back: MariaDB's root, by default through its unix socket.
    """

    user: str = "root"
    password: str | None = field(default=None, repr=False)
    socket: str | None = None
    host: str = "localhost"
    port: int = 3306
    tls: bool = False
    unit: str = ""
    """The server's unit, without its ending; empty: one of the usual names."""
    datadir: str = ""
    """Where the server keeps its data, by which it is known again; empty: not known."""

    @property
    def is_local(self) -> bool:
        """Whether the server is on that same host, and so can be started from there."""
        return self.socket is not None or self.host in _LOCAL

    def option_file(self) -> str:
        """Return the option file that logs in; every other option file is to be left unread.

        Without a host and a socket it says nothing on the way to the server.
        """
        given = {"user": self.user, "password": self.password}
        if self.socket is not None:
            given |= {"socket": self.socket}
        elif self.host:
            given |= {"host": self.host, "port": str(self.port)}
        lines = [f"{key}={_quoted(value)}" for key, value in given.items() if value is not None]
        # On the host itself its certificate says nothing: no name in it need be the host's.
        lines += ["ssl", "loose-skip-ssl-verify-server-cert"] if self.tls else []
        return "\n".join(["[client]", *lines, ""])


def _quoted(value: str) -> str:
    """Quote as an option file wants it: a backslash escapes, and `#` begins a comment outside."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True)
class Subject:
    """One MAP server's service, configuration, database and packages on its host.

    Raises ValueError for names that no unit, database or folder of MAP can have.
    """

    service: str
    config_folder: str
    database: str
    packages: Mapping[str, str]
    """Name to version as its package manager writes it; empty when none is to be put back."""
    family: Family
    client: MariadbClient = field(default_factory=MariadbClient)
    folder: str = FOLDER
    keep: int = 3
    """How many good backups of this service to keep."""
    spared: str = ""
    """Id of one that is kept all the same, since it is about to be restored."""
    elsewhere: tuple[str, ...] = ()
    """Files of its configuration that lie outside that folder, where there are such."""

    def __post_init__(self) -> None:
        _check(_UNIT, self.service, "service")
        _check(_DATABASE, self.database, "database")
        if self.keep < 1:
            raise ValueError(f"{self.keep} backups can't be kept: at least 1")
        for path in (self.config_folder, self.folder):
            _check(_FOLDER, path, "folder of its own")
        for path in self.elsewhere:
            _check(_FOLDER, path, "file")

    def directory(self, id: str) -> str:
        """Return the directory of this backup; raise ValueError when `id` is no name for one."""
        return f"{self.folder}/{_check(_ID, id, 'backup')}"


def _check(pattern: re.Pattern[str], name: str, kind: str) -> str:
    if not pattern.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a {kind}")
    return name
