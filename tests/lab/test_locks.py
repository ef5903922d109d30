"""Nothing waits for ever on a lock that somebody holds in MAP's own database."""

import json
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from lab import Lab
from tests.lab.faults import let_the_lease_run_out
from tests.lab.map_world import ENGINE_ON_DNF, NEXT, World, begun, kill, make, wait_until
from tests.lab.project import ended

BROKEN = "23.10.91"  # never healthy, after it has changed the schema
FOLDER = "/var/backups/mapinfra"
ENDED = r"ended session \d+ of root@localhost"


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


@pytest.fixture(scope="module")
def world(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A server that tests leave at its old version."""
    world = make(lab, tmp_path_factory.mktemp("locks"), *ENGINE_ON_DNF)
    world.next_line("23.04", "23.10", "broken-health")
    return world


@contextmanager
def session(world: World, statements: str, database: str = "") -> Iterator[None]:
    """A client that somebody has left open after some statements, in a database or in none."""
    name = f"client-{abs(hash(statements)) % 10000}"
    script = f'(echo "{statements};"; sleep 3600) | mariadb --unbuffered -N {database}'
    world.host.run(
        ["systemd-run", "--quiet", f"--unit={name}", "sh", "-c", f"{script} >/run/{name}.out"]
    )
    try:
        yield
    finally:
        world.host.run(["systemctl", "stop", name], check=False)


@contextmanager
def reader(world: World, database: str = "") -> Iterator[None]:
    """A transaction that has read a table of MAP, and isn't ended."""
    statements = "start transaction; select count(*) from centreon_map.map_view; select 'open'"
    with session(world, statements, database):
        locked = "select count(*) from information_schema.innodb_trx"
        wait_until(lambda: world.sql(locked) != "0\n")
        yield


def blocker(world: World) -> str:
    return world.sql("select state from information_schema.processlist where info like 'alter%'")


def test_a_dump_that_meets_a_lock_says_who_holds_it_and_leaves_nothing(world: World) -> None:
    before = world.state()
    world.want(NEXT, release_notes_read="23.10")
    alter = "alter table map_view force"
    with reader(world), session(world, alter, "centreon_map"):
        wait_until(lambda: "Waiting for table metadata lock" in blocker(world))
        result = world.up()
    assert result.code == 1
    assert re.search(
        r"(the dump of|reading what is to be backed up of) .* failed: .* locked by .*session "
        r"\d+ of root@localhost", result.out,
    ), result  # fmt: skip
    assert world.host.run(["ls", "-A", FOLDER]).stdout == ""
    assert world.service() == ("active", "enabled")
    assert world.state()[0] == before[0]
    assert world.sql("select count(*) from information_schema.plugins where plugin_name like"
                     " 'metadata_lock%'") == "0\n"  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_dump_ends_it_and_leaves_nothing(
    world: World, number: signal.Signals
) -> None:
    before = world.state()
    world.want(NEXT, release_notes_read="23.10")
    world.host.run(
        "cd /usr/bin; mv mariadb-dump real-dump; "
        "printf '#!/bin/sh\\nsleep 3000' >mariadb-dump; chmod 755 mariadb-dump"
    )
    try:
        process = begun(world, "back up database")
        wait_until(lambda: "sleep 3000" in world.host.run(["ps", "-e", "-o", "args"]).stdout)
        process.send_signal(number)
        result = ended(process)
    finally:
        world.host.run("cd /usr/bin; mv real-dump mariadb-dump")
    assert result.code == 8, result
    assert "interrupted" in result.out, result
    assert world.host.run(["ls", "-A", FOLDER]).stdout == ""
    assert "sleep 3000" not in world.host.run(["ps", "-e", "-o", "args"]).stdout
    assert "journal.json" not in world.traces()
    assert world.state() == before


# What sums up is stuck, for a while, at two megabytes of a file.
_STUCK = """\
#!/bin/sh
if {when}; then
  [ -z "$2" ] || {{ exec 3<"$2"; head -c 2000000 <&3 >/dev/null; }}
  exec sleep 99
fi
exec /usr/bin/sha256sum "$@"
"""


@pytest.mark.parametrize(
    ("when", "step", "told"),
    [
        ('[ "${PWD##*/}" = digest ]', "back up database", r"checking the dump, \d MB of it read"),
        (
            '[ "$2" = database.sql ] && [ ! -e MANIFEST.json ]',
            "back up database",
            r"summing up the dump, 2 MB of it read",
        ),
        (
            '[ "$2" = database.sql ] && [ -e MANIFEST.json ]',
            "arm the way back",
            r"checking the backup, 2 MB of the dump read",
        ),
    ],
    ids=["read again", "summed up", "armed"],
)
def test_a_signal_while_a_large_dump_is_read_ends_that_and_leaves_the_old_state(
    world: World, when: str, step: str, told: str
) -> None:
    # Many short rows: one that is long would fill no pipe until it is read as a whole.
    world.sql(
        "create or replace table big (words varchar(3000)); insert into big "
        "select repeat('x', 3000) from seq_1_to_1500"
    )
    before, backups = world.state(), world.host.run(f"ls -A {FOLDER}", check=False).stdout
    world.want(NEXT, release_notes_read="23.10")
    wrapper = "/usr/local/bin/sha256sum"
    world.host.run(f"cat >{wrapper} && chmod 755 {wrapper}", input=_STUCK.format(when=when))
    try:
        process = begun(world, step)
        assert process.stderr is not None
        assert any(re.search(told, line) for line in process.stderr)
        process.send_signal(signal.SIGINT)
        result = ended(process)
    finally:
        world.host.run(["rm", wrapper])
        world.sql("drop table big")
    assert result.code == 8, result
    assert "interrupted" in result.out, result
    assert "sleep 99" not in world.host.run(["ps", "-e", "-o", "args"]).stdout
    if step == "back up database":
        assert world.host.run(f"ls -A {FOLDER}").stdout == backups
    assert world.traces() == ""
    assert world.state() == before


def test_a_restore_ends_who_holds_the_database(world: World) -> None:
    world.want(NEXT, release_notes_read="23.10")
    world.expect_up()
    [id] = world.host.run(f"ls -t {FOLDER} | head -n 1").stdout.split()
    with reader(world, "centreon_map"):
        result = world.project.mapinfra("restore", "--yes", "central/map", id)
    assert result.code == 0, result
    assert re.search(ENDED, result.err), result


@pytest.mark.parametrize("database", ["centreon_map", ""], ids=["in it", "in no database"])
def test_a_rollback_by_the_run_ends_who_holds_the_database_and_says_whom(
    world: World, database: str
) -> None:
    before = world.state()
    world.want(BROKEN, release_notes_read="23.10", start_seconds=20)
    process = begun(world, "wait until")
    wait_until(lambda: world.schema() == "2311", 60)
    with reader(world, database):
        result = ended(process)
    assert result.code == 1
    assert "the old state is back" in result.out, result
    assert re.search(ENDED, result.err), result
    assert world.state() == before


def test_a_new_version_starts_though_somebody_holds_the_database(world: World) -> None:
    world.want(BROKEN, release_notes_read="23.10", start_seconds=20)
    with reader(world, "centreon_map"):
        result = world.up()
    assert re.search(rf"{ENDED}, which held MAP's database", result.err), result
    assert "isn't healthy within" in result.out  # and not: it waits for a lock
    assert "the old state is back" in result.out, result


def test_a_rollback_by_the_host_alone_ends_who_holds_the_database(world: World) -> None:
    before = world.state()
    world.want(BROKEN, release_notes_read="23.10", lease_minutes=1, start_seconds=600)
    process = begun(world, "wait until")
    wait_until(lambda: world.schema() == "2311", 60)
    kill(process)
    with reader(world):
        let_the_lease_run_out(world)
    # The web client stays: it has no lease.
    assert world.state()[:-3] == before[:-3]
    newest = world.host.run(f"ls -td {FOLDER}/*/ | head -n 1").stdout.strip()
    back = json.loads(world.host.run(["cat", f"{newest}/BACK.json"]).stdout)
    assert (back["state"], back["by"]) == ("done", "lease")
    assert re.search(ENDED, back["message"])


def told_by_back(world: World) -> str:
    """What the way back to the newest backup says of itself."""
    report = f"cat $(ls -td {FOLDER}/*/ | head -n 1)/BACK.json"
    return world.host.run(report, check=False).stdout


def test_who_may_hold_the_database_is_told_where_nobody_can_be_ended(world: World) -> None:
    """MariaDB can't tell whose lock it is: the session is in no database, the plugin is away."""
    before = world.state()
    plugin = f"{world.sql('select @@plugin_dir').strip()}/metadata_lock_info.so"
    world.want(BROKEN, release_notes_read="23.10", start_seconds=20)
    world.host.run(["mv", plugin, "/root/plugin.so"])
    held = r"its tables are locked, perhaps by session \d+ of root@localhost"
    try:
        process = begun(world, "wait until")
        wait_until(lambda: world.schema() == "2311", 60)
        with reader(world):
            wait_until(
                lambda: re.search(rf'"running".*{held}', told_by_back(world)) is not None, 90
            )
            result = ended(process)
            back = json.loads(told_by_back(world))
        assert result.code == 1
        assert re.search(rf"could not be put back: .*{held}", result.out), result
        assert (back["state"], back["step"]) == ("failed", "putting the database back")
        assert re.search(held, back["message"])
    finally:
        world.host.run(["mv", "/root/plugin.so", plugin])
    # The host itself goes on trying, and succeeds once that session has ended.
    let_the_lease_run_out(world)
    assert world.state()[:-3] == before[:-3]


def test_a_preview_tells_of_a_rollback_though_mariadb_does_not_answer(world: World) -> None:
    world.want(BROKEN, release_notes_read="23.10", lease_minutes=1, start_seconds=600)
    process = begun(world, "wait until")
    wait_until(lambda: world.schema() == "2311", 60)
    kill(process)
    world.host.run(["pkill", "-STOP", "-x", "mariadbd"])
    try:
        world.host.run(
            "cd /etc/systemd/system && for timer in mapinfra-back.*.timer; do "
            'systemctl start --no-block "${timer%timer}service"; done'
        )
        report = f"cat {FOLDER}/*/BACK.json | grep running"
        wait_until(lambda: "MariaDB" in world.host.run(report, check=False).stdout, 90)
        result = world.project.mapinfra("preview")
    finally:
        world.host.run(["pkill", "-CONT", "-x", "mariadbd"])
    assert result.code == 1
    assert re.search(r"the host is going back \(running: reaching MariaDB\)", result.out), result
    wait_until(lambda: "mapinfra-back" not in world.traces(), 120)
