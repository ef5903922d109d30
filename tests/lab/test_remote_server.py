"""A remote server, from the spec to a listening port and back, on real hosts."""

import json
import shutil
from pathlib import Path

from lab import Lab
from tests.lab.project import (
    REMOTES,
    Project,
    images_shown,
    listens,
    output_rows,
    query,
)


def test_up_shows_the_page_makes_the_output_and_sees_the_port(project: Project) -> None:
    lab = project.lab
    assert not any(images_shown(lab, remote) for remote in REMOTES)
    project.up()
    for remote in REMOTES:
        assert images_shown(lab, remote)
        assert len(output_rows(lab, remote)) == 22
        assert listens(lab, remote)


def test_a_preview_on_create_shows_values_and_steps_and_writes_nothing(project: Project) -> None:
    result = project.mapinfra("preview")
    assert result.code == 0, result
    assert "show Images (page 50102) in the menu" in result.out
    assert "in paris-broker, add output Centreon-Map (group 4, 22 rows)" in result.out
    assert not images_shown(project.lab, "paris")
    assert output_rows(project.lab, "paris") == []


def test_an_output_taken_out_of_the_spec_is_removed_and_its_port_closed(project: Project) -> None:
    lab = project.lab
    project.spec["remotes"]["paris"]["broker_outputs"]["second"] = {"port": 5759, "tls": "no"}
    project.write_spec()
    project.up()
    assert listens(lab, "paris", 5759)
    del project.spec["remotes"]["paris"]["broker_outputs"]["second"]
    project.write_spec()
    assert "remove output second" in project.mapinfra("preview").out
    project.up()
    assert not listens(lab, "paris", 5759)
    assert output_rows(lab, "paris", 5759) == []
    assert listens(lab, "paris")
    project.expect_nothing_to_do()


def test_a_remote_taken_out_of_the_spec_is_left_as_it_was_found(project: Project) -> None:
    lab = project.lab
    before = query(lab.host("central"), "SELECT * FROM cfg_centreonbroker_info ORDER BY 1,2,3,4,5")
    project.up()
    del project.spec["remotes"]["paris"]
    project.write_spec()
    project.up()
    assert not images_shown(lab, "paris")
    assert not listens(lab, "paris")
    assert images_shown(lab, "lyon")
    project.expect_nothing_to_do()
    result = project.mapinfra("destroy", "--yes")
    assert result.code == 0, result
    after = query(lab.host("central"), "SELECT * FROM cfg_centreonbroker_info ORDER BY 1,2,3,4,5")
    assert after == before
    assert not lab.host("lyon").run("ls /var/lib/mapinfra").stdout


def test_an_output_made_by_hand_is_taken_over_and_given_back(project: Project) -> None:
    lab = project.lab
    project.up()
    query(
        lab.host("central"),
        "UPDATE cfg_centreonbroker_info SET config_value='Centreon-Studio' WHERE config_key="
        "'name' AND config_value='Centreon-Map'",
    )
    for remote in REMOTES:
        lab.host(remote).run(["rm", "-rf", "/var/lib/mapinfra"])
    found = output_rows(lab, "paris")
    other = Project.make(lab, _beside(project.folder))
    assert "Centreon-Studio" in other.mapinfra("preview").out
    other.up()
    assert ["name", "Centreon-Map", "0", "NULL", "NULL"] in output_rows(lab, "paris")
    result = other.mapinfra("destroy", "--yes")
    assert result.code == 0, result
    assert output_rows(lab, "paris") == found
    assert images_shown(lab, "paris")


def test_a_second_stack_that_names_the_same_remotes_is_refused_and_leaves_them(
    project: Project,
) -> None:
    lab = project.lab
    project.up()
    other = project.beside("staging")
    before = [_held(lab, remote) for remote in REMOTES]
    commands = [("preview",), ("up", "--yes"), ("adopt", "--yes")]
    refusals = [other.mapinfra(*command) for command in commands]
    if shutil.which("pulumi"):
        refusals.append(other.pulumi("preview"))
    for refused in refusals:
        assert refused.code == 1, refused
        told = refused.out + refused.err
        assert "belongs to stack lab of project mapinfra (recorded 20" in told, refused
        assert "/var/lib/mapinfra/" in told, refused
    for name in ("paris-Images", "paris: paris-broker (id", "lyon-Images", "lyon: lyon-broker (id"):
        assert name in refusals[0].out, refusals[0]
    assert other.mapinfra("destroy", "--yes").code == 0
    assert [_held(lab, remote) for remote in REMOTES] == before
    project.expect_nothing_to_do()


def test_a_remote_handed_over_to_another_stack_is_left_by_the_one_that_had_it(
    project: Project,
) -> None:
    lab = project.lab
    project.up()
    other = project.beside("staging")
    for remote in REMOTES:
        edit = 'sed -i \'s|"mapinfra/lab"|"mapinfra/staging"|\' /var/lib/mapinfra/*.json'
        lab.host(remote).run(edit)
    project.spec["remotes"]["paris"]["broker_outputs"]["Centreon-Map"] = {"port": 5760}
    project.write_spec()
    other.up()
    assert "belongs to stack staging of project mapinfra" in project.mapinfra("preview").out
    left = project.mapinfra("destroy", "--yes")
    assert left.code == 0, left
    told = "is left as it is: it belongs to stack staging of project mapinfra"
    assert told in left.out + left.err, left
    assert listens(lab, "paris", 5760)
    assert images_shown(lab, "lyon")
    other.expect_nothing_to_do()


def _held(lab: Lab, remote: str) -> tuple[object, ...]:
    """Return all that mapinfra has made of a remote."""
    records = lab.host(remote).run("cd /var/lib/mapinfra && stat -c '%n %Y' * && cat *").stdout
    return records, output_rows(lab, remote), images_shown(lab, remote), listens(lab, remote)


def _beside(folder: Path) -> Path:
    other = folder.with_name(f"{folder.name}-other")
    other.mkdir()
    return other


def test_outputs_tell_of_a_remote_that_a_run_left_out_what_it_has(project: Project) -> None:
    project.up()
    for remote, port in (("paris", 5760), ("lyon", 5761)):
        project.spec["remotes"][remote]["broker_outputs"]["Centreon-Map"] = {"port": port}
    project.write_spec()
    result = project.mapinfra("up", "--yes", "--target", "**BrokerOutputs::lyon")
    assert result.code == 0, result
    assert listens(project.lab, "paris", 5758)
    (stack,) = [one for one in project.resources() if one["type"] == "pulumi:pulumi:Stack"]
    told = stack["outputs"]["remotes"]
    ports = {name: remote["ports"]["Centreon-Map"] for name, remote in told.items()}
    assert ports == {"paris": 5758, "lyon": 5761}


def test_a_restart_amid_the_transfer_of_the_files_leaves_no_dead_cbd(project: Project) -> None:
    """The watchdog ends for good when watchdog.json is away as it starts."""
    paris = project.lab.host("paris")
    settings = "/etc/centreon-gorgone/config.d/90-lab.json"
    slow = json.loads(paris.run(["cat", settings]).stdout) | {"watchdog_delay": 3}
    paris.run(["tee", settings], input=json.dumps(slow))
    paris.run(["systemctl", "restart", "gorgoned"])
    project.up()
    assert listens(project.lab, "paris")
    journal = paris.run(["journalctl", "-u", "cbd", "--no-pager"]).stdout
    assert "Cannot read file '/etc/centreon-broker/watchdog.json'" in journal
    project.expect_nothing_to_do()
