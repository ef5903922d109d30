"""What one stack holds on a host is refused to another, and left to it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dill  # type: ignore[import-untyped]
import pytest
from pulumi.dynamic.dynamic import serialize_provider

from mapinfra.centreon.reads import RECORDS
from mapinfra.errors import ApplyFailed, CentreonError
from mapinfra.hosts import Facts, Fleet, Target
from mapinfra.hosts.survey import Reading
from mapinfra.resources.session import Session
from mapinfra.resources.types import TopologyFlagProvider
from tests.unit.resources.lamp import LampKind, Wanted
from tests.unit.resources.test_adapter import LampProvider, checked, created, wanted

DEV, STAGING = "mapinfra/dev", "mapinfra/staging"
OWNED = {"shown": True, "owner": DEV, "recorded": "2026-11-28T16:20:11Z"}
BELONGS = "belongs to stack dev of project mapinfra (recorded 2026-11-28T16:20:11Z)"


@dataclass
class RecordedLampKind(LampKind):
    """Lamps with a record each."""

    def records(self, desired: Wanted, live: bool | None) -> Sequence[tuple[Target, str]]:
        return ((self.targets(desired)[0], f"lamp-{desired.lamp}"),)

    def claim(self, desired: Wanted, session: Session) -> None:
        self.log.append(f"{desired.lamp} is {session.stack}'s")

    def forget(self, desired: Wanted, session: Session) -> None:
        self.log.append(f"{desired.lamp} is nobody's")


@pytest.fixture
def provider(tmp_path: Path) -> LampProvider:
    return LampProvider(RecordedLampKind(live={"hall": False}), tmp_path)


def on_host(monkeypatch: pytest.MonkeyPatch, record: dict[str, Any] | None) -> None:
    content = base64.b64encode(json.dumps(record).encode()).decode()
    text = f"/var/lib/mapinfra/lamp-hall.json {content}" if record else ""
    facts = Facts("house", {RECORDS.name: Reading(0, text.encode(), b"")}, {})
    monkeypatch.setattr(Fleet, "facts", lambda _self, _target: facts)


def of(stack: str | None, provider: LampProvider) -> LampProvider:
    provider._session.stack = stack
    return provider


def test_what_another_stack_holds_is_refused_before_anything_is_done(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_host(monkeypatch, OWNED)
    (failure,) = of(STAGING, provider).check({}, wanted()).failures
    assert failure.reason == (
        f"house: lamp hall: {BELONGS}; take it out of one of the two specs; to hand it over, or "
        'when that stack has another name now, write "mapinfra/staging" as owner into '
        "/var/lib/mapinfra/lamp-hall.json there"
    )


@pytest.mark.parametrize("record", [None, {"shown": True}, OWNED])
def test_what_is_its_own_or_nobodys_is_planned_as_ever(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch, record: dict[str, Any] | None
) -> None:
    on_host(monkeypatch, record)
    inputs = checked(of(DEV, provider), wanted())
    assert inputs["plan"] == ["house: note hall", "house: turn hall on"]
    assert not [key for key in inputs if "stack" in key or "owner" in key]


def test_what_another_stack_took_since_the_preview_is_refused(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_host(monkeypatch, None)
    inputs = checked(of(STAGING, provider), wanted())
    on_host(monkeypatch, OWNED)
    with pytest.raises(CentreonError, match="belongs to stack dev"):
        provider.create(inputs)
    assert provider.lamps.log == []


def test_deleting_leaves_what_another_stack_holds(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_host(monkeypatch, None)
    outputs = created(of(STAGING, provider), wanted())
    on_host(monkeypatch, OWNED)
    left = f"lamp hall is left as it is: it {BELONGS}"
    # The claim of the same run says more where there is one.
    provider._session._claims.clear()
    assert provider.removal(outputs) == ([], left)
    assert (provider.read("", outputs).inputs or {})["on_removal"] == [left]
    provider.delete("", outputs)
    assert provider.lamps.live == {"hall": True}
    assert "hall is nobody's" not in provider.lamps.log
    assert provider.removal(outputs) == ([], left)
    assert of(DEV, provider).removal(outputs)[0] == ["house: note hall", "house: turn hall off"]


def test_a_state_that_does_not_tell_its_stack_deletes_nothing_that_has_an_owner(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_host(monkeypatch, OWNED)
    with pytest.raises(CentreonError, match=r"belongs to stack dev .* run up first"):
        of(None, provider).delete("", wanted())
    assert provider.lamps.log == []


def test_a_provider_keeps_its_stack_in_the_state() -> None:
    kept = dill.loads(base64.b64decode(serialize_provider(TopologyFlagProvider(DEV))))
    assert kept.stack == DEV


def test_a_provider_of_an_earlier_state_knows_no_stack() -> None:
    provider = TopologyFlagProvider.__new__(TopologyFlagProvider)
    assert provider.stack is None


def test_a_change_claims_what_it_changed_and_one_that_fails_does_not(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_host(monkeypatch, None)
    of(DEV, provider).lamps.broken["turn hall on"] = CentreonError("it flickers", where="house")
    inputs = checked(provider, wanted())
    with pytest.raises(ApplyFailed):
        provider.create(inputs)
    assert not [line for line in provider.lamps.log if line.endswith("'s")]
    provider.lamps.broken.clear()
    provider.create(inputs)
    assert provider.lamps.log[-1] == "hall is mapinfra/dev's"


def test_what_needs_no_change_is_claimed_by_none(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_host(monkeypatch, None)
    created(of(DEV, provider), wanted(on=False))
    assert provider.lamps.log == []


@pytest.mark.parametrize("on", [True, False])
def test_what_is_deleted_or_left_as_it_is_becomes_nobodys(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch, *, on: bool
) -> None:
    on_host(monkeypatch, None)
    outputs = created(of(DEV, provider), wanted(on=on))
    provider._session._claims.clear()
    provider.delete("", outputs)
    assert provider.lamps.log[-1] == "hall is nobody's"


def test_what_the_program_has_under_another_name_stays_claimed(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_host(monkeypatch, None)
    outputs = created(of(DEV, provider), wanted())
    provider.delete("", outputs)
    assert "hall is nobody's" not in provider.lamps.log
