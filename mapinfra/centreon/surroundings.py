"""What a new installation of MAP stands on: addresses, database users, the contact, the broker.

Manual "Installing MAP on a remote server", and the installation page that it refers to (24.10,
graph-views/map-web-install).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Any

from mapinfra.centreon.broker import MAP_PORT, TYPE, Group, groups, masters
from mapinfra.centreon.editions import EDITIONS
from mapinfra.centreon.map_setup import DATABASE_USER
from mapinfra.hosts import Probe, Query

_DATABASES = ", ".join(f"'{edition.database}'" for edition in EDITIONS.values())
_CLIENT = 'client=$(command -v mariadb || command -v mysql) || exit 0; "$client" -N -B -e'

GROUND = Probe(
    "map-ground",
    "ip -o -4 address show scope global | sed 's/^/address /'; "
    f"""({_CLIENT} "SHOW DATABASES WHERE \\`Database\\` IN ({_DATABASES})" 2>/dev/null | """
    "sed 's/^/database /'); true",
)
"""The MAP server's own addresses, and which databases of MAP are there already."""

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
    """A MAP server before MAP is on it."""

    addresses: tuple[str, ...]
    databases: frozenset[str]
    """Those of MAP that are there already."""


@dataclass(frozen=True)
class Broker:
    """The central's own broker, into whose configuration configure.sh puts MAP's output."""

    poller_id: int
    poller: str
    config_id: int
    name: str
    file_name: str
    outputs: tuple[Group, ...]

    def foreign(self, names: Sequence[str]) -> Group | None:
        """Return the output on MAP's port that configure.sh, which goes by names, wouldn't see."""
        return next(
            (
                group
                for group in self.outputs
                if group.value("type") == TYPE
                and group.listens_on(MAP_PORT)
                and group.value("name") not in names
            ),
            None,
        )


def read_ground(text: str) -> Ground:
    """Return what `GROUND` printed."""
    addresses, databases = [], set()
    for line in text.splitlines():
        kind, _, said = line.partition(" ")
        words = said.split()
        if kind == "address" and "inet" in words:
            addresses.append(str(ip_interface(words[words.index("inet") + 1]).ip))
        elif kind == "database":
            databases.add(said)
    return Ground(tuple(addresses), frozenset(databases))


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
