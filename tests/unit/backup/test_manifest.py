"""Manifests read back, and which backups may go."""

import pytest

from mapinfra.backup import Listed, Manifest
from mapinfra.backup.dump import Digests
from mapinfra.backup.rehearsal import differences
from mapinfra.backup.shelf import superfluous
from tests.unit.backup.samples import MANIFEST, manifest


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert Manifest.loads(MANIFEST.dumps()) == MANIFEST
    assert (MANIFEST.rows, MANIFEST.size) == (3, 1015)
    assert MANIFEST.package_files == (f"{MANIFEST.directory}/packages/centreon-map-engine.rpm",)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {}, "tables": {}}', '{"files": 1}'])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Manifest.loads(text)


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


def test_the_comparison_names_what_is_not_alike() -> None:
    found = Digests({"new": MANIFEST.tables["empty"]}, {**MANIFEST.others, "events": "other"})
    names = ["table empty", "table map_view", "table new"]
    assert differences(MANIFEST, found, events=False) == names
    assert differences(MANIFEST, found, events=True) == ["events", *names]
    same = Digests(MANIFEST.tables, MANIFEST.others)
    assert differences(MANIFEST, same, events=True) == []
