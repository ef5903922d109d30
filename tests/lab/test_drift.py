"""A converged platform: nothing is done to it, and what drifts is shown and repaired."""

import json
from collections.abc import Callable

import pytest

from lab import Lab
from tests.lab.project import (
    HOSTS,
    REMOTES,
    Project,
    images_shown,
    listens,
    logins,
    output_rows,
    query,
)

CONFIG = (
    "FROM cfg_centreonbroker_info WHERE config_group = 'output' AND config_id = "
    "(SELECT config_id FROM cfg_centreonbroker WHERE config_name = 'paris-broker')"
)
GROUP = f"config_group_id = (SELECT g FROM (SELECT config_group_id g {CONFIG} AND config_key = "
GROUP += "'port' AND config_value = '5758') x)"


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


def test_a_second_up_reads_once_and_writes_nothing(converged: Project) -> None:
    lab = converged.lab
    for name in HOSTS:
        host = lab.host(name)
        host.run(["mysql", "-e", "SET GLOBAL log_output = 'TABLE', GLOBAL general_log = ON"])
        host.run(["mysql", "-e", "TRUNCATE mysql.general_log"])
    connections = {name: lab.host(name).connections() for name in HOSTS}
    commands = {name: len(lab.host(name).commands_log()) for name in HOSTS}
    before = {name: _written(lab, name) for name in HOSTS}
    asked = logins(lab)
    assert "4 unchanged" in converged.up().out
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
    assert logins(lab) == asked


def _written(lab: Lab, name: str) -> str:
    """Return what a write would change: the records of mapinfra, and when cbd started."""
    text = "find /var/lib/mapinfra -type f -printf '%p %T@ %s\\n' 2>/dev/null | sort; "
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
        (_change_port, 'outputs.Centreon-Map.port: "5760" → "5758"'),
        (_lose_category, "bam"),
        (_delete_output, "add output Centreon-Map"),
        (_double_row, "tls=auto doubled"),
        (_empty_file, "deployed: false → true"),
        (_stop_cbd, "served: false → true"),
    ],
)
def test_drift_is_shown_with_values_and_repaired(
    converged: Project, drift: Callable[[Lab], None], seen: str
) -> None:
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
