"""States that other programs have written are taken up: nothing is to be done, and it can go on."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Lab
from tests.golden import PASSPHRASE, prepared, recordings, take_up
from tests.lab.engines import Engine
from tests.lab.map_world import World
from tests.lab.project import Project, reset

HOSTS = ("central", "paris", "lyon", "map")


@pytest.fixture(scope="module")
def world(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Hosts as the recorded stacks left theirs, made so by another stack."""
    made = prepared(lab, tmp_path_factory.mktemp("world"))
    made.project.up()
    yield made
    reset(lab, HOSTS)


@pytest.mark.parametrize("recording", recordings(), ids=lambda one: one.name)
def test_a_recorded_state_shows_no_change_and_is_continued(
    world: World, tmp_path: Path, recording: Path
) -> None:
    project = Project.make(world.project.lab, tmp_path)
    project.spec = copy.deepcopy(world.project.spec)
    project.write_spec()
    take_up(recording, project.lab, tmp_path)
    project.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    preview = Engine.MAPINFRA.preview(project)
    assert preview.summary == {"same": 10}
    assert "6 unchanged" in project.up().out
    del project.spec["map"]["desktop_client"]
    project.write_spec()
    assert Engine.MAPINFRA.preview(project).operations() == {"central": "update"}
