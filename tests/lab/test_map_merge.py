"""What a merge on real hosts may not lose: edits made meanwhile, what packages write themselves."""

import signal
import subprocess
from pathlib import Path

import pytest

from lab import Lab
from tests.lab.faults import let_the_lease_run_out
from tests.lab.map_world import (
    ENGINE_ON_APT,
    ENGINE_ON_DNF,
    LEGACY_ON_APT,
    LEGACY_ON_DNF,
    NEWER,
    NEXT,
    OLD,
    World,
    begun,
    kill,
    make,
    wait_until,
)
from tests.tls import pem

BROKEN = "23.10.91"  # never healthy, after it has changed the schema
MOVING = "23.10.94"
SNIPPET = "/etc/my.cnf.d/map.cnf"


@pytest.fixture
def world(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return make(lab, tmp_path, *getattr(request, "param", ENGINE_ON_DNF))


def each(*worlds: tuple[str, str, str]) -> pytest.MarkDecorator:
    ids = ["-".join(parts) for parts in worlds]
    return pytest.mark.parametrize("world", worlds, indirect=True, ids=ids)


def main_file(world: World) -> str:
    return str(world.server.edition.main_file)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGCONT)
    out, err = process.communicate(timeout=240)
    return process.returncode, out + err


@each(ENGINE_ON_DNF, ENGINE_ON_APT, LEGACY_ON_DNF, LEGACY_ON_APT)
def test_a_server_speaks_tls_after_its_packages_script_has_moved_the_settings(world: World) -> None:
    keystore = f"{world.server.edition.configuration}/map.p12"
    world.host.run(["tee", keystore], input=pem("map.example.net"))
    settings = f"centreon-map.keystore={keystore}\ncentreon-map.keystore-pass=s3cret\n"
    world.host.run(["tee", "-a", main_file(world)], input=settings)
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.edit("s/active=prod/active=prod,tls/")
    world.host.run(["systemctl", "restart", world.server.edition.service])
    world.next_line("23.04", "23.10", "moving-tls")
    world.want(MOVING, release_notes_read="23.10")
    result = world.expect_up()
    held = world.host.run(["cat", main_file(world)]).stdout.splitlines()
    assert "centreon-map.tls.enabled=true" in held
    assert f"centreon-map.tls.certificate={keystore}" in held
    assert not [line for line in held if line.startswith("centreon-map.keystore")]
    assert "broker.reconnection.delay=2" in held
    assert "-Xmx6G" in world.conf()
    assert 'centreon-map.tls.enabled: "true" written by the package\'s script' in result.err
    assert "s3cret" not in result.err + result.out


@each(ENGINE_ON_DNF, LEGACY_ON_APT)
@pytest.mark.parametrize("of", ["centreon-map.conf", "vars.sh", SNIPPET])
def test_an_edit_made_since_the_backup_stops_the_update_and_stays(world: World, of: str) -> None:
    file = str(Path(world.server.edition.configuration, of))
    world.want(NEWER)
    process = begun(world, "] stop centreon-map")
    process.send_signal(signal.SIGSTOP)
    world.host.run(f"echo '# ours' >>{file}")
    code, told = ended(process)
    assert code == 1, told
    assert f"{file} was edited meanwhile" in told
    assert "the old state is back" in told
    assert "# ours" in world.host.run(["cat", file]).stdout
    assert (world.version(), world.service()) == (OLD, ("active", "enabled"))
    world.expect_up()
    assert "# ours" in world.host.run(["cat", file]).stdout
    assert world.version() == NEWER


@each(ENGINE_ON_DNF, ENGINE_ON_APT)
def test_an_edit_made_while_the_package_changes_is_merged(world: World) -> None:
    world.want(NEWER)
    process = begun(world, f"] change {world.server.edition.package}")
    wait_until(lambda: _changes(world))
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: world.version() == NEWER, 60)
    world.host.run(f"echo broker.by-hand=1 >>{main_file(world)}")
    code, told = ended(process)
    assert code == 0, told
    assert "broker.by-hand=1" in world.host.run(["cat", main_file(world)]).stdout
    assert "broker.by-hand" in told
    world.project.expect_nothing_to_do()


def test_an_edit_of_a_file_that_the_package_replaced_stops_the_update_and_is_kept(
    world: World,
) -> None:
    world.host.run(f"echo '# ours' >>{SNIPPET}")
    world.next_line("23.04", "23.10")
    world.want(NEXT, release_notes_read="23.10")
    process = begun(world, "] merge the configuration")
    process.send_signal(signal.SIGSTOP)
    world.host.run(f"echo '# meanwhile' >>{SNIPPET}")
    code, told = ended(process)
    assert code == 1, told
    assert f"{SNIPPET} was edited meanwhile" in told
    assert "the old state is back" in told
    held = world.host.run(["cat", SNIPPET]).stdout
    assert "# ours" in held
    assert "# meanwhile" not in held
    [kept] = world.host.run("ls /var/backups/mapinfra/*/replaced.tar").stdout.split()
    read = ["tar", "-xOf", kept, SNIPPET.removeprefix("/")]
    assert "# meanwhile" in world.host.run(read).stdout


@pytest.mark.parametrize("alone", [False, True], ids=["by the run", "by the host alone"])
def test_an_edit_made_after_the_merge_is_kept_when_all_goes_back(
    world: World, *, alone: bool
) -> None:
    world.host.run(f"echo '# ours' >>{SNIPPET}")
    snippet = world.host.run(["cat", SNIPPET]).stdout
    world.next_line("23.04", "23.10", "broken-health")
    world.want(BROKEN, release_notes_read="23.10", lease_minutes=1, start_seconds=15)
    process = begun(world, "] start centreon-map")
    process.send_signal(signal.SIGSTOP)
    world.host.run(f"echo by.hand=1 >>{main_file(world)}")
    if alone:
        kill(process)
        let_the_lease_run_out(world)
    else:
        code, told = ended(process)
        assert code == 1, told
    assert world.version() == OLD
    assert "by.hand=1" not in world.host.run(["cat", main_file(world)]).stdout
    assert world.host.run(["cat", SNIPPET]).stdout == snippet
    [kept] = world.host.run("ls /var/backups/mapinfra/*/replaced.tar").stdout.split()
    if not alone:
        assert f"what was in {world.server.edition.configuration} until then is in {kept}" in told
    read = ["tar", "-xOf", kept, main_file(world).removeprefix("/")]
    assert "by.hand=1" in world.host.run(read).stdout
    assert world.project.mapinfra("backups", "--verify").code == 0


def test_an_edited_file_of_mariadb_survives_the_package(world: World) -> None:
    world.host.run(f"echo '# ours' >>{SNIPPET}")
    before = world.host.run(["cat", SNIPPET]).stdout
    world.want(NEWER)
    result = world.expect_up()
    assert world.host.run(["cat", SNIPPET]).stdout == before
    assert f"{SNIPPET}: the local file put back" in result.err
    assert "(--diff tells each)" in result.err
    assert "carried over" not in result.err


@each(ENGINE_ON_DNF, ENGINE_ON_APT)
def test_the_host_alone_brings_an_edited_file_of_mariadb_back(world: World) -> None:
    world.host.run(f"echo '# ours' >>{SNIPPET}")
    before = world.host.run(f"stat -c '%a %u %g' {SNIPPET}; cat {SNIPPET}").stdout
    world.want(NEWER, lease_minutes=1)
    process = begun(world, "] merge the configuration")
    process.send_signal(signal.SIGSTOP)
    assert world.version() == NEWER
    world.host.run(f"echo '# later' >>{SNIPPET}")
    kill(process)
    let_the_lease_run_out(world)
    assert world.version() == OLD
    assert world.host.run(f"stat -c '%a %u %g' {SNIPPET}; cat {SNIPPET}").stdout == before
    kept = f"tar -xOf /var/backups/mapinfra/*/replaced.tar {SNIPPET.removeprefix('/')}"
    assert "# later" in world.host.run(kept).stdout
    assert world.project.mapinfra("backups", "--verify").code == 0


def _changes(world: World) -> bool:
    units = world.host.run(["systemctl", "list-units", "--all", "mapinfra-server-*"], check=False)
    return "mapinfra-server" in units.stdout or world.version() == NEWER
