"""Faults that strike an update of MAP; `python -m bench.reliability` plays all of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Host, Lab
from tests.lab.faults import FAULTS
from tests.lab.map_world import ENGINE_ON_DNF, LEGACY_ON_APT, wait_until
from tests.lab.matrix import Case, play
from tests.lab.project import reset
from tests.lab.scene import PlannedStep, Scene, restore

HELD = "/run/mapinfra/centreon-map-engine.service.back.lock"


def scene_of(lab: Lab, folder: Path, world: tuple[str, str, str]) -> Iterator[Scene]:
    yield Scene.of_update(lab, folder, *world)
    reset(lab, world[:2])


@pytest.fixture(scope="module")
def engine(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield from scene_of(lab, tmp_path_factory.mktemp("engine"), ENGINE_ON_DNF)


@pytest.fixture(scope="module")
def legacy(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    yield from scene_of(lab, tmp_path_factory.mktemp("legacy"), LEGACY_ON_APT)


def step_of(scene: Scene, text: str) -> PlannedStep:
    return next(step for step in scene.steps if step.text.startswith(text))


def strike(scene: Scene, fault: str, text: str, *, middle: bool = False) -> str:
    step = step_of(scene, text)
    struck = next(one for one in FAULTS if one.name == fault)
    outcome = play(scene, Case(step, struck, middle))
    assert outcome.failures == (), outcome
    return outcome.left


def test_a_run_that_is_killed_in_a_transaction_is_completed_without_a_trace(engine: Scene) -> None:
    strike(engine, "kill", "change centreon-map-engine", middle=True)


def test_a_run_that_goes_back_while_its_host_does_says_that_the_old_state_is_back(
    engine: Scene,
) -> None:
    host = engine.world.host
    restore(engine.world)
    begun = engine.begin(step_of(engine, "merge the configuration"))
    begun.pause()
    way_back = host.run("cd /etc/systemd/system; echo mapinfra-back.*.service").stdout.strip()
    # Both ways back wait for each other's lock: the host's own is to be the first.
    host.run(["systemd-run", "--unit=first-of-all", "flock", HELD, "sleep", "infinity"])
    wait_until(lambda: host.run(["flock", "-n", HELD, "true"], check=False).returncode != 0)
    host.run(["systemctl", "start", "--no-block", way_back])
    wait_until(lambda: waiting_for_the_lock(host) == 1)
    begun.go_on()
    wait_until(lambda: waiting_for_the_lock(host) == 2)
    host.run(["systemctl", "stop", "first-of-all"])
    result = begun.end()
    assert "the old state is back" in result.out, result
    assert engine.world.state() == engine.before


def waiting_for_the_lock(host: Host) -> int:
    """How many ways back wait for their turn."""
    found = host.run(["pgrep", "-c", "-fx", "flock 9"], check=False).stdout
    return int(found)


@pytest.mark.endurance
def test_a_host_that_loses_power_while_its_service_is_stopped_serves_again(engine: Scene) -> None:
    strike(engine, "reboot", "stop centreon-map")


@pytest.mark.endurance
def test_a_full_disk_does_not_stand_in_the_way_back(engine: Scene) -> None:
    assert strike(engine, "disk", "merge the configuration") == "old state"


@pytest.mark.endurance
@pytest.mark.parametrize("fault", [fault.name for fault in FAULTS])
def test_a_struck_update_of_the_legacy_edition_ends_as_promised(legacy: Scene, fault: str) -> None:
    strike(legacy, fault, "change centreon-map-server", middle=True)
