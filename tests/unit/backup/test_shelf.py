"""The folder of backups as the probe prints it."""

import base64
import subprocess
from pathlib import Path

import pytest

from mapinfra.backup import BackupFailed, FolderUnsafe, shelf
from mapinfra.errors import CommandFailed
from tests.unit.backup.samples import MANIFEST, manifest

FOLDER = "/var/backups/mapinfra"
WHOLE = {name: file.size for name, file in MANIFEST.files.items()} | {
    "back.sh": 9,
    "SHA256SUMS": 9,
    "MANIFEST.json": 9,
    "SEQUENCE": 2,
}


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def line(
    id: str,
    text: str,
    sizes: dict[str, int] = WHOLE,
    armed: str = "-",
    back: str = "",
    number: int = 0,
    unsound: str = "",
) -> str:
    listed = "".join(f"{size} {name}\n" for name, size in sizes.items())
    words = (packed(one) for one in (text, listed, back, unsound))
    return " ".join((id, armed, str(number), *words)) + "\n"


def parse(text: str) -> shelf.Shelf:
    return shelf.parse(text, FOLDER, "map")


def test_a_disk_that_is_mounted_read_only_takes_no_backup() -> None:
    found = parse("read-only\n")
    assert found == shelf.Shelf((), read_only=True)
    with pytest.raises(BackupFailed, match=r"^map: /srv/backups is on a disk that is"):
        found.expect_writable("map", "/srv/backups")
    parse("").expect_writable("map", "/srv/backups")


def test_backups_are_read_oldest_first_and_one_that_is_not_does_not_hide_them() -> None:
    id = MANIFEST.id
    older = manifest(id="b", directory=f"{FOLDER}/b", taken_at="2024-03-01T00:00:00Z")
    found = parse(
        line(id, MANIFEST.dumps(), armed="armed", number=12)
        + line("c", "{")
        + line("d", MANIFEST.dumps())
        + f"e refused {packed('x is a link' + chr(10))}\n"
        + line("f", "")
        + line("b", older.dumps(), number=9)
    )
    assert [one.manifest for one in found.backups] == [older, MANIFEST]
    assert [one.armed for one in found.backups] == [False, True]
    assert [one.damage for one in found.backups] == ["", ""]
    assert list(found.unreadable) == ["c", "d", "e", "f"]
    assert found.unreadable["d"].endswith(f"it is the manifest of '{id}'")
    assert found.unreadable["e"] == "x is a link"
    assert found.unreadable["f"] == "MANIFEST.json is missing"
    assert parse("") == shelf.Shelf(())


@pytest.mark.parametrize("name", ["a (copy)", "a\nb", "strange\x1b[2J"])
def test_a_folder_that_is_called_as_no_backup_hides_no_other(name: str) -> None:
    found = parse(f"strange {packed(name)}\n" + line(MANIFEST.id, MANIFEST.dumps()))
    assert [one.manifest for one in found.backups] == [MANIFEST]
    assert found.unreadable == {name: "no backup has such a name; it is left alone"}


def test_a_report_of_the_way_back_that_can_not_be_read_is_told_too() -> None:
    [told] = parse(line(MANIFEST.id, MANIFEST.dumps(), back="{}")).unreadable.values()
    assert told.startswith("BACK.json can't be read")


def test_nothing_is_read_in_a_folder_that_is_not_roots_alone() -> None:
    found = parse(f"unsafe {packed('/srv belongs to ada')}\n")
    assert found == shelf.Shelf((), unsafe="/srv belongs to ada")
    with pytest.raises(FolderUnsafe, match=r"^map: backups .* /srv belongs to ada; give it"):
        found.expect_safe("map")


def test_what_was_not_printed_by_the_probe_is_an_error_of_one_line() -> None:
    with pytest.raises(CommandFailed, match=r"^map: what was printed of .*/x can't be read$"):
        parse("x y\n")


@pytest.mark.parametrize(
    ("changed", "damage"),
    [
        ({"config.tar": 3}, "config.tar has 3 bytes, not 10"),
        ({"database.sql": None}, "database.sql is missing"),
        ({"back.sh": None}, "back.sh is missing"),
        ({"SHA256SUMS": None}, "SHA256SUMS is missing"),
        ({"more": 3}, "more isn't part of the backup"),
        ({"leftovers/x.rpmsave": 3}, ""),
        ({"BACK.json": 3, "back.log": 3, "room": 9, "client.cnf": 1}, ""),
    ],
)
def test_a_file_that_is_missing_cut_off_or_strange_is_damage(
    changed: dict[str, int | None], damage: str
) -> None:
    sizes = {name: size for name, size in {**WHOLE, **changed}.items() if size is not None}
    [listed] = parse(line(MANIFEST.id, MANIFEST.dumps(), sizes)).backups
    assert listed.damage == damage


def test_a_script_or_manifest_that_is_not_as_it_was_written_is_damage() -> None:
    [listed] = parse(line(MANIFEST.id, MANIFEST.dumps(), unsound="back.sh is odd\n")).backups
    assert listed.damage == "back.sh is odd"


def test_the_one_to_be_restored_makes_no_room_for_another() -> None:
    backups = tuple(
        shelf.Listed(manifest(id=id), None, armed=False, sequence=number)
        for number, id in enumerate("abcd")
    )
    found = shelf.superfluous(backups, MANIFEST.service, 1, spared={"b"})
    assert [one.id for one in found] == ["a", "c"]


@pytest.mark.parametrize("program", [shelf.LIST, shelf.probe(FOLDER).script])
def test_its_programs_are_of_any_posix_shell(program: str) -> None:
    done = subprocess.run(
        ["dash", "-n"], input=program, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_folder_that_is_not_there_has_no_backups(tmp_path: Path) -> None:
    said = subprocess.run(
        ["sh", "-c", shelf.probe("/nowhere/at/all").script],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert said.stdout == ""
