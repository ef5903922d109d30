"""What a new installation of MAP stands on: addresses, database users, the contact, the broker.

Manual "Installing MAP on a remote server", and the installation page that it refers to (24.10,
graph-views/map-web-install).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_interface
from pathlib import PurePosixPath
from typing import Any

from mapinfra.centreon.broker.outputs import Group, groups, masters, output_of
from mapinfra.centreon.map.configure import DATABASE_USER
from mapinfra.centreon.map.environment import ASKED_BRIEFLY
from mapinfra.centreon.releases.editions import EDITIONS
from mapinfra.hosts import Probe, Query

_DATABASES = ", ".join(f"'{edition.database}'" for edition in EDITIONS.values())
_CLIENT = f"client=$(command -v mariadb || command -v mysql) || exit 0; {ASKED_BRIEFLY} -e"

_SIZES = (
    "SELECT 'database', SCHEMA_NAME, (SELECT COALESCE(SUM(DATA_LENGTH), 0) "
    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = SCHEMA_NAME) "
    "FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN"
)

GROUND = Probe(
    "map-ground",
    "ip -o -4 address show scope global | sed 's/^/address /'; "
    f"({_CLIENT} \"{_SIZES} ({_DATABASES}) UNION SELECT 'readable', '', 0\" 2>&1 | "
    "tr '\\t' ' '); "
    "ss -Hlxp 2>/dev/null | sed -n 's/.* \\(\\/[^ ]*\\) .*\\(mariadbd\\|mysqld\\).*/socket \\1/p'; "
    # Of local disks only, and not for long: a file server that is away must not stop the pass.
    "timeout 5 df -Pkl 2>/dev/null | sed -n '2,$s/^/disk /p'; true",
)
"""The MAP server's own addresses, the databases of MAP with their size, its disks."""

ACCOUNTS = Probe(
    "map-accounts",
    f"({_CLIENT} \"SELECT 'account', Host FROM mysql.user WHERE User='{DATABASE_USER}' "  # noqa: S608
    "UNION SELECT 'readable', ''\" 2>/dev/null); true",
)
"""From where MAP's user may log in to the databases of the central or remote server."""

CONTACTS = Query(
    "map-contacts",
    "SELECT contact_alias AS alias, contact_admin AS admin FROM contact "
    "WHERE contact_activate = '1' AND reach_api_rt = 1",
)
"""Active contacts that may reach the API Realtime."""


@dataclass(frozen=True)
class Ground:
    """A MAP server's host, whether MAP is on it or not. Sizes in bytes."""

    addresses: tuple[str, ...]
    databases: Mapping[str, int] | None
    """The size of those of MAP that are there; None where MariaDB's root couldn't be asked."""
    disks: Mapping[str, int] = field(default_factory=dict)
    """What is free, by the folder that a disk is mounted at."""
    refusal: str = ""
    """Why MariaDB's root couldn't be asked, and where MariaDB listens, as far as that is told."""

    def free_at(self, folder: str) -> int | None:
        """Return what is free on the disk that a folder is, or will be, on; None: not known."""
        above = [str(path) for path in (PurePosixPath(folder), *PurePosixPath(folder).parents)]
        return next((self.disks[path] for path in above if path in self.disks), None)


@dataclass(frozen=True)
class Broker:
    """The central's own broker, into whose configuration configure.sh puts MAP's output."""

    poller_id: int
    poller: str
    config_id: int
    name: str
    file_name: str
    outputs: tuple[Group, ...]

    @property
    def categories(self) -> frozenset[str] | None:
        """The categories of events that MAP is sent; None: it has no output."""
        for group in self.outputs:
            if group.is_for_map:
                return frozenset(output_of(group.rows).categories)
        return None

    def foreign(self, names: Sequence[str]) -> Group | None:
        """Return the output on MAP's port that configure.sh, which goes by names, wouldn't see."""
        return next(
            (one for one in self.outputs if one.is_for_map and one.value("name") not in names),
            None,
        )


def read_ground(text: str) -> Ground:
    """Return what `GROUND` printed."""
    addresses: list[str] = []
    databases: dict[str, int] = {}
    disks: dict[str, int] = {}
    sockets: list[str] = []
    refused, readable = "", False
    for line in text.splitlines():
        match line.split():
            case ["ERROR", *_] if not refused:
                refused = " ".join(line.split())[:200]
            case ["socket", path]:
                sockets.append(path)
            case ["address", *words] if "inet" in words:
                addresses.append(str(ip_interface(words[words.index("inet") + 1]).ip))
            case ["database", name, size]:
                databases[name] = int(size)
            case ["readable", *_]:
                readable = True
            case ["disk", _, _, _, free, _, folder] if free.isdecimal():
                disks[folder] = int(free) * 1024
    listening = f"; MariaDB listens at {', '.join(sockets)}" if sockets and refused else ""
    return Ground(tuple(addresses), databases if readable else None, disks, f"{refused}{listening}")


def read_accounts(text: str) -> frozenset[str] | None:
    """Return the hosts that `ACCOUNTS` printed; None where MariaDB's root couldn't be asked."""
    lines = [line.split("\t") for line in text.splitlines()]
    if ["readable", ""] not in lines:
        return None
    return frozenset(host for kind, host in lines if kind == "account")


def broker_of_central(
    pollers: Sequence[Mapping[str, Any]],
    configurations: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> Broker | None:
    """Return the central's own broker; None unless there is just one."""
    own = [row for row in pollers if str(row["localhost"]) == "1"]
    found = [
        (poller, row) for poller in own for row in masters(configurations, rows, int(poller["id"]))
    ]
    if len(found) != 1:
        return None
    poller, row = found[0]
    config = int(row["config_id"])
    return Broker(
        poller_id=int(poller["id"]),
        poller=str(poller["name"]),
        config_id=config,
        name=str(row["config_name"]),
        file_name=str(row["config_filename"]),
        outputs=tuple(groups(rows, config, "output")),
    )
