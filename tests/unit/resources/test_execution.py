"""Steps are run in order; when one fails, what was done is taken back."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from mapinfra.errors import ApplyFailed, CommandFailed
from mapinfra.resources.contract import Plan, Step, StepNotBegun, taken_back
from mapinfra.resources.execution import execute
from tests.unit.resources.lamp import (
    LampContext,
    LampKind,
    LampStep,
    Wanted,
    empty_session,
)

ON = Wanted("hall", on=True)


def _execute(kind: LampKind, folder: Path, plan: Plan[LampContext] | None = None) -> list[str]:
    told: list[str] = []
    execute(kind, plan or kind.plan(ON, False), ON, empty_session(folder), told.append)
    return told


def test_steps_are_told_and_done_in_order(tmp_path: Path) -> None:
    kind = LampKind()
    assert _execute(kind, tmp_path) == ["house: [1/2] note hall", "house: [2/2] turn hall on"]
    assert kind.log == ["note hall", "turn hall on"]
    assert kind.live == {"hall": True}


def test_a_plan_without_steps_does_nothing(tmp_path: Path) -> None:
    kind = LampKind()
    assert _execute(kind, tmp_path, Plan(reason="as wanted")) == []
    assert kind.log == []


def test_a_failing_step_is_named_and_what_was_done_is_taken_back(tmp_path: Path) -> None:
    kind = LampKind(broken={"turn hall on": CommandFailed("no power", where="house")})
    with pytest.raises(ApplyFailed) as failed:
        _execute(kind, tmp_path)
    assert str(failed.value) == (
        "house: step 2 of 2 (turn hall on) failed: house: no power; the old state is back"
    )
    assert kind.log == ["note hall", "turn hall on", "turn back", "forget"]


@pytest.mark.parametrize(
    "broken",
    [{}, {"turn hall on": CommandFailed("no power", where="house")}, {"note hall": KeyError("x")}],
)
def test_nothing_is_kept_alive_once_no_step_is_run_any_more(
    tmp_path: Path, broken: dict[str, Exception]
) -> None:
    kind = LampKind(broken=broken)
    with suppress(ApplyFailed, KeyError):
        _execute(kind, tmp_path)
    assert kind.let_go_of == ["hall"]


def test_what_helps_to_decide_is_told_before_anything_is_taken_back(tmp_path: Path) -> None:
    error = CommandFailed("to be decided", where="house", beside=("1 to judge",))
    told: list[str] = []
    kind = LampKind(broken={"turn hall on": error})
    with pytest.raises(ApplyFailed, match="to be decided"):
        execute(kind, kind.plan(ON, False), ON, empty_session(tmp_path), told.append)
    assert told[1:4] == [
        "house: [2/2] turn hall on",
        "house: 1 to judge",
        "house: [undo] turn back",
    ]


def test_a_first_step_that_fails_changed_nothing(tmp_path: Path) -> None:
    kind = LampKind(broken={"note hall": CommandFailed("disk full", where="house")})
    with pytest.raises(ApplyFailed, match="disk full; nothing was changed"):
        _execute(kind, tmp_path)


def test_what_was_found_is_not_forgotten_when_the_change_cant_be_taken_back(
    tmp_path: Path,
) -> None:
    broken = {
        "turn hall on": CommandFailed("no power", where="house"),
        "turn back": CommandFailed("no power either", where="house"),
    }
    kind = LampKind(broken=dict(broken))
    with pytest.raises(ApplyFailed) as failed:
        _execute(kind, tmp_path)
    assert kind.log == ["note hall", "turn hall on", "turn back"]
    assert str(failed.value).endswith(
        "could not be put back: house: turn back (house: no power either), house: forget; "
        "run again to go on"
    )


def test_a_step_that_was_not_begun_is_not_taken_back(tmp_path: Path) -> None:
    kind = LampKind(broken={"turn hall on": StepNotBegun("the light can wait", where="house")})
    with pytest.raises(ApplyFailed, match="the light can wait; the old state is back"):
        _execute(kind, tmp_path)
    assert kind.log == ["note hall", "turn hall on", "forget"]


class Early(LampStep):
    def undo(self, done: Sequence[Step[LampContext]]) -> Iterator[LampStep]:
        yield LampStep(self.host, f"not {self.text}")


class Late(Early):
    turn = 1


def test_steps_are_taken_back_turn_by_turn_in_each_the_latest_first() -> None:
    done = [Late("house", "a"), Early("house", "b"), Late("house", "c"), Early("house", "d")]
    assert [step.text for step in taken_back(done)] == ["not d", "not b", "not c", "not a"]
