"""What a MAP server's host has printed of its addresses, databases and disks."""

import subprocess

import pytest

from mapinfra.centreon.map.prerequisites import GROUND, read_ground

REFUSED = "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/m.sock'"
SOCKETS = """\
u_str LISTEN 0 80 /data/mysql.sock 23456 * 0 users:(("mariadbd",pid=311,fd=21))
u_str LISTEN 0 80 /run/mysqld/other.sock 23457 * 0 users:(("nginx",pid=312,fd=21))
"""


def test_databases_are_known_where_root_may_ask() -> None:
    ground = read_ground("database centreon_map 4096\nreadable  0\nsocket /data/mysql.sock\n")
    assert (ground.databases, ground.refusal) == ({"centreon_map": 4096}, "")


def test_a_refusal_is_told_with_the_socket_that_mariadb_has() -> None:
    ground = read_ground(f"address 1\n{REFUSED}\nsocket /data/mysql.sock\n")
    assert ground.databases is None
    assert ground.refusal == f"{REFUSED}; MariaDB listens at /data/mysql.sock"


@pytest.mark.parametrize(("shown", "told"), [(SOCKETS, "socket /data/mysql.sock\n"), ("", "")])
def test_only_mariadbs_sockets_are_looked_for(shown: str, told: str) -> None:
    (command,) = (part for part in GROUND.script.split("; ") if part.startswith("ss "))
    told_by_sed = command.partition("| ")[2].partition(";")[0]
    done = subprocess.run(["sh", "-c", told_by_sed], input=shown, capture_output=True, text=True)
    assert done.stdout == told
