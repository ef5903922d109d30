"""JSON from hosts, APIs and files is read, or refused in words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.backup.wayback import Back
from mapinfra.centreon.facts import json_object
from mapinfra.engine.state import checkpoint
from mapinfra.errors import StateError
from mapinfra.jsontext import DEEPEST, loads
from mapinfra.rollback import Entry

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_what_is_json_is_read(value: object) -> None:
    assert loads(json.dumps(value)) == value


@pytest.mark.parametrize("depth", [DEEPEST + 2, 900, 100_000])
@pytest.mark.parametrize("brackets", ["[]", '{"a":}'])
def test_what_is_too_deep_is_refused_in_words(depth: int, brackets: str) -> None:
    begin, end = brackets[:-1], brackets[-1]
    text = begin * depth + "1" + end * depth
    with pytest.raises(ValueError, match="nested more than"):
        loads(text)


@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        loads(content)
    except ValueError:
        return


DEEP = "[" * 5000 + "]" * 5000


def test_whoever_reads_deep_json_says_so() -> None:
    for read in (Entry.loads, Back.loads):
        with pytest.raises(ValueError, match="nested more than"):
            read(DEEP)
    assert json_object(DEEP.encode()) is None
    with pytest.raises(StateError, match=r"^lab: .*nested more than"):
        checkpoint.parse(DEEP.encode(), "lab", lambda _: str)
