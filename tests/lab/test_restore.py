"""Backups listed and brought back on real hosts, by the commands a user types."""

import json
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from mapinfra.engine.state.lock import held, holders
from mapinfra.rollback import Entry, Holder
from tests.lab.map_world import (
    ENGINE_ON_DNF,
    LEGACY_ON_APT,
    NEWER,
    OLD,
    World,
    begun,
    kill,
    make,
    wait_until,
)
from tests.lab.project import STACK, Result
from tests.lab.terminal import answered

FOLDER = "/var/backups/mapinfra"


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


def made(lab: Lab, folder: Path, *parts: str) -> World:
    world = make(lab, folder, *parts)
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    return world


@pytest.fixture
def world(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    """A server with an edited configuration, which mapinfra hasn't changed yet."""
    return made(lab, tmp_path, *getattr(request, "param", ENGINE_ON_DNF))


@pytest.fixture(scope="module")
def updated_one(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Any]:
    """A server that was updated, so that it has a backup of the older version; its old state."""
    world = made(lab, tmp_path_factory.mktemp("updated"), *ENGINE_ON_DNF)
    old = world.state()
    updated(world)
    return world, old


@pytest.fixture
def shared(updated_one: tuple[World, Any]) -> World:
    return updated_one[0]


@pytest.fixture
def unchanged(shared: World) -> Iterator[tuple[World, str]]:
    """That server and the id of its backup, for what has to leave both as they were."""
    world, id, before = shared, of_older_version(shared), shared.state()
    yield world, id
    assert world.state() == before
    assert of_older_version(world) == id
    assert "mapinfra-back" not in world.traces()
    assert "journal.json" not in world.traces()


def updated(world: World) -> str:
    world.want(NEWER, start_seconds=15, backup={"keep": 1})
    world.expect_up()
    return of_older_version(world)


def of_older_version(world: World) -> str:
    """Return the id of the one backup of the older version."""
    package = world.server.edition.package
    [backup] = [one for one in listed(world) if one["packages"][package].startswith(OLD)]
    return str(backup["id"])


def name(world: World) -> str:
    return "central/map" if world.host.name == "map" else world.host.name


def listed(world: World, *options: str) -> list[dict[str, Any]]:
    result = world.project.mapinfra("backups", "--json", name(world), *options)
    assert result.code == 0, str(result)
    [server] = json.loads(result.out)["servers"]
    found: list[dict[str, Any]] = server["backups"]
    return found


def restoring(world: World, id: str) -> tuple[str, ...]:
    return "restore", "--yes", name(world), id


def restore(world: World, id: str) -> Result:
    return world.project.mapinfra(*restoring(world, id))


def stack_locks(world: World) -> Path:
    return world.project.folder / "state/.pulumi/locks/organization/mapinfra" / STACK


def ended(process: subprocess.Popen[str]) -> Result:
    out, err = process.communicate(timeout=180)
    return Result(process.returncode, out, err)


def expect_there_and_back(world: World, old: tuple[Any, ...]) -> None:
    """Bring the older version back, whose state was `old`, then what was there before."""
    id = of_older_version(world)
    world.sql("insert into map_view (name, owner) values ('later', 'ada')")
    world.edit("s/-Xmx6G/-Xmx7G/")
    later = world.state()

    told = world.project.mapinfra("backups")
    assert told.code == 0, told
    edition, there = world.server.edition, name(world)
    assert re.search(rf"^{there}: \d backups? in {FOLDER}, ", told.out, re.M)
    row = rf"^  {id} .* {edition.name} +{OLD}-1\S* .* whole +\S+$"
    assert re.search(row, told.out, re.M)

    result = restore(world, id)
    assert result.code == 0, str(result)
    assert re.search(rf"~ package {edition.package}: {NEWER}-1\S* → {OLD}-1\S*$", result.out, re.M)
    assert "table map_view: 6 rows → 5 rows" in result.out
    assert f"{edition.configuration}/centreon-map.conf: content" in result.out
    assert f"the spec wants {NEWER}" in result.out
    # The web client isn't part of it: it stays at the newer version.
    assert world.state() == (*old[:-3], *later[-3:])
    assert "mapinfra-back" not in world.traces()
    assert "journal.json" not in world.traces()

    # One backup is to be kept: the restored one was, all the same, beside that of the state before.
    restored, fresh = listed(world, "--verify")
    assert (restored["id"], fresh["verified"]) == (id, True)
    again = restore(world, fresh["id"])
    assert again.code == 0, again
    assert world.state() == later


# What is refused, or put back


def test_a_damaged_backup_is_listed_as_such_and_refused(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    file = f"{FOLDER}/{id}/database.sql"
    world.host.run(["cp", "-p", file, "/root/kept"])
    try:
        world.host.run(f"printf X | dd of={file} bs=1 seek=100 conv=notrunc status=none")
        assert listed(world)[0]["damage"] is None
        verified = world.project.mapinfra("backups", "--verify")
        assert verified.code == 1
        assert re.search(rf"^  {id} .* damaged: .*database.sql: FAILED", verified.out, re.M)
        refused = restore(world, id)
        assert refused.code == 1
        assert refused.err.startswith(f"error: central/map: checking backup {id} failed"), refused

        world.host.run(["truncate", "-s", "-9", file])
        told = world.project.mapinfra("backups")
        assert told.code == 1
        assert re.search(rf"^  {id} .* damaged: database.sql has \d+ bytes, not", told.out, re.M)
        refused = restore(world, id)
        assert refused.code == 1
        assert re.search(rf"^error: central/map: backup {id} is damaged: ", refused.err), refused
        world.host.run(["sh", "-c", f"echo >>{FOLDER}/{id}/MANIFEST.json '}}'"])
        told = world.project.mapinfra("backups")
        assert (told.code, f"! {id}: damaged: its manifest" in told.out) == (1, True), told
    finally:
        world.host.run(["mv", "/root/kept", file])
        world.host.run(["sed", "-i", "$d", f"{FOLDER}/{id}/MANIFEST.json"])
    assert listed(world, "--verify")[0]["id"] == id


def test_a_backup_or_server_that_is_not_there_is_told(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    result = restore(world, "other")
    assert (result.code, result.err.startswith("error: central/map: there is no backup other")) == (
        1,
        True,
    ), result
    result = world.project.mapinfra("restore", "--yes", "lyon", id)
    assert (result.code, result.err) == (
        1,
        "error: lyon: the spec has no MAP server of that name; it has central/map\n",
    )


def test_a_lock_that_is_held_is_respected(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    service = world.server.edition.service
    now = int(world.host.run(["date", "+%s"]).stdout)
    holder = Holder("ada", "console", 4711, "another machine")
    entry = Entry(service, "update", "23.10.3", holder, since=now, until=now + 600)
    text = entry.dumps(new=False).replace('"until": "until"', f'"until": {now + 600}')
    text = text.replace('"boot": "boot"', '"boot": ""')
    file = f"/var/lib/mapinfra/{service}.journal.json"
    world.host.run(f"mkdir -p /var/lib/mapinfra && cat >{file}", input=text)
    try:
        result = restore(world, id)
    finally:
        world.host.run(["rm", file])
    assert result.code == 1
    assert f"update of {service} to 23.10.3 by ada@console (process 4711)" in result.err, result
    with held(stack_locks(world), STACK):
        result = restore(world, id)
    assert result.code == 1
    assert "error: stack lab: locked by" in result.err, result


def test_who_answers_no_changes_nothing(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    code, shown = answered(
        world.project, "restore", name(world), id, meanwhile=lambda: None, answer="n"
    )
    assert code == 8, shown
    assert f"put packages, configuration, database and service back as in backup {id}" in shown


def test_a_backup_of_another_host_is_told_as_such_and_of_another_family_refused(
    unchanged: tuple[World, str],
) -> None:
    world, id = unchanged
    world.host.run(["hostname", "new-map"])
    try:
        _, shown = answered(
            world.project, "restore", name(world), id, meanwhile=lambda: None, answer="n"
        )
    finally:
        world.host.run(["hostname", "map"])
    assert re.search(r"the backup was taken on another host, map \(machine-id \w+\), and", shown)
    assert "this is new-map (machine-id" in shown

    other = f"{FOLDER}/{id}"
    manifest = json.loads(world.host.run(["cat", f"{other}/MANIFEST.json"]).stdout)
    text = json.dumps({**manifest, "family": "deb"})
    world.host.run(f"cp -pr {other} /root/kept-backup && cat >{other}/MANIFEST.json", input=text)
    seal = "sed -i '/ MANIFEST.json$/d' SHA256SUMS && sha256sum MANIFEST.json >>SHA256SUMS"
    world.host.run(f"cd {other} && {seal} && LC_ALL=C sort -o SHA256SUMS SHA256SUMS")
    try:
        refused = restore(world, id)
    finally:
        world.host.run(f"rm -r {other} && mv /root/kept-backup {other}")
    assert refused.code == 1
    assert "its packages are .deb, and this host's .rpm" in refused.err, refused


def test_a_rehearsal_tells_that_a_backup_can_be_restored(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    result = world.project.mapinfra("backups", "--rehearse", id)
    assert (result.code, f"backup {id} is restorable: all 4 tables" in result.out) == (0, True)


def test_a_host_that_is_off_does_not_hide_the_others(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    project, lab = world.project, world.server.lab
    central = project.spec["central"]
    project.spec["remotes"] = {
        "lyon": {"ssh": {"host": "lyon"}, "map_server": {}, "api": central["api"]}
    }
    project.write_spec()
    lab.host("lyon").cut()
    try:
        result = project.mapinfra("backups")
    finally:
        lab.host("lyon").mend()
        project.spec["remotes"] = {}
        project.write_spec()
    assert result.code == 1
    assert id in result.out
    assert re.search(r"^! lyon: no SSH connection to ", result.out, re.M)
    assert result.err == "error: of 2 MAP servers 1 can't be read\n"


@pytest.fixture
def older_never_healthy(shared: World) -> Iterator[None]:
    """A host on which the older version starts and never gets healthy."""
    world = shared
    service, package = world.server.edition.service, world.server.edition.package
    folder = f"/etc/systemd/system/{service}.service.d"
    unit = world.host.run(["systemctl", "cat", service]).stdout
    [start] = re.findall(r"^ExecStart=(.*)$", unit, re.M)
    script = f"case $(rpm -q {package}) in *-{OLD}-*) exec sleep 1000;; *) exec {start};; esac"
    text = f"[Service]\nExecStart=\nExecStart=/bin/sh -c {shlex.quote(script)}\n"
    world.host.run(f"mkdir -p {folder} && cat >{folder}/older.conf", input=text)
    world.host.run(["systemctl", "daemon-reload"])
    yield
    world.host.run(["rm", "-r", folder])
    world.host.run(["systemctl", "daemon-reload"])


@pytest.mark.usefixtures("older_never_healthy")
def test_a_server_that_does_not_get_healthy_is_put_back(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    world.sql("insert into map_view (name, owner) values ('later', 'ada')")
    before = world.state()
    result = restore(world, id)
    world_then = world.state()
    world.sql("delete from map_view where name = 'later'")
    assert world_then == before
    assert result.code == 1
    assert re.search(
        r"^error: .*isn't healthy within 15 s.*the old state is back$", result.err, re.M
    )


@pytest.mark.endurance
def test_a_package_file_damaged_meanwhile_is_put_up_with(unchanged: tuple[World, str]) -> None:
    world, id = unchanged
    process = begun(world, "back up database", restoring(world, id))
    world.host.run(f"cd {FOLDER}/{id}/packages && cp -p * /root/kept.rpm && echo >>$(ls)")
    result = ended(process)
    world.host.run(f"cd {FOLDER}/{id}/packages && mv /root/kept.rpm $(ls)")
    assert result.code == 1
    assert re.search(r"^error: .*checking the backup: .*the old state is back$", result.err, re.M)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_restore_that_is_interrupted_early_changes_nothing(
    unchanged: tuple[World, str], number: signal.Signals
) -> None:
    world, id = unchanged
    process = begun(world, "back up database", restoring(world, id))
    process.send_signal(number)
    result = ended(process)
    assert result.code == 8, result
    assert f"{number.name}: stopping after the running operations" in result.err
    assert not holders(stack_locks(world))
    assert "] put packages" not in result.err
    assert "interrupted; the old state is back" in result.err


def test_a_restored_server_that_ends_after_its_first_up_is_gone_back_from(
    unchanged: tuple[World, str],
) -> None:
    world, id = unchanged
    trouble = {OLD: {"ends_after_up": 1}}
    world.host.run(["tee", "/etc/lab/map.json"], input=json.dumps(trouble))
    try:
        result = restore(world, id)
    finally:
        world.host.run(["rm", "/etc/lab/map.json"])
    assert result.code == 1, result
    assert re.search(r": it ended \d s after its first UP.*the old state is back", result.err)


# From here on each has a server of its own, on the same host


def test_a_restore_brings_back_package_rows_configuration_and_service(
    updated_one: tuple[World, Any],
) -> None:
    expect_there_and_back(*updated_one)


def test_a_server_that_runs_and_can_not_be_backed_up_is_not_endangered_by_a_yes(
    world: World,
) -> None:
    id = updated(world)
    database = world.server.edition.database
    world.host.run(["mariadb", "-e", f"drop database {database}"])
    refused = restore(world, id)
    assert refused.code == 1
    assert "runs, and what is there can't be backed up" in refused.err
    assert refused.err.endswith("run again without --yes, or with --without-backup\n"), refused
    assert world.version() == NEWER
    done = world.project.mapinfra(*restoring(world, id), "--without-backup")
    assert done.code == 0, str(done)
    assert (world.version(), world.schema()) == (OLD, "2210")


@pytest.mark.parametrize("done", ["rm -r {0}", "echo >>{0}/back.sh"])
def test_a_way_back_that_can_not_run_is_told_and_ended_by_the_next_up(
    world: World, done: str
) -> None:
    world.want(NEWER, lease_minutes=1)
    kill(begun(world, "merge the configuration"))
    assert world.service()[0] != "active"
    [unit] = world.host.run("cd /etc/systemd/system; ls mapinfra-back.*.service").stdout.split()
    id = unit.removeprefix("mapinfra-back.").removesuffix(".service")
    world.host.run(done.format(f"{FOLDER}/{id}"))
    world.host.run(["systemctl", "start", "--no-block", unit])
    shown = world.project.mapinfra("preview")
    assert shown.code == 0, str(shown)
    cancelled = f"cancel the automatic rollback to backup {id}, which can't run: "
    assert cancelled in shown.out
    assert f"can't be taken back from backup {id}, so what is there now is kept" in shown.out
    world.expect_up()
    assert (world.version(), world.service()) == (NEWER, ("active", "enabled"))
    assert "mapinfra-back" not in world.traces()
    assert "journal.json" not in world.traces()


# The longest


@pytest.mark.endurance
@pytest.mark.parametrize("world", [LEGACY_ON_APT], indirect=True, ids="-".join)
def test_a_restore_brings_all_back_on_the_other_family_too(world: World) -> None:
    old = world.state()
    updated(world)
    expect_there_and_back(world, old)


@pytest.mark.endurance
def test_a_restore_that_a_second_signal_ends_is_gone_back_from(world: World) -> None:
    id = updated(world)
    before = world.state()
    process = begun(world, "put packages", restoring(world, id))
    wait_until(lambda: world.version() == OLD, 60)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("press Ctrl-C again" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    result = ended(process)
    assert (result.code, result.err) == (
        8,
        "error: SIGINT again: stopped at once; run again to finish\n",
    )
    assert [holder.dead for holder in holders(stack_locks(world))] == [True]
    world.expect_up()
    assert world.state() == before


def kill_at_older_version(world: World, id: str) -> None:
    """Kill a restore when its way back has begun, which goes on without it."""
    process = begun(world, "put packages", restoring(world, id))
    wait_until(lambda: world.version() == OLD, 60)
    kill(process)


@pytest.mark.endurance
def test_a_restore_that_is_killed_is_gone_back_from(world: World) -> None:
    id = updated(world)
    before = world.state()
    kill_at_older_version(world, id)
    world.expect_up()
    assert world.state() == before


@pytest.mark.endurance
def test_a_restore_whose_run_is_gone_is_taken_back_by_the_host(world: World) -> None:
    id = updated(world)
    before = world.state()
    world.want(NEWER, lease_minutes=1)
    kill_at_older_version(world, id)
    wait_until(lambda: "mapinfra-back" not in world.traces(), 150)
    assert world.state() == before


@pytest.mark.endurance
def test_a_restore_takes_over_from_an_update_that_was_killed(world: World) -> None:
    before = world.state()
    world.want(NEWER)
    kill(begun(world, "wait until"))
    [backup] = listed(world)
    result = restore(world, backup["id"])
    assert result.code == 0, str(result)
    assert "of the interrupted run" in result.err
    assert world.state()[:-3] == before[:-3]


@pytest.mark.endurance
@pytest.mark.parametrize("world", [ENGINE_ON_DNF, LEGACY_ON_APT], indirect=True, ids="-".join)
def test_a_map_that_was_uninstalled_with_its_database_comes_back(world: World) -> None:
    before = world.state()
    id = updated(world)
    edition, later = world.server.edition, world.state()
    world.host.run(["systemctl", "disable", "--quiet", "--now", edition.service])
    verb = "dnf remove -y" if world.host.spec.family == "rpm" else "apt-get purge -y"
    world.host.run(f"{verb} {edition.package} && rm -rf {edition.configuration}", timeout=120)
    world.host.run(["mariadb", "-e", f"drop database {edition.database}"])
    result = restore(world, id)
    assert result.code == 0, str(result)
    assert f"~ package {edition.package}: not installed → {OLD}-1" in result.out
    assert "no backup is taken first" in result.out
    assert world.state() == (*before[:-3], *later[-3:])
