"""Mending the state: forgetting what can't be undone any more, taking protection off."""

import pytest

from mapinfra.engine.project.edits import forget, unprotect
from mapinfra.engine.project.stacks import open_stack
from mapinfra.engine.state.lock import held
from mapinfra.engine.state.urn import name
from mapinfra.errors import StackLocked, StateError
from tests.unit.engine.sandbox import Sandbox


@pytest.fixture
def converged(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    sandbox = Sandbox(tmp_path_factory.mktemp("forget"))
    sandbox.files(a="one", b="two")
    sandbox.up()
    sandbox.calls()
    return sandbox


def test_a_resource_is_forgotten_and_left_as_it_is(converged: Sandbox) -> None:
    stack = open_stack(converged.project, "dev", converged.environment)
    (urn,) = forget(stack, "a")
    assert urn.endswith("::a")
    assert {"a", "b"} & converged.resources().keys() == {"b"}
    assert converged.live() == {"a": "one", "b": "two"}
    assert converged.calls() == []
    converged.files(b="two")
    assert converged.up().told("done") == {"b": "same"}


def test_what_belongs_to_it_is_forgotten_with_it(converged: Sandbox) -> None:
    inside = {"c": {"text": "three", "folder": "box"}, "d": {"text": "four"}}
    converged.program(folders={"box": "label"}, files=inside)
    converged.up()
    stack = open_stack(converged.project, "dev", converged.environment)
    assert [name(urn) for urn in forget(stack, "box")] == ["c", "box"]
    assert {"box", "c", "d"} & converged.resources().keys() == {"d"}


def test_protection_is_taken_off_by_name(converged: Sandbox) -> None:
    converged.program(files={"a": {"text": "one", "options": {"protect": True}}})
    converged.up()
    stack = open_stack(converged.project, "dev", converged.environment)
    (urn,) = unprotect(stack, "a")
    assert urn.endswith("::a")
    assert "protect" not in converged.resources()["a"]
    assert converged.run("destroy").summary.succeeded
    assert converged.live() == {}


def test_the_stack_itself_is_no_resource_to_forget(converged: Sandbox) -> None:
    stack = open_stack(converged.project, "dev", converged.environment)
    with pytest.raises(StateError, match="no resource sandbox-dev; it has a, b"):
        forget(stack, "sandbox-dev")


def test_a_name_that_isnt_there_lists_what_is(converged: Sandbox) -> None:
    stack = open_stack(converged.project, "dev", converged.environment)
    before = converged.state_file.read_bytes()
    with pytest.raises(StateError, match="no resource c; it has a, b"):
        forget(stack, "c")
    assert converged.state_file.read_bytes() == before


def test_a_locked_stack_is_left_alone(converged: Sandbox) -> None:
    stack = open_stack(converged.project, "dev", converged.environment)
    with held(converged.locks, "dev"), pytest.raises(StackLocked):
        forget(stack, "a")
