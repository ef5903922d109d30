"""Backups on real hosts: what is in them, what is refused, and every way back."""

import base64
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab import Host as LabHost
from lab import Lab
from lab.packages.by_hand import MapServer, add_repository, map_server
from mapinfra import backup, rollback
from mapinfra.backup import BackupFailed, Manifest, MariadbClient, Reach, Subject
from mapinfra.hosts import Facts, Fleet, Host, Ssh, Survey, Target
from mapinfra.hosts.packages import PackageError
from mapinfra.rollback import Entry, Found, Held, Holder, LeaseLost, Standing, journal
from mapinfra.secrets import Secrets

VERSION, NEWER = "22.10.1", "23.10.1"
FOLDER = "/var/backups/mapinfra"
ZSTD = Path("/usr/bin/zstd")
SNIPPET = "/etc/my.cnf.d/map.cnf"
SPECIAL = """\
create table odd (id int primary key, bytes longblob, words text, at datetime(6), n double)
  character set utf8mb4;
insert into odd values
  (1, 0x000a0d1a275c22ff00, 'é, 日本, 🦉', '2024-02-29 23:59:59.123456', 1.5e-300),
  (2, NULL, '-- Dumping data for table `odd`\\n(1),(2);\\nINSERT INTO `x` VALUES (1);', NULL, -0.1),
  (3, '', '\\\\\\'),(''', NULL, 12345678901234567890);
create table empty (id int) engine=innodb;
create table `quo``ted "x"` (id int auto_increment primary key) auto_increment = 77;
create sequence numbers start with 5;
create function twice (n int) returns int deterministic return 2 * n;
"""


@dataclass(frozen=True)
class World:
    """A MAP server of an older version, and mapinfra's way to its host."""

    server: MapServer
    lab: LabHost
    host: Host
    subject: Subject

    def take(self, id: str, **changed: object) -> Manifest:
        subject = replace(self.subject, **changed)  # type: ignore[arg-type]
        return backup.take(self.host, subject, id, who="ada@console")

    def sql(self, statement: str) -> str:
        database = self.server.edition.database
        command = ["mariadb", "-N", "--default-character-set=utf8mb4", database]
        return self.lab.run(command, input=statement).stdout

    def file(self, path: str) -> str:
        return self.lab.run(["cat", path]).stdout

    def exists(self, path: str) -> bool:
        return self.lab.run(["test", "-e", path], check=False).returncode == 0

    def content(self) -> str:
        """Everything in the database, as text."""
        options = "--skip-dump-date --single-transaction --routines --triggers --events"
        return self.lab.run(
            f"mariadb-dump {options} {self.server.edition.database} | md5sum"
        ).stdout

    def configuration(self) -> str:
        """Everything of the configuration: names, owners, modes, times and content."""
        folder = f"{self.server.edition.configuration} {SNIPPET}"
        return self.lab.run(
            f"find {folder} -printf '%p %u %g %m %T@ %l\\n' | sort; "
            f"find {folder} -type f | sort | xargs -d '\\n' md5sum"
        ).stdout

    def service(self) -> tuple[str, str]:
        names = ("is-active", "is-enabled")
        run = self.lab.run
        said = (run(["systemctl", name, self.subject.service], check=False) for name in names)
        active, enabled = (one.stdout.strip() for one in said)
        return active, enabled

    def version(self) -> str:
        return self.lab.run(
            f"rpm -q --qf '%{{VERSION}}' {self.server.edition.package} ||"
            f" dpkg-query -W -f '${{Version}}' {self.server.edition.package}"
        ).stdout.splitlines()[-1]

    def state(self) -> tuple[str, ...]:
        return (self.content(), self.configuration(), *self.service(), self.version())

    def spoil(self) -> None:
        """Upgrade over two lines with new content and settings, and leave the service stopped."""
        folder = self.server.edition.configuration
        self.sql("insert into odd (id) values (99); drop table empty; drop function twice")
        self.lab.run(
            f"echo x >>{folder}/centreon-map.conf; rm {folder}/backup.conf; touch {folder}/n"
        )
        self.lab.run(["systemctl", "stop", self.subject.service])
        confold = () if self.subject.family == "rpm" else ("-o", "Dpkg::Options::=--force-confold")
        self.server.change_package("upgrade", NEWER, *confold)
        self.lab.run(["systemctl", "disable", "--quiet", self.subject.service])
        self.lab.run(["systemctl", "start", self.subject.service])
        wait_until(lambda: self.sql("select max(version) from schema_version") == "2310\n")
        self.lab.run(["systemctl", "stop", self.subject.service])


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    probes = tuple(journal.probe(name) for name in ("centreon-map-engine", "centreon-map"))
    folder = tmp_path_factory.mktemp("project")
    with Fleet(Secrets({}, folder), lambda _: Survey(probes=probes), folder=folder) as fleet:
        yield fleet


def target(lab: Lab, name: str) -> Target:
    config = str(lab.directory / "ssh_config")
    return Target(name=name, ssh=Ssh(config=config, become="sudo", connect_timeout=30))


def make_world(lab: Lab, fleet: Fleet, name: str, web: str, edition: str) -> World:
    lab.reset(name)
    server = map_server(lab, name, web, edition)
    server.install(VERSION)
    for line in ("23.04", "23.10"):
        add_repository(server.host, line)
    wait_until(lambda: "22" in server.host.run(
        ["mariadb", "-N", "-e", f"select version from {server.edition.database}.schema_version"],
        check=False).stdout)  # fmt: skip
    server.run_program("sample", "--views=5")
    family = server.host.spec.family
    release = "-1.el8" if family == "rpm" else "-1"
    subject = Subject(
        service=server.edition.service,
        config_folder=server.edition.configuration,
        database=server.edition.database,
        packages={server.edition.package: f"{VERSION}{release}"},
        family=family,
        elsewhere=("/etc/mysql/map.cnf", SNIPPET),
    )
    server.host.run(f"echo '# ours' >>{SNIPPET}")
    world = World(server, server.host, fleet.host(target(lab, name)), subject)
    world.sql(SPECIAL)
    return world


@pytest.fixture(scope="module")
def shared(lab: Lab, fleet: Fleet) -> World:
    """A server that tests leave as it is."""
    return make_world(lab, fleet, "map", "central", "engine")


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.lab.run(f"rm -rf {FOLDER} /var/lib/mapinfra")


@pytest.fixture(params=["dnf", "apt"])
def of_both_families(lab: Lab, fleet: Fleet, request: pytest.FixtureRequest) -> World:
    """A server on either family of hosts."""
    if request.param == "apt":
        return make_world(lab, fleet, "lyon", "lyon", "legacy")
    world: World = request.getfixturevalue("world")
    return world


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)


# Taking


def test_a_backup_holds_everything_and_says_so(world: World) -> None:
    before = world.state()
    manifest = world.take("first")
    assert world.state() == before
    folder = f"{FOLDER}/first"
    listed = world.lab.run(f"find {folder} -printf '%P %m %U\\n'").stdout.splitlines()
    modes = {line.rsplit(" ", 2)[0]: line.rsplit(" ", 2)[1:] for line in listed}
    package = f"packages/{world.server.edition.package}-{VERSION}-1.el8.noarch.rpm"
    files = {"config.tar", "database.sql", package, "MANIFEST.json", "SHA256SUMS", "back.sh"}
    files |= {"SEQUENCE"}
    assert set(modes) == {"", "packages", *files}
    assert all(modes[name] == ["600", "0"] for name in files)
    assert modes[""] == ["700", "0"]
    assert set(manifest.files) == {"config.tar", "database.sql", package}
    tables = "select table_name from information_schema.tables where table_schema = database()"
    names = world.sql(f"{tables} and table_type = 'BASE TABLE'").splitlines()
    counts = {name: int(world.sql(f"select count(*) from `{name.replace('`', '``')}`"))
              for name in names}  # fmt: skip
    found = {name.replace("``", "`"): table.rows for name, table in manifest.tables.items()}
    assert found == counts
    assert counts["odd"] == 3
    assert {"view map_size", "routines", "events", "sequence numbers"} <= set(manifest.others)
    assert (manifest.who, manifest.active, manifest.enablement) == ("ada@console", True, "enabled")
    assert manifest.packages == world.subject.packages
    [only] = backup.listing(world.host).backups
    assert only == backup.Listed(manifest, None, armed=False, sequence=1)
    assert backup.find(world.host, "first") == manifest
    backup.verify(world.host, manifest)


def test_a_file_outside_the_folder_is_saved_told_and_brought_back(world: World) -> None:
    before = world.configuration()
    manifest = world.take("first")
    assert manifest.elsewhere == (SNIPPET,)
    with pytest.raises(BackupFailed, match=rf"config.tar has {SNIPPET[1:]}, which is not in /etc/"):
        backup.verify(world.host, replace(manifest, elsewhere=()))

    def differing() -> Mapping[str, str]:
        return backup.look(world.host, manifest, (), world.subject.client).files

    assert differing() == {}
    world.lab.run(f"echo '# later' >>{SNIPPET}")
    assert differing() == {SNIPPET: "content"}
    backup.go_back(world.host, manifest, world.subject.client)
    assert world.configuration() == before
    kept = ["tar", "-xOf", f"{FOLDER}/first/replaced.tar", SNIPPET.removeprefix("/")]
    assert world.lab.run(kept).stdout.endswith("# ours\n# later\n")
    world.lab.run(["rm", SNIPPET])
    assert differing() == {SNIPPET: "comes back"}
    backup.go_back(world.host, manifest, world.subject.client)
    assert world.configuration() == before


def test_a_rehearsal_restores_into_a_scratch_database_and_drops_it(world: World) -> None:
    world.sql("set global event_scheduler = on")
    before = world.state()
    backup.rehearse(world.host, world.take("first"), world.subject.client)
    assert world.state() == before
    assert "rehearsal" not in world.sql("show databases")
    assert not world.exists(f"{FOLDER}/first/copy.sql")


def test_a_rehearsal_names_the_table_whose_rows_do_not_come_back(world: World) -> None:
    manifest = world.take("first")
    world.lab.run(
        f"cd {FOLDER}/first && sed -i '/^(2,NULL/d' database.sql && "
        "sha256sum $(awk '{ print $2 }' SHA256SUMS) >new && mv new SHA256SUMS"
    )
    with pytest.raises(BackupFailed, match=r"^map: .*differs from backup first in table odd$"):
        backup.rehearse(world.host, manifest, world.subject.client)
    assert "rehearsal" not in world.sql("show databases")


def test_the_comparison_names_what_changed_in_the_database_since(world: World) -> None:
    manifest = world.take("first")
    backup.compare(world.host, manifest, world.subject.client)
    world.sql("create event later on schedule every 1 year do select 1")
    try:
        with pytest.raises(BackupFailed, match=r"in events$"):
            backup.compare(world.host, manifest, world.subject.client)
    finally:
        world.sql("drop event later")


def test_a_view_that_can_not_be_dumped_stops_the_backup_and_nothing_else(world: World) -> None:
    world.sql("create table gone (id int); create view broken as select * from gone")
    world.sql("drop table gone")
    before = world.service()
    try:
        with pytest.raises(BackupFailed, match=r"^map: the dump of centreon_map failed: .*broken"):
            world.take("first")
    finally:
        world.sql("drop view broken")
    assert world.service() == before
    assert world.lab.run(["ls", "-A", FOLDER]).stdout == ""
    assert world.take("first").rows > 0


@pytest.fixture
def small_disk(world: World) -> Iterator[str]:
    folder = "/mnt/small"
    world.lab.run(f"mkdir -p {folder} && mount -t tmpfs -o size=72M,mode=700 tmpfs {folder}")
    yield folder
    world.lab.run(["umount", folder])


def test_a_disk_without_room_is_told_before_anything_is_written(
    world: World, small_disk: str
) -> None:
    world.lab.run(["fallocate", "-l", "20M", f"{small_disk}/other"])
    with pytest.raises(BackupFailed, match=r"^map: a backup may take \d+ MB, and /mnt/small has"):
        world.take("first", folder=small_disk)
    assert world.lab.run(["ls", small_disk]).stdout == "other\n"


def test_a_disk_that_gets_full_is_an_error_and_leaves_nothing(
    world: World, small_disk: str
) -> None:
    world.sql(
        "create table large (id int auto_increment primary key, b longblob)"
        " row_format=compressed key_block_size=1;"
        "insert into large (b) select repeat('x', 1000000) from seq_1_to_90"
    )
    try:
        with pytest.raises(
            BackupFailed, match=r"^map: the dump of centreon_map failed: .*no space left"
        ):
            world.take("first", folder=small_disk)
    finally:
        world.sql("drop table large")
    assert world.lab.run(["ls", small_disk]).stdout == ""
    assert world.service() == ("active", "enabled")


def test_a_dump_that_was_cut_off_is_noticed(world: World) -> None:
    manifest = world.take("first")
    dump = f"{manifest.directory}/{manifest.dump}"
    world.lab.run(["truncate", "-s", "-30", dump])
    with pytest.raises(BackupFailed, match=r"checking backup first failed: database\.sql: FAILED"):
        backup.verify(world.host, manifest)
    with pytest.raises(BackupFailed, match="the dump has no end: it was cut off"):
        backup.taking.digest(world.host, "cut", manifest.directory, dump, "x")


def test_a_package_that_is_not_to_be_had_stops_the_backup(world: World) -> None:
    with pytest.raises(PackageError, match=r"22\.10\.9"):
        world.take("first", packages={world.server.edition.package: "22.10.9-1.el8"})
    assert world.lab.run(["ls", "-A", FOLDER]).stdout == ""


def test_retention_keeps_so_many_good_ones_and_never_an_armed_one(world: World) -> None:
    first = world.take("a", keep=2)
    world.lab.run(["mkdir", f"{FOLDER}/notes"])
    rollback.arm(world.host, first, world.subject.client, 10)
    for id in ("b", "c", "d"):
        world.take(id, keep=2)
    assert world.lab.run(["ls", FOLDER]).stdout.split() == ["a", "c", "d", "notes"]
    rollback.disarm(world.host, first)
    world.sql("create view broken as select 1 as x from odd")
    world.sql("drop table if exists other")
    with pytest.raises(PackageError):
        world.take("e", keep=1, packages={"centreon-map-engine": "0-1"})
    world.sql("drop view broken")
    assert world.lab.run(["ls", FOLDER]).stdout.split() == ["a", "c", "d", "notes"]
    world.take("e", keep=1)
    assert world.lab.run(["ls", FOLDER]).stdout.split() == ["e", "notes"]


def test_what_a_killed_run_left_is_stopped_and_removed_by_the_next_backup(world: World) -> None:
    world.lab.run(["mkdir", "-p", FOLDER])
    backup.shelf.start(world.host, world.subject, "killed")
    other = replace(world.subject, service="centreon-map")
    backup.shelf.start(world.host, other, "other")
    unit = "mapinfra-backup.centreon-map-engine.killed-dump"
    properties = ("-p", "KillSignal=SIGCONT", "-p", "KillMode=process")
    world.lab.run(["systemd-run", "--quiet", f"--unit={unit}", *properties, "sleep", "1000"])
    assert backup.listing(world.host).backups == ()
    world.take("next")
    assert world.lab.run(["ls", FOLDER]).stdout.split() == ["next", "other"]
    assert world.lab.run(["systemctl", "is-active", unit], check=False).returncode != 0


# Secrets


def test_the_password_is_in_no_command_line_environment_or_lasting_file(world: World) -> None:
    password = secrets.token_urlsafe(9) + "\\ \"#'"
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    world.lab.run(["mariadb"], input=(
        f"create user backup@localhost identified by '{quoted}';"
        "grant all on *.* to backup@localhost"
    ))  # fmt: skip
    seen = "/run/seen"
    world.lab.run(
        ["systemd-run", "--quiet", "--unit=watch", "sh", "-c",
         f"while sleep 0.02; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; done >{seen}"]
    )  # fmt: skip
    client = MariadbClient(user="backup", password=password, host="localhost")
    try:
        manifest = world.take("first", client=client)
        backup.rehearse(world.host, manifest, client)
        rollback.arm(world.host, manifest, client, 10)
        assert world.lab.run(["stat", "-c", "%a", f"{FOLDER}/first/client.cnf"]).stdout == "600\n"
        rollback.disarm(world.host, manifest)
    finally:
        world.lab.run(["systemctl", "stop", "watch"])
        world.lab.run(["mariadb", "-e", "drop user backup@localhost"])
    word = password.split("\\")[0]
    found = ["grep", "-c", "-a", "-e"]
    assert world.lab.run([*found, "mariadb-dump", seen]).returncode == 0
    assert world.lab.run([*found, word, seen], check=False).stdout == "0\n"
    places = f"{FOLDER} /run/mapinfra /etc/systemd /var/lib/mapinfra"
    assert world.lab.run(f"grep -r -a -e '{word}' {places}", check=False).stdout == ""
    assert word not in f"{client!r}{world.subject!r}{manifest!r}"


# The way back


def test_after_an_upgrade_everything_goes_back(of_both_families: World) -> None:
    spoilt = of_both_families
    before = spoilt.state()
    manifest = spoilt.take("first")
    spoilt.spoil()
    assert spoilt.version().startswith(NEWER)
    back = backup.go_back(spoilt.host, manifest, spoilt.subject.client)
    assert (back.state, back.reach) == ("done", Reach.ALL)
    assert spoilt.state() == before
    backup.compare(spoilt.host, manifest, spoilt.subject.client)
    assert not spoilt.exists(f"{FOLDER}/first/client.cnf")
    [listed] = backup.listing(spoilt.host).backups
    assert listed.back == back
    spoilt.lab.run(["sh", f"{FOLDER}/first/back.sh"], timeout=120)
    assert spoilt.state() == before


@pytest.mark.skipif(not ZSTD.exists(), reason="this machine has no zstd to lend to a host")
def test_a_packed_dump_is_rehearsed_and_goes_back(world: World) -> None:
    lent = "base64 -d >/usr/bin/zstd && chmod 755 /usr/bin/zstd"
    world.lab.run(lent, input=base64.b64encode(ZSTD.read_bytes()).decode())
    try:
        before = world.content()
        manifest = world.take("first")
        assert manifest.dump == "database.sql.zst"
        backup.rehearse(world.host, manifest, world.subject.client)
        world.sql("delete from odd")
        backup.go_back(world.host, manifest, world.subject.client)
        assert world.content() == before
    finally:
        world.lab.run(["rm", "/usr/bin/zstd"])


def test_a_server_that_was_stopped_and_disabled_is_left_so(world: World) -> None:
    world.lab.run(["systemctl", "disable", "--quiet", "--now", world.subject.service])
    manifest = world.take("first")
    world.lab.run(["systemctl", "enable", "--quiet", "--now", world.subject.service])
    backup.go_back(world.host, manifest, world.subject.client)
    assert world.service() == ("inactive", "disabled")
    world.lab.run(["systemctl", "enable", "--quiet", "--now", world.subject.service])


def test_a_damaged_backup_is_refused_before_the_service_is_touched(world: World) -> None:
    manifest = world.take("first")
    world.lab.run(f"echo >>{FOLDER}/first/config.tar")
    before = world.state()
    with pytest.raises(BackupFailed, match=r"^map: going back to backup first failed: checking"):
        backup.go_back(world.host, manifest, world.subject.client)
    with pytest.raises(BackupFailed, match=r"^map: arming .* failed: config.tar: FAILED"):
        rollback.arm(world.host, manifest, world.subject.client, 10)
    assert units(world) == ""
    assert world.state() == before
    assert not world.exists(f"{FOLDER}/first/client.cnf")


def test_the_database_is_started_when_it_was_stopped(world: World) -> None:
    manifest = world.take("first")
    before = world.content()
    world.lab.run(["systemctl", "stop", "mariadb"])
    backup.go_back(world.host, manifest, world.subject.client)
    assert world.content() == before


def test_only_the_service_goes_back_when_nothing_else_was_changed(world: World) -> None:
    manifest = world.take("first")
    world.sql("insert into odd (id) values (98)")
    world.lab.run(["systemctl", "stop", world.subject.service])
    backup.go_back(world.host, manifest, world.subject.client, Reach.SERVICE)
    assert world.service() == ("active", "enabled")
    assert world.sql("select count(*) from odd where id = 98") == "1\n"
    world.sql("delete from odd where id = 98")


# The lease


def units(world: World) -> str:
    listed = world.lab.run("ls /etc/systemd/system/*/*mapinfra* /etc/systemd/system/mapinfra* 2>&1",
                           check=False).stdout  # fmt: skip
    loaded = world.lab.run(["systemctl", "list-units", "--all", "--plain", "--no-legend",
                            "mapinfra*"]).stdout  # fmt: skip
    return "".join(line for line in (listed + loaded).splitlines() if "cannot access" not in line)


def is_back(world: World, manifest: Manifest) -> bool:
    back = backup.read_back(world.host, manifest)
    return back is not None and back.state == "done"


@pytest.mark.endurance
def test_the_host_goes_back_by_itself_when_the_lease_is_not_prolonged(world: World) -> None:
    before = world.state()
    manifest = world.take("first")
    rollback.arm(world.host, manifest, world.subject.client, 10)
    world.spoil()
    lease = rollback.arm(world.host, manifest, world.subject.client, 0.05)
    wait_until(lambda: is_back(world, manifest))
    assert world.state() == before
    wait_until(lambda: units(world) == "")
    assert not world.exists(f"{FOLDER}/first/client.cnf")
    with pytest.raises(LeaseLost, match=r"^map: the host goes back to backup first by itself"):
        rollback.prolong(world.host, lease)
    with pytest.raises(LeaseLost, match=r"^map: the host goes back to backup first by itself"):
        rollback.disarm(world.host, manifest)


@pytest.mark.endurance
def test_a_lease_that_is_prolonged_does_not_fire_and_disarmed_leaves_nothing(world: World) -> None:
    manifest = world.take("first")
    lease = rollback.arm(world.host, manifest, world.subject.client, 0.05)
    ending = time.monotonic() + 5
    while time.monotonic() < ending:
        rollback.prolong(world.host, lease)
    rollback.disarm(world.host, manifest)
    assert backup.read_back(world.host, manifest) is None
    assert units(world) == ""
    assert not world.exists(f"{FOLDER}/first/client.cnf")
    rollback.disarm(world.host, manifest)


@pytest.mark.endurance
def test_a_way_back_that_fails_is_tried_again_until_it_succeeds(world: World) -> None:
    manifest = world.take("first")
    world.lab.run(f"mv {FOLDER}/first/config.tar /root/away")
    rollback.arm(world.host, manifest, world.subject.client, 0.02)

    def failed() -> bool:
        back = backup.read_back(world.host, manifest)
        return back is not None and back.state == "failed"

    wait_until(failed)
    world.lab.run(f"mv /root/away {FOLDER}/first/config.tar")
    wait_until(lambda: is_back(world, manifest), seconds=120)
    wait_until(lambda: units(world) == "")


@pytest.mark.endurance
def test_a_reboot_in_the_middle_ends_with_the_way_back(world: World) -> None:
    before = world.state()
    manifest = world.take("first")
    rollback.arm(world.host, manifest, world.subject.client, 10)
    world.spoil()
    world.lab.power_off()
    world.lab.power_on()
    wait_until(lambda: is_back(world, manifest))
    assert world.state() == before
    wait_until(lambda: units(world) == "")


@pytest.mark.endurance
def test_a_power_cut_on_the_way_back_ends_with_it_done(world: World) -> None:
    before = world.state()
    world.sql("create table many (id int primary key, t varchar(200));"
              "insert into many select seq, repeat('y', 200) from seq_1_to_300000")  # fmt: skip
    manifest = world.take("first")
    rollback.arm(world.host, manifest, world.subject.client, 10)
    world.spoil()
    world.lab.run(["systemctl", "start", "--no-block", "mapinfra-back.first.service"])
    report = f"{FOLDER}/first/BACK.json"
    wait_until(lambda: world.exists(report) and "putting the database back" in world.file(report))
    wait_until(lambda: world.sql("show tables like 'many'") == "many\n")
    world.lab.power_off()
    world.lab.power_on()
    wait_until(lambda: is_back(world, manifest), seconds=120)
    backup.compare(world.host, manifest, world.subject.client)
    world.sql("drop table many")
    assert world.state() == before


@pytest.mark.endurance
def test_who_goes_back_while_the_host_does_waits_and_does_it_once(world: World) -> None:
    manifest = world.take("first")
    rollback.arm(world.host, manifest, world.subject.client, 10)
    world.spoil()
    world.lab.run(["systemctl", "start", "--no-block", "mapinfra-back.first.service"])
    back = backup.go_back(world.host, manifest, world.subject.client)
    assert back.state == "done"
    assert world.service() == ("active", "enabled")
    assert world.version() == VERSION
    assert units(world) == ""


# Lock and journal


def entry(world: World, backup: str = "") -> Entry:
    holder = Holder("ada", "console", 4711, "another machine")
    return Entry(world.subject.service, "upgrade", NEWER, holder, backup=backup)


def found(world: World) -> Found:
    return journal.look(world.host, world.subject.service)


def test_a_lock_that_is_held_says_by_whom_and_since_when(world: World) -> None:
    assert found(world).standing is Standing.FREE
    mine = journal.take(world.host, entry(world), 10)
    read = found(world)
    assert (read.entry, read.standing, read.boot) == (mine, Standing.HELD, mine.boot)
    since = time.strftime("%Y-%m-%d %H:%M", time.gmtime(mine.since))
    with pytest.raises(Held) as caught:
        journal.take(world.host, entry(world), 10)
    assert str(caught.value).startswith(
        f"map: locked: upgrade of centreon-map-engine to {NEWER} by ada@console (process 4711)"
        f" since {since}"
    )
    journal.release(world.host, mine)
    assert found(world).standing is Standing.FREE
    with pytest.raises(Held, match="taken away"):
        journal.note(world.host, mine, 10, step="x")


def test_a_journal_that_finds_no_room_leaves_nothing_beside_it(world: World) -> None:
    world.lab.run(["mkdir", "-p", journal.FOLDER])
    world.lab.run(["mount", "-t", "tmpfs", "-o", "size=4k", "lab", journal.FOLDER])
    try:
        mine = journal.take(world.host, entry(world), 10)
        with pytest.raises(BackupFailed, match="No space left"):
            journal.note(world.host, mine, 10, step="x")
        left = world.lab.run(["ls", journal.FOLDER]).stdout.split()
        assert left == [f"{world.subject.service}.journal.json"]
        journal.release(world.host, mine)
    finally:
        world.lab.run(["umount", journal.FOLDER])


def test_of_many_runs_that_take_the_lock_at_once_one_gets_it(world: World) -> None:
    def attempt(_: int) -> str:
        try:
            return journal.take(world.host, entry(world), 10).run
        except Held:
            return ""

    with ThreadPoolExecutor(6) as pool:
        [winner] = filter(None, pool.map(attempt, range(6)))
    held = found(world).entry
    assert held is not None
    assert held.run == winner


@pytest.mark.endurance
def test_the_journal_survives_a_reboot_and_is_read_in_the_survey(
    world: World, fleet: Fleet, lab: Lab
) -> None:
    mine = journal.take(world.host, entry(world), 10)
    mine = journal.note(world.host, mine, 10, step="stopped the service", backup=f"{FOLDER}/a")
    world.lab.power_off()
    world.lab.power_on()
    there = target(lab, "map")
    fleet.stale(there)
    facts: Facts = fleet.facts(there)
    read = journal.read(facts, world.subject.service)
    assert read.entry == mine
    assert read.standing is Standing.HELD
    assert journal.read(facts, "centreon-map").standing is Standing.FREE


def test_an_abandoned_lock_is_taken_over_by_one_of_two(world: World) -> None:
    abandoned = journal.take(world.host, entry(world), 0.02)
    wait_until(lambda: found(world).standing is Standing.ABANDONED)
    mine = journal.take(world.host, entry(world), 10, over=abandoned)
    with pytest.raises(Held):
        journal.take(world.host, entry(world), 10, over=abandoned)
    with pytest.raises(Held):
        journal.note(world.host, abandoned, 10, step="late")
    assert found(world).entry == mine


@pytest.mark.endurance
def test_a_host_that_went_back_by_itself_frees_the_lock(world: World) -> None:
    manifest = world.take("first")
    mine = journal.take(world.host, entry(world, backup=manifest.directory), 10)
    rollback.arm(world.host, manifest, world.subject.client, 0.02)
    wait_until(lambda: found(world).going_back)
    assert found(world).standing is Standing.HELD
    wait_until(lambda: found(world).standing is Standing.WENT_BACK)
    journal.take(world.host, entry(world), 10, over=mine)


@pytest.mark.endurance
def test_what_takes_longer_than_it_may_is_kept_no_more(world: World) -> None:
    manifest = world.take("first")
    minutes = 0.1
    mine = journal.take(world.host, entry(world, backup=manifest.directory), minutes)
    with rollback.kept(world.host, mine, minutes) as keeper:
        keeper.keep(rollback.arm(world.host, manifest, world.subject.client, minutes))
        keeper.expect(0)
        wait_until(lambda: found(world).standing is Standing.WENT_BACK)
        with pytest.raises(LeaseLost):
            keeper.check()


@pytest.mark.endurance
def test_a_keeper_keeps_lock_and_lease_until_the_cable_is_pulled_for_too_long(
    world: World,
) -> None:
    manifest = world.take("first")
    minutes = 0.1
    mine = journal.take(world.host, entry(world, backup=manifest.directory), minutes)
    with rollback.kept(world.host, mine, minutes) as keeper:
        keeper.keep(rollback.arm(world.host, manifest, world.subject.client, minutes))
        ending = time.monotonic() + 10
        while time.monotonic() < ending:
            keeper.check()
            time.sleep(0.5)
        assert found(world).standing is Standing.HELD
        world.lab.cut()
        wait_until(lambda: '"done"' in world.lab.run(
            f"cat {FOLDER}/first/BACK.json", check=False).stdout)  # fmt: skip
        world.lab.mend()

        def is_told() -> bool:
            try:
                keeper.check()
            except LeaseLost:
                return True
            return False

        wait_until(is_told)
        with pytest.raises(LeaseLost):
            keeper.note(step="too late")


# What a backup is worth


def flip(world: World, path: str) -> None:
    """Change one bit of a file, in its middle."""
    program = (
        "import sys; f = open(sys.argv[1], 'r+b'); f.seek(0, 2); f.seek(f.tell() // 2); "
        "at = f.tell(); byte = f.read(1)[0]; f.seek(at); f.write(bytes([byte ^ 1]))"
    )
    world.lab.run(["python3", "-c", program, path])


def test_a_changed_bit_anywhere_is_found_before_anything_is_armed_or_restored(
    world: World,
) -> None:
    manifest = world.take("first")
    folder = world.server.edition.configuration
    world.lab.run(["touch", f"{folder}/x.rpmsave"])
    backup.put_away(world.host, manifest, folder, [".rpmsave"])
    world.lab.run(f"echo >>{FOLDER}/first/leftovers/x.rpmsave")
    backup.seal(world.host, manifest)
    backup.verify(world.host, manifest)
    files = world.lab.run(f"cd {FOLDER}/first && find . -type f -printf '%P\\n'").stdout.split()
    assert {"leftovers/x.rpmsave", "SHA256SUMS", "SEQUENCE", "back.sh"} < set(files)
    for name in files:
        flip(world, f"{FOLDER}/first/{name}")
        with pytest.raises(BackupFailed):
            backup.verify(world.host, manifest)
        with pytest.raises(BackupFailed, match=r"^map: arming the way back to "):
            rollback.arm(world.host, manifest, world.subject.client, 10)
        flip(world, f"{FOLDER}/first/{name}")
    backup.verify(world.host, manifest)
    assert units(world) == ""
    assert not world.exists(f"{FOLDER}/first/client.cnf")


@pytest.mark.parametrize(
    "what",
    ["rm SHA256SUMS", "rm back.sh", "rm MANIFEST.json", "rm database.sql", "echo >stray",
     "ln -s /etc/shadow link", "chmod g+w config.tar", "chown 1000 back.sh"],
)  # fmt: skip
def test_a_backup_that_is_not_whole_is_not_armed(world: World, what: str) -> None:
    manifest = world.take("first")
    world.lab.run(f"cd {FOLDER}/first && {what}")
    with pytest.raises(BackupFailed, match=r"^map: arming the way back to .* failed: "):
        rollback.arm(world.host, manifest, world.subject.client, 10)
    assert units(world) == ""
    shelf = backup.listing(world.host)
    assert shelf.unreadable or shelf.backups[0].damage


def test_a_copy_of_a_backup_with_blanks_in_its_name_stands_in_nobodys_way(world: World) -> None:
    manifest = world.take("first")
    world.lab.run(["cp", "-a", f"{FOLDER}/first", f"{FOLDER}/first (copy)"])
    shelf = backup.listing(world.host)
    assert [one.manifest.id for one in shelf.backups] == ["first"]
    assert list(shelf.unreadable) == ["first (copy)"]
    backup.verify(world.host, manifest)
    assert world.exists(f"{FOLDER}/first (copy)/back.sh")


def test_a_backup_that_is_gone_is_not_armed_and_nothing_is_made_in_its_place(
    world: World,
) -> None:
    manifest = world.take("first")
    world.lab.run(["mv", f"{FOLDER}/first", "/root/first"])
    for action in (rollback.arm, backup.go_back):
        with pytest.raises(BackupFailed):
            action(world.host, manifest, world.subject.client)
    assert not world.exists(f"{FOLDER}/first")
    assert units(world) == ""
    world.lab.run(["rm", "-r", "/root/first"])


def test_clocks_that_were_ahead_order_nothing(world: World) -> None:
    world.lab.clock(400 * 86400)
    try:
        for id in ("a", "b", "c"):
            world.take(id)
    finally:
        world.lab.clock(0)
    new = world.take("new")
    backups = backup.listing(world.host).backups
    assert [one.manifest.id for one in backups] == ["b", "c", "new"]
    now = time.time()
    assert backup.age(backups[0].manifest, now) == "399 days in the future"
    assert backup.age(backups[-1].manifest, now).endswith(" s")
    rollback.arm(world.host, new, world.subject.client, 10)
    rollback.disarm(world.host, new)


def test_a_clock_that_is_set_gives_no_lock_away(world: World) -> None:
    world.lab.clock(-5 * 86400)
    try:
        mine = journal.take(world.host, entry(world), 10)
        world.lab.clock(5 * 86400)
        assert found(world).standing is Standing.HELD
        short = journal.note(world.host, mine, 0.02)
        world.lab.clock(-5 * 86400)
        wait_until(lambda: found(world).standing is Standing.ABANDONED)
        journal.release(world.host, short)
    finally:
        world.lab.clock(0)


# Whose the folder is


def test_what_a_manifest_says_of_its_place_is_neither_deleted_nor_read(world: World) -> None:
    first = world.take("first")
    world.lab.run(["mkdir", "-p", "/opt/kept"])
    try:
        world.lab.run(
            f"cd {FOLDER}/first && sed -i 's|{first.directory}|/opt/kept|' MANIFEST.json && "
            "sed -i '/ MANIFEST.json$/d; / back.sh$/d' SHA256SUMS"
        )
        [listed] = backup.listing(world.host).backups
        assert (listed.manifest.directory, listed.damage) == (first.directory, "")
        world.take("second", keep=1)
        assert world.lab.run(["ls", FOLDER]).stdout == "second\n"
        assert world.exists("/opt/kept")
    finally:
        world.lab.run(["rm", "-r", "/opt/kept"])


def test_a_backup_of_an_earlier_version_is_read_verified_and_gone_back_to(world: World) -> None:
    manifest = world.take("first")
    world.lab.run(
        f"cd {FOLDER}/first && rm SEQUENCE && mkdir leftovers && echo >leftovers/x.rpmsave && "
        "chown 1000 leftovers/x.rpmsave && "
        "sed -i '/ MANIFEST.json$/d; / back.sh$/d; / SEQUENCE$/d' SHA256SUMS"
    )
    [listed] = backup.listing(world.host).backups
    assert (listed.manifest, listed.damage, listed.sequence) == (manifest, "", 0)
    backup.verify(world.host, manifest)
    world.lab.run(f"echo >>{FOLDER}/first/config.tar")
    with pytest.raises(BackupFailed, match=r"config\.tar: FAILED"):
        backup.verify(world.host, manifest)
    world.lab.run(["truncate", "-s", "-1", f"{FOLDER}/first/config.tar"])
    world.sql("delete from odd where id = 3")
    backup.renew_way_back(world.host, manifest, world.subject.client)
    assert backup.go_back(world.host, manifest, world.subject.client).state == "done"
    assert world.sql("select count(*) from odd") == "3\n"
    backup.verify(world.host, manifest)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ("chown 1000 {0}", "/srv/kept belongs to "),
        ("chown 1000 /srv", "/srv belongs to "),
        ("chmod 1777 /srv", r"/srv can be written by others than root \(mode 1777\)"),
        ("chmod g+w {0}", r"/srv/kept can be written by others than root \(mode "),
        ("mv {0} /root/kept && ln -s /root/kept {0}", "/srv/kept is a link"),
    ],
)
def test_a_folder_that_is_not_roots_alone_is_neither_read_nor_written(
    world: World, spoilt: str, said: str
) -> None:
    folder = "/srv/kept"
    manifest = world.take("first", folder=folder)
    try:
        world.lab.run(spoilt.format(folder))
        listed = world.lab.run(["find", "/srv/", "/root/", "-printf", "%p %C@\\n"]).stdout
        client = world.subject.client
        read = backup.shelf.parse(
            world.lab.run(backup.shelf.probe(folder).script).stdout, folder, "map"
        )
        with pytest.raises(BackupFailed, match=rf"^map: backups aren't safe there: {said}.*; give"):
            read.expect_safe("map")
        for action in (
            lambda: world.take("second", folder=folder),
            lambda: backup.listing(world.host, folder),
            lambda: backup.verify(world.host, manifest),
            lambda: rollback.arm(world.host, manifest, client, 10),
            lambda: backup.go_back(world.host, manifest, client),
            lambda: backup.renew_way_back(world.host, manifest, client),
            lambda: backup.rehearse(world.host, manifest, client),
        ):
            with pytest.raises(backup.FolderUnsafe, match=rf"aren't safe there: {said}"):
                action()
        ran = world.lab.run(["sh", f"{folder}/first/back.sh"], check=False)
        assert (ran.returncode, ran.stdout) == (1, "")
        found = world.lab.run(["find", "/srv/", "/root/", "-printf", "%p %C@\\n"]).stdout
        assert found == listed
    finally:
        world.lab.run("chown root: /srv; chmod 755 /srv; rm -rf /srv/kept /root/kept")
    assert world.service() == ("active", "enabled")
    assert units(world) == ""


def test_a_script_planted_after_arming_is_not_run_by_the_host(world: World) -> None:
    manifest = world.take("first")
    lease = rollback.arm(world.host, manifest, world.subject.client, 10)
    mine = journal.take(world.host, entry(world, backup=manifest.directory), 0.02)
    world.lab.run(f"echo 'touch /root/planted' >{FOLDER}/first/back.sh")
    assert lease.minutes == 10
    name = "mapinfra-back.first.service"
    world.lab.run(["systemctl", "start", "--no-block", name])
    wait_until(lambda: "FAILED" in world.lab.run(["journalctl", "-o", "cat", "-u", name]).stdout)
    assert not world.exists("/root/planted")
    wait_until(lambda: found(world).standing is Standing.STUCK)
    assert found(world).blocked == "back.sh isn't as it was written"
    rollback.cancel(world.host, manifest.directory)
    assert units(world) == ""
    assert not world.exists(f"{FOLDER}/first/client.cnf")
    journal.release(world.host, mine)


def test_a_way_back_whose_folder_is_gone_is_stuck_and_can_be_cancelled(world: World) -> None:
    manifest = world.take("first")
    mine = journal.take(world.host, entry(world, backup=manifest.directory), 10)
    rollback.arm(world.host, manifest, world.subject.client, 10)
    world.lab.run(["rm", "-r", f"{FOLDER}/first"])
    world.lab.run(["systemctl", "start", "--no-block", "mapinfra-back.first.service"])
    wait_until(lambda: found(world).standing is Standing.STUCK)
    assert found(world).blocked == f"there is no {FOLDER}/first any more"
    rollback.cancel(world.host, manifest.directory)
    assert units(world) == ""
    rollback.cancel(world.host, manifest.directory)
    journal.release(world.host, mine)
