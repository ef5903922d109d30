"""An operation killed at every write: each file is the old or the new one, the next run goes on.

With `pulumi` on PATH, the next run may be the CLI's.
"""

import functools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mapinfra.engine.project.edits import forget, unprotect
from mapinfra.engine.project.stack import load
from mapinfra.engine.project.stacks import init_stack, open_stack, set_config
from mapinfra.engine.state import passphrase as secrets
from mapinfra.errors import StateError
from tests.marks import needs_pulumi
from tests.unit.engine.kills import (
    Kills,
    Operation,
    aftermath,
    consequences,
    expect_whole,
    litter,
    pending,
    state,
)
from tests.unit.engine.realcli import pulumi
from tests.unit.engine.sandbox import Sandbox

UP = ("up", "--yes", "--skip-preview", "--continue-on-error")
UNPROTECT = ("state", "unprotect", "--all", "--yes")
SET = ("config", "set", "--secret", "password", "hidden")


@dataclass(frozen=True)
class Scenario:
    """What is there, the operation that is killed, and with which command the CLI goes on.

    `writes` is the folder that it changes. Where `steps`, it has operations that are pending while
    they are under way.
    """

    name: str
    begin: Callable[[Sandbox], None]
    go: Operation
    by_pulumi: tuple[str, ...] = UP
    steps: bool = True
    writes: str = "backend"

    def __str__(self) -> str:
        return self.name


def up(sandbox: Sandbox) -> None:
    sandbox.up(parallel=1)


def edited(before: dict[str, Any], after: dict[str, Any]) -> Callable[[Sandbox], None]:
    """Return what makes a stack of one program, and then edits it to another."""

    def begin(sandbox: Sandbox) -> None:
        sandbox.program(**before)
        assert sandbox.up().summary.succeeded
        sandbox.program(**after)

    return begin


BEFORE: dict[str, Any] = {
    "folders": {"f": "label"},
    "files": {"a": {"text": "old"}, "d": {"text": "four", "folder": "f"}},
}
AFTER: dict[str, Any] = {
    "files": {"a": {"text": "new"}, "b": {"text_of": "a"}, "c": {"text": "three"}},
    "exports": {"said": "b"},
}


def broken(sandbox: Sandbox) -> None:
    edited(BEFORE, AFTER)(sandbox)
    sandbox.steer("a.broken")


def grown_by_hand(sandbox: Sandbox) -> None:
    (sandbox.world / "a").write_text("by hand")
    sandbox.program(
        folders={"f": "label"},
        files={"a": {"text": "wanted", "folder": "f"}, "n": {"text": "new"}},
    )


def adopt(sandbox: Sandbox) -> None:
    sandbox.run("import", parallel=1)


def drifted(sandbox: Sandbox) -> None:
    sandbox.files(a="one", b="two")
    sandbox.up()
    (sandbox.world / "a").write_text("by hand")
    (sandbox.world / "b").unlink()


def refresh(sandbox: Sandbox) -> None:
    sandbox.run("refresh", parallel=1)


def destroy(sandbox: Sandbox) -> None:
    sandbox.run("destroy", parallel=1)


def state_delete(sandbox: Sandbox) -> None:
    try:
        forget(open_stack(sandbox.project, "dev", sandbox.environment), "f")
    except StateError:
        assert "f" not in sandbox.resources()


def protected(sandbox: Sandbox) -> None:
    sandbox.program(files={"a": {"text": "x", "options": {"protect": True}}})
    sandbox.up()
    sandbox.program()


def state_unprotect(sandbox: Sandbox) -> None:
    unprotect(open_stack(sandbox.project, "dev", sandbox.environment), "a")


def no_stack(sandbox: Sandbox) -> None:
    shutil.rmtree(sandbox.backend / ".pulumi")
    sandbox.config_file.unlink()


def stack_init(sandbox: Sandbox) -> None:
    if not sandbox.state_file.exists():
        init_stack(sandbox.project, "dev", sandbox.environment)
    sandbox.run("refresh")


def config_set(sandbox: Sandbox) -> None:
    set_config(sandbox.project, "dev", sandbox.environment, "password", "hidden", secret=True)


EDITED = Scenario("up", edited(BEFORE, AFTER), up)
SCENARIOS = (
    EDITED,
    Scenario(
        "up that deletes",
        edited(
            {
                "folders": {"f": "label"},
                "files": {
                    "a": {"text": "one", "folder": "f"},
                    "b": {"text_of": "a"},
                    "c": {"text": "three", "after": ["b"]},
                },
            },
            {"files": {"c": {"text": "three"}}},
        ),
        up,
    ),
    Scenario("up of which a part fails", broken, up),
    Scenario("adopt", grown_by_hand, adopt, steps=False),
    Scenario("refresh", drifted, refresh, ("refresh", "--yes", "--skip-preview"), steps=False),
    Scenario("destroy", edited(AFTER, AFTER), destroy, ("destroy", "--yes", "--skip-preview")),
    Scenario("state delete", edited(BEFORE, BEFORE), state_delete, steps=False),
    Scenario("state unprotect", protected, state_unprotect, UNPROTECT, steps=False),
    Scenario("stack init", no_stack, stack_init, ("stack", "select", "--create"), steps=False),
    Scenario("config set", edited(BEFORE, BEFORE), config_set, SET, steps=False, writes="project"),
)

each = pytest.mark.parametrize("scenario", SCENARIOS, ids=str)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox alone in a folder, with keys as the CLI makes them, but each only once."""
    monkeypatch.setattr(secrets, "_aes", functools.cache(secrets._aes))
    monkeypatch.setattr("os.fsync", lambda _handle: None)
    return Sandbox(tmp_path / "sandbox")


def end(sandbox: Sandbox) -> tuple[Any, ...]:
    """Return where a stack has come to: its state, the world, and its config in clear."""
    stack = open_stack(sandbox.project, "dev", sandbox.environment)
    _, crypter = load(stack)
    return state(sandbox), sandbox.live(), stack.config.in_clear(crypter).values


def undisturbed(kills: Kills, *then: Operation) -> tuple[Any, ...]:
    """Return where the operation ends by itself, or with others after it."""
    for operation in (kills.operation, *then):
        operation(kills.sandbox)
    ended = end(kills.sandbox)
    kills.restore()
    return ended


def different(kills: Kills, look: Callable[[Sandbox], str]) -> Iterator[str]:
    """Yield at every write, once the operation was killed there, unless it all looks as before."""
    seen: set[str] = set()
    for where in kills.each():
        left = look(kills.sandbox)
        if left not in seen:
            yield where
        seen.add(left)


@each
def test_killed_at_any_write_it_leaves_whole_files_and_is_completed(
    quick: None, scenario: Scenario, sandbox: Sandbox
) -> None:
    scenario.begin(sandbox)
    kills = Kills(sandbox, scenario.go)
    reference = undisturbed(kills)
    struck: set[str] = set()
    cut_off = 0
    for where in different(kills, aftermath):
        struck.add(where.split("/")[0])
        expect_whole(sandbox)
        assert kills.state_is_old_or_new(), where
        cut_off += len(pending(sandbox))
        scenario.go(sandbox)
        assert end(sandbox) == reference, where
        assert pending(sandbox) == [], where
        assert litter(sandbox) == [], where
    assert struck >= {f"open {scenario.writes}", f"fsync {scenario.writes}"}
    assert (cut_off > 0) == scenario.steps


def by_pulumi(scenario: Scenario) -> Operation:
    """Return what a user of the CLI does next: take away a lock, mend what is broken, go on."""

    def go_on(sandbox: Sandbox) -> None:
        if list(sandbox.locks.glob("*.json")):
            pulumi(sandbox, "cancel", "--yes")
        for broken in sandbox.world.glob("*.broken"):
            broken.unlink()
        pulumi(sandbox, *scenario.by_pulumi)

    return go_on


def cases() -> Iterator[Any]:
    """Yield every scenario; but for one, they take long with the CLI."""
    for scenario in SCENARIOS:
        marks = [] if scenario is EDITED else [pytest.mark.endurance]
        yield pytest.param(scenario, marks=marks, id=str(scenario))


@needs_pulumi
@pytest.mark.parametrize("scenario", list(cases()))
def test_what_was_killed_at_any_write_is_completed_by_the_cli(
    scenario: Scenario, sandbox: Sandbox
) -> None:
    scenario.begin(sandbox)
    kills = Kills(sandbox, scenario.go)
    go_on = by_pulumi(scenario)
    reference = undisturbed(kills, go_on)
    kinds = 0
    for where in different(kills, consequences):
        kinds += 1
        go_on(sandbox)
        assert end(sandbox) == reference, where
    assert kinds > 1
