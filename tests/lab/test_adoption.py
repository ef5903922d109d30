"""Servers that are there already, taken into a new stack without touching them."""

import json
import shutil
from typing import Any

from tests.lab.project import REMOTES, Project, images_shown, output_rows, query

SHOW = "UPDATE topology SET topology_show='1' WHERE topology_name='Images'"


def ops(preview: dict[str, Any]) -> dict[str, set[str]]:
    """Map the resources of a preview in JSON, but those of components, to what is to be done."""
    found: dict[str, set[str]] = {}
    for step in preview["steps"]:
        state = step.get("newState") or step["oldState"]
        if state["custom"] and step["op"] not in ("same", "refresh"):
            found.setdefault(step["urn"].split("::")[-1], set()).add(step["op"])
    return found


def untouched(project: Project) -> bool:
    return all(
        output_rows(project.lab, remote) == []
        and project.lab.host(remote).run(["ls", "/var/lib"]).stdout.count("mapinfra") == 0
        for remote in REMOTES
    )


def test_existing_servers_are_adopted_and_then_show_live_against_wanted(project: Project) -> None:
    lab = project.lab
    query(lab.host("lyon"), SHOW)
    adopted = project.mapinfra("adopt", "--yes")
    assert adopted.code == 0, adopted
    assert adopted.out.startswith("lab: 4 adopted"), adopted
    assert untouched(project)
    every = {name for remote in REMOTES for name in (remote, f"{remote}-Images")}
    preview = project.preview()
    assert ops(preview) == {name: {"update"} for name in every}
    shown = {step["urn"].split("::")[-1]: step for step in preview["steps"]}
    assert shown["paris-Images"]["oldState"]["inputs"]["shown"] is False
    assert shown["paris-Images"]["newState"]["inputs"]["shown"] is True
    # What stands as wanted is only recorded, so that it can be left as it was found.
    (step,) = shown["lyon-Images"]["newState"]["inputs"]["plan"]
    assert "record that Images (page 50102) was shown" in step
    if shutil.which("pulumi"):
        theirs = project.pulumi("preview", "--json")
        assert theirs.code == 0, theirs
        assert ops(json.loads(theirs.out)) == ops(preview)
    assert untouched(project)
    again = project.mapinfra("adopt", "--yes")
    assert (again.code, again.out[:16]) == (0, "lab: 4 unchanged"), again
    project.up()
    project.expect_nothing_to_do()
    destroyed = project.mapinfra("destroy", "--yes")
    assert destroyed.code == 0, destroyed
    assert (images_shown(lab, "paris"), images_shown(lab, "lyon")) == (False, True)
    assert all(output_rows(lab, remote) == [] for remote in REMOTES)


def test_a_host_that_is_off_lets_nothing_be_adopted(project: Project) -> None:
    lab = project.lab
    lab.host("paris").power_off()
    try:
        refused = project.mapinfra("adopt", "--yes")
        assert refused.code == 1, refused
        assert "nothing was adopted" in refused.err
        rest = project.mapinfra("adopt", "--yes", "--target", "lyon*")
        assert rest.code == 0, rest
        assert rest.out.startswith("lab: 2 adopted"), rest
    finally:
        lab.host("paris").power_on()
