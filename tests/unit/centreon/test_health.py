"""What is told of a MAP server's health, from what its host printed."""

from dataclasses import replace

import pytest

from mapinfra.centreon.editions import ENGINE, LEGACY
from mapinfra.centreon.health import Health, State, Unit, known_cause, since, units
from mapinfra.centreon.map_servers import Answer, Report, reports
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
ExecMainStartTimestamp=

Id=centreon-map-engine.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
Result=success
ExecMainStatus=0
NRestarts=2
ExecMainStartTimestamp=Tue 2024-10-15 12:00:00 CEST
"""
UNIT = units(SHOWN)["centreon-map-engine"]
URL = "http://localhost:8081/centreon-map/api/beta/actuator/health"


def answer(code: int | None, body: str = "", error: str = "") -> Answer:
    return Answer(URL, code, body, error)


def health(*answers: Answer, unit: Unit = UNIT, broker: tuple[str, ...] = ()) -> Health:
    return Health(ENGINE, unit, Report(ENGINE, answers, 5758, broker, None))


def test_systemctl_s_words_are_read() -> None:
    read = units(SHOWN)
    assert not read["centreon-map"].exists
    assert (UNIT.enablement, UNIT.restarts, UNIT.started) == ("enabled", 2, "2024-10-15 12:00:00")
    assert read["centreon-map"].started == ""


@pytest.mark.parametrize(
    ("answers", "state", "line"),
    [
        ([answer(404), answer(200, '{"status":"UP"}')], State.UP, f"{URL} says UP"),
        ([answer(503, '{"status":"DOWN"}')], State.DOWN, f"{URL} says DOWN"),
        ([answer(503, '{"status":"UP"}')], State.DOWN, f"{URL} says UP"),
        ([answer(401), answer(404)], State.PROTECTED, f"{URL} answers, but wants a login"),
        (
            [answer(None, error="refused")],
            State.STARTING,
            f"centreon-map-engine is active, but gives no health ({URL}: refused)",
        ),
        (
            [answer(200, "<html>")],
            State.STARTING,
            f"centreon-map-engine is active, but gives no health ({URL}: HTTP 200)",
        ),
        ([answer(200, "[1]")], State.STARTING, None),
    ],
)
def test_an_active_server_is_what_it_says(
    answers: list[Answer], state: State, line: str | None
) -> None:
    found = health(*answers)
    assert found.state is state
    assert found.is_healthy == (state in (State.UP, State.PROTECTED))
    assert line in (None, str(found))


@pytest.mark.parametrize(
    ("active", "load", "state"),
    [
        ("inactive", "not-found", State.ABSENT),
        ("inactive", "loaded", State.STOPPED),
        ("inactive", "masked", State.STOPPED),
        ("failed", "loaded", State.FAILED),
        ("activating", "loaded", State.STARTING),
        ("deactivating", "loaded", State.STARTING),
    ],
)
def test_an_answer_counts_only_from_an_active_unit(active: str, load: str, state: State) -> None:
    unit = replace(UNIT, active=active, load=load)
    assert health(answer(200, '{"status":"UP"}'), unit=unit).state is state


def test_a_unit_without_configuration_is_told() -> None:
    assert str(Health(ENGINE, UNIT, None)).endswith("but it has no configuration")


def test_a_connection_to_the_broker_is_told_apart() -> None:
    assert health(broker=("192.0.2.1:5758",)).is_connected
    assert not health().is_connected
    assert not Health(ENGINE, UNIT, None).is_connected


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
