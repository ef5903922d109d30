"""Health of real MAP servers, asked on their own hosts, and the desktop client that they offer."""

import time
from collections.abc import Iterator

import pytest

from lab import Lab
from lab.packages.by_hand import MapServer, add_repository, map_server
from mapinfra.centreon import desktop, health, map_servers
from mapinfra.centreon.editions import ENGINE, LEGACY, edition
from mapinfra.centreon.health import Health, State
from mapinfra.centreon.version import Version
from mapinfra.errors import CommandTimeout, HostError
from mapinfra.hosts import Fleet, Host
from mapinfra.resources.waiting import until
from tests.lab.map_parts import open_fleet, target


@pytest.fixture(scope="module")
def fleet(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with open_fleet(lab, tmp_path_factory.mktemp("health")) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def engine(lab: Lab) -> Iterator[MapServer]:
    """An engine of the old API on the dnf host; tests leave it configured as it was."""
    for name in ("central", "map"):
        lab.reset(name)
    server = map_server(lab, "map", "central", "engine")
    server.install("22.10.1")
    yield server
    for name in ("central", "map"):
        lab.reset(name)


@pytest.fixture
def host(lab: Lab, fleet: Fleet, engine: MapServer) -> Host:
    """The engine's host, its service up at first."""
    host = fleet.host(target(lab, "map"))
    engine.host.run(["systemctl", "start", "mariadb", engine.edition.service])
    health.wait(host, ENGINE, seconds=30)
    return host


def observe(lab: Lab, fleet: Fleet, name: str, wanted: str = "engine") -> Health:
    place = target(lab, name)
    fleet.stale(place)
    return health.observed(fleet.facts(place), edition(wanted))


def restart(server: MapServer, *edits: str) -> None:
    """Edit configuration files with sed, one expression and file each, and restart."""
    for edit in edits:
        expression, _, name = edit.rpartition(" ")
        server.host.run(["sed", "-i", expression, f"{server.edition.configuration}/{name}"])
    server.host.run(["systemctl", "reset-failed", server.edition.service], check=False)
    server.host.run(["systemctl", "restart", server.edition.service])


def test_a_host_without_map_says_so(lab: Lab, fleet: Fleet) -> None:
    found = observe(lab, fleet, "lyon")
    assert found.state is State.ABSENT
    assert str(found) == "there is no service centreon-map-engine"
    assert map_servers.observed(fleet.facts(target(lab, "lyon"))) == {}


def test_a_server_starts_gets_up_and_is_stopped(
    lab: Lab, fleet: Fleet, engine: MapServer, host: Host
) -> None:
    restart(engine)
    starting = health.look(host, ENGINE)
    assert starting.state is State.STARTING
    assert "gives no health (localhost:8081: " in str(starting)
    up = health.wait(host, ENGINE, seconds=30)
    assert up.state is State.UP
    path = "/centreon-map/api/beta/actuator/health"
    assert str(up) == f"http://localhost:8081{path} says UP"
    assert up.unit.enablement == "enabled"
    assert observe(lab, fleet, "map") == up
    engine.host.run(["systemctl", "stop", engine.edition.service])
    stopped = observe(lab, fleet, "map")
    assert stopped.state is State.STOPPED
    with pytest.raises(HostError, match=r"^map: centreon-map-engine is stopped; look at /var/log/"):
        health.wait(host, ENGINE, seconds=30)


def test_a_server_without_its_database_is_down(engine: MapServer, host: Host) -> None:
    engine.host.run(["systemctl", "stop", "mariadb"])
    until(
        lambda: health.look(host, ENGINE).state is State.DOWN,
        seconds=10, where="map", what="not down", remedy="",
    )  # fmt: skip
    with pytest.raises(CommandTimeout, match=r"isn't healthy within 1 s: .* says DOWN"):
        health.wait(host, ENGINE, seconds=1)


def test_a_service_that_fails_is_told_at_once_with_its_cause(engine: MapServer, host: Host) -> None:
    restart(engine, "s/MariaDB10Dialect/MySQL5Dialect/ map-database.properties")
    try:
        with pytest.raises(HostError) as caught:
            health.wait(host, ENGINE, seconds=60)
        assert str(caught.value) == (
            "map: centreon-map-engine failed (exit-code, exit 1): the SQL dialect isn't one that "
            "this version knows; correct the dialect in both *-database.properties of "
            "/etc/centreon-map"
        )
    finally:
        restart(engine, "s/MySQL5Dialect/MariaDB10Dialect/ map-database.properties")


def test_a_service_that_systemd_starts_again_and_again_is_told(
    engine: MapServer, host: Host
) -> None:
    folder = f"/run/systemd/system/{engine.edition.service}.service.d"
    engine.host.run(f"mkdir -p {folder} && printf '[Service]\nRestart=always\n' >{folder}/r.conf")
    engine.host.run(["systemctl", "daemon-reload"])
    started = time.monotonic()
    try:
        restart(engine, "s/MariaDB10Dialect/MySQL5Dialect/ map-database.properties")
        with pytest.raises(HostError, match="the SQL dialect isn't one that this version knows"):
            health.wait(host, ENGINE, seconds=60)
        assert time.monotonic() - started < 30
    finally:
        engine.host.run(f"rm -r {folder} && systemctl daemon-reload")
        restart(engine, "s/MySQL5Dialect/MariaDB10Dialect/ map-database.properties")


def test_a_cause_of_an_earlier_start_is_not_told_again(engine: MapServer, host: Host) -> None:
    log = engine.host.run(["cat", engine.edition.log]).stdout
    assert health.known_cause(log, ENGINE) is not None
    last = max(line[:19] for line in log.splitlines())
    until(
        lambda: engine.host.run(["date", "+%F %T"]).stdout.strip() > last,
        seconds=5, where="map", what="no later second", remedy="",
    )  # fmt: skip
    restart(engine)
    health.wait(host, ENGINE, seconds=30)
    engine.host.run(["systemctl", "stop", engine.edition.service])
    with pytest.raises(HostError, match="is stopped; look at"):
        health.wait(host, ENGINE, seconds=5)


def test_a_wrong_password_is_told(engine: MapServer, host: Host) -> None:
    restart(engine, "s/^centreon.user=.*/centreon.user=nobody/ map-config.properties")
    try:
        with pytest.raises(CommandTimeout, match="Centreon Web refuses MAP's user; correct"):
            health.wait(host, ENGINE, seconds=5)
    finally:
        restart(engine, "s/^centreon.user=.*/centreon.user=centreon-map/ map-config.properties")


def test_java_s_refusal_is_told_from_the_journal(engine: MapServer, host: Host) -> None:
    restart(engine, "s/-Xms512m/-Xms512m -Yes/ centreon-map.conf")
    try:
        with pytest.raises(HostError, match="Java refuses its options; correct JAVA_OPTS in /etc"):
            health.wait(host, ENGINE, seconds=30)
    finally:
        restart(engine, "s/ -Yes// centreon-map.conf")


def test_the_port_is_the_configured_one(
    lab: Lab, fleet: Fleet, engine: MapServer, host: Host
) -> None:
    restart(engine, "s/^centreon-map.port=.*/centreon-map.port = 18081/ map-config.properties")
    try:
        up = health.wait(host, ENGINE, seconds=30)
        assert "//localhost:18081/" in str(up)
        assert observe(lab, fleet, "map").is_healthy
    finally:
        restart(engine, "s/^centreon-map.port.*/centreon-map.port=8081/ map-config.properties")


def test_the_connection_to_the_broker_is_seen(engine: MapServer, host: Host) -> None:
    assert not health.look(host, ENGINE).is_connected
    engine.connect_broker()
    health.wait(host, ENGINE, seconds=30)
    report = health.look(host, ENGINE).report
    assert report is not None
    assert report.broker == (f"{engine.web.address}:5758",)


def test_the_new_api_is_found_too(lab: Lab, fleet: Fleet) -> None:
    lab.reset("lyon")
    server = map_server(lab, "lyon", "lyon", "engine")
    add_repository(server.host, "24.10")
    server.install("24.10.1")
    up = health.wait(fleet.host(target(lab, "lyon")), ENGINE, seconds=30)
    assert "/api/latest/" in str(up)
    assert observe(lab, fleet, "lyon").is_healthy
    assert observe(lab, fleet, "lyon", "legacy").state is State.ABSENT


def test_the_legacy_server_s_desktop_client_is_seen(lab: Lab, fleet: Fleet) -> None:
    lab.reset("lyon")
    server = map_server(lab, "lyon", "lyon", "legacy")
    server.install("22.10.5")
    place = target(lab, "lyon")
    host = fleet.host(place)
    assert "/centreon-studio/api/beta/" in str(health.wait(host, LEGACY, seconds=30))
    fleet.stale(place)
    offer = map_servers.observed(fleet.facts(place))["legacy"].offer
    assert desktop.told(offer, Version.parse("22.10.5")).startswith(
        "users get desktop client 22.10.5 from the server (linux, macos, windows)"
    )
    assert "22.10.5, not 23.04.1" in desktop.told(offer, Version.parse("23.04.1"))
