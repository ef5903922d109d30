"""Backups and restores as they are printed."""

import json

import pytest

from mapinfra.backup import Listed, Shelf, age, ago
from mapinfra.cli import backup_display, backup_machine
from mapinfra.errors import HostUnreachable
from mapinfra.restore import ServerShelf, plan_restore
from tests.unit.backup.samples import MANIFEST, manifest
from tests.unit.restore.samples import SERVER, observed

NOW = MANIFEST.taken + 2 * 3600 + 5
OTHER = manifest(id="b", packages={}, service="centreon-map", who="x")
READ = ServerShelf(
    SERVER,
    Shelf(
        (
            Listed(MANIFEST, None, armed=False),
            Listed(OTHER, None, armed=True, damage="config.tar is missing"),
        ),
        unreadable={"c": "its manifest can't be read"},
    ),
)
OFF = ServerShelf(SERVER, error=HostUnreachable("no SSH connection", where="central/map"))


def test_a_listing_is_a_table_per_server(capsys: pytest.CaptureFixture[str]) -> None:
    backup_display.listing([READ, OFF], NOW)
    assert capsys.readouterr().out.splitlines() == [
        "central/map: 2 backups in /var/backups/mapinfra, 0.0 MB",
        "  ID                TAKEN (UTC)          AGE      EDITION  PACKAGE        SIZE    DATABASE"
        "          STATE                                  BY",
        "  20240229T120000Z  2024-02-29 12:00:00  2 hours  engine   22.10.1-1.el8  0.0 MB  "
        "2 tables, 3 rows  whole                                  ada@console",
        "  b                 2024-02-29 12:00:00  2 hours  legacy   none           0.0 MB  "
        "2 tables, 3 rows  damaged: config.tar is missing, armed  x",
        "  ! c: damaged: its manifest can't be read",
        "! central/map: no SSH connection",
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s"), (61, "1 minute"), (7300, "2 hours"), (86400 * 9, "9 days"), (-3, "0 s")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert age(MANIFEST, MANIFEST.taken + seconds) == said


def test_an_age_in_the_future_is_told_as_that() -> None:
    assert age(MANIFEST, MANIFEST.taken - 3 * 86400) == "3 days in the future"
    assert ago(MANIFEST, MANIFEST.taken - 3700) == "1 hour in the future"
    assert ago(MANIFEST, MANIFEST.taken + 3700) == "1 hour ago"
    found = backup_machine.listing([READ], MANIFEST.taken - 90)
    assert found["servers"][0]["backups"][0]["age"] == -90


def test_what_was_read_again_is_verified_or_damaged() -> None:
    listed = Listed(MANIFEST, None, armed=False)
    sound = ServerShelf(SERVER, Shelf((listed,)), verified={MANIFEST.id: ""})
    spoilt = ServerShelf(SERVER, Shelf((listed,)), verified={MANIFEST.id: "x: FAILED"})
    assert (backup_display.state(sound, listed), sound.is_sound) == ("verified", True)
    assert (backup_display.state(spoilt, listed), spoilt.is_sound) == ("damaged: x: FAILED", False)
    assert (READ.is_sound, OFF.is_sound) == (False, False)


def test_a_listing_as_json_has_each_server_even_one_that_is_off() -> None:
    found = json.loads(json.dumps(backup_machine.listing([READ, OFF], NOW)))
    read, off = found["servers"]
    assert off == {
        "server": "central/map",
        "folder": "/var/backups/mapinfra",
        "error": "central/map: no SSH connection",
        "backups": [],
    }
    first, second = read["backups"]
    assert (first["id"], first["age"], first["size"], first["rows"]) == (MANIFEST.id, 7205, 1015, 3)
    assert (first["damage"], second["damage"]) == (None, "config.tar is missing")
    assert read["unreadable"] == ["c"]


def test_a_restore_shows_what_differs_and_its_steps(capsys: pytest.CaptureFixture[str]) -> None:
    backup_display.restore_plan(SERVER, MANIFEST, plan_restore(SERVER, MANIFEST, observed()), NOW)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == (
        "central/map: restore of backup 20240229T120000Z, taken 2024-02-29 12:00:00 UTC"
        " (2 hours ago) by ada@console"
    )
    assert lines[:7] == [
        "  ~ package centreon-map-engine: 22.10.5-1.el8 → 22.10.1-1.el8",
        "  ~ database centreon_map (2.5 MB): 3 tables, 8 rows → 2 tables, 3 rows",
        "        table map_view: 7 rows → 3 rows",
        "        table new: 1 row → not there",
        "  ~ configuration /etc/centreon-map: 1 file differs → as in the backup",
        "        /etc/centreon-map/x.conf: content",
        "    service centreon-map-engine: active, enabled",
    ]
    assert lines[7].startswith("      1. central/map: take the lock for the restore of 22.10.1")
