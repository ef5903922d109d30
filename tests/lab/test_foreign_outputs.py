"""Outputs as others leave them: untidy rows, other names, other types, other configurations."""

import json
from typing import Any

import pytest

from lab import Lab
from tests.lab.project import Project, listens, output_rows, query, serve_nothing

FILE = "/etc/centreon-broker/paris-broker.json"


def clapi(lab: Lab, action: str, values: str) -> None:
    """Do something with CLAPI on the central, as an administrator would."""
    password = (lab.directory / "secrets/api_password").read_text()
    command = ["centreon", "-u", "admin", "-p", password, "-a", action, "-v", values]
    lab.host("central").run([*command, "-o", "CENTBROKERCFG"] if ";" in values else command)


def add_by_clapi(lab: Lab, name: str) -> None:
    """Add an output as CLAPI does: a category that is empty, no filters row."""
    clapi(lab, "addoutput", f"paris-broker;{name};ipv4")
    clapi(lab, "setoutput", "paris-broker;4;port;5758")


def rows_of_paris(lab: Lab) -> list[list[str]]:
    return sorted(
        query(
            lab.host("central"),
            "SELECT config_group, config_group_id, config_key, config_value, grp_level, subgrp_id, "
            "parent_grp_id FROM cfg_centreonbroker_info WHERE config_id IN (4, 6)",
        )
    )


def file_of_paris(lab: Lab) -> Any:
    return json.loads(lab.host("paris").run(["cat", FILE]).stdout)["centreonBroker"]["output"]


def only_paris(project: Project, **output: Any) -> None:
    del project.spec["remotes"]["lyon"]
    project.spec["remotes"]["paris"]["pages"] = {}
    project.spec["remotes"]["paris"]["broker_outputs"]["Centreon-Map"] = output
    project.write_spec()


def test_untidy_rows_of_the_vendors_name_are_taken_over_and_given_back(project: Project) -> None:
    lab = project.lab
    add_by_clapi(lab, "Centreon-Studio")
    only_paris(project)
    before = rows_of_paris(lab)
    preview = project.mapinfra("preview")
    assert "paris: take over output Centreon-Studio (ipv4, group 4) as Centreon-Map" in preview.out
    project.up()
    assert len(output_rows(lab, "paris")) == 22
    assert listens(lab, "paris")
    project.expect_nothing_to_do()
    result = project.mapinfra("destroy", "--yes")
    assert result.code == 0, result
    assert rows_of_paris(lab) == before
    assert file_of_paris(lab)[-1]["name"] == "Centreon-Studio"
    assert "filters" not in file_of_paris(lab)[-1]


def test_a_failure_gives_untidy_rows_back(project: Project) -> None:
    lab, paris = project.lab, project.lab.host("paris")
    add_by_clapi(lab, "Centreon-Studio")
    only_paris(project)
    project.spec["defaults"]["ssh"]["command_timeout"] = 5
    project.write_spec()
    before = rows_of_paris(lab)
    serve_nothing(paris)
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "the old state is back" in result.out
    assert rows_of_paris(lab) == before
    assert file_of_paris(lab)[-1]["name"] == "Centreon-Studio"


def test_untidy_rows_that_generate_the_same_are_mended_without_a_deployment(
    project: Project,
) -> None:
    lab = project.lab
    only_paris(project)
    project.up()
    good = rows_of_paris(lab)
    query(lab.host("central"),
          "INSERT INTO cfg_centreonbroker_info (config_id, config_key, config_value, config_group,"
          " config_group_id) VALUES (4, 'category', '', 'output', 4), (4, 'tls', 'auto', 'output',"
          " 4), (4, 'filters', '', 'output', 4)")  # fmt: skip
    tasks = "SELECT COUNT(*) FROM task WHERE type = 'export'"
    before = query(lab.host("central"), tasks)
    started = lab.host("paris").run("systemctl show -p ExecMainStartTimestamp cbd").stdout
    result = project.up()
    assert "restart cbd" not in result.out + result.err
    assert rows_of_paris(lab) == good
    assert query(lab.host("central"), tasks) == before
    assert lab.host("paris").run("systemctl show -p ExecMainStartTimestamp cbd").stdout == started
    project.expect_nothing_to_do()


def test_an_output_of_another_name_is_taken_over_only_where_the_spec_says_so(
    project: Project,
) -> None:
    lab = project.lab
    add_by_clapi(lab, "wall")
    only_paris(project)
    before = rows_of_paris(lab)
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "port 5758 is used already by wall (ipv4, group 4)" in result.out + result.err
    assert "write `take_over: wall`" in result.out + result.err
    assert rows_of_paris(lab) == before
    project.spec["remotes"]["paris"]["broker_outputs"]["Centreon-Map"] = {"take_over": "wall"}
    project.write_spec()
    project.up()
    assert len(output_rows(lab, "paris")) == 22
    project.expect_nothing_to_do()


def test_a_port_of_another_active_configuration_is_refused(project: Project) -> None:
    lab = project.lab
    clapi(lab, "addoutput", "paris-rrd;other;ipv4")
    clapi(lab, "setoutput", "paris-rrd;1;port;5758")
    result = project.mapinfra("preview")
    assert result.code == 1, result
    assert "port 5758 is used already by other (ipv4, group 1) of paris-rrd" in result.out
    query(lab.host("central"), "UPDATE cfg_centreonbroker SET config_activate = '0' "
                               "WHERE config_name = 'paris-rrd'")  # fmt: skip
    assert project.mapinfra("preview").code == 0


def test_a_port_that_another_cbd_holds_is_not_called_served(project: Project) -> None:
    paris = project.lab.host("paris")
    only_paris(project)
    project.up()
    text = paris.run(["cat", FILE]).stdout
    foreign = json.loads(text)
    foreign["centreonBroker"]["input"] = []
    foreign["centreonBroker"]["broker_name"] = "other"
    paris.run(["tee", "/etc/centreon-broker/other.json"], input=json.dumps(foreign))
    paris.run(["systemctl", "stop", "cbd"])
    paris.run("systemd-run --unit=other-cbd --quiet /usr/sbin/cbd /etc/centreon-broker/other.json")
    paris.run("until ss -Hltn 'sport = :5758' | grep -q .; do :; done")
    paris.run(["systemctl", "start", "cbd"])
    preview = project.mapinfra("preview", "--diff")
    assert "served: false → true" in preview.out, preview
    project.spec["defaults"]["ssh"]["command_timeout"] = 5
    project.write_spec()
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert "cbd did not listen as configured (ports 5758)" in result.out
    paris.run(["systemctl", "stop", "other-cbd"])
    project.up()
    project.expect_nothing_to_do()


@pytest.mark.parametrize("shifted", [False, True])
def test_a_bbdo_server_is_made_served_and_taken_away(project: Project, shifted: bool) -> None:
    lab = project.lab
    if shifted:  # an upgraded platform, where ids were given by auto_increment
        tables = ("cb_type", "cb_tag_type_relation", "cb_type_field_relation")
        shift = "; ".join(f"UPDATE {t} SET cb_type_id = 61 WHERE cb_type_id = 35" for t in tables)
        query(lab.host("central"), f"SET foreign_key_checks = 0; {shift}")
    only_paris(project, type="bbdo_server")
    before = rows_of_paris(lab)
    project.up()
    rows = {key: value for key, value, *_ in output_rows(lab, "paris")}
    assert rows["blockId"] == ("1_61" if shifted else "1_35")
    assert file_of_paris(lab)[-1] == {
        "name": "Centreon-Map", "type": "bbdo_server", "port": "5758", "transport_protocol": "TCP",
        "encryption": "no", "compression": "no", "retention": "no",
        "filters": {"category": ["bam", "neb"]},
    }  # fmt: skip
    assert listens(lab, "paris")
    project.expect_nothing_to_do()
    query(lab.host("central"),
          "INSERT INTO cfg_centreonbroker_info (config_id, config_key, config_value, config_group,"
          " config_group_id) VALUES (4, 'authorization', 'a token', 'output', 4)")  # fmt: skip
    project.spec["remotes"]["paris"]["broker_outputs"]["Centreon-Map"]["one_peer_retention"] = "yes"
    project.write_spec()
    result = project.up()
    assert "a token" not in result.out + result.err
    assert ["authorization", "a token", "0", "NULL", "NULL"] in output_rows(lab, "paris")
    assert project.mapinfra("destroy", "--yes").code == 0
    assert rows_of_paris(lab) == before
