"""Any kind as a provider of Pulumi's: what a preview shows, and what is left alone."""

import traceback
from pathlib import Path
from typing import Any

import pulumi
import pytest

from mapinfra.errors import ApplyFailed, CentreonError, CommandFailed, HostUnreachable
from mapinfra.resources import adapter
from mapinfra.resources.adapter import KindProvider
from tests.unit.resources.lamp import LampKind, empty_session

OFF = HostUnreachable("no answer", where="house")


class LampProvider(KindProvider):
    """The provider of a test; each has lamps of its own."""

    def __init__(self, kind: LampKind, folder: Path) -> None:
        super().__init__()
        self.lamps = kind
        self.kind = kind  # type: ignore[misc]
        self._session = empty_session(folder)


@pytest.fixture
def provider(tmp_path: Path) -> LampProvider:
    return LampProvider(LampKind(live={"hall": False}), tmp_path)


def wanted(lamp: str = "hall", *, on: bool = True, **more: Any) -> dict[str, Any]:
    return {"lamp": lamp, "on": on, "__provider": "reference", **more}


def checked(provider: LampProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    result = provider.check({}, inputs)
    assert not result.failures
    return result.inputs


def next_run(provider: LampProvider) -> LampProvider:
    """Return the provider of a later run, which knows nothing of the one before."""
    return LampProvider(provider.lamps, Path())


def created(provider: LampProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    return provider.create(checked(provider, inputs)).outs or {}


def test_check_adds_the_steps_and_what_will_be(provider: LampProvider) -> None:
    assert checked(provider, wanted()) == {
        "lamp": "hall",
        "on": True,
        "warm": True,
        "plan": ["house: note hall", "house: turn hall on"],
    }
    assert provider.lamps.log == []


def test_what_cant_be_as_wanted_is_a_failed_check(provider: LampProvider) -> None:
    (failure,) = provider.check({}, wanted("cellar")).failures
    assert failure.reason == "cellar: there is no such lamp"


def test_create_does_what_check_has_planned_and_returns_nothing_pulumis(
    provider: LampProvider,
) -> None:
    outputs = created(provider, wanted())
    assert outputs == {
        "lamp": "hall",
        "on": True,
        "warm": True,
        "reason": "hall is on already",
    }
    assert provider.lamps.live == {"hall": True}


def test_what_changed_since_the_preview_is_not_applied(provider: LampProvider) -> None:
    provider.lamps.live["hall"] = True
    inputs = checked(provider, wanted())
    provider.lamps.live["hall"] = False
    with pytest.raises(ApplyFailed, match="has changed since the preview"):
        provider.create(inputs)
    assert provider.lamps.log == []


def test_what_is_as_wanted_by_now_needs_nothing(provider: LampProvider) -> None:
    inputs = checked(provider, wanted())
    provider.lamps.live["hall"] = True
    made = provider.create(inputs).outs
    assert made
    assert made["reason"] == "hall is on already"
    assert provider.lamps.log == []


def test_nothing_differs_once_it_is_as_wanted(provider: LampProvider) -> None:
    outputs = created(provider, wanted())
    assert provider.diff("", outputs, checked(provider, wanted())).changes is False


def test_drift_that_shows_in_the_inputs_is_left_to_pulumi_to_find(provider: LampProvider) -> None:
    outputs = created(provider, wanted())
    provider.lamps.live["hall"] = False
    live = provider.read("", outputs)
    assert live.inputs == {
        "lamp": "hall",
        "on": False,
        "warm": False,
        "on_removal": ["hall is off already"],
    }
    assert live.outs is not None
    assert provider.diff("", live.outs, checked(provider, wanted())).changes is None


def test_drift_that_no_input_shows_differs_by_its_plan(provider: LampProvider) -> None:
    inputs = checked(provider, wanted())
    assert provider.diff("", {**inputs, "reason": "old"}, inputs).changes is None
    without_plan = {key: value for key, value in inputs.items() if key != "plan"}
    assert provider.diff("", without_plan, without_plan).changes is True


def test_the_plan_that_was_applied_is_no_drift(provider: LampProvider) -> None:
    recorded = checked(provider, wanted())
    outputs = provider.create(recorded).outs or {}
    live = next_run(provider).read("", outputs)
    assert live.outs is not None
    assert provider.diff("", live.outs, recorded).changes is False


def test_a_plan_recorded_by_an_earlier_version_is_no_change(provider: LampProvider) -> None:
    provider.lamps.live["hall"] = True
    recorded = {"lamp": "hall", "on": True, "warm": True, "plan": [], "reason": "it is on"}
    read = provider.read("", recorded)
    assert read.outs is not None
    result = provider.check(read.inputs or {}, wanted())
    assert result.inputs == read.inputs
    assert provider.diff("", read.outs, result.inputs).changes is False


def test_what_could_not_be_read_is_never_called_unchanged(provider: LampProvider) -> None:
    outputs = created(provider, wanted())
    inputs = checked(provider, wanted())
    provider.lamps.unreadable = OFF
    assert provider.diff("", outputs, inputs).changes is True


def test_what_deleting_would_do_stands_in_the_inputs_of_a_refresh_and_is_no_change(
    provider: LampProvider,
) -> None:
    outputs = created(provider, wanted())
    live = next_run(provider).read("", outputs).inputs or {}
    assert live["on_removal"] == ["house: note hall", "house: turn hall off"]
    assert provider.check(live, wanted()).inputs == live


def test_an_error_tells_itself_alone(provider: LampProvider) -> None:
    inputs = checked(provider, wanted())
    provider.lamps.broken["turn hall on"] = CommandFailed("no power", where="house")
    with pytest.raises(ApplyFailed) as failed:
        provider.create(inputs)
    told = "".join(traceback.format_exception(failed.value))
    assert told.count("no power") == 1
    assert "exception" not in told


UNKNOWN_INPUTS: list[dict[str, Any]] = [
    {"lamp": pulumi.UNKNOWN},
    {"by": {"host": [1, {"name": pulumi.UNKNOWN}]}},
    {"on": pulumi.UNKNOWN, "lamp": pulumi.UNKNOWN},
]


@pytest.mark.parametrize("unknown", UNKNOWN_INPUTS)
def test_what_is_not_known_before_up_is_read_there(
    provider: LampProvider, unknown: dict[str, Any]
) -> None:
    given = {**wanted(), **unknown}
    inputs = checked(provider, given)
    del given["__provider"]
    assert inputs == {**given, "plan": pulumi.UNKNOWN}
    outputs = created(provider, wanted())
    assert provider.diff("", outputs, inputs).changes is None


def test_under_the_cli_it_is_told_which_values_are_not_known(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(adapter, "is_provider_process", lambda: True)
    monkeypatch.setattr(pulumi.log, "info", told.append)
    checked(provider, {**wanted(), **UNKNOWN_INPUTS[1]})
    assert told == ["Lamp: will be read in `up`; not known yet: by.host[1].name"]


def test_an_input_that_takes_no_step_differs_so_that_the_state_follows(
    provider: LampProvider,
) -> None:
    outputs = created(provider, wanted(by="the old address"))
    later = next_run(provider)
    inputs = checked(later, wanted(by="the new address"))
    assert "plan" not in inputs
    assert later.diff("", outputs, inputs).changes is None
    after = later.update("", outputs, inputs).outs
    assert after is not None
    assert after["by"] == "the new address"


def test_what_is_gone_is_told_by_an_empty_id(provider: LampProvider) -> None:
    outputs = created(provider, wanted())
    del provider.lamps.live["hall"]
    gone = provider.read("Lamp/house", outputs)
    assert not gone.id


def test_delete_puts_back_what_was_found(provider: LampProvider) -> None:
    outputs = created(provider, wanted())
    next_run(provider).delete("", outputs)
    assert provider.lamps.live == {"hall": False}


def test_delete_leaves_what_another_resource_has_taken_over(provider: LampProvider) -> None:
    outputs = created(provider, wanted(by="its old name"))
    later = next_run(provider)
    created(later, wanted(by="its new name"))
    later.delete("", outputs)
    assert provider.lamps.live == {"hall": True}


def test_one_thing_in_two_resources_is_refused(provider: LampProvider) -> None:
    checked(provider, wanted(by="one"))
    checked(provider, wanted(by="one"))
    (failure,) = provider.check({}, wanted(by="other")).failures
    assert failure.reason.startswith("lamp hall: two resources hold it")


def test_an_unreachable_host_fails_its_check_and_its_read(provider: LampProvider) -> None:
    outputs = created(provider, wanted())
    provider.lamps.unreadable = OFF
    (failure,) = provider.check({}, wanted()).failures
    assert failure.reason == "house: no answer"
    with pytest.raises(HostUnreachable):
        provider.read("", outputs)


@pytest.mark.parametrize("error", [OFF, CentreonError("no such poller", where="house")])
def test_under_the_cli_what_cant_be_read_keeps_what_is_recorded(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch, error: HostUnreachable | CentreonError
) -> None:
    outputs = created(provider, wanted())
    monkeypatch.setattr(adapter, "is_provider_process", lambda: True)
    provider.lamps.unreadable = error
    read = provider.read("id", outputs)
    assert (read.id, read.outs, read.inputs) == ("id", outputs, None)


def test_under_the_cli_an_unreachable_host_is_a_step_that_says_so(
    provider: LampProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "is_provider_process", lambda: True)
    provider.lamps.unreadable = OFF
    inputs = checked(provider, wanted())
    assert inputs["plan"] == ["house: no answer"]
    with pytest.raises(HostUnreachable):
        provider.create(inputs)


def test_the_steps_of_a_removal_can_be_told_beforehand(provider: LampProvider) -> None:
    outputs = created(provider, wanted())
    later = next_run(provider)
    assert later.removal(outputs) == (["house: note hall", "house: turn hall off"], "")
    created(later, wanted(by="its new name"))
    assert later.removal(outputs) == (
        [],
        "lamp hall is left as it is: the spec has it under another name",
    )
    assert provider.lamps.live == {"hall": True}
