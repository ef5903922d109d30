"""MAP updated, upgraded, broken and interrupted on real hosts, by the commands a user types."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from tests.lab.map_world import (
    ALL,
    ENGINE_ON_APT,
    ENGINE_ON_DNF,
    LEGACY_ON_APT,
    NEWER,
    NEXT,
    OLD,
    ROWS,
    World,
    begun,
    kill,
    make,
    wait_until,
)
from tests.lab.project import Result, query
from tests.tls import pem

BROKEN = {
    "start": ("23.10.90", "failed"),
    "health": ("23.10.91", "isn't healthy within"),
    "scriptlet": ("23.10.92", "failed"),
    "dependency": ("23.10.93", "centreon-map-keystore-tools"),
}


@pytest.fixture
def world(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> World:
    return make(lab, tmp_path, *getattr(request, "param", ENGINE_ON_DNF))


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    yield
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, ("central", "lyon", "map")))


def each(*worlds: tuple[str, str, str]) -> pytest.MarkDecorator:
    ids = ["-".join(parts) for parts in worlds]
    return pytest.mark.parametrize("world", worlds, indirect=True, ids=ids)


@each(*ALL)
def test_an_update_within_a_line_keeps_every_local_edit(world: World) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    rows = world.sql(ROWS)
    world.want(NEWER)
    result = world.expect_up("--diff")
    assert world.version() == NEWER
    assert world.web_versions() == (NEWER, NEWER, NEWER)
    assert world.service() == ("active", "enabled")
    assert "-Xmx6G" in world.conf()
    told = result.err
    assert re.search(r"the configuration files: .*of your values kept", told)
    assert re.search(r'centreon-map.conf: JAVA_OPTS: local "-Xmx6G".* carried over', told)
    assert world.sql(ROWS) == rows
    is_todo = "TODO: run /etc/centreon-map/configure.sh" in world.project.mapinfra("preview").err
    assert is_todo == (world.server.edition.name == "engine" and world.server.web.name == "central")
    names = world.host.run(["ls", world.server.edition.configuration]).stdout
    assert not re.search(r"\.(rpm|dpkg-)\w+", names)
    assert world.traces() == ".journal.lock\n" or world.traces() == ""


@each(*ALL)
def test_an_upgrade_over_a_line_waits_for_its_release_notes_to_be_read(world: World) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.next_line("23.04", "23.10")
    world.want(NEXT)
    before = world.state()
    refused = world.up()
    assert refused.code == 1
    assert 'write release_notes_read: "23.10"' in refused.out
    assert "once the release notes are read: " in refused.err
    assert world.state() == before
    world.want(NEXT, release_notes_read="23.10")
    world.expect_up()
    assert (world.version(), world.schema()) == (NEXT, "2310")
    assert world.web_versions() == (NEXT, NEXT, NEXT)
    assert "-Xmx6G" in world.conf()
    assert world.sql("select count(*) from map_view").strip() == "5"


@pytest.mark.endurance
@pytest.mark.parametrize("fault", BROKEN)
@each(ENGINE_ON_DNF, LEGACY_ON_APT)
def test_a_broken_version_ends_with_the_old_state(world: World, fault: str) -> None:
    version, said = BROKEN[fault]
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.next_line("23.04", "23.10", f"broken-{fault}")
    before = world.state()
    world.want(version, release_notes_read="23.10")
    result = world.up()
    assert result.code == 1, result
    told = next(line for line in result.out.splitlines() if "failed: " in line)
    assert said in told, result
    assert "the old state is back" in told, result
    assert ("] stop centreon-map" in result.err) == (fault != "dependency")
    assert world.state() == before
    world.want(NEXT, release_notes_read="23.10")
    world.expect_up()
    assert (world.version(), world.schema()) == (NEXT, "2310")


@each(ENGINE_ON_DNF, LEGACY_ON_APT)
def test_a_version_that_ends_after_its_first_up_ends_with_the_old_state(world: World) -> None:
    trouble = {NEWER: {"ends_after_up": 1}}
    world.host.run(["tee", "/etc/lab/map.json"], input=json.dumps(trouble))
    before = world.state()
    world.want(NEWER)
    result = world.up()
    assert result.code == 1, result
    told = next(line for line in result.out.splitlines() if "failed: " in line)
    assert re.search(r": it ended \d s after its first UP.*the old state is back", told), told
    assert world.state() == before
    assert world.traces() == ".journal.lock\n" or world.traces() == ""


@each(ENGINE_ON_DNF)
def test_a_server_started_again_that_ends_after_its_first_up_is_no_repair(world: World) -> None:
    world.want(OLD)
    world.expect_up()
    world.host.run(["systemctl", "stop", world.server.edition.service])
    trouble = {OLD: {"ends_after_up": 1}}
    world.host.run(["tee", "/etc/lab/map.json"], input=json.dumps(trouble))
    result = world.up()
    assert result.code == 1, result
    assert re.search(r": it ended \d s after its first UP.*the old state is back", result.out)
    assert world.service()[0] != "active"
    world.host.run(["rm", "/etc/lab/map.json"])
    world.expect_up()
    assert world.service() == ("active", "enabled")


@each(ENGINE_ON_APT)
def test_a_dpkg_that_was_interrupted_is_refused_before_map_is_stopped(world: World) -> None:
    world.want(NEWER)
    world.host.run("touch /var/lib/dpkg/updates/0001")
    before = world.state()
    for command in (("preview",), ("up", "--yes")):
        result = world.project.mapinfra(*command)
        assert result.code == 1, result
        assert "dpkg was interrupted: run `dpkg --configure -a` there" in result.out, result
        assert "] stop " not in result.err
    assert world.state() == before
    world.host.run(["dpkg", "--configure", "-a"])
    world.expect_up()
    assert world.version() == NEWER


@each(ENGINE_ON_DNF)
def test_a_server_that_went_back_and_speaks_no_tls_any_more_is_not_called_back(
    world: World,
) -> None:
    keystore = f"{world.server.edition.configuration}/map.p12"
    world.host.run(["tee", keystore], input=pem("map.example.net"))
    settings = f"centreon-map.keystore={keystore}\n"
    world.host.run(["tee", "-a", str(world.server.edition.main_file)], input=settings)
    world.edit("s/active=prod/active=prod,tls/")
    world.host.run(["systemctl", "restart", world.server.edition.service])
    url = "https://localhost:8081/centreon-map/api/beta/actuator/health"
    ask = f"u.urlopen('{url}', context=ssl._create_unverified_context()).read().decode()"
    asked = ["python3", "-c", f"import ssl, urllib.request as u; print({ask})"]
    wait_until(lambda: '"UP"' in world.host.run(asked, check=False).stdout)
    # An edit that it hasn't read yet: what stands behind the blank will be no profile to it.
    world.edit("s/active=prod,tls/active=prod, tls/")
    world.want(NEWER)
    result = world.up()
    assert result.code == 1, result
    assert re.search(
        r"could not be put back: .* answers, but not over TLS, as its configuration says",
        result.out,
    ), result
    assert "the old state is back" not in result.out


@each(ENGINE_ON_DNF)
def test_an_update_that_loses_the_broker_ends_with_the_old_state(world: World) -> None:
    lost = json.dumps({NEWER: {"broker": "lost"}})
    world.host.run(["tee", "/etc/lab/map.json"], input=lost)
    before = world.state()
    world.want(NEWER)
    result = world.up()
    assert result.code == 1, result
    assert re.search(r"no connection to its broker .*the old state is back", result.out)
    assert world.state() == before
    world.host.run(["rm", "/etc/lab/map.json"])
    world.expect_up()


@each(ENGINE_ON_DNF)
def test_a_server_without_its_broker_is_drift_until_it_is_back(world: World) -> None:
    world.want(OLD)
    world.expect_up()
    world.server.web.run(["systemctl", "stop", "cbd"])
    drift = world.project.mapinfra("preview", "--diff")
    assert "healthy: false → true" in drift.out
    assert "which has no connection to its broker" in drift.out
    failed = world.up()
    assert failed.code == 1
    assert re.search(r"no connection to its broker \S+:5758; check that cbd listens", failed.out)
    assert world.service() == ("active", "enabled")
    world.server.web.run(["systemctl", "start", "cbd"])
    world.expect_up()


@each(ENGINE_ON_APT)
def test_an_output_that_map_would_not_find_is_refused_with_both_places(world: World) -> None:
    output: dict[str, Any] = {"port": 5760}
    world.project.spec["remotes"]["lyon"]["broker_outputs"] = {"Centreon-Map": output}
    told = (
        r"lyon: /etc/centreon-map/map-config\.properties: broker\.port is 5758, but output "
        r"Centreon-Map \(\S+\.yaml:\d+\) listens on 5760"
    )
    world.want(OLD)
    result = world.project.mapinfra("preview")
    assert result.code == 1, result
    assert len(re.findall(told, result.out)) == 1, result

    output |= {"port": 5758, "categories": ["bam", "neb"]}
    world.want(OLD)
    world.expect_up()
    connected = ["ss", "-Htn", "state", "established", "dport = :5758"]
    assert world.server.host.run(connected).stdout

    # Nor does it help to change the outputs alone.
    output["port"] = 5760
    world.want(OLD)
    for command in (("preview",), ("up", "--yes")):
        result = world.project.mapinfra(*command, "--target", "**BrokerOutputs::lyon")
        assert result.code == 1, result
        assert re.search(told, result.out), result
    assert world.server.host.run(connected).stdout


@each(ENGINE_ON_APT)
def test_a_broker_of_another_name_is_known_by_where_that_leads_from_map(world: World) -> None:
    """Whose it is, is asked on the MAP host: only there the name has to be known."""
    lyon, spec = world.host, world.project.spec
    spec["remotes"]["lyon"]["broker_outputs"] = {"Centreon-Map": {"categories": ["bam", "neb"]}}
    config = world.project.lab.directory / "ssh_config"
    twin = world.project.folder / "ssh_config"
    twin.write_text(config.read_text().replace("Host lyon\n", "Host lyon twin\n"))
    spec["defaults"]["ssh"]["config"] = str(twin)
    world.want(OLD)
    world.expect_up()

    def preview(broker: str, at: str = "") -> Result:
        if at:
            lyon.run("sed -i '/ events$/d' /etc/hosts; cat >>/etc/hosts", input=f"{at} events\n")
        file = "/etc/centreon-map/map-config.properties"
        lyon.run(["sed", "-i", f"s/^broker.address=.*/broker.address={broker}/", file])
        return world.project.mapinfra("preview")

    central = world.project.lab.host("central").address
    refused = preview("events", central)
    assert refused.code == 1, refused
    told = "broker.address is events, but output Centreon-Map"
    assert refused.out.count(told) == 1, refused
    assert "is lyon's, and that address is central's" in refused.out
    outputs = spec["remotes"]["lyon"]["broker_outputs"]["Centreon-Map"]
    outputs["retry_interval"] = 30
    world.project.write_spec()
    alone = world.project.mapinfra("preview", "--target", "**BrokerOutputs::lyon")
    assert alone.code == 1, alone
    assert told in alone.out, alone
    del outputs["retry_interval"]
    world.project.write_spec()
    assert preview("events", lyon.address).code == 0
    assert preview("nowhere.invalid").code == 0

    # Nor is another name of the remote's own host another host.
    spec["remotes"]["lyon"]["map_server"] = {"ssh": {"host": "twin"}}
    world.project.write_spec()
    lyon.run(["systemctl", "stop", "cbd"])
    for broker in ("localhost", "127.0.0.1", "events"):
        found = preview(broker)
        assert found.code == 0, found
    lyon.run(["systemctl", "start", "cbd"])


@each(ENGINE_ON_DNF, ENGINE_ON_APT)
def test_a_version_that_no_repository_has_is_told_with_those_it_has(world: World) -> None:
    world.want("22.10.9")
    result = world.project.mapinfra("preview")
    assert result.code == 1
    assert re.search(r"no repository offers \S+ 22\.10\.9; offered: 22\.10\.1-\S+, 22", result.out)


def test_what_was_changed_by_hand_is_mended_alone(world: World) -> None:
    address = f"http://{world.host.address}:8081"
    world.project.spec["central"]["map_server"]["address"] = address
    world.want(OLD, settings={"centreon-map.conf": {"RUN_ARGS": "--spring.profiles.active=prod"}})
    world.expect_up()
    world.host.run(["systemctl", "disable", "--quiet", "--now", world.server.edition.service])
    world.expect_up()
    assert world.service() == ("active", "enabled")

    world.edit("s/^RUN_ARGS=.*/RUN_ARGS=/")
    world.expect_up()
    assert re.search('^RUN_ARGS="?--spring.profiles.active=prod"?$', world.conf(), re.M)

    key = "map_light_server_address_ng"
    query(world.server.web, f"update options set value = 'http://other:1' where `key` = '{key}'")
    world.expect_up()
    assert query(world.server.web, f"select value from options where `key` = '{key}'") == [
        [address]
    ]

    world.want(OLD, web_client=NEWER)
    world.expect_up()
    assert world.web_versions() == (NEWER, NEWER, NEWER)
    assert world.version() == OLD


def test_differences_to_be_reviewed_stop_the_update_before_the_service(world: World) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    before = world.state()
    world.want(NEWER, config="review")
    result = world.up()
    assert result.code == 1
    assert 'JAVA_OPTS: to be decided, local has "-Xmx6G"' in result.out, result
    assert "] stop centreon-map" not in result.err
    assert world.state() == before


@pytest.mark.endurance
@pytest.mark.parametrize("strategy", ["vendor", "keep"])
def test_edits_that_the_spec_does_not_declare_are_treated_as_it_says(
    world: World, strategy: str
) -> None:
    world.edit("s/-Xmx[0-9]*[A-Za-z]/-Xmx6G/")
    world.next_line("23.04", "23.10")
    world.want(NEXT, release_notes_read="23.10", config=strategy)
    result = world.expect_up()
    assert ("-Xmx6G" in world.conf()) == (strategy == "keep")
    assert ("-XX:+ExitOnOutOfMemoryError" in world.conf()) == (strategy == "vendor")
    assert "centreon-map.conf: JAVA_OPTS: " in result.err
    assert world.service() == ("active", "enabled")


@pytest.mark.endurance
@each(ENGINE_ON_DNF, LEGACY_ON_APT)
def test_a_downgrade_within_a_line_is_made_when_asked_for_by_name(world: World) -> None:
    world.want(NEWER)
    world.expect_up()
    world.want(OLD)
    assert f'if that is meant, write downgrade_to: "{OLD}"' in world.up().out
    world.want(OLD, downgrade_to=OLD)
    world.expect_up()
    assert (world.version(), world.web_versions()) == (OLD, (OLD, OLD, OLD))


@pytest.mark.endurance
def test_a_server_whose_run_is_gone_goes_back_by_itself(world: World) -> None:
    world.next_line("23.04", "23.10", "broken-health")
    before = world.state()
    world.want("23.10.91", release_notes_read="23.10", lease_minutes=1, start_seconds=600)
    kill(begun(world, "wait until"))
    wait_until(lambda: world.version() == OLD and world.service() == ("active", "enabled"), 120)
    wait_until(lambda: "mapinfra-back" not in world.traces())
    # The web client stays: it has no lease.
    assert world.state()[: len(before) - 3] == before[:-3]


def test_a_server_that_one_stack_has_changed_is_refused_to_another_until_it_is_given_up(
    world: World,
) -> None:
    world.want(NEWER)
    world.expect_up()
    other = world.project.beside("staging")
    for command in (("preview",), ("up", "--yes"), ("adopt", "--yes")):
        refused = other.mapinfra(*command)
        assert refused.code == 1, refused
        assert "belongs to stack lab of project mapinfra (recorded 20" in refused.out, refused
        assert f"/var/lib/mapinfra/map-{world.server.edition.service}.json" in refused.out
    left = world.project.mapinfra("destroy", "--yes")
    assert left.code == 0, left
    assert "is forgotten; it stays as it is (removal: keep)" in left.out + left.err
    assert world.version() == NEWER
    assert other.mapinfra("up", "--yes").code == 0
    assert other.mapinfra("preview", "--expect-no-changes").code == 0


def test_records_that_can_not_be_written_are_told_by_the_preview_of_a_change(world: World) -> None:
    folder = "/var/lib/mapinfra"
    world.host.run(f"mkdir -p {folder}; mount -t tmpfs -o ro lab {folder}")
    try:
        assert world.project.mapinfra("preview").code == 0
        world.want(NEWER)
        result = world.project.mapinfra("preview")
    finally:
        world.host.run(["umount", folder])
    assert result.code == 1, result
    assert f"central/map: {folder}: mapinfra's records can't be written" in result.out, result
    assert f"{folder} is read-only" in result.out, result
