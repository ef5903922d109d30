"""What is there now, as the host prints it."""

import pytest

from mapinfra.backup import BackupFailed, DatabaseContent
from mapinfra.backup.present import read_database, read_files


def test_files_that_differ_are_named_with_what_differs_and_times_do_not_count() -> None:
    lines = [
        "differs etc/map/: Mod time differs",
        "differs etc/map/a: b.conf: Contents differ",
        "differs etc/map/a: b.conf: Mode differs",
        "differs etc/map/a: b.conf: Size differs",
        "differs etc/map/owned: Uid differs",
        "differs etc/map/owned: Gid differs",
        "differs etc/map/same: Mod time differs",
        "differs tar: etc/map/gone: Warning: Cannot stat: No such file or directory",
        "differs etc/map/link: Symlink differs",
        *(f"then etc/map{name}" for name in ("", "/a: b.conf", "/owned", "/same", "/gone")),
        *(f"now etc/map{name}" for name in ("", "/a: b.conf", "/owned", "/same", "/new")),
    ]
    assert read_files(lines) == {
        "/etc/map/a: b.conf": "content, mode",
        "/etc/map/gone": "comes back",
        "/etc/map/link": "link",
        "/etc/map/new": "goes",
        "/etc/map/owned": "owner, group",
    }


def test_a_database_is_its_size_and_the_rows_of_each_table() -> None:
    assert read_database("", "map") is None
    assert read_database("16384\n3\tone\n0\ttwo words\n", "map") == DatabaseContent(
        16384, {"one": 3, "two words": 0}
    )
    assert read_database("0\n", "map") == DatabaseContent(0, {})
    with pytest.raises(BackupFailed, match=r"^map: the database's tables can't be read"):
        read_database("16384\nERROR\n", "map")
