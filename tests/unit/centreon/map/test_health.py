"""What is told of a MAP server's health, from what its host printed."""

from dataclasses import replace

import pytest

from mapinfra.centreon.map import on_host
from mapinfra.centreon.map.answers import Answer, Report, reports
from mapinfra.centreon.map.health import (
    STEADY,
    Expected,
    Health,
    HealthState,
    Unit,
    units,
)
from mapinfra.centreon.map.known_failures import known_cause, since
from mapinfra.centreon.releases.editions import ENGINE, LEGACY
from mapinfra.errors import HostError

SHOWN = """\
Id=centreon-map.service
LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
Result=success
ExecMainStatus=0
NRestarts=0
MainPID=0
ExecMainStartTimestamp=
ExecMainStartTimestampMonotonic=0
ExecMainExitTimestampMonotonic=0

Id=centreon-map-engine.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
Result=success
ExecMainStatus=0
NRestarts=2
MainPID=311
ExecMainStartTimestamp=Tue 2024-10-15 12:00:00 CEST
ExecMainStartTimestampMonotonic=400000000
ExecMainExitTimestampMonotonic=0

Uptime=1000.25
"""
UNIT = units(SHOWN)["centreon-map-engine"]
URL = "http://localhost:8081/centreon-map/api/beta/actuator/health"


def answer(code: int | None, body: str = "", error: str = "") -> Answer:
    status, what = on_host.status_of(body.encode()) if body else ("", "")
    return Answer(URL, code, status, error or what)


def health(
    *answers: Answer,
    unit: Unit = UNIT,
    broker: tuple[str, ...] = ("192.0.2.1:5758",),
    tls: bool = False,
    address: str = "192.0.2.1",
) -> Health:
    return Health(ENGINE, unit, Report(ENGINE, answers, tls, address, 5758, broker, None))


def test_systemctl_s_words_are_read() -> None:
    read = units(SHOWN)
    assert not read["centreon-map"].exists
    assert (UNIT.enablement, UNIT.restarts, UNIT.started) == ("enabled", 2, "2024-10-15 12:00:00")
    assert read["centreon-map"].started == ""
    assert (UNIT.main_pid, UNIT.lived) == (311, 600.25)
    assert read["centreon-map"].lived is None
    failed = SHOWN.replace("ExitTimestampMonotonic=0\n\nU", "ExitTimestampMonotonic=402500000\n\nU")
    assert units(failed)["centreon-map-engine"].lived == 2.5


@pytest.mark.parametrize(
    ("answers", "state", "line"),
    [
        ([answer(404), answer(200, '{"status":"UP"}')], HealthState.UP, f"{URL} says UP"),
        ([answer(503, '{"status":"DOWN"}')], HealthState.DOWN, f"{URL} says DOWN"),
        ([answer(503, '{"status":"UP"}')], HealthState.DOWN, f"{URL} says UP"),
        ([answer(401), answer(404)], HealthState.PROTECTED, f"{URL} answers, but wants a login"),
        (
            [answer(None, error="refused")],
            HealthState.STARTING,
            f"centreon-map-engine is active, but gives no health ({URL}: refused)",
        ),
        (
            [answer(200, "<html>")],
            HealthState.STARTING,
            f"centreon-map-engine is active, but gives no health ({URL}: HTML)",
        ),
        ([answer(200, "[1]")], HealthState.STARTING, None),
    ],
)
def test_an_active_server_is_what_it_says(
    answers: list[Answer], state: HealthState, line: str | None
) -> None:
    found = health(*answers)
    assert found.state is state
    assert found.is_healthy == (state in (HealthState.UP, HealthState.PROTECTED))
    assert line in (None, str(found))


@pytest.mark.parametrize(
    ("active", "load", "state"),
    [
        ("inactive", "not-found", HealthState.ABSENT),
        ("inactive", "loaded", HealthState.STOPPED),
        ("inactive", "masked", HealthState.STOPPED),
        ("failed", "loaded", HealthState.FAILED),
        ("activating", "loaded", HealthState.STARTING),
        ("deactivating", "loaded", HealthState.STARTING),
    ],
)
def test_an_answer_counts_only_from_an_active_unit(
    active: str, load: str, state: HealthState
) -> None:
    unit = replace(UNIT, active=active, load=load)
    assert health(answer(200, '{"status":"UP"}'), unit=unit).state is state


def test_a_unit_without_configuration_is_told() -> None:
    assert str(Health(ENGINE, UNIT, None)).endswith("but it has no configuration")


UP = answer(200, '{"status":"UP"}')
SECURE = replace(UP, url=URL.replace("http:", "https:"))


def test_a_server_without_its_broker_is_not_healthy() -> None:
    cut_off = health(UP, broker=())
    assert (cut_off.state, cut_off.is_healthy, cut_off.serves) == (HealthState.CUT_OFF, False, True)
    assert str(cut_off) == "centreon-map-engine has no connection to its broker 192.0.2.1:5758"
    assert cut_off.lacks(Expected()) == ""
    assert cut_off.lacks(Expected(broker=True)) == str(cut_off)
    assert health(answer(401), broker=()).state is HealthState.CUT_OFF
    assert health(UP, broker=(), address="").is_healthy
    assert health(answer(503, '{"status":"DOWN"}'), broker=()).state is HealthState.DOWN


def test_a_server_that_systemd_has_just_started_anew_is_not_healthy() -> None:
    young = health(UP, unit=replace(UNIT, lived=31.0))
    assert (young.state, young.is_healthy, young.serves) == (HealthState.UNPROVEN, False, True)
    assert str(young).endswith("is up, but systemd has just started it anew (restart 2)")
    assert young.expected.span == STEADY + 31
    assert young.lacks(Expected()) == ""
    assert health(UP, unit=replace(UNIT, lived=31.0, restarts=0)).is_healthy
    assert health(UP).is_healthy


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (health(UP), Expected(False, True)),
        (health(SECURE), Expected(True, True)),
        (health(SECURE, broker=()), Expected(True, False)),
        (health(unit=replace(UNIT, active="inactive"), broker=()), Expected(None, True)),
        (
            health(unit=replace(UNIT, active="failed", lived=20.0), broker=()),
            Expected(None, True, STEADY + 20),
        ),
        (
            health(unit=replace(UNIT, active="failed", lived=9e5), broker=()),
            Expected(None, True, STEADY),
        ),
    ],
)
def test_no_less_than_before_is_expected_after_a_change(found: Health, expected: Expected) -> None:
    assert found.expected == expected


@pytest.mark.parametrize(
    ("expected", "configured", "told"),
    [
        (True, False, "as it did before"),
        (None, True, "as its configuration says"),
        (None, False, ""),
        (False, True, ""),
    ],
)
def test_tls_that_is_gone_is_told(expected: bool | None, configured: bool, told: str) -> None:
    assert health(UP, tls=configured).lacks(Expected(tls=expected)).endswith(told)
    assert health(SECURE, tls=configured).lacks(Expected(tls=expected)) == ""


def test_only_the_log_since_the_last_start_counts() -> None:
    log = (
        "2024-10-15 11:59:59,900 ERROR old\n"
        "\tat java.lang.Thread\n"
        "2024-10-15T12:00:00.100 INFO Starting\n"
        "\tat somewhere\n"
    )
    assert since(log, UNIT.started) == "2024-10-15T12:00:00.100 INFO Starting\n\tat somewhere\n"
    assert since(log, "2024-10-16 00:00:00") == ""
    assert since("", UNIT.started) == ""


def test_the_last_known_failure_is_the_cause() -> None:
    log = "Failed to authenticate user 'x'\nAccess denied for user 'y' (password: hunter2)\n"
    cause = known_cause(log, LEGACY)
    assert cause == (
        "MariaDB refuses MAP's user",
        "correct user and password in both *-database.properties of /etc/centreon-studio, or the "
        "grants",
    )
    assert "hunter2" not in str(cause)
    assert known_cause("all is well", LEGACY) is None


def test_a_host_without_python_is_told() -> None:
    with pytest.raises(HostError, match=r"^map: .* there is no python3; install it"):
        reports("no python\n", "map")
    assert reports("", "map") == {}
