"""Property paths: how they are read, what they contain, and putting old values back at them."""

import copy
from typing import Any

import pytest

from mapinfra.engine.run.paths import contains, parse, reset
from mapinfra.engine.state.values import Secret


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a", "b", 0, "c")),
        ('a["b c"][1]', ("a", "b c", 1)),
        (r'["quoted \"x\""]', ('quoted "x"',)),
        ("*", ("*",)),
        ("a[*].b", ("a", "*", "b")),
        ("__provider", ("__provider",)),
    ],
)
def test_a_path_is_read(text: str, path: tuple[str | int, ...]) -> None:
    assert parse(text) == path


@pytest.mark.parametrize("text", ["a[", "a[b]", "..", 'a["b'])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no property path"):
        parse(text)


@pytest.mark.parametrize(
    ("pattern", "place", "inside"),
    [
        ("a", "a.b[0]", True),
        ("a.b", "a", False),
        ("*", "anything.at[1].all", True),
        ("a[*].c", "a[3].c.d", True),
        ("a[0]", "a[1]", False),
        ("a", "b", False),
    ],
)
def test_a_place_is_inside_a_path(pattern: str, place: str, inside: bool) -> None:
    assert contains(parse(pattern), parse(place)) is inside


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        ("a", {"a": 1}, {"a": 2, "b": 3}, {"a": 1, "b": 3}),
        ("a", {}, {"a": 2}, {}),
        ("a", {"a": 1}, {}, {"a": 1}),
        ("a.b", {"a": {"b": 1, "c": 1}}, {"a": {"b": 2, "c": 2}}, {"a": {"b": 1, "c": 2}}),
        ("a[1]", {"a": [1, 2]}, {"a": [3, 4]}, {"a": [3, 2]}),
        ("a[5]", {"a": [1]}, {"a": [2]}, {"a": [2]}),
        ("a[*].b", {"a": [{"b": 1}]}, {"a": [{"b": 2, "c": 3}]}, {"a": [{"b": 1, "c": 3}]}),
        ("a.*", {"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"x": 1}}),
        ("*.b", {"a": {"b": 1}}, {"a": {"b": 2}, "c": {"b": 3}}, {"a": {"b": 1}, "c": {"b": 3}}),
        ("a.b", {}, {}, {}),
    ],
)
def test_the_old_value_is_put_back(text: str, old: Any, new: Any, after: Any) -> None:
    assert reset(parse(text), old, new)
    assert new == after


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("a.b", {"a": {"b": 1}}, {}),
        ("a.b", {"a": {"b": 1}}, {"a": 5}),
        ("a[1]", {"a": [1, 2]}, {"a": [3]}),
        ("a[1].b", {"a": [1, {"b": 2}]}, {"a": [3]}),
        ("*.b", {"a": {"b": 1}}, {"c": {"b": 1}}),
    ],
)
def test_what_was_added_or_removed_cant_be_put_back(text: str, old: Any, new: Any) -> None:
    before = copy.deepcopy(new)
    assert not reset(parse(text), old, new)
    assert new == before


def test_a_secret_is_put_back_as_one() -> None:
    new = {"a": Secret({"b": 2})}
    assert reset(parse("a.b"), {"a": Secret({"b": 1})}, new)
    assert new == {"a": Secret({"b": 1})}


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        ("a.b", {"b": 1}, {"b": 2}, {"b": Secret(1)}),
        ("a.b.c", {"b": {"c": 1}}, {"b": {"c": 2}}, {"b": {"c": Secret(1)}}),
        ("a[0]", [1], [2], [Secret(1)]),
        ("a.*", {"b": 1}, {"b": 2}, {"b": Secret(1)}),
    ],
)
def test_what_leaves_a_secret_stays_one(text: str, old: Any, new: Any, after: Any) -> None:
    bag = {"a": new}
    assert reset(parse(text), {"a": Secret(old)}, bag)
    assert bag == {"a": after}
