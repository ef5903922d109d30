"""A dump read back: its end, its tables, their exact rows, and what makes two alike."""

import subprocess
from pathlib import Path

import pytest

from mapinfra.backup import BackupFailed, Table
from mapinfra.backup.dump import DIGEST_PROGRAM, PROGRAM, Digests, read_digests

END = "-- Dump completed on 2024-02-29 12:00:00\n"
NEW_ROWS = """\
INSERT INTO `odd` VALUES
(1,'it\\'s (1),(2)',NULL),
(2,'-- Table structure for table `x`\\n',0x00),
(3,'\\\\','');
"""
OLD_ROWS = """\
INSERT INTO `odd` VALUES (1,'it\\'s (1),(2)',NULL),(2,'),(\\\\',0x00);
INSERT INTO `odd` VALUES (3,'\\\\','');
"""


def dump(rows: str = NEW_ROWS, *, database: str = "x", view: str = "", end: str = END) -> str:
    return f"""\
-- MariaDB dump 10.19
-- Host: localhost    Database: {database}

--
-- Table structure for table `odd`
--

CREATE TABLE `odd` (
  `id` int(11) NOT NULL
);

--
-- Dumping data for table `odd`
--

LOCK TABLES `odd` WRITE;
{rows}UNLOCK TABLES;
DELIMITER ;;
/*!50003 trigger t before insert on odd for each row set @a =
(1) */;;
DELIMITER ;

--
-- Table structure for table `emp``ty`
--

CREATE TABLE `emp``ty` (
  `id` int(11) NOT NULL
);

--
-- Dumping events for database '{database}'
--

--
-- Dumping routines for database '{database}'
--
ALTER DATABASE `{database}` CHARACTER SET latin1 ;
CREATE PROCEDURE `p`()
select 1
;;

--
-- Final view structure for view `v`
--
/*!50001 VIEW `v` AS select {view}`odd`.`id` AS `id` from `odd` */;

{end}"""


def run(text: str, folder: Path, database: str = "x") -> subprocess.CompletedProcess[str]:
    path = folder / "database.sql"
    path.write_text(text)
    return subprocess.run(
        ["bash", "-c", DIGEST_PROGRAM, "bash", str(folder / "digest"), str(path), database],
        capture_output=True,
        text=True,
        check=False,
    )


def digests(text: str, folder: Path, database: str = "x") -> Digests:
    done = run(text, folder, database)
    assert done.returncode == 0, done.stderr
    assert not (folder / "digest").exists()
    return read_digests((folder / "digest.tsv").read_text(), "map")


@pytest.mark.parametrize("rows", [NEW_ROWS, OLD_ROWS], ids=["a line each", "all in one line"])
def test_rows_are_counted_exactly_in_either_format(rows: str, tmp_path: Path) -> None:
    found = digests(dump(rows), tmp_path)
    assert {name: table.rows for name, table in found.tables.items()} == {"odd": 3, "emp``ty": 0}
    assert set(found.others) == {"events", "routines", "view v"}


def test_dumps_of_one_content_are_alike_whatever_the_database_is_called(tmp_path: Path) -> None:
    later = "-- Dump completed on 2031-01-01  0:00:00\n"
    first = digests(dump(database="x", view="`x`."), tmp_path, "x")
    assert digests(dump(database="y", view="`y`.", end=later), tmp_path, "y") == first
    assert digests(dump(database="a$b", view=""), tmp_path, "a$b") == first


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("(3,'\\\\','')", "(3,'\\\\','!')", "odd"),
        ("set @a =", "set @b =", "odd"),
        ("select 1", "select 2", "routines"),
        ("`odd`.`id` AS", "`odd`.`no` AS", "view v"),
    ],
    ids=["a value", "a trigger", "a routine", "a view"],
)
def test_one_change_is_seen_where_it_is(old: str, new: str, name: str, tmp_path: Path) -> None:
    one, two = (digests(text, tmp_path) for text in (dump(), dump().replace(old, new)))
    before: dict[str, object] = {**one.tables, **one.others}
    after: dict[str, object] = {**two.tables, **two.others}
    assert [key for key in before if before[key] != after[key]] == [name]


@pytest.mark.parametrize("cut", [1, 2, 40, 500])
def test_a_dump_without_its_end_is_refused(cut: int, tmp_path: Path) -> None:
    whole = dump(end="-- Dump completed\n")
    done = run(whole[: -cut - len("leted")], tmp_path)
    assert (done.returncode, done.stderr) == (3, "the dump has no end: it was cut off\n")


def test_an_end_in_the_middle_is_no_end(tmp_path: Path) -> None:
    assert run(dump(end=f"{END}INSERT INTO `odd` VALUES\n"), tmp_path).returncode == 3


def test_a_packed_dump_that_was_cut_is_refused(tmp_path: Path) -> None:
    (tmp_path / "database.sql.zst").write_bytes(b"(\xb5/\xfd\x04")
    argv = ["bash", "-c", DIGEST_PROGRAM, "bash", str(tmp_path / "digest")]
    done = subprocess.run(
        [*argv, str(tmp_path / "database.sql.zst"), "x"], capture_output=True, check=False
    )
    assert done.returncode != 0


def test_a_digest_that_lacks_a_line_is_refused() -> None:
    whole = f"table\todd\t3\t{'a' * 64}  -\n"
    assert read_digests(whole, "map").tables == {"odd": Table(3, "a" * 64)}
    for broken in ("table\todd\t3\t\n", f"table\todd\t\t{'a' * 64}  -\n", "\n"):
        with pytest.raises(BackupFailed, match=r"^map: the dump's digest can't be read"):
            read_digests(broken, "map")


@pytest.mark.parametrize("ending", ["", ".zst"])
def test_a_dump_that_fails_fails_also_when_it_is_packed(ending: str, tmp_path: Path) -> None:
    for name, text in {
        "mariadb-dump": "echo half; echo 'view is broken' >&2; exit 2",
        "zstd": "cat",
    }.items():
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\n{text}\n")
        tool.chmod(0o755)
    out = str(tmp_path / f"database.sql{ending}")
    done = subprocess.run(
        ["bash", "-c", PROGRAM, "bash", "/dev/null", "x", out],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "view is broken\n")
