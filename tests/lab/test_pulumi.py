"""The same program under the real Pulumi CLI; skipped where there is none on PATH."""

import json
import shutil
from pathlib import Path

import pytest

from lab import Lab
from tests.lab.map_world import ENGINE_ON_DNF, NEWER, OLD, make
from tests.lab.project import REMOTES, Project, images_shown, listens, output_rows, query

pytestmark = pytest.mark.skipif(
    shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"
)


def test_preview_up_drift_and_destroy_with_the_real_cli(project: Project) -> None:
    lab = project.lab
    preview = project.pulumi("preview", "--diff")
    assert preview.code == 0, preview
    assert "mapinfra:TopologyFlag" in preview.out
    assert "show Images (page 50102) in the menu" in preview.out
    assert output_rows(lab, "paris") == []
    up = project.pulumi("up", "--yes", "--skip-preview")
    assert up.code == 0, up
    for remote in REMOTES:
        assert images_shown(lab, remote)
        assert len(output_rows(lab, remote)) == 22
        assert listens(lab, remote)
    assert project.pulumi("preview", "--expect-no-changes").code == 0
    query(lab.host("paris"), "UPDATE topology SET topology_show='0' WHERE topology_name='Images'")
    drift = project.pulumi("preview", "--diff")
    assert "false => true" in drift.out, drift
    assert project.pulumi("up", "--yes", "--skip-preview").code == 0
    assert images_shown(lab, "paris")
    destroy = project.pulumi("destroy", "--yes", "--skip-preview")
    assert destroy.code == 0, destroy
    for remote in REMOTES:
        assert not images_shown(lab, remote)
        assert output_rows(lab, remote) == []


def test_either_engine_goes_on_where_the_other_stopped(project: Project) -> None:
    lab = project.lab
    project.up()
    result = project.pulumi("preview", "--expect-no-changes")
    assert result.code == 0, result
    query(lab.host("paris"), "UPDATE topology SET topology_show='0' WHERE topology_name='Images'")
    assert project.pulumi("up", "--yes", "--skip-preview").code == 0
    project.expect_nothing_to_do()
    assert project.pulumi("destroy", "--yes", "--skip-preview").code == 0
    project.up()
    assert images_shown(lab, "paris")
    export = project.pulumi("stack", "export")
    assert export.code == 0, export
    assert json.loads(export.out)["deployment"]["resources"]


def test_both_previews_list_the_same_steps_on_the_same_resources(project: Project) -> None:
    ours = project.preview()
    theirs = json.loads(project.pulumi("preview", "--json").out)

    def told(preview: dict[str, object]) -> dict[str, object]:
        steps = preview["steps"]
        assert isinstance(steps, list)
        return {
            step["urn"]: (step["op"], step.get("newState", {}).get("inputs", {}).get("plan"))
            for step in steps
        }

    assert told(ours) == told(theirs)


def test_a_remote_that_is_off_is_one_line_with_the_real_cli(project: Project) -> None:
    project.lab.host("paris").power_off()
    result = project.pulumi("up", "--yes", "--skip-preview", "--continue-on-error")
    assert result.code != 0, result
    assert "Traceback" not in result.out + result.err
    assert "KeyboardInterrupt" not in result.out + result.err
    assert "paris" in result.out + result.err


def test_an_update_of_map_with_the_real_cli_then_both_engines_find_nothing(
    lab: Lab, tmp_path: Path
) -> None:
    world = make(lab, tmp_path, *ENGINE_ON_DNF)
    world.want(NEWER)
    preview = world.project.pulumi("preview", "--diff")
    assert preview.code == 0, preview
    assert "mapinfra:MapInstallation" in preview.out
    assert f"back up database {world.server.edition.database}" in preview.out
    assert world.version() == OLD
    up = world.project.pulumi("up", "--yes", "--skip-preview")
    assert up.code == 0, up
    assert world.version() == NEWER
    assert world.web_versions() == (NEWER, NEWER, NEWER)
    assert world.service() == ("active", "enabled")
    again = world.project.pulumi("preview", "--expect-no-changes")
    assert again.code == 0, again
    world.project.expect_nothing_to_do()
