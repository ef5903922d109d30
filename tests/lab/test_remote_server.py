"""A remote server, from the spec to a listening port: the whole way, on real hosts."""

import json
from pathlib import Path

import pytest

from lab import Lab
from tests.lab.project import (
    HOSTS,
    REMOTES,
    Project,
    images_shown,
    listens,
    output_rows,
    query,
)

CONFIG = (
    "FROM cfg_centreonbroker_info WHERE config_group = 'output' AND config_id = "
    "(SELECT config_id FROM cfg_centreonbroker WHERE config_name = 'paris-broker')"
)
GROUP = f"config_group_id = (SELECT g FROM (SELECT config_group_id g {CONFIG} AND config_key = "
GROUP += "'port' AND config_value = '5758') x)"


def test_up_shows_the_page_makes_the_output_and_sees_the_port(project: Project) -> None:
    lab = project.lab
    assert not any(images_shown(lab, remote) for remote in REMOTES)
    project.up()
    for remote in REMOTES:
        assert images_shown(lab, remote)
        assert len(output_rows(lab, remote)) == 22
        assert listens(lab, remote)


def test_rows_are_those_that_centreons_form_writes(converged: Project) -> None:
    assert output_rows(converged.lab, "paris") == [
        ["blockId", "1_3", "0", "NULL", "NULL"],
        ["buffering_timeout", "0", "0", "NULL", "NULL"],
        ["ca_certificate", "", "0", "NULL", "NULL"],
        ["category", "bam", "1", "NULL", "1"],
        ["category", "neb", "1", "NULL", "1"],
        ["compression", "auto", "0", "NULL", "NULL"],
        ["compression_buffer", "", "0", "NULL", "NULL"],
        ["compression_level", "", "0", "NULL", "NULL"],
        ["failover", "", "0", "NULL", "NULL"],
        ["filters", "", "0", "1", "NULL"],
        ["host", "", "0", "NULL", "NULL"],
        ["name", "Centreon-Map", "0", "NULL", "NULL"],
        ["negotiation", "yes", "0", "NULL", "NULL"],
        ["one_peer_retention_mode", "no", "0", "NULL", "NULL"],
        ["port", "5758", "0", "NULL", "NULL"],
        ["private_key", "", "0", "NULL", "NULL"],
        ["protocol", "bbdo", "0", "NULL", "NULL"],
        ["public_cert", "", "0", "NULL", "NULL"],
        ["retry_interval", "", "0", "NULL", "NULL"],
        ["tls", "auto", "0", "NULL", "NULL"],
        ["tls_hostname", "", "0", "NULL", "NULL"],
        ["type", "ipv4", "0", "NULL", "NULL"],
    ]


def test_the_output_comes_after_the_gap_and_renumbers_nothing(converged: Project) -> None:
    groups = query(
        converged.lab.host("central"), f"SELECT DISTINCT config_group_id {CONFIG} ORDER BY 1"
    )
    assert groups == [["0"], ["1"], ["3"], ["4"]]


def test_a_preview_on_create_shows_values_and_steps_and_writes_nothing(project: Project) -> None:
    result = project.mapinfra("preview")
    assert result.code == 0, result
    assert "show Images (page 50102) in the menu" in result.out
    assert "add output Centreon-Map (group 4, 22 rows) of paris-broker" in result.out
    assert not images_shown(project.lab, "paris")
    assert output_rows(project.lab, "paris") == []


def test_a_second_up_reads_once_and_writes_nothing(converged: Project) -> None:
    lab = converged.lab
    for name in HOSTS:
        host = lab.host(name)
        host.run(["mysql", "-e", "SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON"])
        host.run(["mysql", "-e", "TRUNCATE mysql.general_log"])
    connections = {name: lab.host(name).connections() for name in HOSTS}
    commands = {name: len(lab.host(name).commands_log()) for name in HOSTS}
    before = {name: _written(lab, name) for name in HOSTS}
    converged.up()
    for name in HOSTS:
        host = lab.host(name)
        assert host.connections() - connections[name] == 1
        assert len(host.commands_log()) - commands[name] == 1
        log = "SELECT argument FROM mysql.general_log WHERE user_host LIKE 'mapinfra%'"
        statements = [" ".join(row).upper() for row in query(host, log)]
        writes = ("UPDATE", "INSERT", "DELETE", "REPLACE", "CREATE", "DROP", "ALTER", "GRANT")
        assert statements
        assert not [one for one in statements if one.startswith(writes) or "FOR UPDATE" in one]
        host.run(["mysql", "-e", "SET GLOBAL general_log = OFF"])
    assert {name: _written(lab, name) for name in HOSTS} == before


def _written(lab: Lab, name: str) -> str:
    """Return what a write would change: files of Centreon and mapinfra, and when cbd started."""
    files = "find /etc/centreon-broker /etc/centreon-engine /var/lib/mapinfra /var/cache/centreon"
    text = f"{files} -type f -printf '%p %T@ %s\\n' 2>/dev/null | sort; "
    return lab.host(name).run(text + "systemctl show -p ExecMainStartTimestamp cbd").stdout


def _hide(lab: Lab) -> None:
    query(lab.host("paris"), "UPDATE topology SET topology_show='0' WHERE topology_name='Images'")


def _change_port(lab: Lab) -> None:
    update = CONFIG.replace("FROM cfg_centreonbroker_info WHERE", "WHERE")
    query(
        lab.host("central"),
        f"UPDATE cfg_centreonbroker_info SET config_value='5760' {update} "
        "AND config_key='port' AND config_value='5758'",
    )


def _lose_category(lab: Lab) -> None:
    query(
        lab.host("central"),
        f"DELETE {CONFIG} AND config_key='category' AND config_value='bam' AND {GROUP}",
    )


def _delete_output(lab: Lab) -> None:
    query(lab.host("central"), f"DELETE {CONFIG} AND {GROUP}")


def _double_row(lab: Lab) -> None:
    query(
        lab.host("central"),
        "INSERT INTO cfg_centreonbroker_info (config_id, config_key, config_value, config_group, "
        "config_group_id, grp_level) SELECT config_id, config_key, config_value, config_group, "
        f"config_group_id, grp_level {CONFIG} AND config_key='tls' AND {GROUP}",
    )


def _empty_file(lab: Lab) -> None:
    path = "/etc/centreon-broker/paris-broker.json"
    host = lab.host("paris")
    held = json.loads(host.run(["cat", path]).stdout)
    outputs = held["centreonBroker"]["output"]
    held["centreonBroker"]["output"] = [one for one in outputs if one.get("port") != "5758"]
    host.run(["tee", path], input=json.dumps(held))


def _stop_cbd(lab: Lab) -> None:
    lab.host("paris").run(["systemctl", "stop", "cbd"])


@pytest.mark.parametrize(
    ("drift", "seen"),
    [
        (_hide, "shown: false → true"),
        (_change_port, "outputs.Centreon-Map.port: 5760 → 5758"),
        (_lose_category, "bam"),
        (_delete_output, "add output Centreon-Map"),
        (_double_row, "tls=auto doubled"),
        (_empty_file, "deployed: false → true"),
        (_stop_cbd, "served: false → true"),
    ],
)
def test_drift_is_shown_with_values_and_repaired(converged: Project, drift, seen: str) -> None:  # type: ignore[no-untyped-def]
    lab = converged.lab
    good = [output_rows(lab, remote) for remote in REMOTES]
    drift(lab)
    preview = converged.mapinfra("preview", "--diff")
    assert preview.code == 0, preview
    assert seen in preview.out
    assert converged.mapinfra("preview", "--expect-no-changes").code == 7
    converged.up()
    converged.expect_nothing_to_do()
    assert [output_rows(lab, remote) for remote in REMOTES] == good
    assert images_shown(lab, "paris")
    assert listens(lab, "paris")


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


def _beside(folder: Path) -> Path:
    other = folder.with_name(f"{folder.name}-other")
    other.mkdir()
    return other
