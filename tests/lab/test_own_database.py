"""MAP's own database is the one that MAP uses, wherever else one of its name may be."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import Lab
from tests.lab.map_world import ENGINE_ON_DNF, LEGACY_ON_APT, NEWER, OLD, World, make
from tests.lab.second_instance import moved, with_url


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


def properties(world: World) -> str:
    return str(world.server.edition.database_file)


@pytest.mark.parametrize(
    ("parts", "url"),
    [
        (ENGINE_ON_DNF, r"jdbc\\:mariadb\\://127.0.0.1\\:3399/{}?useSSL\\=false"),
        (LEGACY_ON_APT, "jdbc:mariadb:sequential://127.0.0.1:3399,lyon:3399/{}"),
    ],
    ids=["by address on dnf", "by name on apt"],
)
def test_dump_update_rollback_and_restore_are_of_the_instance_that_map_uses(
    lab: Lab, tmp_path: Path, parts: tuple[str, str, str], url: str
) -> None:
    world = make(lab, tmp_path, *parts)
    second = moved(world, url)
    stale = "select count(*) from map_view; select max(version) from schema_version"
    assert world.sql(stale) == "0\n2210\n"
    rows = "select id, name, md5(background) from map_view order by id"
    before = second.sql(rows)
    assert len(before.splitlines()) == 5

    # An update that fails goes back, in the instance that MAP uses.
    world.next_line("23.04", "23.10", "broken-health")
    world.want("23.10.91", release_notes_read="23.10", start_seconds=15)
    failed = world.up()
    assert "the old state is back" in failed.out, failed
    assert second.sql(rows) == before
    assert second.sql("select max(version) from schema_version") == "2210\n"

    world.want("23.10.3", release_notes_read="23.10")
    world.expect_up()
    assert second.sql("select max(version) from schema_version") == "2310\n"
    assert world.sql(stale) == "0\n2210\n"

    second.sql("delete from map_element; delete from map_view")
    name = "central/map" if world.host.name == "map" else world.host.name
    newest = world.host.run("ls -td /var/backups/mapinfra/*/ | head -n 1").stdout
    restored = world.project.mapinfra("restore", "--yes", name, newest.strip().split("/")[-2])
    assert restored.code == 0, restored
    assert "table map_view: 0 rows → 5 rows" in restored.out
    assert second.sql(rows) == before
    assert world.sql(stale) == "0\n2210\n"


def test_rehearsal_and_removal_are_of_the_instance_that_map_uses(lab: Lab, tmp_path: Path) -> None:
    world = make(lab, tmp_path, *ENGINE_ON_DNF)
    second = moved(world, r"jdbc\\:mariadb\\://127.0.0.1\\:3399/{}")
    database = world.server.edition.database
    stale = "select count(*) from map_view; select max(version) from schema_version"
    world.want(NEWER, removal="uninstall", drop_database=True)
    world.expect_up()
    id = world.host.run("ls -t /var/backups/mapinfra | head -n 1").stdout.strip()
    for one in (world, second):
        one.sql("set global log_output = 'TABLE'; set global general_log = 1")
    rehearsed = world.project.mapinfra("backups", "--rehearse", id)
    assert rehearsed.code == 0, rehearsed
    scratch = f"select count(*) > 0 from mysql.general_log where argument like '%{database}_reh%'"
    # What is asked here is logged, too.
    scratch += " and argument not like 'select%'"
    assert (world.sql(scratch), second.sql(scratch)) == ("0\n", "1\n")

    world.without_map()
    removed = world.project.mapinfra("up", "--yes")
    assert removed.code == 0, removed
    assert f"drop database {database}" in removed.err
    there = [
        "mariadb",
        "-N",
        f"--socket={second.socket}",
        "-e",
        f"show databases like '{database}'",
    ]
    assert world.host.run(there).stdout == ""
    assert world.sql(stale) == "0\n2210\n"


def test_what_map_can_not_reach_or_shares_with_others_is_refused_in_the_preview(
    lab: Lab, tmp_path: Path
) -> None:
    world = make(lab, tmp_path, *ENGINE_ON_DNF)
    database, file = world.server.edition.database, properties(world)
    world.want(NEWER)
    before = world.state()
    key = f"{database}.connection"
    for change, told in [
        (with_url(world, "jdbc:mariadb://nowhere/{}"), "on nowhere, a name that isn't known there"),
        (with_url(world, f"jdbc:mariadb://{world.server.web.address}/{{}}"),
         rf"is on {re.escape(world.server.web.address)}; only one on the MAP server itself"),
        (with_url(world, "jdbc:mariadb://localhost:3306,127.0.0.1:3399/{}"),
         r"may be on any of localhost:3306, 127\.0\.0\.1:3399"),
        (with_url(world, "jdbc:mariadb://localhost:3306/{}?pipe=x"), "parameter pipe"),
        (with_url(world, "jdbc:mariadb://localhost:3377/{}"), "refused: ERROR 2002"),
        (f"sed -i 's/^{key}.password=.*/&x/' {file}", "ERROR 1045.*correct user and password"),
        ("mariadb -e \"alter user centreon_map@localhost account lock\"", "unlock MAP's user"),
    ]:  # fmt: skip
        world.host.run(f"cp -p {file} /root/kept; {change}")
        try:
            result = world.project.mapinfra("preview")
        finally:
            world.host.run(f"cp -p /root/kept {file}")
            world.host.run(["mariadb", "-e", "alter user centreon_map@localhost account unlock"])
        assert result.code == 1, (change, result)
        assert re.search(rf"central/map: {re.escape(file)}: .*{told}", result.out), (change, result)
    assert world.state() == before
    assert world.version() == OLD

    # The host's own name and addresses are the host.
    anywhere = f"centreon_map@'%' identified via mysql_native_password using '{hashed(world)}'"
    world.host.run(["mariadb", "-e", f"grant all on {database}.* to {anywhere}"])
    world.host.run("echo 127.0.0.1 its-own-name >>/etc/hosts")
    for address in (world.host.address, "its-own-name", "127.0.0.2"):
        world.host.run(with_url(world, f"jdbc:mariadb://{address}:3306/{{}}"))
        result = world.project.mapinfra("preview")
        assert result.code == 0, (address, result)
        assert f"back up database {database}" in result.out, (address, result)


def hashed(world: World) -> str:
    """Return what MariaDB keeps of the password of MAP's user."""
    sql = "select password from mysql.user where user = 'centreon_map' and host = 'localhost'"
    return world.host.run(["mariadb", "-N", "-e", sql]).stdout.strip()
