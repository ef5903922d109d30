"""A mirror of the desktop client: what is moved where, and that it can all be taken back."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.reads import CENTREON_READS, MAP_READS, RECORDS, desktop_reads
from mapinfra.hosts import Ssh, Target
from mapinfra.resources.desktop import mirror_on_host
from mapinfra.resources.desktop.mirror import (
    Arrangement,
    Folder,
    Kept,
    Move,
    arrangement,
    clearance,
    key,
    probe,
    read_folder,
    reverse,
)
from mapinfra.resources.reading import survey_of

OLD, NEW = "client-22.10.1-linux.zip", "client-22.10.5-linux.zip"
VERSIONS = ("22.10.1", "22.10.5", "23.04.1")
NAMES = tuple(f"client-{version}-{one}.zip" for version in VERSIONS for one in ("linux", "macos"))
FOREIGN = st.dictionaries(st.sampled_from((*NAMES, "photos-1.2.3.zip")), st.sampled_from("ab"))


def moved(files: Mapping[str, str], moves: tuple[Move, ...]) -> dict[str, str]:
    """Return files by path after moves, as the host does them."""
    there = dict(files)
    for move in moves:
        if move.source in there and not (move.unless_there and move.target in there):
            assert move.target not in there, move
            there[move.target] = there.pop(move.source)
    return there


def at(kept: Kept, files: Mapping[str, str]) -> Folder:
    """Return what the probe would find."""
    prefix = f"{kept.folder}/"
    names = {path.removeprefix(prefix): total for path, total in files.items()}
    return Folder((), {name: total for name, total in names.items() if "/" not in name})


def brought(
    kept: Kept, files: Mapping[str, str], version: str
) -> tuple[Arrangement, dict[str, str]]:
    """Return what makes a mirror hold a version, and the files with it fetched."""
    fetched = {name: "a" for name in NAMES if version in name}
    staged = {f"{kept.folder}/.mapinfra/new/{name}": total for name, total in fetched.items()}
    return arrangement(kept, at(kept, files), fetched, version), {**files, **staged}


def settled(files: Mapping[str, str]) -> dict[str, str]:
    """Return files after what isn't needed any more was deleted."""
    gone = ("/.mapinfra/new/", "/.mapinfra/old/")
    return {path: total for path, total in files.items() if not any(one in path for one in gone)}


def test_what_was_found_under_a_new_client_s_name_is_set_aside() -> None:
    done = arrangement(Kept("/m"), Folder((), {NEW: "theirs"}), {NEW: "ours"}, "22.10.5")
    assert done.after == Kept("/m", (), "22.10.5", {NEW: "ours"}, (), (NEW,))
    assert clearance(done.after) == (
        Move(f"/m/{NEW}", f"/m/.mapinfra/old/{NEW}"),
        Move(f"/m/.mapinfra/found/{NEW}", f"/m/{NEW}"),
    )


def test_a_client_that_was_there_already_is_taken_as_it_is_and_stays_there() -> None:
    done = arrangement(Kept("/m"), Folder((), {NEW: "ours"}), {NEW: "ours"}, "22.10.5")
    assert done.moves == ()
    assert done.after == Kept("/m", (), "22.10.5", {NEW: "ours"}, (NEW,), ())
    assert clearance(done.after) == ()


def test_what_is_altered_or_missing_is_a_fault() -> None:
    kept = Kept("/m", (), "22.10.5", {NEW: "a", OLD: "b", "x-1.2.3": "c"})
    now = Folder((), {NEW: "a", OLD: "other", "foreign-1.2.3": "d"})
    assert kept.faults(now) == {OLD: "is altered", "x-1.2.3": "is missing"}


@given(FOREIGN, st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=3))
def test_only_the_last_version_is_in_a_mirror_and_clearing_it_gives_what_was_found(
    found: dict[str, str], versions: list[str]
) -> None:
    before = {f"/m/{name}": total for name, total in found.items()}
    kept, files = Kept("/m"), before
    for version in versions:
        work, staged = brought(kept, files, version)
        kept, files = work.after, settled(moved(staged, work.moves))
        clients = [name for name in at(kept, files).sums if name.startswith("client-")]
        assert sorted(clients) == sorted(kept.files)
        assert all(version in name for name in clients)
        assert kept.faults(at(kept, files)) == {}
    assert settled(moved(files, clearance(kept))) == before


@given(FOREIGN, st.sampled_from(VERSIONS), st.sampled_from(VERSIONS), st.integers(0, 12))
def test_moves_taken_back_wherever_they_ended_give_the_old_state(
    found: dict[str, str], first: str, second: str, ended: int
) -> None:
    work, staged = brought(Kept("/m"), {f"/m/{name}": one for name, one in found.items()}, first)
    before = settled(moved(staged, work.moves))
    work, staged = brought(work.after, before, second)
    broken = moved(staged, work.moves[:ended])
    assert moved(broken, reverse(work.moves)) == staged


@given(FOREIGN, st.sampled_from(VERSIONS), st.integers(0, 12))
def test_a_run_that_was_killed_is_completed_and_nothing_that_was_found_is_lost(
    found: dict[str, str], version: str, ended: int
) -> None:
    before = {f"/m/{name}": total for name, total in found.items()}
    work, staged = brought(Kept("/m"), before, version)
    killed = settled(moved(staged, work.moves[:ended]))
    again, staged = brought(work.during, killed, version)
    assert again.after == work.after
    done = settled(moved(staged, again.moves))
    assert settled(moved(done, clearance(again.after))) == before


def test_a_record_is_read_as_it_was_written() -> None:
    kept = Kept("/m", ("/m", "/"), "22.10.5", {NEW: "a"}, (NEW,), (OLD,))
    assert Kept.of_record(json.loads(json.dumps(kept.record()))) == kept


def listed(folder: Path) -> Folder:
    done = subprocess.run(
        ["sh", "-c", probe(str(folder)).script], stdout=subprocess.PIPE, check=True, text=True
    )
    return read_folder(done.stdout)


def test_one_pass_reads_several_mirrors_and_each_record_once() -> None:
    reads = (CENTREON_READS, MAP_READS, *desktop_reads("/a"), *desktop_reads("/b"))
    names = [one.name for one in survey_of(Target(name="x", ssh=Ssh(), reads=reads)).probes]
    assert names.count(RECORDS.name) == 1
    assert {key("/a"), key("/b")} <= set(names)


def test_the_folders_to_be_made_are_listed_and_a_name_is_no_command(tmp_path: Path) -> None:
    folder = tmp_path / "a b;touch c" / "d"
    assert listed(folder) == Folder((str(folder), str(folder.parent)))
    assert list(tmp_path.iterdir()) == []


def test_files_with_a_version_are_listed_with_their_sums(tmp_path: Path) -> None:
    for name in (NEW, "a b 1.2.3", "README", ".hidden-1.2.3.new"):
        (tmp_path / name).write_text("")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert listed(tmp_path) == Folder(
        (), dict.fromkeys((NEW, "a b 1.2.3", ".hidden-1.2.3.new"), empty)
    )


def test_a_file_in_the_way_leaves_all_where_it_was(tmp_path: Path) -> None:
    for name in ("a", "b", "taken"):
        (tmp_path / name).write_text(name)
    moves = [Move(str(tmp_path / "a"), str(tmp_path / "x")), Move("/gone", "/away")]
    moves.append(Move(str(tmp_path / "b"), str(tmp_path / "taken")))
    order = json.dumps({"moves": [list(asdict(one).values()) for one in moves]})
    argv = [sys.executable, "-I", mirror_on_host.__file__, "move", order]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}/taken is in the way\n")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        name: name for name in ("a", "b", "taken")
    }
