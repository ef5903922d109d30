"""The folder of backups as the probe prints it."""

import base64

import pytest

from mapinfra.backup import shelf
from tests.unit.backup.samples import MANIFEST, manifest

WHOLE = {name: file.size for name, file in MANIFEST.files.items()} | {
    "back.sh": 9,
    "SHA256SUMS": 9,
    "MANIFEST.json": 9,
}


def line(
    id: str, text: str, sizes: dict[str, int] = WHOLE, armed: str = "-", back: str = ""
) -> str:
    listed = "".join(f"{size} {name}\n" for name, size in sizes.items())
    encoded = (base64.b64encode(one.encode()).decode() for one in (text, listed, back))
    return " ".join((id, armed, *encoded)) + "\n"


def test_backups_are_read_oldest_first_and_one_that_is_not_does_not_hide_them() -> None:
    newer = manifest(id="b", taken_at="2024-03-01T00:00:00Z")
    found = shelf.parse(
        line("b", newer.dumps(), armed="armed") + line("c", "{") + line("a", MANIFEST.dumps())
    )
    assert [one.manifest for one in found.backups] == [MANIFEST, newer]
    assert [one.armed for one in found.backups] == [False, True]
    assert [one.damage for one in found.backups] == ["", ""]
    assert found.unreadable == ("c",)
    assert shelf.parse("") == shelf.Shelf(())


def test_a_report_of_the_way_back_that_can_not_be_read_is_told_too() -> None:
    assert shelf.parse(line("a", MANIFEST.dumps(), back="{}")).unreadable == ("a",)


@pytest.mark.parametrize(
    ("changed", "damage"),
    [
        ({"config.tar": 3}, "config.tar has 3 bytes, not 10"),
        ({"database.sql": None}, "database.sql is missing"),
        ({"back.sh": None}, "back.sh is missing"),
        ({"SHA256SUMS": None}, "SHA256SUMS is missing"),
        ({"more": 3}, ""),
    ],
)
def test_a_file_that_is_missing_or_cut_off_is_damage(
    changed: dict[str, int | None], damage: str
) -> None:
    sizes = {name: size for name, size in {**WHOLE, **changed}.items() if size is not None}
    [listed] = shelf.parse(line("a", MANIFEST.dumps(), sizes)).backups
    assert listed.damage == damage


def test_the_one_to_be_restored_makes_no_room_for_another() -> None:
    backups = tuple(shelf.Listed(manifest(id=id), None, armed=False) for id in "abcd")
    found = shelf.superfluous(backups, MANIFEST.service, 1, spared="b")
    assert [one.id for one in found] == ["a", "c"]
