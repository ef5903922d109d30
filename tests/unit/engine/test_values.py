"""Property values on the wire, to and from providers, and for display."""

from decimal import Decimal

import pytest
from hypothesis import given

from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.diff import ValueChange, changes, equal
from mapinfra.engine.state.values import (
    UNKNOWN,
    Secret,
    contains_unknown,
    from_struct,
    mark_secrets,
    masked,
    plain,
    properties,
    to_struct,
)
from tests.unit.engine.test_checkpoint import bags


@given(bags)
def test_what_goes_on_the_wire_comes_off_it(bag: dict[str, object]) -> None:
    assert from_struct(to_struct(bag)) == bag


@given(bags)
def test_nothing_differs_from_itself_and_secrets_do_not_matter(bag: dict[str, object]) -> None:
    assert changes(bag, plain(bag)) == ()
    assert equal(bag, plain(bag))


@given(bags, bags)
def test_a_change_is_told_exactly_when_something_differs(
    old: dict[str, object], new: dict[str, object]
) -> None:
    noise = {"plan", "__provider"}
    old = {key: value for key, value in old.items() if key not in noise}
    new = {key: value for key, value in new.items() if key not in noise}
    assert bool(changes(old, new)) == (plain(old) != plain(new))


def test_a_secret_stays_secret_through_a_provider_and_is_never_shown() -> None:
    inputs = {"open": "x", "deep": {"password": Secret("hunter2")}, "list": [Secret("a"), "b"]}
    returned = mark_secrets(plain(inputs), inputs)
    assert returned == {**inputs, "list": Secret(["a", "b"])}
    assert mark_secrets({"list": ["a", "b", "c"]}, inputs) == {"list": Secret(["a", "b", "c"])}
    assert "hunter2" not in repr(returned)
    assert masked(returned) == {
        "open": "x",
        "deep": {"password": "[secret]"},
        "list": "[secret]",
    }
    changed = {**inputs, "deep": {"password": Secret("hunter3")}}
    assert changes(inputs, changed) == (
        ValueChange(("deep", "password"), "update", "[secret]", "[secret]"),
    )


def test_the_serialized_provider_and_the_plan_are_no_changes() -> None:
    old = {"__provider": "a", "plan": ["x"], "n": 1.0}
    assert changes(old, {"__provider": "b", "plan": [], "n": 1.0}) == ()


def test_paths_quote_keys_that_need_it() -> None:
    (change,) = changes({"a": {"b.c": 1.0}}, {"a": {"b.c": 2.0}})
    assert (change.path, change.old, change.new) == ('a["b.c"]', 1, 2)


def test_what_providers_return_is_brought_to_pulumi_s_types() -> None:
    found = properties({"n": 5758, "none": None, "t": (1, True), "d": {"x": None}})
    assert found == {"n": 5758.0, "t": [1.0, True], "d": {"x": None}}
    assert isinstance(found["n"], float)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}, Decimal(1)])
def test_what_cannot_be_a_value_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="can't be a property value"):
        properties({"x": [value]})


def test_unknown_is_found_however_deep() -> None:
    assert contains_unknown({"a": [{"b": Secret(UNKNOWN)}]})
    assert not contains_unknown({"a": [{"b": Secret("known")}]})


def test_urns_leave_the_stack_out_of_the_chain_of_types() -> None:
    stack = urns.make("dev", "p", "", urns.STACK_TYPE, "p-dev")
    outer = urns.make("dev", "p", stack, "x:index:Outer", "o")
    inner = urns.make("dev", "p", outer, "x:index:Inner", "i")
    leaf = urns.make("dev", "p", inner, "pulumi-python:dynamic/x:Leaf", "a::b")
    assert outer == "urn:pulumi:dev::p::x:index:Outer::o"
    assert leaf == (
        "urn:pulumi:dev::p::x:index:Outer$x:index:Inner$pulumi-python:dynamic/x:Leaf::a::b"
    )
    assert urns.label(leaf) == "a::b (x:Leaf)"


def test_what_is_not_known_yet_is_told_in_words_however_deep_it_is() -> None:
    later = "(known after the change)"
    old = {"list": ["x"], "value": "y"}
    new = {
        "list": ["x", {"name": UNKNOWN}],
        "bag": {"names": [UNKNOWN], "size": 2.0, "word": Secret(UNKNOWN)},
        "value": UNKNOWN,
    }
    assert changes(old, new) == (
        ValueChange(("bag",), "add", new={"names": [later], "size": 2, "word": "[secret]"}),
        ValueChange(("list", 1), "add", new={"name": later}),
        ValueChange(("value",), "update", "y", later),
    )
