"""Records on a host: read as they were written, and refused when they are damaged."""

import base64
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mapinfra.centreon.reads import RECORDS
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts
from mapinfra.hosts.survey import Reading
from mapinfra.resources import records
from mapinfra.resources.broker import plan
from mapinfra.resources.records import Owner, Record

OUTPUT = {"port": "5758", "host": "", "found": [["name", "x", 0, None, None, None]]}


def _facts(**contents: str) -> Facts:
    lines = [
        f"/var/lib/mapinfra/{name}.json {base64.b64encode(content.encode()).decode()}"
        for name, content in contents.items()
    ]
    return Facts("paris", {RECORDS.name: Reading(0, "\n".join(lines).encode(), b"")}, {})


def _shown(record: Record) -> Any:
    return record["shown"]


def test_a_record_is_read_by_its_name() -> None:
    facts = _facts(page='{"shown": false}', other='{"shown": true}')
    assert records.read(facts, "page", _shown) is False


def test_whose_a_record_is_is_no_part_of_what_was_found() -> None:
    facts = _facts(page='{"shown": true, "owner": "p/dev", "recorded": "NOW"}')
    assert records.read(facts, "page", dict) == {"shown": True}
    assert records.owner(facts, "page") == Owner("p/dev", "NOW")


@pytest.mark.parametrize("facts", [_facts(), _facts(page='{"shown": true}')])
def test_a_record_without_an_owner_is_nobodys(facts: Facts) -> None:
    assert records.owner(facts, "page") is None


def test_a_record_is_written_with_its_stack_and_the_time() -> None:
    text = records._content({"shown": True}, "p/dev").decode()
    assert re.fullmatch(
        r'{\n "owner": "p/dev",\n "recorded": "[-\dT:]+Z",\n "shown": true\n}', text
    )
    assert records._content({"shown": True}, None) == b'{\n "shown": true\n}'


def test_no_record_is_none() -> None:
    assert records.read(_facts(), "page", _shown) is None


@pytest.mark.parametrize("content", ["", "{broken", "[]", "{}"])
def test_a_damaged_record_is_named_with_what_to_do(content: str) -> None:
    with pytest.raises(CentreonError) as error:
        records.read(_facts(page=content), "page", _shown)
    assert str(error.value).startswith("paris: /var/lib/mapinfra/page.json: mapinfra's record")
    assert "restore the file, or delete it" in str(error.value)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"outputs": []},
        {"outputs": {"x": {}}, "restart": False, "configuration": 4},
        {"outputs": {"x": {**OUTPUT, "found": [["name"]]}}, "restart": False, "configuration": 4},
        {"outputs": {"x": OUTPUT}},
    ],
)
def test_a_record_of_outputs_that_lacks_something_is_not_sound(record: Record) -> None:
    with pytest.raises((AttributeError, LookupError, TypeError)):
        plan.sound(record)


def test_a_record_of_outputs_that_is_whole_is_sound() -> None:
    record: Record = {"outputs": {"x": OUTPUT}, "restart": True, "configuration": 4}
    assert plan.sound(record) is record


def _write(path: Path, length: int, content: bytes) -> int:
    argv = ["sh", "-c", records._WRITE, "sh", str(path), str(length)]
    return subprocess.run(argv, input=content, check=False).returncode


def test_a_record_is_written_into_a_folder_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "page.json"
    assert _write(path, 2, b"{}") == 0
    assert path.read_bytes() == b"{}"
    assert [one.name for one in path.parent.iterdir()] == ["page.json"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("came", [b"", b"{"])
def test_a_record_that_came_only_in_part_replaces_nothing(tmp_path: Path, came: bytes) -> None:
    path = tmp_path / "page.json"
    path.write_bytes(b"before")
    assert _write(path, 2, came) != 0
    assert path.read_bytes() == b"before"
