"""Hosts reached and read: every refusal, every way in, against real sshd, sudo and MariaDB."""

import os
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
import pytest

from lab import Lab
from mapinfra.errors import (
    AuthenticationRefused,
    CommandFailed,
    CommandTimeout,
    DatabaseError,
    HostKeyRefused,
    HostUnreachable,
    MapinfraError,
    SudoRefused,
)
from mapinfra.hosts import (
    Database,
    Facts,
    Fleet,
    Host,
    Probe,
    Query,
    Ssh,
    Survey,
    Target,
    Transaction,
)
from mapinfra.hosts.connection import sending_on
from mapinfra.hosts.endpoint import resolve
from mapinfra.hosts.failures import CommandNotBegun, NotBegunInTime
from mapinfra.hosts.pool import Pool
from mapinfra.secrets import ConfigSecret, Secrets

NAMES = ("central", "paris", "lyon", "map")
SOCKET = "/run/mysqld/mysqld.sock"
SURVEY = Survey(
    probes=(
        Probe("hostname", "hostname"),
        Probe("user", "id -un"),
        Probe("broken", "echo 'no such thing' >&2; exit 3"),
    ),
    queries=(
        Query("notes", "SELECT id, text FROM note ORDER BY id"),
        Query("missing", "SELECT * FROM nowhere"),
        Query("write", "INSERT INTO note (text) VALUES ('written by a reading')"),
    ),
)
SCHEMA = """
create or replace database hosts_test character set utf8mb4;
create table hosts_test.note (id int auto_increment primary key, text varchar(99)) engine=innodb;
insert into hosts_test.note (text) values ('first');
create or replace user hosts_test@localhost identified by '{password}';
create or replace user hosts_test@'127.0.0.1' identified by '{password}';
grant all on hosts_test.* to hosts_test@localhost;
grant all on hosts_test.* to hosts_test@'127.0.0.1';
create or replace user hosts_admin@'127.0.0.1' identified by '{password}';
grant select on *.* to hosts_admin@'127.0.0.1';
"""


@dataclass(frozen=True)
class World:
    """A lab whose hosts have a database for these tests, and the secrets to it."""

    lab: Lab
    secrets: dict[str, str]
    folder: Path

    def target(self, name: str, *, database: Database | None = None, **ssh: Any) -> Target:
        given = {"config": str(self.lab.directory / "ssh_config"), **ssh}
        return Target(name=name, ssh=Ssh(**given), database=database or self.database())

    def rooted(self, name: str, **rest: Any) -> Target:
        return self.target(name, become="sudo", sudo_password=secret("sudo"), **rest)

    def database(self, **given: Any) -> Database:
        usual = {"user": "hosts_test", "password": secret("database"), "name": "hosts_test"}
        return Database(**{**usual, **given})

    @contextmanager
    def fleet(self) -> Iterator[Fleet]:
        with Fleet(
            Secrets(self.secrets, self.folder), lambda _: SURVEY, folder=self.folder
        ) as fleet:
            yield fleet

    def facts(self, target: Target) -> Facts:
        with self.fleet() as fleet:
            return fleet.facts(target)

    def refused(self, kind: type[MapinfraError], action: Callable[[], object], *, by: str) -> str:
        """The message of the error that `action` raises: one line, the host first, no secret."""
        with pytest.raises(kind) as caught:
            action()
        message = str(caught.value)
        assert message.startswith((f"{by}: ", f"{by} via "))
        assert "\n" not in message
        for word in self.secrets.values():
            assert word not in f"{message}{caught.value!r}"
        return message

    def public_key(self, name: str) -> str:
        """The host's own key, as the lab's known_hosts has it."""
        address = self.lab.host(name).address
        lines = (self.lab.directory / "known_hosts").read_text().splitlines()
        return next(
            " ".join(line.split()[1:3]) for line in lines if address in line.split()[0].split(",")
        )


def secret(name: str) -> ConfigSecret:
    return ConfigSecret(secret=name)


@pytest.fixture(scope="module")
def world(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    words = {
        "sudo": (lab.directory / "secrets/sudo_password").read_text(),
        "database": secrets.token_urlsafe(12),
        "wrong": secrets.token_urlsafe(12),
        "passphrase": "a phrase of söme words",
    }
    for name in NAMES:
        lab.host(name).run(["mariadb"], input=SCHEMA.format(password=words["database"]))
    return World(lab, words, tmp_path_factory.mktemp("project"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without keys or known hosts, and no agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path


def make_key(path: Path, passphrase: str = "") -> Path:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True
    )
    return path


@contextmanager
def authorized(lab: Lab, name: str, key: Path, user: str = "mapinfra") -> Iterator[None]:
    """The key may log in as that user, who is made for it if need be, while the context lasts."""
    host = lab.host(name)
    made = host.run(["id", user], check=False).returncode != 0
    host.run(f"id {user} || useradd -m -s /bin/bash {user}")
    host.run(
        f"mkdir -p ~{user}/.ssh && tee ~{user}/.ssh/authorized_keys",
        input=Path(f"{key}.pub").read_text(),
    )
    host.run(f"chown -R {user}: ~{user}/.ssh && chmod 700 ~{user}/.ssh")
    try:
        yield
    finally:
        host.run(f"userdel -rf {user}" if made else f"rm -r ~{user}/.ssh", check=False)


@contextmanager
def agent(key: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent that holds one key."""
    socket = key.parent / "agent.sock"
    with subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(socket.exists)
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            subprocess.run(["ssh-add", "-q", str(key)], check=True)
            yield
        finally:
            process.terminate()


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def notes(lab: Lab, name: str) -> list[str]:
    command = ["mariadb", "-N", "-e", "select text from hosts_test.note order by id"]
    return lab.host(name).run(command).stdout.splitlines()


# Reading


def test_all_hosts_are_read_at_once_with_one_connection_and_one_command_each(world: World) -> None:
    hosts = [world.lab.host(name) for name in NAMES]
    before = [(host.connections(), len(host.commands_log())) for host in hosts]
    targets = [world.rooted(name) for name in NAMES]
    with world.fleet() as fleet:
        fleet.prefetch(targets)
        found = {target.name: fleet.facts(target) for target in targets}
    for name, facts in found.items():
        assert facts.text("hostname") == f"{name}\n"
        assert facts.text("user") == "root\n"
        assert facts.rows("notes") == [{"id": 1, "text": "first"}]
    after = [(host.connections(), len(host.commands_log())) for host in hosts]
    assert after == [(logins + 1, commands + 1) for logins, commands in before]


def test_facts_are_read_anew_only_when_stale_and_over_the_same_connection(world: World) -> None:
    host, target = world.lab.host("lyon"), world.target("lyon")
    logins, commands = host.connections(), len(host.commands_log())
    with world.fleet() as fleet:
        assert fleet.facts(target) is fleet.facts(target)
        assert len(host.commands_log()) == commands + 1
        old = fleet.facts(target)
        with fleet.host(target).transaction(world.database()) as transaction:
            transaction.execute("UPDATE note SET text = 'second'")
        fleet.stale(target)
        assert fleet.facts(target).rows("notes") == [{"id": 1, "text": "second"}]
        assert old.rows("notes") == [{"id": 1, "text": "first"}]
        with fleet.host(target).transaction(world.database()) as transaction:
            transaction.execute("UPDATE note SET text = 'first'")
    assert (host.connections(), len(host.commands_log())) == (logins + 1, commands + 2)


def test_one_fact_that_cannot_be_read_hides_no_other(world: World) -> None:
    facts = world.facts(world.target("lyon"))
    assert world.refused(CommandFailed, lambda: facts.text("broken"), by="lyon") == (
        "lyon: reading broken failed, exit 3: no such thing"
    )
    assert "nowhere" in world.refused(DatabaseError, lambda: facts.rows("missing"), by="lyon")
    assert facts.rows("notes") == [{"id": 1, "text": "first"}]


def test_a_reading_cannot_write(world: World) -> None:
    facts = world.facts(world.target("lyon"))
    message = world.refused(DatabaseError, lambda: facts.rows("write"), by="lyon")
    assert "READ ONLY" in message
    assert notes(world.lab, "lyon") == ["first"]


# Host keys


def test_an_unknown_key_is_refused_with_its_fingerprint(world: World, home: Path) -> None:
    address = world.lab.host("lyon").address
    target = Target(name="lyon", ssh=Ssh(host=address, user="mapinfra"))
    message = world.refused(HostKeyRefused, lambda: world.facts(target), by="lyon")
    (home / "key.pub").write_text(world.public_key("lyon"))
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(home / "key.pub")], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split()[1] in message
    assert "isn't known" in message


def test_a_changed_key_is_refused(world: World, home: Path) -> None:
    address = world.lab.host("lyon").address
    (home / ".ssh").mkdir()
    (home / ".ssh/known_hosts").write_text(f"{address} {world.public_key('paris')}\n")
    target = Target(name="lyon", ssh=Ssh(host=address, user="mapinfra"))
    assert "but known_hosts has" in world.refused(
        HostKeyRefused, lambda: world.facts(target), by="lyon"
    )


def test_a_pinned_key_is_accepted_without_known_hosts(world: World, home: Path) -> None:
    ssh = Ssh(
        host=world.lab.host("lyon").address,
        user="mapinfra",
        identity_file=str(world.lab.directory / "id_ed25519"),
        host_key=world.public_key("lyon"),
    )
    assert world.facts(Target(name="lyon", ssh=ssh)).text("hostname") == "lyon\n"


def test_another_key_than_the_pinned_one_is_refused_though_known(world: World) -> None:
    target = world.target("lyon", host_key=world.public_key("paris"))
    assert "ssh.host_key has" in world.refused(
        HostKeyRefused, lambda: world.facts(target), by="lyon"
    )


def test_a_refused_host_key_is_not_tried_again(world: World) -> None:
    target = world.target("lyon", host_key=world.public_key("paris"))
    started = time.monotonic()
    world.refused(HostKeyRefused, lambda: world.facts(target), by="lyon")
    assert time.monotonic() - started < 2


# Logging in


def test_a_wrong_key_is_refused_at_once(world: World, home: Path) -> None:
    key = make_key(home / "other")
    target = world.target("lyon", identity_file=str(key))
    started = time.monotonic()
    message = world.refused(AuthenticationRefused, lambda: world.facts(target), by="lyon")
    assert "refuses user mapinfra" in message
    assert time.monotonic() - started < 5


def test_a_key_with_a_passphrase(world: World, home: Path) -> None:
    key = make_key(home / "locked", world.secrets["passphrase"])

    def target(phrase: str | None) -> Target:
        reference = None if phrase is None else secret(phrase)
        return world.target("lyon", identity_file=str(key), identity_passphrase=reference)

    with authorized(world.lab, "lyon", key):
        assert world.facts(target("passphrase")).text("user") == "mapinfra\n"
    assert "has another passphrase" in world.refused(
        AuthenticationRefused, lambda: world.facts(target("wrong")), by="lyon"
    )
    assert "set ssh.identity_passphrase" in world.refused(
        AuthenticationRefused, lambda: world.facts(target(None)), by="lyon"
    )


def test_keys_of_the_agent(world: World, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = make_key(home / "in_agent")
    ssh = Ssh(
        host=world.lab.host("lyon").address,
        user="mapinfra",
        host_key=world.public_key("lyon"),
    )
    target = Target(name="lyon", ssh=ssh)
    assert "add a key to the agent" in world.refused(
        AuthenticationRefused, lambda: world.facts(target), by="lyon"
    )
    with authorized(world.lab, "lyon", key), agent(key, monkeypatch):
        key.unlink()
        assert world.facts(target).text("user") == "mapinfra\n"
        chosen = Target(name="lyon", ssh=ssh.model_copy(update={"identity_file": str(key)}))
        assert world.facts(chosen).text("user") == "mapinfra\n"


def test_through_a_jump_host(world: World) -> None:
    central = world.lab.host("central").address
    before = world.lab.host("map").connections()
    with world.fleet() as fleet:
        target = world.target("map", jump="central")
        assert fleet.facts(target).text("hostname") == "map\n"
        assert fleet.facts(target).rows("notes") == [{"id": 1, "text": "first"}]
        came = fleet.host(target).run(["sh", "-c", "echo $SSH_CONNECTION"]).text
    assert came.split()[0] == central
    assert world.lab.host("map").connections() == before + 1


def test_a_jump_host_shares_its_connection_with_the_targets_on_it(world: World) -> None:
    central = world.lab.host("central")
    before = central.connections()
    targets = [world.target("central"), *(world.target(n, jump="central") for n in NAMES[1:])]
    with world.fleet() as fleet:
        fleet.prefetch(targets)
        for target in targets:
            fleet.facts(target)
    assert central.connections() == before + 1


def test_a_jump_host_has_its_key_checked_too(world: World, home: Path) -> None:
    config = (world.lab.directory / "ssh_config").read_text()
    empty = home / "empty"
    empty.touch()
    head = f"Host {world.lab.host('central').address}\n  UserKnownHostsFile {empty}\n"
    (home / "config").write_text(head + config)
    target = world.target(
        "map", config=str(home / "config"), jump=f"mapinfra@{world.lab.host('central').address}"
    )
    message = world.refused(HostKeyRefused, lambda: world.facts(target), by="map")
    assert message.startswith("map via jump host")


def test_a_host_out_of_reach_of_its_jump_host(world: World) -> None:
    target = world.target("map", jump="central", port=9, connect_timeout=1)
    assert "jump host central gets no connection to it" in world.refused(
        HostUnreachable, lambda: world.facts(target), by="map"
    )


# Sudo


@pytest.mark.parametrize("name", ["central", "paris"])
def test_sudo_with_and_without_a_password(world: World, name: str) -> None:
    with world.fleet() as fleet:
        assert fleet.host(world.rooted(name)).run(["id", "-un"]).text == "root\n"
        assert fleet.host(world.target(name)).run(["id", "-un"]).text == "mapinfra\n"


def test_a_wrong_sudo_password_is_tried_once(world: World) -> None:
    target = world.target("paris", become="sudo", sudo_password=secret("wrong"))
    failures = (
        "journalctl --sync && journalctl --quiet -t sudo -o cat | grep -c 'incorrect password'"
    )
    paris = world.lab.host("paris")
    assert paris.run(failures, check=False).stdout == "0\n"
    assert world.refused(SudoRefused, lambda: world.facts(target), by="paris") == (
        "paris: sudo refused the password of mapinfra; correct ssh.sudo_password"
    )
    wait_until(lambda: paris.run(failures, check=False).stdout != "0\n")
    last = paris.run("journalctl --quiet -t sudo -o cat | grep 'incorrect password'").stdout
    assert "1 incorrect password attempt " in last


def test_a_missing_sudo_password_says_what_to_set(world: World) -> None:
    target = world.target("paris", become="sudo")
    message = world.refused(SudoRefused, lambda: world.facts(target), by="paris")
    assert message.endswith("set ssh.sudo_password")


def test_a_user_without_sudo_rights_is_told_in_sudos_words(world: World) -> None:
    lyon = world.lab.host("lyon")
    with authorized(world.lab, "lyon", world.lab.directory / "id_ed25519", "guest"):
        lyon.run(["chpasswd"], input=f"guest:{world.secrets['sudo']}\n")
        target = world.rooted("lyon", user="guest")
        message = world.refused(SudoRefused, lambda: world.facts(target), by="lyon")
    assert "guest is not in the sudoers file" in message


@pytest.mark.parametrize("name", ["central", "paris"])
def test_input_reaches_the_command_and_never_sudo(world: World, name: str) -> None:
    data = os.urandom(3_000_000)
    with world.fleet() as fleet:
        host = fleet.host(world.rooted(name))
        assert host.run(["cat"], stdin=data).stdout == data
        assert host.run(["head", "-c", "9"], stdin=data).stdout == data[:9]
        assert host.run(["cat"]).stdout == b""


def test_no_secret_in_any_process_of_the_host(world: World) -> None:
    paris = world.lab.host("paris")
    with world.fleet() as fleet, ThreadPoolExecutor() as threads:
        host = fleet.host(world.rooted("paris"))
        running = threads.submit(host.run, ["sleep", "2"])
        wait_until(lambda: "sleep" in processes(paris.run))
        seen = processes(paris.run)
        assert not running.done()
        running.result()
    assert "sudo" in seen
    for word in world.secrets.values():
        assert word not in seen


def processes(run: Callable[[str], subprocess.CompletedProcess[str]]) -> str:
    """Arguments and environments of everything on the host but what looks at them."""
    return run("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'").stdout


# Commands


def test_a_failing_command_says_what_and_why(world: World) -> None:
    with world.fleet() as fleet:
        host = fleet.host(world.rooted("lyon"))
        assert world.refused(CommandFailed, lambda: host.run(["ls", "/no such"]), by="lyon") == (
            "lyon: `ls '/no such'` exit 2: ls: cannot access '/no such': No such file or directory"
        )
        assert host.run(["false"], check=False).status == 1
        assert "exit 127" in world.refused(CommandFailed, lambda: host.run(["gone"]), by="lyon")


def test_arguments_arrive_as_they_are(world: World) -> None:
    odd = ["", "a b", "'", '"', "$HOME", "`id`", "\\", "é\n", "*", "-n", ";false"]
    with world.fleet() as fleet:
        for target in (world.target("lyon"), world.rooted("paris")):
            printed = fleet.host(target).run(["printf", "%s\\0", *odd]).text
            assert printed.split("\0")[:-1] == odd


def test_a_command_that_takes_too_long(world: World) -> None:
    with world.fleet() as fleet:
        host = fleet.host(world.rooted("lyon"))
        started = time.monotonic()
        message = world.refused(
            CommandTimeout, lambda: host.run(["sleep", "30"], timeout=0.5), by="lyon"
        )
        assert time.monotonic() - started < 3
        assert "`sleep 30` took longer than 0.5 s" in message
        assert host.run(["echo", "still here"]).text == "still here\n"


def test_many_threads_share_one_connection(world: World) -> None:
    lyon = world.lab.host("lyon")
    before = lyon.connections()
    with world.fleet() as fleet, ThreadPoolExecutor(24) as threads:
        host = fleet.host(world.target("lyon"))
        said = threads.map(lambda number: host.run(["echo", str(number)]).text, range(200))
        assert list(said) == [f"{number}\n" for number in range(200)]
    assert lyon.connections() == before + 1


def test_what_comes_late_for_its_channel_does_not_end_the_connection(world: World) -> None:
    """The other side of a race in paramiko: an EOF built before, and sent after, our CLOSE."""
    endpoint = resolve(world.target("lyon"), world.folder)
    with closing(Pool(Secrets({}, world.folder))) as pool:
        with pool.session(endpoint) as (connection, channel):
            channel.exec_command("true")
            wait_until(lambda: channel.closed)
            late = paramiko.Message()
            late.add_byte(b"\x60")  # SSH_MSG_CHANNEL_EOF
            late.add_int(channel.remote_chanid)
            with sending_on(channel):
                channel.get_transport()._send_user_message(late)  # type: ignore[attr-defined]
        with pool.session(endpoint) as (same, _):
            assert same is connection


def test_a_command_whose_connection_is_lost_is_not_run_again(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    lyon = world.lab.host("lyon")
    lyon.run(["rm", "-f", "/tmp/runs"])
    with world.fleet() as fleet, ThreadPoolExecutor() as threads:
        host = fleet.host(world.target("lyon"))
        running = threads.submit(host.run, ["sh", "-c", "echo run >>/tmp/runs; sleep 20"])
        wait_until(lambda: lyon.run("cat /tmp/runs", check=False).stdout == "run\n")
        lyon.run("pkill -f '^sshd: mapinfra'")
        message = world.refused(HostUnreachable, running.result, by="lyon")
        assert "look at the host" in message
        assert host.run(["cat", "/tmp/runs"]).text == "run\n"
    assert capfd.readouterr() == ("", "")


@contextmanager
def login(lab: Lab, name: str, start_up: str, shell: str = "/bin/bash") -> Iterator[None]:
    """What the login shell of mapinfra does first, while the context lasts."""
    host = lab.host(name)
    home = host.run("getent passwd mapinfra | cut -d: -f6").stdout.strip()
    host.run(f"cp {home}/.bashrc {home}/.bashrc.kept", check=False)
    host.run(f"cat >{home}/.bashrc && chsh -s {shell} mapinfra", input=start_up)
    try:
        yield
    finally:
        host.run("chsh -s /bin/bash mapinfra")
        host.run(f"mv {home}/.bashrc.kept {home}/.bashrc || rm {home}/.bashrc", check=False)


NOISE = "echo hello; echo beware >&2; printf half; trap 'echo bye; echo bye >&2' EXIT\n"


@pytest.mark.parametrize("name", ["central", "paris"])
def test_what_a_login_shell_prints_is_no_output_of_a_command(world: World, name: str) -> None:
    both = ["sh", "-c", "cat; echo complaint >&2; exit 3"]
    with login(world.lab, name, NOISE), world.fleet() as fleet:
        for target in (world.target(name), world.rooted(name)):
            done = fleet.host(target).run(both, stdin=b"given", check=False)
            assert (done.status, done.stdout, done.stderr) == (3, b"given", b"complaint\n")
            assert fleet.facts(target).text("hostname") == f"{name}\n"


@pytest.mark.parametrize("become", ["none", "sudo"])
def test_a_login_shell_that_ends_at_once_is_told_and_not_sudo_blamed(
    world: World, become: str
) -> None:
    target = world.target("lyon", become=become)
    with login(world.lab, "lyon", "echo 'closed for today'; exit 4\n"):
        message = world.refused(CommandNotBegun, lambda: world.facts(target), by="lyon")
    assert "ended before the command began (exit 4 after " in message
    assert 'printed "closed for today"; look at that account\'s login shell' in message
    with login(world.lab, "lyon", "", "/usr/sbin/nologin"):
        message = world.refused(CommandNotBegun, lambda: world.facts(target), by="lyon")
    assert 'printed "This account is currently not available."' in message


def test_a_login_shell_that_waits_is_told_and_not_the_facts_blamed(world: World) -> None:
    target = world.rooted("lyon", command_timeout=3)
    with login(world.lab, "lyon", "echo 'one moment'; sleep 9\n"):
        message = world.refused(NotBegunInTime, lambda: world.facts(target), by="lyon")
    assert "login shell didn't come to run a command within 3 s" in message
    assert 'printed "one moment"' in message


def test_the_fact_whose_reading_takes_too_long_is_named(world: World) -> None:
    target = world.target("lyon", command_timeout=3)
    survey = Survey(probes=(Probe("quick", "echo"), Probe("slow", "sleep 9"), Probe("last", ":")))
    with Fleet(
        Secrets(world.secrets, world.folder), lambda _: survey, folder=world.folder
    ) as fleet:
        message = world.refused(CommandTimeout, lambda: fleet.facts(target), by="lyon")
    assert "took longer than 3 s, at slow;" in message


@pytest.mark.parametrize("become", ["none", "sudo"])
@pytest.mark.parametrize("to", ["", " >&2"])
def test_a_command_that_prints_without_end_is_given_up_and_ended(
    world: World, to: str, become: str
) -> None:
    lyon = world.lab.host("lyon")
    with world.fleet() as fleet:
        host = fleet.host(world.target("lyon", become=become))
        message = world.refused(
            CommandFailed, lambda: host.run(["sh", "-c", f"yes{to}"]), by="lyon"
        )
        assert "printed more than 32 MiB and was given up" in message
        wait_until(lambda: lyon.run(["pgrep", "-x", "yes"], check=False).stdout == "")
        assert host.run(["echo", "still here"]).text == "still here\n"


def test_what_a_command_says_cannot_steer_a_terminal(world: World) -> None:
    said = "printf 'no\\033]0;owned\\007 \\342\\200\\256txt \\233\\377\\n' >&2; exit 1"
    with world.fleet() as fleet:
        host = fleet.host(world.target("lyon"))
        message = world.refused(CommandFailed, lambda: host.run(["sh", "-c", said]), by="lyon")
    assert message.isprintable()
    assert "no\\x1b]0;owned\\x07 \\u202etxt" in message


# MariaDB


def test_a_transaction_is_all_or_nothing(world: World) -> None:
    def insert_and_fail(host: Host, text: str) -> None:
        with host.transaction(world.database()) as transaction:
            assert transaction.execute("INSERT INTO note (text) VALUES (%s)", (text,)) == 1
            assert notes(world.lab, "lyon") == ["first"]
            raise ZeroDivisionError

    text = "o'clock %s é 😀 \\"
    with world.fleet() as fleet:
        host = fleet.host(world.target("lyon"))
        with pytest.raises(ZeroDivisionError):
            insert_and_fail(host, text)
        assert notes(world.lab, "lyon") == ["first"]
        with host.transaction(world.database()) as transaction:
            transaction.execute("INSERT INTO note (text) VALUES (%s)", (text,))
            assert transaction.query("SELECT text FROM note WHERE text = %s", (text,)) == [
                {"text": text}
            ]
        with host.transaction(world.database()) as transaction:
            assert transaction.execute("DELETE FROM note WHERE text = %s", (text,)) == 1
    assert notes(world.lab, "lyon") == ["first"]


@pytest.mark.parametrize(
    "sql", ["select seq from seq_1_to_3000000", "select repeat('x', 1000000) from seq_1_to_100"]
)
def test_more_rows_than_anybody_needs_are_given_up(world: World, sql: str) -> None:
    with world.fleet() as fleet:
        host = fleet.host(world.target("lyon"))

        def read() -> None:
            with host.transaction(world.database()) as transaction:
                transaction.query(sql)

        message = world.refused(DatabaseError, read, by="lyon")
        assert "MariaDB at 127.0.0.1:3306 answers a query with more than" in message
        with host.transaction(world.database()) as transaction:
            assert transaction.query("select count(*) as n from note") == [{"n": 1}]


def test_of_two_transactions_that_wait_for_each_other_both_are_done(world: World) -> None:
    both, tries = threading.Barrier(2), [0, 0]

    def swap(host: Host, number: int) -> None:
        def work(transaction: Transaction) -> None:
            first, second = (1, 2) if number else (2, 1)
            tries[number] += 1
            transaction.execute("UPDATE pair SET n = n + 1 WHERE id = %s", (first,))
            if tries[number] == 1:
                both.wait(20)
            transaction.execute("UPDATE pair SET n = n + 1 WHERE id = %s", (second,))

        host.transact(world.database(), work)

    with world.fleet() as fleet, ThreadPoolExecutor(2) as threads:
        host = fleet.host(world.target("lyon"))
        with host.transaction(world.database()) as transaction:
            transaction.execute("CREATE TABLE pair (id INT PRIMARY KEY, n INT)")
            transaction.execute("INSERT INTO pair VALUES (1, 0), (2, 0)")
        try:
            for done in [threads.submit(swap, host, number) for number in (0, 1)]:
                done.result()
            with host.transaction(world.database()) as transaction:
                assert [row["n"] for row in transaction.query("SELECT n FROM pair")] == [2, 2]
            assert sorted(tries) == [1, 2]
        finally:
            with host.transaction(world.database()) as transaction:
                transaction.execute("DROP TABLE pair")


def test_a_refused_statement_undoes_the_transaction(world: World) -> None:
    def change(host: Host) -> None:
        with host.transaction(world.database()) as transaction:
            transaction.execute("DELETE FROM note")
            transaction.execute("INSERT INTO nowhere VALUES (1)")

    with world.fleet() as fleet:
        host = fleet.host(world.target("lyon"))
        message = world.refused(DatabaseError, lambda: change(host), by="lyon")
    assert "nowhere" in message
    assert notes(world.lab, "lyon") == ["first"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"password": secret("wrong")}, "refuses user hosts_test"),
        ({"user": "nobody_here"}, "refuses user nobody_here"),
        ({"name": "mysql"}, "denies user hosts_test the database mysql"),
        ({"user": "hosts_admin", "name": "nowhere"}, "has no database nowhere"),
        ({"port": 9}, "refuses connections, or nothing listens there"),
        ({"socket": "/run/nowhere.sock"}, "refuses connections, or nothing listens there"),
    ],
)
def test_a_database_that_cannot_be_used_fails_its_rows_only(
    world: World, given: dict[str, Any], expected: str
) -> None:
    facts = world.facts(world.target("lyon", database=world.database(**given)))
    assert facts.text("hostname") == "lyon\n"
    message = world.refused(DatabaseError, lambda: facts.rows("notes"), by="lyon")
    assert expected in message


def test_a_database_that_is_down(world: World) -> None:
    lyon = world.lab.host("lyon")
    lyon.run(["systemctl", "stop", "mariadb"])
    try:
        facts = world.facts(world.target("lyon"))
        assert facts.text("hostname") == "lyon\n"
        message = world.refused(DatabaseError, lambda: facts.rows("notes"), by="lyon")
        assert "systemctl start mariadb" in message
    finally:
        lyon.run(["systemctl", "start", "mariadb"])


def test_a_database_behind_a_unix_socket(world: World) -> None:
    by_password = world.database(socket=SOCKET)
    assert world.facts(world.target("lyon", database=by_password)).rows("notes") == [
        {"id": 1, "text": "first"}
    ]


def test_a_database_user_known_by_the_socket_alone(world: World) -> None:
    world.lab.host("lyon").run(
        ["mariadb"],
        input="create or replace user socketeer@localhost identified via unix_socket; "
        "grant select on hosts_test.* to socketeer@localhost;",
    )
    database = world.database(user="socketeer", password=None, socket=SOCKET)
    with authorized(world.lab, "lyon", world.lab.directory / "id_ed25519", "socketeer"):
        target = world.target("lyon", user="socketeer", database=database)
        assert world.facts(target).rows("notes") == [{"id": 1, "text": "first"}]
    other = world.facts(world.target("lyon", database=database))
    message = world.refused(DatabaseError, lambda: other.rows("notes"), by="lyon")
    assert "refuses user socketeer: unknown, or known by its unix socket only" in message


def test_a_query_that_gets_no_answer_in_time(world: World) -> None:
    database = world.database()
    with world.fleet() as fleet:
        host = fleet.host(world.target("lyon", command_timeout=0.5))

        def wait() -> None:
            with host.transaction(database) as transaction:
                transaction.query("SELECT SLEEP(20)")

        started = time.monotonic()
        message = world.refused(DatabaseError, wait, by="lyon")
        assert time.monotonic() - started < 3
        assert "no answer within 0.5 s" in message


def test_a_database_that_is_slow_at_every_query_is_given_up_in_time(world: World) -> None:
    survey = Survey(queries=tuple(Query(f"q{n}", "SELECT SLEEP(0.8)") for n in range(9)))
    target = world.target("lyon", connect_timeout=1, command_timeout=1)
    started = time.monotonic()
    with Fleet(
        Secrets(world.secrets, world.folder), lambda _: survey, folder=world.folder
    ) as fleet:
        facts = fleet.facts(target)
        message = world.refused(DatabaseError, lambda: facts.rows("q0"), by="lyon")
    assert "reading its database took longer than 1 s" in message
    assert time.monotonic() - started < 4


def test_sshd_that_forwards_nothing(world: World) -> None:
    lyon, file = world.lab.host("lyon"), "/etc/ssh/sshd_config.d/00-hosts-test.conf"
    lyon.run(f"echo DisableForwarding yes >{file} && systemctl reload ssh")
    try:
        facts = world.facts(world.target("lyon"))
        message = world.refused(DatabaseError, lambda: facts.rows("notes"), by="lyon")
        assert "AllowTcpForwarding" in message
    finally:
        lyon.run(f"rm {file} && systemctl reload ssh")


# Hosts that are away


def test_a_host_that_is_off_fails_alone_and_in_time(world: World) -> None:
    world.lab.host("lyon").power_off()
    try:
        targets = {name: world.target(name, connect_timeout=4) for name in NAMES}
        with world.fleet() as fleet:
            started = time.monotonic()
            fleet.prefetch(targets.values())
            for name in ("central", "paris", "map"):
                assert fleet.facts(targets[name]).text("hostname") == f"{name}\n"
            assert time.monotonic() - started < 3
            message = world.refused(
                HostUnreachable, lambda: fleet.facts(targets["lyon"]), by="lyon"
            )
            assert time.monotonic() - started < 4.5
        assert "no SSH connection to" in message
    finally:
        world.lab.host("lyon").power_on()


def test_a_host_that_is_just_booting_is_waited_for(world: World) -> None:
    lyon = world.lab.host("lyon")
    lyon.power_off()
    with world.fleet() as fleet:
        fleet.prefetch([world.target("lyon", connect_timeout=30)])
        lyon.power_on()
        assert fleet.facts(world.target("lyon", connect_timeout=30)).text("hostname") == "lyon\n"


def test_a_host_rebooted_between_two_passes_is_read_again(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    lyon, target = world.lab.host("lyon"), world.rooted("lyon")
    with world.fleet() as fleet:
        fleet.facts(target)
        lyon.power_off()
        lyon.power_on()
        fleet.stale(target)
        assert fleet.facts(target).text("hostname") == "lyon\n"
        assert fleet.facts(target).rows("notes") == [{"id": 1, "text": "first"}]
        lyon.power_off()
        lyon.power_on()
        assert fleet.host(target).run(["hostname"]).text == "lyon\n"
    assert capfd.readouterr() == ("", "")


def test_a_connection_that_died_unseen_is_replaced(world: World) -> None:
    lyon, target = world.lab.host("lyon"), world.target("lyon")
    with world.fleet() as fleet:
        host = fleet.host(target)
        host.run(["true"])
        lyon.cut()  # no packet tells of what comes now
        lyon.power_off()
        lyon.power_on()
        lyon.mend()
        assert host.run(["hostname"]).text == "lyon\n"


def test_a_reading_whose_connection_is_lost_is_done_again(world: World) -> None:
    lyon = world.lab.host("lyon")
    lyon.run("rm -f /tmp/begun")
    slow = Probe("slow", "test -e /tmp/begun || { touch /tmp/begun; sleep 20; }; echo read")
    with Fleet(
        Secrets(world.secrets, world.folder), lambda _: Survey(probes=(slow,)), folder=world.folder
    ) as fleet:
        fleet.prefetch([world.target("lyon")])
        wait_until(lambda: lyon.run("test -e /tmp/begun", check=False).returncode == 0)
        lyon.run("pkill -f '^sshd: mapinfra'")
        assert fleet.facts(world.target("lyon")).text("slow") == "read\n"


def test_a_host_behind_a_cut_cable_is_given_up_in_time(world: World) -> None:
    lyon, target = world.lab.host("lyon"), world.target("lyon", connect_timeout=2)
    with world.fleet() as fleet:
        fleet.facts(target)
        lyon.cut()
        try:
            fleet.stale(target)
            started = time.monotonic()
            world.refused(HostUnreachable, lambda: fleet.facts(target), by="lyon")
            assert time.monotonic() - started < 2 * 2 + 1.5
        finally:
            lyon.mend()
        fleet.stale(target)
        assert fleet.facts(target).text("hostname") == "lyon\n"


def test_nothing_runs_on_after_the_fleet_is_closed(world: World) -> None:
    before = set(threading.enumerate())
    world.facts(world.target("lyon"))
    wait_until(lambda: set(threading.enumerate()) <= before)
