"""An update of MAP by the Pulumi CLI that is killed, hung up or interrupted in a step.

Runs when `pulumi` is on PATH.
"""

from collections.abc import Iterator

import pytest

from lab import Lab
from tests.lab.engines import Engine
from tests.lab.faults import CLI_FAULTS
from tests.lab.map_world import ENGINE_ON_DNF
from tests.lab.matrix import Case, play
from tests.lab.project import reset
from tests.lab.scene import Scene
from tests.marks import needs_pulumi

pytestmark = needs_pulumi

STEPS = (
    "take the lock",
    "fetch centreon-map-engine",
    "back up database",
    "compare the configuration",
    "arm the way back",
    "stop centreon-map-engine",
    "change centreon-map-web-client",
    "change centreon-map-engine",
    "merge the configuration",
    "update module",
    "update widget",
    "start centreon-map-engine",
    "wait until MAP",
    "disarm the way back",
)


@pytest.fixture(scope="module")
def scene(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield Scene.of_update(lab, tmp_path_factory.mktemp("cli"), *ENGINE_ON_DNF)
    reset(lab, ENGINE_ON_DNF[:2])


def strike(scene: Scene, fault: str, text: str) -> None:
    step = next(step for step in scene.steps if step.text.startswith(text))
    struck = next(one for one in CLI_FAULTS if one.name == fault)
    outcome = play(scene, Case(step, struck), Engine.PULUMI)
    assert outcome.failures == (), outcome


@pytest.mark.parametrize("fault", ["group", "hang-up"])
def test_a_run_that_lost_its_cli_ends_and_its_host_goes_back(scene: Scene, fault: str) -> None:
    strike(scene, fault, "merge the configuration")


@pytest.mark.endurance
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [fault.name for fault in CLI_FAULTS])
def test_a_run_struck_in_any_step_leaves_nothing_waiting(
    scene: Scene, fault: str, step: str
) -> None:
    strike(scene, fault, step)
