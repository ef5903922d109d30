"""A second MariaDB on a MAP server's host, to which MAP's database is moved."""

import shlex
from dataclasses import replace

from tests.lab.map_world import World, wait_until

SOCKET = "/run/second/s.sock"
UNIT = "mariadb-second"
_MAKE = f"""\
set -e
mariadb-install-db --no-defaults --user=mysql --datadir=/srv/second >/dev/null
cat >/etc/systemd/system/{UNIT}.service <<'END'
[Service]
RuntimeDirectory=second
User=mysql
Restart=on-abnormal
ExecStart=/usr/sbin/mariadbd --no-defaults --datadir=/srv/second --socket={SOCKET} \\
  --port=3399 --pid-file=/srv/second/second.pid --bind-address=0.0.0.0
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl --quiet enable --now {UNIT}
until mariadb --socket={SOCKET} -e 'select 1' >/dev/null 2>&1; do sleep 0.1; done
"""
_MOVE = f"""\
set -e
systemctl stop {{service}}
mariadb-dump --databases {{database}} --add-drop-database | mariadb --socket={SOCKET}
mariadb-dump --system=users | grep centreon_map | mariadb --socket={SOCKET}
mariadb {{database}} -e "delete from map_element; delete from map_view"
{{edit}}
systemctl start {{service}}
"""


def with_url(world: World, url: str) -> str:
    """Return the command that lets MAP reach its database by a URL."""
    edition = world.server.edition
    key = f"{edition.database}.connection.url"
    value = f"{key}={url.format(edition.database)}"
    return f"sed -i {shlex.quote(f's#^{key}=.*#{value}#')} {edition.database_file}"


def moved(world: World, url: str) -> World:
    """Move MAP's database there, leave a stale one behind; return the world with the new one."""
    world.host.run(_MAKE, timeout=120)
    edition, edit = world.server.edition, with_url(world, url)
    move = _MOVE.format(service=edition.service, database=edition.database, edit=edit)
    world.host.run(move)
    there = replace(world, socket=SOCKET, database_unit=UNIT)
    wait_until(lambda: there.schema() == "2210")
    return there
