"""What ends before the work begins: each with what was seen and the remedy, in one table."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab import Host
from mapinfra.errors import MapinfraError
from mapinfra.hosts import Database
from tests.lab.test_hosts import SOCKET, World, authorized, secret, wait_until, world

__all__ = ["world"]  # a fixture

USER = "early"
SSHD = "/etc/ssh/sshd_config.d/00-early.conf"
LIMITS = "/etc/security/limits.d/early.conf"


@dataclass(frozen=True)
class Row:
    """What is done to a host, taken back after, and what is said then; `ssh` goes into the spec."""

    name: str
    spoilt: str
    mended: str
    seen: str
    remedy: str
    become: bool = False
    password: str = "sudo"


def _sshd(line: str) -> tuple[str, str]:
    return (
        f"printf 'Match User {USER}\\n  {line}\\n' >{SSHD}; systemctl reload ssh",
        f"rm -f {SSHD}; systemctl reload ssh",
    )


LOGINS = [
    Row(
        "nologin", f"usermod -s /usr/sbin/nologin {USER}", "", "account is currently not available",
        "usermod -s /bin/sh",
    ),
    Row("false", f"usermod -s /bin/false {USER}", "", "printed nothing", "login shell"),
    Row("bashrc with exit", f"echo exit 3 >~{USER}/.bashrc", "", "exit 3", "`exit` in .bashrc"),
    Row("ForceCommand", *_sshd("ForceCommand echo a menu"), 'printed "a menu"', "ForceCommand"),
    Row(
        "maxlogins", f"echo '{USER} - maxlogins 0' >{LIMITS}", f"rm {LIMITS}",
        "logged in too often", "maxlogins",
    ),
    Row("expired password", f"chage -d 0 {USER}", "", "password of early has expired", "chage -M"),
    Row("expired account", f"chage -E 0 {USER}", "", "while early logged in", "chage -l early"),
    Row(
        "etc nologin", "echo moving to another rack >/etc/nologin", "rm /etc/nologin",
        "while early logged in", "/etc/nologin",
    ),
    Row(
        "no process", f"echo '{USER} - nproc 0' >{LIMITS}", f"rm {LIMITS}",
        "starts no process for early", "nproc",
    ),
    Row(
        "no sudo", "mv /usr/bin/sudo /usr/bin/sudo.off", "mv /usr/bin/sudo.off /usr/bin/sudo",
        "there is no sudo", "doas isn't supported", become=True,
    ),
    Row(
        "one try", "echo 'Defaults passwd_tries=1' >/etc/sudoers.d/tries",
        "rm /etc/sudoers.d/tries",
        "sudo refused the password of early", "ssh.sudo_password", become=True, password="wrong",
    ),
    Row(
        "requiretty", f"echo 'Defaults:{USER} requiretty' >/etc/sudoers.d/tty",
        "rm /etc/sudoers.d/tty", "wants a terminal", f"Defaults:{USER} !requiretty", become=True,
    ),
    Row(
        "no base64", "mv /usr/bin/base64 /usr/bin/base64.off",
        "mv /usr/bin/base64.off /usr/bin/base64", "there is no `base64`", "coreutils",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def lyon(world: World) -> Iterator[Host]:
    """A host with a user of these tests' own, who may use sudo with a password."""
    host = world.lab.host("lyon")
    with authorized(world.lab, "lyon", world.lab.directory / "id_ed25519", USER):
        host.run(f"echo '{USER} ALL=(ALL:ALL) ALL' >/etc/sudoers.d/{USER}")
        yield host
        host.run(f"rm /etc/sudoers.d/{USER}")


@pytest.fixture(autouse=True)
def sound(world: World, lyon: Host) -> None:
    """The user as he was made."""
    lyon.run(f"usermod -s /bin/bash -e '' {USER}; rm -f ~{USER}/.bashrc")
    lyon.run(["chpasswd"], input=f"{USER}:{world.secrets['sudo']}\n")
    lyon.run(f"chage -d -1 -M -1 -E -1 {USER}")


@pytest.mark.parametrize("row", LOGINS, ids=lambda row: row.name.replace(" ", "-"))
def test_what_ends_before_the_command_is_told_with_its_remedy(
    world: World, lyon: Host, row: Row
) -> None:
    ssh: dict[str, Any] = {"user": USER}
    if row.become:
        ssh |= {"become": "sudo", "sudo_password": secret(row.password)}
    target = world.target("lyon", **ssh)
    if row.password != "wrong":
        assert world.facts(target).text("hostname") == "lyon\n"
    lyon.run(row.spoilt)
    try:
        message = world.refused(MapinfraError, lambda: world.facts(target), by="lyon")
    finally:
        if row.mended:
            lyon.run(row.mended)
    assert row.seen in message
    assert row.remedy in message.partition(row.seen)[2]


@dataclass(frozen=True)
class Door:
    """What is done to MariaDB or its user, taken back after, and what is said then."""

    name: str
    spoilt: str
    mended: str
    seen: str
    remedy: str
    socket: str | None = None


_ALTER = "alter user hosts_test@localhost, hosts_test@'127.0.0.1'"
"""MariaDB knows who comes from 127.0.0.1 by either."""
DOORS = [
    Door(
        "locked", f"{_ALTER} account lock",
        f"{_ALTER} account unlock", "is locked", "ACCOUNT UNLOCK",
    ),
    Door(
        "expired", f"{_ALTER} password expire",
        f"{_ALTER} password expire never", "expired", "ALTER USER",
    ),
    Door(
        "no TLS there", f"{_ALTER} require ssl",
        f"{_ALTER} require none", "refuses user hosts_test", "REQUIRE SSL",
    ),
    Door(
        "secure transport", "set global require_secure_transport = on",
        "set global require_secure_transport = off", "refuses user hosts_test", "ssl_cert",
    ),
    Door(
        "limits", f"{_ALTER} with max_queries_per_hour 1",
        f"{_ALTER} with max_queries_per_hour 0", "its limits allow",
        "raise its limits",
    ),
]  # fmt: skip


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name.replace(" ", "-"))
def test_what_mariadb_refuses_is_told_with_its_remedy(world: World, lyon: Host, door: Door) -> None:
    target = world.target("lyon", database=world.database(socket=door.socket))
    lyon.run(["mariadb"], input=f"{door.spoilt}; flush privileges;")
    try:
        facts = world.facts(target)
        message = world.refused(MapinfraError, lambda: facts.rows("notes"), by="lyon")
    finally:
        again = "".join(
            f"alter user hosts_test@'{where}' identified by '{world.secrets['database']}';"
            for where in ("localhost", "127.0.0.1")
        )
        lyon.run(["mariadb"], input=f"{door.mended}; {again} flush privileges;")
    assert door.seen in message
    assert door.remedy in message.partition(door.seen)[2]
    assert world.facts(target).rows("notes") == [{"id": 1, "text": "first"}]


def test_a_socket_that_sshd_doesnt_forward_to_isnt_a_mariadb_that_is_down(
    world: World, lyon: Host
) -> None:
    target = world.target("lyon", database=world.database(socket=SOCKET))
    lyon.run(f"echo AllowStreamLocalForwarding no >{SSHD}; systemctl reload ssh")
    try:
        facts = world.facts(target)
        message = world.refused(MapinfraError, lambda: facts.rows("notes"), by="lyon")
    finally:
        lyon.run(f"rm {SSHD}; systemctl reload ssh")
    assert "AllowStreamLocalForwarding" in message
    assert "start" not in message


def test_a_user_who_must_use_tls_and_one_of_ed25519_get_in(
    world: World, lyon: Host, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("tls.key", "tls.crt")]
    subject = ["-subj", "/CN=lyon", "-keyout", str(files[0]), "-out", str(files[1])]
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run(request, check=True, capture_output=True)
    for file in files:
        made = f"cat >/var/lib/mysql/{file.name} && chown mysql /var/lib/mysql/{file.name}"
        lyon.run(made, input=file.read_text())
    conf = "/etc/mysql/mariadb.conf.d/99-tls.cnf"
    lyon.run(
        f"printf '[mysqld]\\nssl_cert=/var/lib/mysql/tls.crt\\nssl_key=/var/lib/mysql/tls.key\\n"
        f"require_secure_transport=on\\n' >{conf}; systemctl restart mariadb"
    )
    password = world.secrets["database"]
    try:
        lyon.run(
            ["mariadb"],
            input="install soname 'auth_ed25519'; create or replace user modern@'127.0.0.1' "
            f"identified via ed25519 using password('{password}') require ssl; "
            "grant select on hosts_test.* to modern@'127.0.0.1'; "
            f"{_ALTER} require ssl;",
        )
        for user in ("hosts_test", "modern"):
            database = Database(user=user, password=secret("database"), name="hosts_test")
            with world.fleet() as fleet:
                host = fleet.host(world.target("lyon"))
                with host.transaction(database) as transaction:
                    said = transaction.query("SHOW STATUS LIKE 'Ssl_cipher'")
                    assert said[0]["Value"]
                    rows = transaction.query("SELECT REPEAT('x', 3000000) AS big, text FROM note")
                    assert len(str(rows[0]["big"])) == 3_000_000
    finally:
        lyon.run(
            ["mariadb"],
            input=f"{_ALTER} require none; drop user if exists "
            "modern@'127.0.0.1'; uninstall soname if exists 'auth_ed25519';",
        )
        lyon.run(f"rm {conf}; systemctl restart mariadb")


def test_too_many_connections_are_told(world: World, lyon: Host) -> None:
    before = lyon.run(["mariadb", "-NBe", "select @@max_connections"]).stdout.strip()
    lyon.run(["mariadb", "-e", "set global max_connections = 10"])
    # Each tries again: Centreon's own programs hold some of them, and let go of them, too.
    again = 'while [ -e /run/holding ]; do mariadb -e "select sleep(300)"; sleep 0.2; done'
    lyon.run(
        "touch /run/holding; for n in 0 1 2 3 4 5 6 7 8 9; do "
        f"setsid sh -c '{again}' </dev/null >/dev/null 2>&1 & done"
    )
    count = "select variable_value from information_schema.global_status where variable_name = "
    count += "'threads_connected'"
    try:
        # Root has one beyond the limit, to ask.
        asked = ["mariadb", "-NBe", count]
        wait_until(lambda: int(lyon.run(asked, check=False).stdout or 0) > 10, seconds=60)
        facts = world.facts(world.target("lyon"))
        message = world.refused(MapinfraError, lambda: facts.rows("notes"), by="lyon")
    finally:
        lyon.run(["rm", "/run/holding"])
        # Root's one may be held, too; the server sees within seconds that a client is gone.
        lyon.run(["pkill", "-f", "select sleep"], check=False)
        more = ["mariadb", "-e", f"set global max_connections = {before}"]
        wait_until(lambda: lyon.run(more, check=False).returncode == 0, seconds=60)
    assert "too many connections" in message
    assert "max_connections" in message
