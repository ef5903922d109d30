"""Plans of real servers: applied as a whole, or refused."""

from tests.lab.project import Project, images_shown, output_rows, query

HIDE = "UPDATE topology SET topology_show='0' WHERE topology_name='Images'"


def save(project: Project) -> None:
    saved = project.mapinfra("preview", "--save-plan", "plan.json")
    assert saved.code == 0, saved
    text = (project.folder / "plan.json").read_text()
    for file in (project.lab.directory / "secrets").iterdir():
        assert file.read_text().strip() not in text, file.name


def test_a_plan_is_done_and_refused_as_a_whole_when_a_host_has_drifted(project: Project) -> None:
    lab = project.lab
    save(project)
    done = project.mapinfra("up", "--yes", "--plan", "plan.json")
    assert done.code == 0, done
    project.expect_nothing_to_do()
    project.spec["remotes"]["paris"]["broker_outputs"]["Centreon-Map"] = {"port": 5760}
    project.write_spec()
    save(project)
    query(lab.host("lyon"), HIDE)
    refused = project.mapinfra("up", "--yes", "--plan", "plan.json")
    assert refused.code == 1, refused
    assert (
        "error: lyon-Images (mapinfra:TopologyFlag): planned was same, and now it would be: update"
        in refused.err
    )
    assert refused.err.endswith("error: the plan no longer fits; nothing was changed\n")
    assert not images_shown(lab, "lyon")
    assert output_rows(lab, "paris", 5760) == []
