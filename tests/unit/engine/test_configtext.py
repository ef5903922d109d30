"""A value set in a stack's config as text: all else stays as it was, byte by byte."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.engine.project.configtext import Entry, OddLayout, with_value

COMMENTED = """\
# head
encryptionsalt: v1:a:b  # the salt

config:
    # about a
    sandbox:a: 'one'   # behind a
    sandbox:b: [1,
        2]  # a list

    sandbox:c:  # a secret
        # its text
        secure: v1:x:y
    # below c
# below all
other: |
  text
"""


@pytest.mark.parametrize(
    ("key", "value", "old", "new"),
    [
        ("a", "two", "'one'   #", "two   #"),
        ("b", "x", "[1,\n        2]  #", "x  #"),
        ("b", {"secure": "v1:p:q"}, " [1,\n        2]", "\n      secure: v1:p:q"),
        ("c", "x", "  # a secret\n        # its text\n        secure: v1:x:y", " x"),
        ("new", "5", "    # below c\n", '    # below c\n    sandbox:new: "5"\n'),
        (
            "new",
            {"secure": "v1:p:q"},
            "    # below c\n",
            "    # below c\n    sandbox:new:\n      secure: v1:p:q\n",
        ),
    ],
)
def test_only_the_value_changes(key: str, value: Entry, old: str, new: str) -> None:
    assert COMMENTED.count(old) == 1
    edited = with_value(COMMENTED, ("config", f"sandbox:{key}"), value)
    assert edited == COMMENTED.replace(old, new)


@pytest.mark.parametrize("text", ["1e3", "0o17", "yes", "12:30", "2026-01-02", "5", "~"])
def test_a_text_that_either_engine_would_take_for_more_is_quoted(text: str) -> None:
    assert with_value("", ("config", "a"), text) == f'config:\n  a: "{text}"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "config:\n  a: x\n"),
        ("# only this", "# only this\nconfig:\n  a: x\n"),
        ("---\n", "---\nconfig:\n  a: x\n"),
        ("config:\n", "config:\n  a: x\n"),
        ("config: # none yet\nz: 1\n", "config:\n  a: x # none yet\nz: 1\n"),
        ("config: {}\n", "config:\n  a: x\n"),
        ("z: 1", "z: 1\nconfig:\n  a: x\n"),
        ("config: {b: 1, c: [2]} # in one line\n", "config: {b: 1, c: [2], a: x} # in one line\n"),
        ("config: {b: 1, a: {secure: y}}\n", "config: {b: 1, a: x}\n"),
        ('{"config": {"a": 1}}\n', '{"config": {"a": x}}\n'),
        ("{}\n", "{config: {a: x}}\n"),
        ("config:\r\n  b: 1\r\nz: 1\r\n", "config:\r\n  b: 1\r\n  a: x\r\nz: 1\r\n"),
        ("config:\n  b: |\n    t\n\nz: 1\n", "config:\n  b: |\n    t\n  a: x\n\nz: 1\n"),
        ("config:\n  a: |\n    t\n  b: 1\n", "config:\n  a: x\n  b: 1\n"),
        ("config:\n  a:\n    b:\n    - 1\n    # c\n\nz: 1\n", "config:\n  a: x\n    # c\n\nz: 1\n"),
        ("config:\n  a:\nz: 1\n", "config:\n  a: x\nz: 1\n"),
        ("z: 1\n...\n", "z: 1\nconfig:\n  a: x\n...\n"),
        ("config: &it\n  b: 1\n", "config: &it\n  b: 1\n  a: x\n"),
        ("'config':\n  'a' : 1\n", "'config':\n  'a' : x\n"),
    ],
)
def test_each_layout_is_kept(before: str, after: str) -> None:
    assert with_value(before, ("config", "a"), "x") == after


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  b: &it 1\n  a: *it\n",
        "config:\n  a: &it 1\n  b: *it\n",
        "base: &it {a: 1}\nconfig: *it\n",
        "config:\n  b: |+\n    t\n\n\n",
    ],
)
def test_what_would_harm_another_value_is_refused(text: str) -> None:
    with pytest.raises(OddLayout):
        with_value(text, ("config", "a"), "x")


TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=20
)


@given(
    held=st.dictionaries(TEXTS, TEXTS | st.integers() | st.lists(TEXTS) | st.none(), max_size=4),
    flow=st.booleans(),
    key=TEXTS,
    value=TEXTS | TEXTS.map(lambda text: {"secure": text}),
)
def test_any_text_is_read_back(held: dict[str, object], flow: bool, key: str, value: Entry) -> None:
    before = yaml.safe_dump({"config": held, "z": 1}, default_flow_style=flow, sort_keys=False)
    after = with_value(before, ("config", key), value)
    assert yaml.safe_load(after) == {"config": {**held, key: value}, "z": 1}
