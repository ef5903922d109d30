"""The files that the lab's stand-ins make and read: what they take, and what they refuse."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab.standins import cbd, cbwd, centcore, centengine, engine_files, php
from lab.standins.broker_rows import central_configurations, remote_configurations
from lab.standins.centcore import Command
from lab.standins.generation import streams, watchdog
from lab.standins.host import Host, Remote

PARIS = Remote(2, "Paris North", "198.18.0.11")


def row(key: str, value: str, group_id: int = 0, index: int | None = None) -> dict[str, Any]:
    return {
        "config_key": key,
        "config_value": value,
        "config_group_id": group_id,
        "fieldIndex": index,
    }


# The broker's streams


def test_streams_keep_their_order_and_drop_what_is_empty() -> None:
    rows = [
        row("name", "first"), row("blockId", "1_3"), row("host", ""), row("port", "5670"),
        row("name", "second", 3), row("filters", "", 3), row("category", "bam", 3),
        row("category", "neb", 3), row("blockId", "1_3", 3),
    ]  # fmt: skip
    assert streams(rows) == [
        {"name": "first", "port": "5670"},
        {"name": "second", "filters": {"category": ["bam", "neb"]}},
    ]


def test_an_empty_database_password_stays() -> None:
    assert streams([row("name", "sql"), row("db_password", "")]) == [
        {"name": "sql", "db_password": ""}
    ]


def test_doubled_rows_show_once_but_categories_twice() -> None:
    rows = [row("port", "1"), row("port", "2"), row("category", "neb"), row("category", "neb")]
    assert streams(rows) == [{"port": "2", "filters": {"category": ["neb", "neb"]}}]


def test_numbered_parameters_become_a_list() -> None:
    rows = [
        row("name", "lua"), row("lua_parameter__name", "a", index=0),
        row("lua_parameter__value", "1", index=0), row("lua_parameter__name", "b", index=2),
    ]  # fmt: skip
    assert streams(rows) == [
        {"name": "lua", "lua_parameter": [{"name": "a", "value": "1"}, {"name": "b"}]}
    ]


def test_only_what_php_trims_is_empty() -> None:
    assert streams([row("name", " \t\x0b"), row("host", "\xa0")]) == [{"host": "\xa0"}]


def test_external_values_go_to_the_last_stream_only() -> None:
    rows = [row("name", "a"), row("blockId", "1_34"), row("name", "b", 1), row("blockId", "1_3", 1)]
    asked = []

    def external(block_id: str) -> dict[str, str]:
        asked.append(block_id)
        return {"interval": "60"}

    assert streams(rows, external) == [{"name": "a"}, {"name": "b", "interval": "60"}]
    assert asked == ["1_3"]


def test_the_watchdog_runs_the_daemons() -> None:
    poller = {"centreonbroker_logs_path": None, "centreonbroker_cfg_path": "/etc/centreon-broker"}
    rows = [
        {"config_name": "broker", "config_filename": "broker.json", "daemon": 1},
        {"config_name": "module", "config_filename": "module.json", "daemon": 0},
    ]
    assert watchdog(poller, rows) == {
        "cbd": [
            {
                "name": "broker",
                "configuration_file": "/etc/centreon-broker/broker.json",
                "run": True,
                "reload": True,
            }
        ],
        "log": "/var/log/centreon-broker/watchdog.log",
    }


# The default configurations


def test_a_remotes_broker_has_a_gap_in_its_outputs() -> None:
    broker, module, rrd = remote_configurations(PARIS, "198.18.0.10", "secret")
    assert [c.name for c in (broker, module, rrd)] == [
        "paris-north-broker", "paris-north-module", "paris-north-rrd",
    ]  # fmt: skip
    assert [c.daemon for c in (broker, module, rrd)] == [True, False, True]
    types = {
        s.group_id: s.value for s in broker.settings if s.key == "type" and s.group == "output"
    }
    assert types == {0: "unified_sql", 1: "ipv4", 3: "ipv4"}
    forward = {s.key: s.value for s in broker.settings if s.group_id == 3}
    assert forward["host"] == "198.18.0.10"
    assert forward["negociation"] == "yes"
    assert "negotiation" not in forward


def test_the_centrals_broker_has_no_gap() -> None:
    broker = central_configurations("secret")[0]
    assert broker.name == "central-broker-master"
    assert {s.group_id for s in broker.settings if s.group == "output"} == {0, 1}


def test_remotes_are_numbered_after_the_central() -> None:
    hosts = {"central": "a", "paris": "b", "lyon": "c", "map": "d"}
    host = Host("lyon", "remote", "deb", "c", "a", hosts)
    assert host.remotes() == [Remote(2, "paris", "b"), Remote(3, "lyon", "c")]
    assert host.itself_as_remote().id == 3


# cbd


def broker_file(tmp_path: Path, **changes: Any) -> Path:
    broker: dict[str, Any] = {
        "broker_id": 4, "broker_name": "b", "poller_id": 2, "module_directory": str(tmp_path),
        "cache_directory": str(tmp_path), "bbdo_version": "3.0.0",
        "output": [{"name": "o", "type": "ipv4", "port": "5758"}],
    }  # fmt: skip
    path = tmp_path / "b.json"
    path.write_text(json.dumps({"centreonBroker": broker | changes}))
    return path


def test_a_stream_without_a_host_listens(tmp_path: Path) -> None:
    configuration = cbd.read(broker_file(tmp_path))
    assert [e.address for e in configuration.endpoints] == [("0.0.0.0", 5758)]


@pytest.mark.parametrize(
    ("stream", "address"),
    [
        ({"type": "ipv4", "port": "5669", "host": "central"}, None),
        ({"type": "bbdo_server", "port": "5669"}, ("0.0.0.0", 5669)),
        ({"type": "bbdo_server", "port": "5669", "host": "127.0.0.1"}, ("127.0.0.1", 5669)),
        ({"type": "bbdo_client", "host": "central", "port": "5669"}, None),
        ({"type": "unified_sql"}, None),
    ],
)
def test_only_listeners_have_an_address(
    stream: dict[str, Any], address: tuple[str, int] | None
) -> None:
    assert cbd.endpoint(stream).address == address


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        ({"name": "o", "port": "1"}, "config parser: endpoint of invalid type ''"),
        ({"name": "o", "type": "ipv5"}, "config parser: endpoint of invalid type 'ipv5'"),
        ({"name": "o", "type": "ipv4"}, "TCP: no 'port' defined for endpoint 'o'"),
        ({"name": "o", "type": "ipv4", "port": "x"}, "TCP: invalid port value 'x' defined for"),
        ({"name": "o", "type": "ipv4", "port": "65536"}, "TCP: invalid port value '65536'"),
    ],
)
def test_wrong_streams_are_refused(stream: dict[str, Any], message: str) -> None:
    with pytest.raises(cbd.ConfigurationError) as refusal:
        cbd.endpoint(stream)
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    "changes",
    [{"broker_id": "4"}, {"bbdo_version": "3"}, {"cache_directory": "/nowhere"}, {"output": "o"}],
)
def test_wrong_broker_files_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(cbd.ConfigurationError):
        cbd.read(broker_file(tmp_path, **changes))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"centreonBroker": 1}'])
def test_what_is_no_broker_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(cbd.ConfigurationError):
        cbd.read(path)


# cbwd


def watchdog_file(tmp_path: Path, settings: dict[str, Any]) -> Path:
    path = tmp_path / "watchdog.json"
    path.write_text(json.dumps({"centreonBroker": settings}))
    return path


def test_the_watchdog_reads_its_instances(tmp_path: Path) -> None:
    entry = {"name": "b", "configuration_file": "/b.json", "run": True, "reload": True}
    instances, log = cbwd.read(watchdog_file(tmp_path, {"cbd": [entry], "log": "/w.log"}))
    assert instances == {"b": cbwd.Instance("b", "/b.json", True, True)}
    assert log == Path("/w.log")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"other": 1}, "error in watchdog config 'other' key is not recognized"),
        ({"cbd": [{"name": "b"}]}, "configuration_file field not provided for cbd instance"),
        (
            {"cbd": [{"name": "b", "configuration_file": "/b", "run": True, "reload": True}] * 2},
            "instance 'b' already exists",
        ),
    ],
)
def test_the_watchdog_refuses_what_is_wrong(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(cbwd.ConfigurationError, match=message):
        cbwd.read(watchdog_file(tmp_path, settings))


# The engine


def engine(tmp_path: Path, hosts: str) -> Path:
    main = tmp_path / "centengine.DEBUG"
    main.write_text(f"# engine\ncfg_file={tmp_path / 'hosts.cfg'}\nlog_file=/dev/null\n")
    (tmp_path / "hosts.cfg").write_text(hosts)
    return main


def host_object(**columns: str) -> str:
    names = (
        "host_name", "host_alias", "host_address", "display_name", "host_max_check_attempts",
        "host_check_interval", "host_retry_check_interval",
    )  # fmt: skip
    return engine_files.host_object(dict.fromkeys(names) | columns)


def test_the_engine_accepts_whole_hosts(tmp_path: Path) -> None:
    hosts = host_object(host_name="a", host_address="::1") + host_object(
        host_name="b", host_address="::1"
    )
    assert centengine.check(engine(tmp_path, hosts))["host"] == 2


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        (host_object(host_address="::1"), "Host has no name"),
        (host_object(host_name="a"), r"Host 'a' has no address \(property 'address'\)"),
        (host_object(host_name="a", host_address="::1") * 2, "a already exists"),
        ("host a\n", "Unexpected start definition"),
        ("define host {\n", "Parsing of object definition failed"),
    ],
)
def test_the_engine_refuses_broken_objects(tmp_path: Path, hosts: str, message: str) -> None:
    with pytest.raises(centengine.ConfigurationError, match=message):
        centengine.check(engine(tmp_path, hosts))


def test_the_engine_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    main = engine(tmp_path, "")
    (tmp_path / "hosts.cfg").unlink()
    with pytest.raises(centengine.ConfigurationError, match="Can't open file"):
        centengine.check(main)


def test_the_engine_refuses_a_line_without_a_value(tmp_path: Path) -> None:
    main = engine(tmp_path, "")
    main.write_text("log_file\n")
    with pytest.raises(centengine.ConfigurationError, match="Missing '='"):
        centengine.check(main)


# The queue


def test_commands_are_taken_in_order_and_once(tmp_path: Path) -> None:
    centcore.send(Command("SENDCFGFILE", 2), directory=tmp_path)
    centcore.send(Command("RELOAD", 2), Command("SENDEXPORTFILE", 2, "7"), directory=tmp_path)
    file = tmp_path / "centcore.cmd"
    assert list(centcore.take(tmp_path, file)) == [
        Command("SENDCFGFILE", 2),
        Command("RELOAD", 2),
        Command("SENDEXPORTFILE", 2, "7"),
    ]
    assert list(centcore.take(tmp_path, file)) == []


def test_the_older_command_file_is_taken_too(tmp_path: Path) -> None:
    directory = tmp_path / "centcore"
    directory.mkdir()
    file = tmp_path / "centcore.cmd"
    file.write_text("RELOAD:3\nnonsense\nRELOAD:x\n")
    assert list(centcore.take(directory, file)) == [Command("RELOAD", 3)]
    assert not file.exists()


# PHP


def test_php_arrays_are_read() -> None:
    source = """<?php
$module_conf['maps']['rname'] = 'It\\'s';
$module_conf["maps"]["mod_release"] = "24.10.0";
$module_conf['maps']['require_license'] = true;
$module_conf['maps']['dependencies'] = array('a', "b");
"""
    assert php.read_arrays(source)["module_conf"]["maps"] == {
        "rname": "It's", "mod_release": "24.10.0", "require_license": True,
        "dependencies": ["a", "b"],
    }  # fmt: skip


@pytest.mark.parametrize("text", ["plain", "it's", "back\\slash", "'"])
def test_a_php_string_is_read_as_written(text: str) -> None:
    assert php.read_arrays(f"$a['b'] = {php.string(text)};") == {"a": {"b": text}}


def test_serialize_is_phps() -> None:
    value = {"params": {"server": 2, "pollers": [2, 3], "name": "é"}}
    assert php.serialize(value) == (
        'a:1:{s:6:"params";a:3:{s:6:"server";i:2;s:7:"pollers";a:2:{i:0;i:2;i:1;i:3;}'
        's:4:"name";s:2:"é";}}'
    )
