"""Manifests read back, and which backups may go."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.backup import Listed, Manifest
from mapinfra.backup.dump import Digests
from mapinfra.backup.rehearsal import differences
from mapinfra.backup.shelf import superfluous
from tests.unit.backup.samples import MANIFEST, manifest


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert Manifest.loads(MANIFEST.dumps(), MANIFEST.directory) == MANIFEST
    assert (MANIFEST.rows, MANIFEST.size) == (3, 1015)
    assert MANIFEST.package_files == (f"{MANIFEST.directory}/packages/centreon-map-engine.rpm",)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {}, "tables": {}}', '{"files": 1}'])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Manifest.loads(text, MANIFEST.directory)


def test_a_manifest_of_an_earlier_version_has_its_configuration_in_one_folder() -> None:
    given = json.loads(MANIFEST.dumps())
    del given["elsewhere"]
    assert Manifest.loads(json.dumps(given), MANIFEST.directory) == manifest(elsewhere=())


def test_where_a_backup_lies_is_not_told_by_its_manifest() -> None:
    planted = manifest(directory="/opt").dumps()
    assert Manifest.loads(planted, MANIFEST.directory) == MANIFEST
    with pytest.raises(ValueError, match="it is the manifest of '20240229T120000Z'"):
        Manifest.loads(planted, "/var/backups/mapinfra/other")


@pytest.mark.parametrize(
    ("good", "bad", "place"),
    [
        ('"centreon_map"', '"map`; DROP DATABASE x; --"', "database"),
        ('"utf8mb4"', '"utf8; DROP"', "character_set"),
        ('"/etc/centreon-map"', '"/etc/../opt"', "config_folder"),
        ('"/etc/my.cnf.d/map.cnf"', '"/etc/my.cnf.d/$(id)"', "elsewhere"),
        ('"packages/centreon', '"packages/../../centreon', "files"),
        ('"database.sql"', '"/etc/shadow"', "dump"),
        ('"active": true', '"active": "yes"', "active"),
        ("2024-02-29T12", "2024-02-30T12", "taken_at"),
        ('"rpm"', '"pkg"', "family"),
    ],
)
def test_what_the_way_back_could_not_use_is_no_manifest(good: str, bad: str, place: str) -> None:
    text = MANIFEST.dumps()
    assert good in text
    with pytest.raises(ValueError, match=rf"no manifest of a backup: {place}"):
        Manifest.loads(text.replace(good, bad), MANIFEST.directory)


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_no_changed_byte_is_more_than_a_value_error(position: int, junk: bytes) -> None:
    text = MANIFEST.dumps().encode()
    at = position % len(text)
    changed = (text[:at] + junk + text[at + len(junk) :]).decode(errors="replace")
    with suppress(ValueError):
        Manifest.loads(changed, MANIFEST.directory)


def test_a_manifest_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="no manifest"):
        Manifest.loads("[" * 100_000, MANIFEST.directory)


def shelf(*ids: str, service: str = "centreon-map-engine", armed: str = "") -> tuple[Listed, ...]:
    return tuple(Listed(manifest(id=id, service=service), None, armed=id in armed) for id in ids)


@pytest.mark.parametrize(
    ("keep", "armed", "gone"),
    [(1, "", "abc"), (3, "", "a"), (4, "", ""), (9, "", ""), (0, "", "abc"), (1, "ac", "b")],
)
def test_the_oldest_go_and_never_the_last_nor_an_armed_one(
    keep: int, armed: str, gone: str
) -> None:
    backups = shelf(*"abcd", armed=armed) + shelf("x", service="centreon-map")
    found = superfluous(backups, "centreon-map-engine", keep)
    assert "".join(one.id for one in found) == gone


def test_the_backup_just_taken_is_the_newest_whatever_the_clocks_say() -> None:
    future = [
        Listed(manifest(id=f"f{n}", taken_at=f"2099-01-0{n}T00:00:00Z"), None, False, "", n)
        for n in (1, 2, 3)
    ]
    new = Listed(manifest(id="new"), None, armed=False, sequence=4)
    listed = tuple(sorted((*future, new), key=lambda one: one.order))
    assert [one.id for one in superfluous(listed, MANIFEST.service, 3)] == ["f1"]
    # Even were it the oldest, it is spared.
    oldest = (replace(new, sequence=0), *future)
    assert superfluous(oldest, MANIFEST.service, 3, {"new"}) == ()


def test_backups_without_a_number_are_older_than_those_with_one() -> None:
    old = Listed(manifest(id="old", taken_at="2099-01-01T00:00:00Z"), None, armed=False)
    new = Listed(manifest(id="new"), None, armed=False, sequence=1)
    assert sorted((new, old), key=lambda one: one.order) == [old, new]


def test_only_whole_backups_count_as_kept() -> None:
    listed = tuple(
        Listed(manifest(id=id), None, armed=False, damage=damage, sequence=number)
        for number, (id, damage) in enumerate([("a", ""), ("b", ""), ("c", "x"), ("d", "x")])
    )
    assert superfluous(listed, MANIFEST.service, 2) == ()
    assert [one.id for one in superfluous(listed, MANIFEST.service, 1)] == ["a"]


def test_the_comparison_names_what_is_not_alike() -> None:
    found = Digests({"new": MANIFEST.tables["empty"]}, {**MANIFEST.others, "events": "other"})
    names = ["table empty", "table map_view", "table new"]
    assert differences(MANIFEST, found, events=False) == names
    assert differences(MANIFEST, found, events=True) == ["events", *names]
    same = Digests(MANIFEST.tables, MANIFEST.others)
    assert differences(MANIFEST, same, events=True) == []
