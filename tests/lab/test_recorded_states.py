"""States that other programs have written are taken up: nothing is to be done, and it can go on."""

from pathlib import Path

import pytest

from tests.golden import PASSPHRASE, recordings, take_up
from tests.lab.engines import Engine
from tests.lab.project import Project


@pytest.mark.parametrize("recording", recordings(), ids=lambda one: one.name)
def test_a_recorded_state_shows_no_change_and_is_continued(
    converged: Project, tmp_path: Path, recording: Path
) -> None:
    project = Project.make(converged.lab, tmp_path)
    take_up(recording, converged.lab, tmp_path)
    project.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    preview = Engine.MAPINFRA.preview(project)
    assert preview.summary == {"same": 7}
    assert "4 unchanged" in project.up().out
    project.spec["remotes"]["paris"]["broker_outputs"]["Centreon-Map"] = {"port": 5760}
    project.write_spec()
    assert Engine.MAPINFRA.preview(project).operations() == {"paris": "update"}
