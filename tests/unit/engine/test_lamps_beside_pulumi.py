"""What the Pulumi CLI shows of resources of mapinfra's own contract, and what it counts as drift.

Runs when `pulumi` is on PATH.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.marks import needs_pulumi
from tests.unit.engine.realcli import FAILED, NO_CHANGES, UNEXPECTED, pulumi, pulumi_up, run
from tests.unit.engine.sandbox import Sandbox

pytestmark = needs_pulumi

DRIFT_OF = ("refresh", "--preview-only", *NO_CHANGES)


@pytest.fixture
def house(sandbox: Sandbox) -> Sandbox:
    """A project with two lamps that are to be on, and off so far."""
    shutil.copy(Path(__file__).with_name("lamps.py"), sandbox.project)
    (sandbox.project / "__main__.py").write_text("from lamps import main\n\nmain()\n")
    live(sandbox, hall=False, attic=False, broken=False)
    wanted(sandbox, hall={"on": True}, attic={"on": True, "keep": True})
    return sandbox


def live(house: Sandbox, **lamps: bool) -> None:
    (house.project / "lamps.json").write_text(json.dumps(lamps))


def wanted(house: Sandbox, **lamps: dict[str, Any]) -> None:
    (house.project / "wanted.json").write_text(json.dumps(lamps))


def test_the_plan_that_was_applied_is_no_drift(house: Sandbox) -> None:
    pulumi_up(house)
    pulumi(house, *DRIFT_OF)
    assert house.run("refresh", preview=True).told("done") == {}
    live(house, hall=False, attic=True)
    assert re.search("on +: true => false", pulumi(house, *DRIFT_OF, "--diff", code=UNEXPECTED))
    pulumi_up(house)
    pulumi(house, *DRIFT_OF)
    pulumi(house, "preview", *NO_CHANGES)


def test_a_preview_shows_what_a_removal_does_and_only_that(house: Sandbox) -> None:
    pulumi_up(house)
    wanted(house)
    shown = pulumi(house, "preview", "--diff")
    assert '[0]: "house: turn hall off"' in shown
    assert '[0]: "attic is forgotten; it stays as it is"' in shown
    assert "plan" not in shown
    told = pulumi_up(house)
    assert "attic is forgotten; it stays as it is" in told
    assert json.loads((house.project / "lamps.json").read_text())["attic"] is True


def test_a_state_that_learns_its_stack_shows_no_change(house: Sandbox) -> None:
    pulumi_up(house)
    (house.project / "stack").write_text("p/dev")
    pulumi(house, "preview", *NO_CHANGES)
    told = house.run("update", preview=True).told("planned")
    assert told == {"hall": "same", "attic": "same"}
    pulumi_up(house)
    pulumi(house, *DRIFT_OF)
    assert house.run("refresh", preview=True).told("done") == {}


def test_a_saved_plan_holds_what_was_shown(house: Sandbox) -> None:
    wanted(house, hall={"on": True})  # the CLI may do others before it refuses one
    plan = str(house.project / "plan.json")
    pulumi(house, "preview", "--save-plan", plan)
    live(house, hall=True, attic=False)
    refused = pulumi(house, "up", "--yes", "--skip-preview", "--plan", plan, code=FAILED)
    assert "violates plan" in refused
    live(house, hall=False, attic=False)
    pulumi(house, "up", "--yes", "--skip-preview", "--plan", plan)
    pulumi(house, "preview", *NO_CHANGES)


def test_a_failure_is_told_in_one_line_without_what_led_to_it(house: Sandbox) -> None:
    wanted(house, broken={"on": True})
    failed = run(house, "up", "--yes", "--skip-preview")
    assert failed.returncode == FAILED
    told = failed.stdout + failed.stderr
    assert "it stays dark" in told
    assert "direct cause" not in told, told
    assert "no bulb" not in told, told
