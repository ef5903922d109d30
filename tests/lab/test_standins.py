"""The lab's stand-ins of Centreon, on their hosts: the way of a configuration, CLAPI, the API."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from lab import Host, Lab
from lab.standins.gorgone import link

PORT = 5758
OUTPUT = {
    "name": "Centreon-Map", "type": "ipv4", "blockId": "1_3", "port": str(PORT), "host": "",
    "protocol": "bbdo", "tls": "auto", "negotiation": "yes", "compression": "auto",
}  # fmt: skip
FILE = "/etc/centreon-broker/paris-broker.json"
MODULES, WIDGETS = "/usr/share/centreon/www/modules", "/usr/share/centreon/www/widgets"


@pytest.fixture(scope="module", autouse=True)
def fresh_hosts(lab: Lab) -> Iterator[None]:
    reset(lab)
    yield
    reset(lab)


def reset(lab: Lab) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: lab.host(name).reset(), ("central", "paris")))


@pytest.fixture
def central(lab: Lab) -> Host:
    return lab.host("central")


@pytest.fixture
def paris(lab: Lab) -> Host:
    return lab.host("paris")


@pytest.fixture
def password(lab: Lab) -> str:
    return (lab.directory / "secrets/api_password").read_text()


@pytest.fixture
def api(central: Host, password: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{central.address}/centreon/api/") as client:
        answer = client.post(
            "index.php?action=authenticate", data={"username": "mapinfra", "password": password}
        )
        client.headers["centreon-auth-token"] = answer.json()["authToken"]
        yield client


@pytest.fixture
def output(central: Host) -> Iterator[None]:
    """Rows of an output on port 5758 of paris, on the central; gone again afterwards."""
    config = "(select config_id from cfg_centreonbroker where config_name = 'paris-broker')"
    plain = [f"({config}, '{k}', '{v}', 'output', 4, 0, null, null)" for k, v in OUTPUT.items()]
    nested = [
        f"({config}, 'filters', '', 'output', 4, 0, 1, null)",
        f"({config}, 'category', 'bam', 'output', 4, 1, null, 1)",
        f"({config}, 'category', 'neb', 'output', 4, 1, null, 1)",
    ]
    rows = ", ".join(plain + nested)
    sql(
        central,
        "insert into cfg_centreonbroker_info (config_id, config_key, config_value, config_group,"
        f" config_group_id, grp_level, subgrp_id, parent_grp_id) values {rows}",
    )
    yield
    sql(central, "delete from cfg_centreonbroker_info where config_group_id = 4")


@pytest.fixture
def quiet_gorgone(central: Host) -> Iterator[None]:
    """A gorgone as before 22.10: an import doesn't reload the remote's cbd."""
    settings = "/etc/centreon-gorgone/config.d/90-lab.json"
    old = central.run(["cat", settings]).stdout
    new = json.dumps(json.loads(old) | {"reload_cbd_after_import": False})
    central.run(["tee", settings], input=new)
    central.run(["systemctl", "restart", "gorgoned"])
    yield
    central.run(["tee", settings], input=old)
    central.run(["systemctl", "restart", "gorgoned"])


def sql(host: Host, statement: str, database: str = "centreon") -> list[list[str]]:
    printed = host.run(["mariadb", "--batch", "--skip-column-names", database], input=statement)
    return [line.split("\t") for line in printed.stdout.splitlines()]


def centreon(host: Host, password: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return host.run(["centreon", "-u", "mapinfra", "-p", password, *arguments], check=False)


def deploy(central: Host, password: str) -> None:
    for action in ("POLLERGENERATE", "POLLERTEST", "CFGMOVE"):
        result = centreon(central, password, "-a", action, "-v", "paris")
        assert result.returncode == 0, result.stdout


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def listens(host: Host, port: int = PORT) -> bool:
    try:
        socket.create_connection((host.address, port), timeout=1).close()
    except OSError:
        return False
    return True


def outputs(paris: Host) -> list[dict[str, Any]]:
    content = json.loads(paris.run(["cat", FILE]).stdout)
    found: list[dict[str, Any]] = content["centreonBroker"]["output"]
    return found


def has_output(paris: Host) -> bool:
    return any(stream.get("port") == str(PORT) for stream in outputs(paris))


def clapi(api: httpx.Client, **asked: Any) -> httpx.Response:
    return api.post("index.php?action=action&object=centreon_clapi", json=asked)


# The way of a configuration


@pytest.mark.usefixtures("quiet_gorgone")
def test_an_output_listens_once_it_is_deployed_and_cbd_restarted(
    central: Host, paris: Host, password: str, output: None
) -> None:
    deploy(central, password)
    wait_until(lambda: has_output(paris))
    assert outputs(paris)[-1] == {
        key: value for key, value in OUTPUT.items() if value and key != "blockId"
    } | {"filters": {"category": ["bam", "neb"]}}
    assert not listens(paris)
    paris.run(["systemctl", "restart", "cbd"])
    wait_until(lambda: listens(paris))


def test_an_output_taken_out_stops_listening(central: Host, paris: Host, password: str) -> None:
    deploy(central, password)
    wait_until(lambda: not has_output(paris))
    paris.run(["systemctl", "restart", "cbd"])
    wait_until(lambda: listens(paris, 5669))
    assert not listens(paris)


@pytest.mark.usefixtures("output")
def test_an_import_on_a_remote_reloads_its_cbd(central: Host, paris: Host, password: str) -> None:
    started = paris.run(["systemctl", "show", "cbd", "-P", "ExecMainStartTimestamp"]).stdout
    deploy(central, password)
    wait_until(lambda: listens(paris))
    after = paris.run(["systemctl", "show", "cbd", "-P", "ExecMainStartTimestamp"]).stdout
    assert after == started


@pytest.mark.usefixtures("output")
def test_without_gorgone_nothing_arrives(central: Host, paris: Host, password: str) -> None:
    paris.run(["sed", "-i", f"s/{PORT}/5757/", FILE])
    central.run(["systemctl", "stop", "gorgoned"])
    deploy(central, password)
    waiting = central.run(["ls", "/var/lib/centreon/centcore"]).stdout.split()
    assert len(waiting) == 1
    assert not has_output(paris)
    central.run(["systemctl", "start", "gorgoned"])
    wait_until(lambda: has_output(paris))


def test_an_import_replaces_the_remotes_own_rows_and_leaves_its_menu(
    central: Host, paris: Host, password: str
) -> None:
    sql(paris, "insert into cfg_centreonbroker_info values (4,'x','y','output',9,0,null,null,null)")
    sql(paris, "update topology set topology_show = '1' where topology_page = 50102")
    before = sql(paris, "select count(*) from task where type = 'import'")
    deploy(central, password)
    count = "select count(*) from task where type = 'import' and status = 'completed'"
    wait_until(lambda: sql(paris, count) > before)
    assert sql(paris, "select * from cfg_centreonbroker_info where config_key = 'x'") == []
    assert sql(paris, "select name, localhost from nagios_server") == [["paris", "1"]]
    shown = sql(paris, "select topology_show from topology where topology_page = 50102")
    assert shown == [["1"]]
    sql(paris, "update topology set topology_show = '0' where topology_page = 50102")


def test_a_host_without_an_address_fails_the_test(central: Host, password: str) -> None:
    sql(
        central,
        "insert into host (host_id, host_name, host_register, host_activate)"
        " values (1, 'nowhere', '1', '1'); insert into ns_host_relation values (2, 1)",
    )
    assert centreon(central, password, "-a", "POLLERGENERATE", "-v", "paris").returncode == 0
    result = centreon(central, password, "-a", "POLLERTEST", "-v", "paris")
    assert result.returncode == 1
    assert "Host 'nowhere' has no address (property 'address')" in result.stdout
    assert result.stdout.endswith("Return code end : 1\n")
    result = centreon(central, password, "-a", "APPLYCFG", "-v", "paris")
    assert result.returncode == 1
    assert "OK: All configuration" not in result.stdout
    sql(central, "delete from host")


def test_apply_takes_the_central_through_all_steps(central: Host, password: str) -> None:
    result = centreon(central, password, "-a", "APPLYCFG", "-v", "1")
    assert result.returncode == 0
    assert [line for line in result.stdout.splitlines()[1:] if line] == [
        "Configuration files generated for poller '1'",
        "OK: Centreon Poller 1 can restart without problem...",
        "OK: All configuration files copied with success.",
        "OK: A reload signal has been sent to 'Central'",
        "Return code end : 0",
    ]


def test_gorgone_obeys_nobody_without_the_key(paris: Host) -> None:
    with pytest.raises(link.LinkError):
        link.ask(paris.address, b"wrong", {"action": "command", "command": "touch /tmp/obeyed"})
    assert paris.run(["ls", "/tmp/obeyed"], check=False).returncode != 0


def test_a_broker_refuses_a_broken_file_and_the_service_stays(paris: Host) -> None:
    good = paris.run(["cat", FILE]).stdout
    paris.run(["tee", FILE], input=good[:-40])
    checked = paris.run(["cbd", "-c", FILE], check=False)
    assert checked.returncode == 1
    assert "Cannot parse file" in checked.stderr
    paris.run(["systemctl", "restart", "cbd"])
    wait_until(lambda: listens(paris, 5670))
    assert not listens(paris, 5669)
    assert paris.run(["systemctl", "is-active", "cbd"]).stdout == "active\n"
    paris.run(["tee", FILE], input=good)
    paris.run(["systemctl", "restart", "cbd"])
    wait_until(lambda: listens(paris, 5669))


def test_the_watchdog_refuses_a_broken_file(paris: Host) -> None:
    file = "/etc/centreon-broker/watchdog.json"
    good = paris.run(["cat", file]).stdout
    paris.run(["tee", file], input="{")
    paris.run(["systemctl", "restart", "cbd"], check=False)
    wait_until(lambda: "failed" in paris.run(["systemctl", "is-failed", "cbd"], check=False).stdout)
    assert paris.run(["systemctl", "show", "cbd", "-P", "ExecMainStatus"]).stdout == "2\n"
    paris.run(["tee", file], input=good)
    paris.run(["systemctl", "restart", "cbd"])
    wait_until(lambda: listens(paris, 5669))


def test_a_taken_port_is_logged_and_the_others_listen(paris: Host) -> None:
    good = paris.run(["cat", FILE]).stdout
    paris.run(["tee", FILE], input=good.replace('"5669"', f'"{link.PORT}"', 1))
    paris.run(["systemctl", "restart", "cbd"])
    log = ["journalctl", "--unit", "cbd", "--output=cat"]
    said = f"bind to port {link.PORT}: Address already in use"
    wait_until(lambda: said in paris.run(log).stdout)
    wait_until(lambda: listens(paris, 5670))
    paris.run(["tee", FILE], input=good)
    paris.run(["systemctl", "reload", "cbd"])
    wait_until(lambda: listens(paris, 5669))


# The tables


def test_images_is_hidden_on_a_remote_only(central: Host, paris: Host) -> None:
    images = "select topology_show from topology where topology_name = 'Images'"
    assert sql(central, images) == [["1"]]
    assert sql(paris, images) == [["0"]]


def test_the_database_user_may_do_only_what_it_needs(lab: Lab) -> None:
    def grants(name: str) -> list[str]:
        rows = sql(lab.host(name), "show grants for 'mapinfra'@'127.0.0.1'", "mysql")
        return sorted(row[0].split(" TO ")[0] for row in rows)

    assert grants("central") == [
        "GRANT INSERT, UPDATE, DELETE ON `centreon`.`cfg_centreonbroker_info`",
        "GRANT INSERT, UPDATE, DELETE ON `centreon`.`options`",
        "GRANT SELECT ON `centreon`.*",
        "GRANT USAGE ON *.*",
    ]
    assert grants("paris") == [
        "GRANT INSERT, UPDATE, DELETE ON `centreon`.`options`",
        "GRANT SELECT ON `centreon`.*",
        "GRANT UPDATE ON `centreon`.`topology`",
        "GRANT USAGE ON *.*",
    ]
    assert grants("map") == ["GRANT USAGE ON *.*"]


def test_nothing_of_centreon_is_on_the_map_host(lab: Lab) -> None:
    found = lab.host("map").run(
        "ls -d /etc/centreon* /var/*/centreon* /usr/share/centreon /usr/bin/centreon /usr/sbin/cbd"
        " /etc/systemd/system/*.service",
        check=False,
    )
    assert "centreon" not in found.stdout
    assert "cbd" not in found.stdout


# What the real 22.10 was seen to do, and how the generator reads its rows


def test_clapis_new_output_is_generated_without_filters(
    central: Host, paris: Host, password: str
) -> None:
    def broker(action: str, values: str) -> None:
        result = centreon(central, password, "-o", "CENTBROKERCFG", "-a", action, "-v", values)
        assert result.returncode == 0, result.stdout

    broker("addoutput", "paris-broker;Centreon-Map;ipv4")
    broker("setoutput", f"paris-broker;4;port;{PORT}")
    rows = sql(
        central,
        "select config_value, grp_level from cfg_centreonbroker_info where config_group_id = 4"
        " and config_key in ('category', 'filters')",
    )
    assert rows == [["", "0"]]
    deploy(central, password)
    wait_until(lambda: has_output(paris))
    assert "filters" not in outputs(paris)[-1]
    broker("deloutput", "paris-broker;4")


@pytest.mark.usefixtures("output")
def test_of_a_doubled_key_the_last_row_counts(central: Host, paris: Host, password: str) -> None:
    sql(
        central,
        "insert into cfg_centreonbroker_info (config_id, config_key, config_value, config_group,"
        " config_group_id) values (4, 'port', '5761', 'output', 4), (4, 'tls', '', 'output', 4)",
    )
    deploy(central, password)
    wait_until(lambda: outputs(paris)[-1].get("port") == "5761")
    assert outputs(paris)[-1]["tls"] == "auto"


def test_every_active_configuration_of_a_poller_has_its_file_and_its_process(
    central: Host, paris: Host, password: str, output: None
) -> None:
    sql(
        central,
        "insert into cfg_centreonbroker_info (config_id, config_key, config_value, config_group,"
        " config_group_id) values (6, 'name', 'other', 'output', 4), (6, 'type', 'ipv4', 'output',"
        f" 4), (6, 'port', '{PORT}', 'output', 4)",
    )
    deploy(central, password)
    wait_until(lambda: has_output(paris))
    wait_until(lambda: "other" in paris.run(["cat", FILE.replace("broker.", "rrd.")]).stdout)
    paris.run(["systemctl", "restart", "cbd"])
    said = f"bind to port {PORT}: Address already in use"
    log = ["journalctl", "--unit", "cbd", "--output=cat"]
    wait_until(lambda: said in paris.run(log).stdout)
    holders = paris.run(["ss", "-Hltnp", f"sport = :{PORT}"]).stdout
    assert holders.count("LISTEN") == 1


def test_a_bbdo_server_is_generated_and_listened_on(
    central: Host, paris: Host, password: str
) -> None:
    values = {
        "name": "Centreon-Map", "type": "bbdo_server", "blockId": "1_35", "host": "",
        "port": str(PORT), "transport_protocol": "TCP", "authorization": "", "encryption": "no",
        "private_key": "", "certificate": "", "compression": "no", "retention": "no",
        "category": "neb",
    }  # fmt: skip
    rows = ", ".join(f"(4, '{key}', '{value}', 'output', 4)" for key, value in values.items())
    sql(
        central,
        "insert into cfg_centreonbroker_info (config_id, config_key, config_value, config_group,"
        f" config_group_id) values {rows}",
    )
    deploy(central, password)
    wait_until(lambda: outputs(paris)[-1]["type"] == "bbdo_server")
    assert outputs(paris)[-1] == {
        key: value for key, value in values.items() if value and key not in ("blockId", "category")
    } | {"filters": {"category": ["neb"]}}
    paris.run(["systemctl", "restart", "cbd"])
    wait_until(lambda: listens(paris))
    sql(central, "delete from cfg_centreonbroker_info where config_group_id = 4")


def test_moving_a_remotes_files_queues_a_task_that_stays(central: Host, password: str) -> None:
    count = "select count(*) from task where type = 'export'"
    before = int(sql(central, count)[0][0])
    deploy(central, password)
    assert int(sql(central, count)[0][0]) == before + 1


def test_a_pollers_name_may_hold_any_text(central: Host, password: str) -> None:
    name = 'Paris Nord d\u2019été "é" & <b>'
    sql(central, f"update nagios_server set name = '{name}' where id = 2")
    for action in ("POLLERGENERATE", "POLLERTEST", "CFGMOVE"):
        result = centreon(central, password, "-a", action, "-v", "2")
        assert result.returncode == 0, result.stdout
    assert f"will be send to '{name}' by centcore" in result.stdout
    sql(central, "update nagios_server set name = 'paris' where id = 2")


# CLAPI

POLLERS = "poller_id;name\n1;Central\n2;paris\n3;lyon\n"


@pytest.mark.parametrize(
    ("arguments", "printed", "code"),
    [
        ("-a POLLERLIST", f"{POLLERS}Return code end : 0\n", 0),
        ("-a pollertest -v 9", f"ERROR: Unknown poller...\n{POLLERS}", 1),
        ("-a POLLERRELOAD -v 9", f"ERROR: Unknown poller...\n{POLLERS}", 1),
        ("-a POLLERRELOAD -v nobody", "Unknown poller ID\n", 1),
        ("-a NOTHING", "Method not implemented into Centreon API.\n", 1),
        ("-o NOTHING -a show", "Object NOTHING not found in Centreon API.\n\n", 0),
        ("-o INSTANCE -a nothing", "Method not implemented into Centreon API.\n\n", 0),
        ("-o CENTBROKERCFG -a nothing", "Method not implemented into Centreon API\n", 1),
        ("-o CENTBROKERCFG -a show -v lyon-b", "config id;config name;instance\n"
         "7;lyon-broker;lyon\n", 0),
        ("-o CENTBROKERCFG -a listoutput -v lyon-broker", "id;name\n"
         "0;central-broker-master-unified-sql\n1;centreon-broker-master-rrd\n"
         "3;forward-to-master\n", 0),
        ("-o CENTBROKERCFG -a listoutput -v no", "Object not found:no\n", 1),
        ("-o CENTBROKERCFG -a getoutput -v lyon-broker", "Missing parameters\n", 1),
        ("-o CENTBROKERCFG -a getoutput -v lyon-broker;2", "parameter key;parameter value\n", 0),
        ("-o CENTBROKERCFG -a addoutput -v lyon-broker;forward-to-master;ipv4",
         "Object already exists\n", 1),
        ("-o CENTBROKERCFG -a addoutput -v lyon-broker;x;ipv5", "Unknown parameter\n", 1),
        ("-o CENTBROKERCFG -a setoutput -v lyon-broker;3;category;neb,no", "Invalid field\n", 1),
        ("-o CENTBROKERCFG -a deloutput -v lyon-broker;2", "", 0),
    ],
)  # fmt: skip
def test_clapi_answers_as_centreons(
    central: Host, password: str, arguments: str, printed: str, code: int
) -> None:
    result = centreon(central, password, *arguments.split())
    assert (result.stdout, result.returncode) == (printed, code)


def test_clapi_adds_and_changes_an_output(central: Host, password: str) -> None:
    def broker(action: str, values: str) -> str:
        result = centreon(central, password, "-o", "CENTBROKERCFG", "-a", action, "-v", values)
        assert result.returncode == 0
        return result.stdout

    broker("addoutput", "lyon-broker;Centreon-Map;ipv4")
    made = broker("getoutput", "lyon-broker;4").splitlines()
    assert {"tls;no", "compression;no", "category;", "host;", "port;"} <= set(made)
    broker("setoutput", "lyon-broker;4;category;neb,bam")
    broker("setoutput", "lyon-broker;4;category;bam")
    rows = sql(
        central,
        "select config_key, config_value, grp_level, subgrp_id, parent_grp_id"
        " from cfg_centreonbroker_info where config_id = 7 and config_group_id = 4"
        " and config_key in ('filters', 'category')",
    )
    assert rows == [
        ["filters", "", "0", "1", "NULL"],
        ["filters", "", "0", "1", "NULL"],
        ["category", "bam", "1", "NULL", "1"],
    ]
    broker("deloutput", "lyon-broker;4")
    assert broker("getoutput", "lyon-broker;4") == "parameter key;parameter value\n"


def test_clapi_reads_a_login_file_that_is_ones_own(central: Host, password: str) -> None:
    file = "/root/.centreonApi"
    command = ["env", "HOME=/root", "USER=root", "centreon", "-a", "POLLERLIST"]
    assert central.run(command).stdout.startswith("Centreon version 22.10.0")
    central.run(["tee", file], input=f"mapinfra:{password}\n")
    central.run(["chmod", "644", file])
    assert central.run(command).stdout.startswith("Please check access on login file...")
    central.run(["chmod", "400", file])
    assert central.run(command).stdout == f"{POLLERS}Return code end : 0\n"
    central.run(["rm", file])


def test_five_wrong_passwords_lock_the_account_for_a_while(
    central: Host, password: str, api: httpx.Client
) -> None:
    for left in (4, 3, 2, 1):
        result = centreon(central, "wrong", "-a", "POLLERLIST")
        assert result.stdout == f"Invalid credentials. {left} attempt(s) remaining \n"
        assert result.returncode == 1
    form = {"username": "mapinfra", "password": "wrong"}
    assert api.post("index.php?action=authenticate", data=form).status_code == 500
    form["password"] = password
    assert api.post("index.php?action=authenticate", data=form).status_code == 500
    result = centreon(central, password, "-a", "POLLERLIST")
    assert result.stdout.startswith("Unable to login, max login attempts has been reached. 00d 00h")
    assert result.returncode == 1
    sql(central, "update contact set blocking_time = blocking_time - 901 where contact_id = 20")
    assert api.post("index.php?action=authenticate", data=form).status_code == 200
    assert centreon(central, password, "-a", "POLLERLIST").returncode == 0


# The API


def log_in(api: httpx.Client, **form: str) -> tuple[int, str]:
    answer = api.post("index.php?action=authenticate", data=form)
    return answer.status_code, answer.text


def test_the_api_gives_a_token_for_a_login_only(api: httpx.Client) -> None:
    assert log_in(api, username="mapinfra") == (400, '"Bad parameters"')
    del api.headers["centreon-auth-token"]
    assert clapi(api, action="POLLERLIST").status_code == 401


@pytest.mark.parametrize(
    ("version", "answer"), [("22.10.0", (500, "")), ("23.04.0", (401, '"Authentication failed"'))]
)
def test_a_refused_login_is_never_given_a_reason(
    central: Host, api: httpx.Client, password: str, version: str, answer: tuple[int, str]
) -> None:
    contact = "update contact set {} where contact_id = 20"
    age = "update contact_password set creation_date = creation_date {} 15552100"
    try:
        sql(central, f"update informations set value = '{version}' where `key` = 'version'")
        assert log_in(api, username="nobody", password="wrong") == answer
        assert log_in(api, username="mapinfra", password="wrong") == answer
        sql(central, contact.format("contact_activate = '0'"))
        assert log_in(api, username="mapinfra", password=password) == answer
        sql(central, contact.format("contact_activate = '1'"))
        sql(central, age.format("-"))
        assert log_in(api, username="mapinfra", password=password) == answer
    finally:
        sql(central, age.format("+"))
        sql(central, contact.format("contact_activate = '1', login_attempts = null"))
        sql(central, "update informations set value = '22.10.0' where `key` = 'version'")
    assert log_in(api, username="mapinfra", password=password)[0] == 200


def test_a_wrong_password_after_a_lock_locks_again_at_once(
    central: Host, api: httpx.Client, password: str
) -> None:
    sql(central, "update contact set login_attempts = 5, blocking_time = unix_timestamp() - 901"
                 " where contact_id = 20")  # fmt: skip
    assert log_in(api, username="mapinfra", password="wrong")[0] == 500
    assert log_in(api, username="mapinfra", password=password)[0] == 500
    sql(central, "update contact set login_attempts = null, blocking_time = null"
                 " where contact_id = 20")  # fmt: skip


def test_who_may_not_reach_the_api_is_refused_as_such(
    central: Host, api: httpx.Client, password: str
) -> None:
    contact = "update contact set contact_admin = '{0}', reach_api = {0}, reach_api_rt = {0}"
    sql(central, f"{contact.format(0)} where contact_id = 20")
    assert log_in(api, username="mapinfra", password=password) == (403, '"Unauthorized"')
    sql(central, f"{contact.format(1)} where contact_id = 20")


def test_a_tokens_time_ends_however_it_is_used(central: Host, api: httpx.Client) -> None:
    token = api.headers["centreon-auth-token"]
    left = f"select expiration_date - unix_timestamp() from security_token where token = '{token}'"
    sql(central, f"update security_token set expiration_date = expiration_date - 7100"
                 f" where token = '{token}'")  # fmt: skip
    assert clapi(api, action="POLLERLIST").status_code == 200
    assert int(sql(central, left)[0][0]) <= 100
    sql(central, f"update security_token set expiration_date = 1 where token = '{token}'")
    assert clapi(api, action="POLLERLIST").status_code == 403
    answer = api.get("index.php?action=list&object=centreon_module")
    assert answer.status_code == 500
    assert answer.json().startswith("SQLSTATE[42000]: Syntax error or access violation: 1064 ")


@pytest.mark.parametrize(
    ("asked", "status", "answer"),
    [
        ({"action": "CFGMOVE", "values": "1"}, 200, {"result": []}),
        ({"action": "show", "object": "CENTBROKERCFG", "values": "paris-rrd"}, 200,
         {"result": [{"config id": "6", "config name": "paris-rrd", "instance": "paris"}]}),
        ({}, 400, "Bad parameters"),
        ({"action": "show", "object": "NO"}, 400, "Object NO not found in Centreon API."),
        ({"action": "POLLERRELOAD", "values": "no"}, 500, "Unknown poller ID"),
        ({"action": "getoutput", "object": "CENTBROKERCFG", "values": "no;1"}, 404,
         "Object not found:no"),
        ({"action": "getoutput", "object": "CENTBROKERCFG", "values": ["paris-broker"]}, 400,
         "Missing parameters"),
        ({"action": "addoutput", "object": "CENTBROKERCFG",
          "values": ["paris-broker", "forward-to-master", "ipv4"]}, 409, "Object already exists"),
    ],
)  # fmt: skip
def test_clapi_by_the_api_answers_as_centreons(
    central: Host, password: str, api: httpx.Client, asked: Any, status: int, answer: Any
) -> None:
    centreon(central, password, "-a", "POLLERGENERATE", "-v", "1")
    got = clapi(api, **asked)
    assert (got.status_code, got.json()) == (status, answer)


def test_an_unknown_poller_breaks_off_the_apis_answer(api: httpx.Client) -> None:
    answer = clapi(api, action="POLLERGENERATE", values="no")
    assert answer.status_code == 200
    assert answer.text.startswith("ERROR: Unknown poller...\npoller_id;name\n")


def test_rest_v2_generates_and_reloads(central: Host, paris: Host, password: str) -> None:
    with httpx.Client(base_url=f"http://{central.address}/centreon/api/latest/") as api:
        versions = api.get("platform/versions").json()
        assert versions["web"]["version"] == "22.10.0"
        assert api.get("configuration/monitoring-servers/2/reload").status_code == 401
        credentials = {"login": "mapinfra", "password": password}
        answer = api.post("login", json={"security": {"credentials": credentials}})
        api.headers["X-AUTH-TOKEN"] = answer.json()["security"]["token"]
        assert api.get("configuration/monitoring-servers/9/reload").status_code == 404
        paris.run(["rm", FILE])
        path = "configuration/monitoring-servers/2/generate-and-reload"
        assert api.get(path).status_code == 204
    wait_until(lambda: paris.run(["ls", FILE], check=False).returncode == 0)


# Extension Manager


@pytest.fixture
def extensions(central: Host) -> Iterator[None]:
    """Two modules, one of which needs the other, and a widget, on the central's disk."""
    write_module(central, "licenses", "24.10.0")
    write_module(central, "maps", "24.10.0", needs="licenses")
    central.run(["mkdir", "-p", f"{WIDGETS}/views"])
    widget = "".join(
        f"<{tag}>{text}</{tag}>"
        for tag, text in {
            "title": "MAP - Display views", "author": "Centreon", "version": "24.10.0",
            "description": "Views", "keywords": "map", "url": "./widgets/views/index.php",
            "email": "contact@example.net",
        }.items()
    )  # fmt: skip
    central.run(["tee", f"{WIDGETS}/views/configs.xml"], input=f"<configs>{widget}</configs>")
    yield
    central.run(f"rm -r {MODULES}/* {WIDGETS}/*")
    sql(central, "delete from modules_informations; delete from widget_models")


def write_module(central: Host, name: str, version: str, needs: str = "") -> None:
    settings = {"rname": f"Centreon {name}", "name": name, "mod_release": version,
                "infos": "…", "author": "Centreon", "is_removeable": "1"}  # fmt: skip
    lines = [f"$module_conf['{name}']['{key}'] = '{value}';" for key, value in settings.items()]
    if needs:
        lines.append(f"$module_conf['{name}']['dependencies'] = ['{needs}'];")
    central.run(["mkdir", "-p", f"{MODULES}/{name}"])
    central.run(["tee", f"{MODULES}/{name}/conf.php"], input="\n".join(["<?php", *lines, ""]))


def manager(api: httpx.Client, method: str, action: str, **parameters: str) -> Any:
    answer = api.request(
        method, "index.php", params={"object": "centreon_module", "action": action, **parameters}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("extensions")
def test_a_module_brings_its_dependencies_and_can_be_installed_twice(
    central: Host, api: httpx.Client
) -> None:
    done = manager(api, "POST", "install", id="maps", type="module")
    assert done["result"]["entity"]["version"] == {
        "current": "24.10.0", "available": "24.10.0", "outdated": False, "installed": True,
    }  # fmt: skip
    names = "select name from modules_informations order by id"
    assert sql(central, names) == [["licenses"], ["maps"]]
    assert manager(api, "POST", "install", id="maps", type="module")["status"] is True
    assert sql(central, names) == [["licenses"], ["maps"], ["maps"]]


@pytest.mark.usefixtures("extensions")
def test_a_module_is_outdated_when_versions_differ_and_current_when_updated(
    central: Host, api: httpx.Client
) -> None:
    manager(api, "POST", "install", id="licenses", type="module")
    write_module(central, "licenses", "23.10.0")
    listed = manager(api, "GET", "list", installed="true", updated="false")["result"]
    assert [entity["id"] for entity in listed["module"]["entities"]] == ["licenses"]
    assert listed["module"]["entities"][0]["version"]["outdated"] is True
    assert listed["widget"]["entities"] == []
    done = manager(api, "POST", "update", id="licenses", type="module")
    assert done["result"]["entity"]["version"]["current"] == "23.10.0"


@pytest.mark.usefixtures("extensions")
def test_removing_is_refused_for_a_module_that_another_needs(api: httpx.Client) -> None:
    manager(api, "POST", "install", id="maps", type="module")
    assert manager(api, "DELETE", "remove", id="licenses", type="module") == {
        "status": False,
        "result": "Following modules need to be removed first: Centreon maps",
    }
    assert manager(api, "DELETE", "remove", id="maps", type="module")["status"] is True
    assert manager(api, "DELETE", "remove", id="licenses", type="module")["status"] is True


@pytest.mark.usefixtures("extensions")
def test_extension_manager_has_its_traps(central: Host, api: httpx.Client) -> None:
    def message(method: str, action: str, id: str, type: str) -> Any:
        done = manager(api, method, action, id=id, type=type)
        assert done["status"] is False
        return done["result"] and done["result"]["message"]

    assert message("POST", "install", "no", "module") == 'Module "no" is missing'
    assert message("POST", "install", "maps", "plugin") is None
    assert message("POST", "update", "views", "widget") == 'Widget "views" is not installed.'
    assert manager(api, "POST", "install", id="views", type="widget")["status"] is True
    assert message("POST", "install", "views", "widget") == "Widget is already installed."
    assert manager(api, "POST", "update", id="maps", type="module")["status"] is True
    assert sql(central, "select name from modules_informations") == [["licenses"]]
    assert manager(api, "DELETE", "remove", id="views", type="module ")["status"] is True
    details = manager(api, "GET", "details", id="views", type="widget")["result"]
    assert details["title"] == "MAP - Display views"
    assert details["version"]["installed"] is True
    assert manager(api, "GET", "details", id="no", type="widget") == {
        "status": False,
        "result": None,
    }
