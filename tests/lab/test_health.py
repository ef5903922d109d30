"""Health of real MAP servers, asked on their own hosts, and the desktop client that they offer."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from lab import Lab
from lab.packages.by_hand import MapServer, add_repository, map_server
from mapinfra.centreon.map import answers, desktop, health, known_failures
from mapinfra.centreon.map.health import Expected, Health, HealthState
from mapinfra.centreon.releases.editions import ENGINE, LEGACY, Edition, edition
from mapinfra.centreon.releases.version import Version
from mapinfra.errors import CommandTimeout, HostError
from mapinfra.hosts import Fleet, Host
from mapinfra.resources.map import health_check
from mapinfra.resources.waiting import until
from tests.lab.map_parts import open_fleet, target
from tests.tls import pem


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
    server.connect_broker()
    yield server
    for name in ("central", "map"):
        lab.reset(name)


@pytest.fixture
def host(lab: Lab, fleet: Fleet, engine: MapServer) -> Host:
    """The engine's host, its service up at first."""
    host = fleet.host(target(lab, "map"))
    engine.host.run(["systemctl", "start", "mariadb", engine.edition.service])
    wait(host, ENGINE, seconds=30)
    return host


def wait(host: Host, wanted: Edition, *, seconds: float, **expected: Any) -> Health:
    """Wait as a step does; a second that it stays healthy is enough for most tests."""
    return health_check.wait(
        host, wanted, seconds=seconds, expected=Expected(**{"span": 1.0, **expected})
    )


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
    assert found.state is HealthState.ABSENT
    assert str(found) == "there is no service centreon-map-engine"
    assert answers.observed(fleet.facts(target(lab, "lyon"))) == {}


def test_a_server_starts_gets_up_and_is_stopped(
    lab: Lab, fleet: Fleet, engine: MapServer, host: Host
) -> None:
    restart(engine)
    starting = health_check.look(host, ENGINE)
    assert starting.state is HealthState.STARTING
    assert "gives no health (localhost:8081: " in str(starting)
    up = wait(host, ENGINE, seconds=30, broker=True)
    assert up.state is HealthState.UP
    path = "/centreon-map/api/beta/actuator/health"
    assert str(up) == f"http://localhost:8081{path} says UP"
    assert up.unit.enablement == "enabled"
    assert (up.unit.main_pid, up.unit.restarts) > (1, 0)
    assert observe(lab, fleet, "map").report == up.report
    engine.host.run(["systemctl", "stop", engine.edition.service])
    stopped = observe(lab, fleet, "map")
    assert stopped.state is HealthState.STOPPED
    with pytest.raises(HostError, match=r"^map: centreon-map-engine is stopped; look at /var/log/"):
        wait(host, ENGINE, seconds=30)


def test_a_server_without_its_database_is_down(engine: MapServer, host: Host) -> None:
    engine.host.run(["systemctl", "stop", "mariadb"])
    until(
        lambda: health_check.look(host, ENGINE).state is HealthState.DOWN,
        seconds=10, where="map", what="not down", remedy="",
    )  # fmt: skip
    with pytest.raises(CommandTimeout, match=r"isn't healthy within 1 s: .* says DOWN"):
        wait(host, ENGINE, seconds=1)


def test_a_service_that_fails_is_told_at_once_with_its_cause(engine: MapServer, host: Host) -> None:
    restart(engine, "s/MariaDB10Dialect/MySQL5Dialect/ map-database.properties")
    try:
        with pytest.raises(HostError) as caught:
            wait(host, ENGINE, seconds=60)
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
            wait(host, ENGINE, seconds=60)
        assert time.monotonic() - started < 30
    finally:
        engine.host.run(f"rm -r {folder} && systemctl daemon-reload")
        restart(engine, "s/MySQL5Dialect/MariaDB10Dialect/ map-database.properties")


def test_a_cause_of_an_earlier_start_is_not_told_again(engine: MapServer, host: Host) -> None:
    log = engine.host.run(["cat", engine.edition.log]).stdout
    assert known_failures.known_cause(log, ENGINE) is not None
    last = max(line[:19] for line in log.splitlines())
    until(
        lambda: engine.host.run(["date", "+%F %T"]).stdout.strip() > last,
        seconds=5, where="map", what="no later second", remedy="",
    )  # fmt: skip
    restart(engine)
    wait(host, ENGINE, seconds=30)
    engine.host.run(["systemctl", "stop", engine.edition.service])
    with pytest.raises(HostError, match="is stopped; look at"):
        wait(host, ENGINE, seconds=5)


def test_a_wrong_password_is_told(engine: MapServer, host: Host) -> None:
    restart(engine, "s/^centreon.user=.*/centreon.user=nobody/ map-config.properties")
    try:
        with pytest.raises(CommandTimeout, match="Centreon Web refuses MAP's user; correct"):
            wait(host, ENGINE, seconds=5)
    finally:
        restart(engine, "s/^centreon.user=.*/centreon.user=centreon-map/ map-config.properties")


def test_java_s_refusal_is_told_from_the_journal(engine: MapServer, host: Host) -> None:
    restart(engine, "s/-Xms512m/-Xms512m -Yes/ centreon-map.conf")
    try:
        with pytest.raises(HostError, match="Java refuses its options; correct JAVA_OPTS in /etc"):
            wait(host, ENGINE, seconds=30)
    finally:
        restart(engine, "s/ -Yes// centreon-map.conf")


def test_the_port_is_the_configured_one(
    lab: Lab, fleet: Fleet, engine: MapServer, host: Host
) -> None:
    restart(engine, "s/^centreon-map.port=.*/centreon-map.port = 18081/ map-config.properties")
    try:
        up = wait(host, ENGINE, seconds=30)
        assert "//localhost:18081/" in str(up)
        assert observe(lab, fleet, "map").is_healthy
    finally:
        restart(engine, "s/^centreon-map.port.*/centreon-map.port=8081/ map-config.properties")


def test_the_connection_to_the_broker_is_seen(engine: MapServer, host: Host) -> None:
    up = wait(host, ENGINE, seconds=30, broker=True)
    assert up.report is not None
    assert up.report.broker == (f"{engine.web.address}:5758",)


@contextmanager
def trouble(server: MapServer, **asked: Any) -> Iterator[None]:
    """Have a server make trouble; afterwards it is started anew, without."""
    server.host.run(["tee", "/etc/lab/map.json"], input=json.dumps({"*": asked}))
    try:
        yield
    finally:
        server.host.run(["rm", "/etc/lab/map.json"])
        restart(server)


def test_a_server_that_loses_its_broker_is_not_healthy(
    lab: Lab, fleet: Fleet, engine: MapServer, host: Host
) -> None:
    wait(host, ENGINE, seconds=30, broker=True)
    address = f"{engine.web.address}:5758"
    with trouble(engine, broker="lost"):
        until(
            lambda: not health_check.look(host, ENGINE).is_connected,
            seconds=10, where="map", what="still connected", remedy="",
        )  # fmt: skip
        found = observe(lab, fleet, "map")
        assert found.state is HealthState.CUT_OFF
        assert not found.is_healthy
        assert str(found) == f"centreon-map-engine has no connection to its broker {address}"
        assert wait(host, ENGINE, seconds=30).state is HealthState.CUT_OFF
        with pytest.raises(
            CommandTimeout, match=f"no connection to its broker {address}; check that cbd listens"
        ):
            wait(host, ENGINE, seconds=2, broker=True)


def test_a_connection_of_another_process_is_not_the_server_s(engine: MapServer, host: Host) -> None:
    with trouble(engine, broker="lost"):
        restart(engine)
        wait(host, ENGINE, seconds=30)
        script = (
            f"import socket, time; s = socket.create_connection(('{engine.web.address}', 5758)); "
            "time.sleep(60)"
        )
        engine.host.run(["systemd-run", "--quiet", "--unit=other", "python3", "-c", script])
        try:
            command = ["ss", "-Htn", "state", "established", "dport = :5758"]
            until(
                lambda: bool(engine.host.run(command).stdout),
                seconds=10, where="map", what="no connection", remedy="",
            )  # fmt: skip
            assert not health_check.look(host, ENGINE).is_connected
        finally:
            engine.host.run(["systemctl", "stop", "other"])


@pytest.mark.parametrize("policy", ["no", "always"])
def test_a_server_that_ends_a_second_after_its_first_up_is_not_healthy(
    engine: MapServer, host: Host, policy: str
) -> None:
    folder = f"/run/systemd/system/{engine.edition.service}.service.d"
    conf = f"[Service]\nRestart={policy}\nRestartSec=1\n"
    engine.host.run(f"mkdir -p {folder} && printf '{conf}' >{folder}/r.conf")
    engine.host.run(["systemctl", "daemon-reload"])
    try:
        with trouble(engine, ends_after_up=1):
            restart(engine)
            with pytest.raises(HostError, match=r": it ended \d s after its first UP"):
                wait(host, ENGINE, seconds=30, span=health.STEADY)
    finally:
        engine.host.run(f"rm -r {folder} && systemctl daemon-reload")


def test_a_server_that_systemd_starts_again_and_again_is_not_healthy(
    lab: Lab, fleet: Fleet, engine: MapServer, host: Host
) -> None:
    folder = f"/run/systemd/system/{engine.edition.service}.service.d"
    conf = "[Service]\nRestart=always\nRestartSec=0\n"
    engine.host.run(f"mkdir -p {folder} && printf '{conf}' >{folder}/r.conf")
    engine.host.run(["systemctl", "daemon-reload"])
    try:
        restart(engine)
        wait(host, ENGINE, seconds=30)
        engine.host.run(["systemctl", "kill", "--signal=KILL", engine.edition.service])
        until(
            lambda: health_check.look(host, ENGINE).serves,
            seconds=20, where="map", what="not up again", remedy="",
        )  # fmt: skip
        assert observe(lab, fleet, "map").state in (HealthState.UNPROVEN, HealthState.CUT_OFF)
        wait(host, ENGINE, seconds=30, broker=True)
        assert observe(lab, fleet, "map").is_healthy
    finally:
        engine.host.run(f"rm -r {folder} && systemctl daemon-reload")


def test_a_server_has_to_stay_up_for_longer_than_it_last_did(engine: MapServer, host: Host) -> None:
    with trouble(engine, ends_after_up=4):
        restart(engine)
        assert wait(host, ENGINE, seconds=30).is_healthy
        until(
            lambda: health_check.look(host, ENGINE).state is HealthState.FAILED,
            seconds=20, where="map", what="it lives", remedy="",
        )  # fmt: skip
        lived = health_check.look(host, ENGINE).unit.lived
        assert lived is not None
        assert health_check.look(host, ENGINE).expected.span == pytest.approx(lived + health.STEADY)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("redirect", r"redirects to http://127\.0\.0\.2:9\b"),
        ("drip", r"timed out"),
        ("deep", r"JSON that is nested too deep"),
        ("html", r"HTML"),
        ("huge", r"an answer of more than 64 KB"),
    ],
)
def test_what_is_no_health_is_never_up_and_told_as_what_it_is(
    lab: Lab, fleet: Fleet, engine: MapServer, host: Host, answer: str, told: str
) -> None:
    with trouble(engine, answer=answer):
        found = observe(lab, fleet, "map")
        assert found.state is HealthState.STARTING
        assert re.search(told, str(found)), found
        with pytest.raises(CommandTimeout, match=told):
            wait(host, ENGINE, seconds=0)


KEYSTORE = "/etc/centreon-map/keystore.pem"


@pytest.fixture
def keystore(engine: MapServer) -> Iterator[None]:
    """A keystore that the configuration names."""
    engine.host.run(["tee", KEYSTORE], input=pem("map.example.net"))
    engine.host.run(
        ["tee", "-a", "/etc/centreon-map/map-config.properties"],
        input=f"centreon-map.keystore={KEYSTORE}\n",
    )
    yield
    restart(engine, "/^centreon-map.keystore=/d map-config.properties")


@pytest.mark.usefixtures("keystore")
def test_a_server_that_spoke_tls_and_does_not_any_more_is_not_healthy(
    engine: MapServer, host: Host
) -> None:
    restart(engine, "s/active=prod/active=prod,tls/ centreon-map.conf")
    try:
        before = wait(host, ENGINE, seconds=30)
        assert before.answer is not None
        assert before.answer.url.startswith("https://localhost:8081/")
        assert before.expected.tls
    finally:
        restart(engine, "s/active=prod,tls/active=prod/ centreon-map.conf")
    assert wait(host, ENGINE, seconds=30).is_healthy
    with pytest.raises(CommandTimeout, match="answers, but not over TLS, as it did before"):
        wait(host, ENGINE, seconds=1, tls=True)


def test_a_server_whose_configuration_asks_for_tls_in_vain_is_not_healthy(
    engine: MapServer, host: Host
) -> None:
    # Spring would know the profile; a word after a blank is an argument that nobody reads.
    restart(engine, "s/active=prod/active=prod, tls/ centreon-map.conf")
    try:
        with pytest.raises(CommandTimeout, match="not over TLS, as its configuration says"):
            wait(host, ENGINE, seconds=5, tls=None)
    finally:
        restart(engine, "s/active=prod, tls/active=prod/ centreon-map.conf")


def test_the_new_api_is_found_too(lab: Lab, fleet: Fleet) -> None:
    lab.reset("lyon")
    server = map_server(lab, "lyon", "lyon", "engine")
    add_repository(server.host, "24.10")
    server.install("24.10.1")
    server.connect_broker()
    up = wait(fleet.host(target(lab, "lyon")), ENGINE, seconds=30, broker=True)
    assert "/api/latest/" in str(up)
    assert observe(lab, fleet, "lyon").is_healthy
    assert observe(lab, fleet, "lyon", "legacy").state is HealthState.ABSENT


def test_the_legacy_server_s_desktop_client_is_seen(lab: Lab, fleet: Fleet) -> None:
    lab.reset("lyon")
    server = map_server(lab, "lyon", "lyon", "legacy")
    server.install("22.10.5")
    place = target(lab, "lyon")
    host = fleet.host(place)
    answer = wait(host, LEGACY, seconds=30).answer
    assert answer is not None
    assert "/centreon-studio/api/beta/" in answer.url
    fleet.stale(place)
    offer = answers.observed(fleet.facts(place))["legacy"].offer
    assert desktop.told(offer, Version.parse("22.10.5")).startswith(
        "users get desktop client 22.10.5 from the server (linux, macos, windows)"
    )
    assert "22.10.5, not 23.04.1" in desktop.told(offer, Version.parse("23.04.1"))
