"""A run that is confined to some resources changes these and no others."""

from collections.abc import Sequence
from typing import Any

import pytest

from mapinfra.engine.run.targets import Targets
from mapinfra.errors import MapinfraError
from tests.marks import needs_pulumi
from tests.unit.engine.realcli import planned, pulumi_preview, pulumi_up, settled
from tests.unit.engine.sandbox import Sandbox
from tests.unit.engine.shown import shown_by_us

FILE = "urn:pulumi:dev::sandbox::pulumi-python:dynamic/test:File::"


def only(*names: str, dependents: bool = False) -> dict[str, Any]:
    return {"targets": Targets(names, dependents)}


@pytest.fixture
def chain(sandbox: Sandbox) -> Sandbox:
    sandbox.program(
        files={"a": {"text": "1"}, "b": {"text": "2", "after": ["a"]}, "c": {"text": "3"}}
    )
    sandbox.up()
    sandbox.calls()
    sandbox.program(
        files={"a": {"text": "x"}, "b": {"text": "y", "after": ["a"]}, "c": {"text": "z"}}
    )
    return sandbox


@pytest.mark.parametrize("target", ["a", f"{FILE}a", "**::a", f"{FILE}a*"])
def test_a_target_is_a_name_a_urn_or_a_pattern(chain: Sandbox, target: str) -> None:
    assert chain.up(**only(target)).told("done") == {"a": "update"}
    assert chain.live() == {"a": "x", "b": "2", "c": "3"}
    assert [line for line in chain.calls() if line != "configure"] == ["read a", "update a"]


def test_dependents_are_targets_when_asked_for(chain: Sandbox) -> None:
    done = chain.up(**only("a", dependents=True))
    assert done.told("done") == {"a": "update", "b": "update"}
    assert chain.live() == {"a": "x", "b": "y", "c": "3"}


def test_the_others_keep_what_is_recorded_of_them(chain: Sandbox) -> None:
    before = chain.resources()
    chain.up(**only("a"))
    after = chain.resources()
    assert {key: after[key] for key in "bc"} == {key: before[key] for key in "bc"}
    assert chain.preview().told("planned") == {"a": "same", "b": "update", "c": "update"}


def test_what_isnt_there_and_no_target_isnt_made(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "1"}, "b": {"text": "2"}}, exports={"t": "b"})
    done = sandbox.up(**only("a"))
    assert done.summary.succeeded
    assert sandbox.live() == {"a": "1"}
    assert "b" not in sandbox.resources()


def test_a_target_that_needs_what_isnt_made_fails(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "1"}, "b": {"text_of": "a"}, "c": {"text_of": "a"}})
    done = sandbox.up(**only("b"))
    assert done.message("b") == (
        "needs a (test:File), which isn't there yet and is no target; add --target a"
    )
    assert sandbox.live() == {}


def test_only_targets_are_deleted(chain: Sandbox) -> None:
    chain.program(files={"a": {"text": "1"}})
    assert chain.up(**only("c")).told("done") == {"c": "delete"}
    assert chain.live() == {"a": "1", "b": "2"}


def test_what_a_target_takes_with_it_must_be_a_target_too(chain: Sandbox) -> None:
    for preview in (False, True):
        done = chain.run("destroy", **only("a"), preview=preview)
        assert done.message("b") == (
            "would be deleted with what it needs, but is no target; "
            "add --target b, or --target-dependents"
        )
        assert not done.summary.succeeded
    assert chain.live() == {"a": "1", "b": "2", "c": "3"}
    done = chain.run("destroy", **only("a", dependents=True))
    assert done.told("done") == {"a": "delete", "b": "delete"}
    assert chain.live() == {"c": "3"}


def test_only_targets_are_refreshed(chain: Sandbox) -> None:
    for name in "ac":
        (chain.world / name).write_text("by hand")
    assert chain.run("refresh", **only("a")).told("done") == {"a": "refresh"}
    assert chain.resources()["c"]["inputs"]["text"] == "3"


def test_a_target_that_is_nowhere_is_refused(chain: Sandbox) -> None:
    before = chain.live()
    done = chain.up(**only("nobody"))
    assert done.log == ["--target: no resource is named nobody; there is a, b, c"]
    assert not done.summary.succeeded
    with pytest.raises(MapinfraError, match="no resource is named nobody; there is a, b, c"):
        chain.run("destroy", **only("nobody"))
    assert chain.live() == before


def flags(targets: Targets) -> Sequence[str]:
    named = [word for one in targets.patterns for word in ("--target", f"{FILE}{one}")]
    return [*named, *(["--target-dependents"] if targets.dependents else [])]


@needs_pulumi
@pytest.mark.parametrize("targets", [Targets(("a",)), Targets(("a",), dependents=True)])
def test_both_engines_keep_to_the_targets(chain: Sandbox, targets: Targets) -> None:
    expected = pulumi_preview(chain, *flags(targets))
    found = shown_by_us(chain, targets=targets)
    assert planned(found) == planned(expected)
    assert found["changeSummary"] == expected["changeSummary"]
    chain.up(targets=targets)
    ours = settled(chain)
    for name, text in {"a": "1", "b": "2"}.items():
        (chain.world / name).write_text(text)
    pulumi_up(chain, *flags(targets))
    assert settled(chain) == ours
