"""What the pass knows to stand in the way of a step."""

from collections.abc import Callable, Iterator

import pytest

from mapinfra.centreon.reads import CBD_UNIT, READ_ONLY, RECORD_ROOM
from mapinfra.errors import CentreonError, DatabaseError
from mapinfra.hosts import Facts
from mapinfra.hosts.survey import Reading, Rows
from mapinfra.resources import obstacles

Obstacle = Callable[[Facts], Iterator[CentreonError]]


def facts(probe: str, text: str, status: int = 0) -> Facts:
    return Facts("paris", {probe: Reading(status, text.encode(), b"no such tool\n")}, {})


def said(obstacle: Obstacle, found: Facts) -> list[str]:
    return [str(error) for error in obstacle(found)]


ROOM = "folder=/var/lib\nwritable={}\nroom={}\n"


@pytest.mark.parametrize(
    ("writable", "room", "what"),
    [
        ("yes", "yes", None),
        ("no", "yes", "/var/lib is read-only"),
        ("yes", "no", "no room is left"),
    ],
)
def test_records_need_a_folder_that_can_be_written_to(
    writable: str, room: str, what: str | None
) -> None:
    told = said(obstacles.records, facts(RECORD_ROOM.name, ROOM.format(writable, room)))
    assert len(told) == (0 if what is None else 1)
    assert all(what in line and line.startswith("paris: ") for line in told if what)


@pytest.mark.parametrize(
    ("state", "what"),
    [("loaded", None), ("masked", "cbd is masked"), ("not-found", "there is no service cbd")],
)
def test_a_restart_needs_a_service_that_can_be_restarted(state: str, what: str | None) -> None:
    told = said(obstacles.cbd, facts(CBD_UNIT.name, f"{state}\n"))
    assert len(told) == (0 if what is None else 1)
    assert all(what in line for line in told if what)


@pytest.mark.parametrize(
    ("read_only", "exempt", "stands"),
    [
        (0, 0, False),
        ("OFF", 0, False),
        (1, 0, True),
        ("ON", 0, True),
        ("NO_LOCK", 0, True),
        (1, 1, False),
    ],
)
def test_a_change_needs_a_mariadb_that_takes_it(
    read_only: object, exempt: int, stands: bool
) -> None:
    rows: Rows = [{"read_only": read_only, "exempt": exempt}]
    told = said(obstacles.read_only_database, Facts("central", {}, {READ_ONLY.name: rows}))
    assert bool(told) is stands
    assert all("read_only" in line for line in told)


def test_what_cant_be_read_is_left_to_the_step() -> None:
    assert said(obstacles.records, facts(RECORD_ROOM.name, "", status=127)) == []
    assert said(obstacles.cbd, facts(CBD_UNIT.name, "", status=1)) == []
    assert said(obstacles.read_only_database, Facts("central", {}, DatabaseError("shut"))) == []
