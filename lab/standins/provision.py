"""Make this host what its role says: databases, users, rows, files, services. Once, at first boot.

`python3 -m standins.provision`, as root, with MariaDB running.
"""

import base64
import json
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from . import accounts, engine_files, generation, paths, php
from .broker_rows import BrokerConfiguration, central_configurations, remote_configurations
from .database import Database, as_centreon, as_root
from .export import collect, load
from .gorgone import settings as gorgone_settings
from .host import CENTRAL_ID, Host, Remote, Secrets, read_host, read_secrets

PROVISIONED = Path("/var/lib/lab/provisioned")
VERSION = "22.10.0"

_SCHEMA = Path(__file__).parent / "schema"
_HIDDEN_ON_REMOTES = (
    "21003", "601", "602", "60304", "608", "604", "617", "650", "609", "610", "50111", "50102",
    "50707",
)  # fmt: skip
_HIDDEN_WITH_CHILDREN = ("601", "602", "608", "604", "617", "650", "609", "610")
_REMOTE_ACCESS_PAGE = "50120"
_SERVICES = ("cbd", "centengine", "gorgoned")
_UNITS = (*_SERVICES, "httpd", "apache2")
_INSTALLED = (
    "etc/centreon*",
    "etc/sudoers.d/centreon",
    *(f"etc/systemd/system/{unit}.service" for unit in _UNITS),
    "usr/bin/centreon",
    "usr/bin/gorgoned",
    "usr/lib/lab/centreon-web",
    "usr/sbin/cb*d",
    "usr/sbin/centengine",
    "usr/share/centreon",
    "var/*/centreon*",
)
_POLLER_COMMANDS = {
    "nagios_bin": "/usr/sbin/centengine",
    "nagiostats_bin": "/usr/sbin/centenginestats",
    "nagios_perfdata": "/var/log/centreon-engine/service-perfdata",
    "centreonbroker_cfg_path": str(paths.BROKER_ETC),
    "centreonbroker_module_path": "/usr/share/centreon/lib/centreon-broker",
    "centreonbroker_logs_path": "/var/log/centreon-broker/",
    "centreonconnector_path": "/usr/lib64/centreon-connector",
    "ssh_port": 22,
    "gorgone_port": 5556,
    "init_script_centreontrapd": "centreontrapd",
    "snmp_trapd_path_conf": "/etc/snmp/centreon_traps/",
}
_ENGINE = {
    "log_file": "/var/log/centreon-engine/centengine.log",
    "cfg_dir": f"{paths.ENGINE_ETC}/",
    "status_file": "/var/log/centreon-engine/status.dat",
    "status_update_interval": 60,
    "enable_notifications": "1",
    "execute_service_checks": "1",
    "accept_passive_service_checks": "1",
    "execute_host_checks": "1",
    "accept_passive_host_checks": "1",
    "enable_event_handlers": "1",
    "check_external_commands": "1",
    "external_command_buffer_slots": 4096,
    "command_check_interval": "1s",
    "command_file": "/var/lib/centreon-engine/rw/centengine.cmd",
    "retain_state_information": "1",
    "state_retention_file": "/var/log/centreon-engine/retention.dat",
    "retention_update_interval": 60,
    "max_concurrent_checks": 0,
    "date_format": "euro",
    "illegal_object_name_chars": "~!$%^&*\"|'<>?,()=",
    "illegal_macro_output_chars": "`~$^&\"|'<>",
    "event_broker_options": "-1",
    "nagios_activate": "1",
}
_PASSWORD_POLICY = (
    '{"password_security_policy": {"password_length": 12, "has_uppercase_characters": true,'
    ' "has_lowercase_characters": true, "has_numbers": true, "has_special_characters": true,'
    ' "attempts": 5, "blocking_duration": 900, "password_expiration_delay": 15552000,'
    ' "delay_before_new_password": 3600, "can_reuse_passwords": false}}'
)
_OPTIONS = {
    "oreon_path": "/usr/share/centreon/",
    "session_expire": "120",
    "maxViewMonitoring": "30",
    "maxViewConfiguration": "30",
    "nagios_path_plugins": "/usr/lib/nagios/plugins/",
    "mailer_path_bin": "/usr/bin/mail",
    "snmp_community": "public",
    "snmp_version": "1",
    "rrdtool_path_bin": "/usr/bin/rrdtool",
    "debug_path": "/var/log/centreon/",
    "index_data": "1",
    "interval_length": "60",
    "nagios_path_img": "/usr/share/centreon/www/img/media/",
    "gorgone_illegal_characters": "`",
    "gorgone_api_address": "127.0.0.1",
    "gorgone_api_port": "8085",
    "gorgone_cmd_timeout": "5",
    "enable_broker_stats": "0",
    "unified_sql_db_type": "mysql",
    "cengine_path_connectors": "/usr/lib64/centreon-connector/",
}


def provision(host: Host, own_secrets: Secrets) -> None:
    """Set the host up; it must not have been before."""
    if host.role == "map":
        _create_bare_user(own_secrets)
        _remove_centreon()
        return
    _create_databases(host, own_secrets)
    _write_settings(host, own_secrets)
    with as_centreon() as database:
        _fill_reference(database, host)
        _add_contacts(database, own_secrets)
        _add_platform(database, host, own_secrets)
        if host.role == "remote":
            _become_remote(database, host)
        _write_poller_files(database, _own_id(host))
    _start_services(host)


def _own_id(host: Host) -> int:
    return CENTRAL_ID if host.role == "central" else host.itself_as_remote().id


def _create_bare_user(own_secrets: Secrets) -> None:
    with as_root() as database:
        _create_user(database, "mapinfra", own_secrets.database_password)


def _remove_centreon() -> None:
    """Take away what install.sh put into the base system: there is no Centreon on this host."""
    for pattern in _INSTALLED:
        for path in Path("/").glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _create_user(database: Database, name: str, password: str) -> None:
    for client in ("localhost", "127.0.0.1"):
        database.execute(f"create user '{name}'@'{client}' identified by %s", password)


def _grant(database: Database, privileges: str, place: str, name: str) -> None:
    for client in ("localhost", "127.0.0.1"):
        database.execute(f"grant {privileges} on {place} to '{name}'@'{client}'")


def _create_databases(host: Host, own_secrets: Secrets) -> None:
    with as_root() as database:
        for name in ("centreon", "centreon_storage"):
            script = (_SCHEMA / f"{name}.sql").read_text()
            database.run_script(f"create database {name} character set utf8; use {name}; {script}")
        _create_user(database, "mapinfra", own_secrets.database_password)
        _grant(database, "select", "centreon.*", "mapinfra")
        _grant(database, "insert, update, delete", "centreon.options", "mapinfra")
        if host.role == "central":
            changes = "insert, update, delete"
            _grant(database, changes, "centreon.cfg_centreonbroker_info", "mapinfra")
        else:
            _grant(database, "update", "centreon.topology", "mapinfra")
        _create_user(database, "centreon", own_secrets.centreon_database_password(host.name))
        for name in ("centreon", "centreon_storage"):
            _grant(database, "all", f"{name}.*", "centreon")


def _write_settings(host: Host, own_secrets: Secrets) -> None:
    password = own_secrets.centreon_database_password(host.name)
    settings = {
        "hostCentreon": "localhost", "port": "3306", "user": "centreon", "password": password,
        "db": "centreon", "dbcstg": "centreon_storage",
    }  # fmt: skip
    lines = [f"$conf_centreon['{key}'] = {php.string(value)};" for key, value in settings.items()]
    _write(paths.WEB_SETTINGS, "<?php\n" + "\n".join(lines) + "\n", "centreon", 0o640)
    _write(paths.INSTALLATION, f"WEB_USER={host.web_user}\nWEB_GROUP={host.web_user}\n", None)
    _write(paths.GORGONE_KEY, own_secrets.gorgone_key, "centreon-gorgone", 0o640)
    gorgone = json.dumps(asdict(gorgone_settings.DEFAULTS), indent=2)
    _write(paths.GORGONE_SETTINGS, f"{gorgone}\n", "centreon-gorgone", 0o640)
    for directory in (paths.ENGINE_CACHE, paths.BROKER_CACHE):
        shutil.chown(directory, host.web_user, "centreon")


def _write(path: Path, text: str, group: str | None, mode: int = 0o644) -> None:
    """Write a file; one that only a group may read is so from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    if group is not None:
        shutil.chown(path, "root", group)
    path.chmod(mode)
    path.write_text(text)


def _fill_reference(database: Database, host: Host) -> None:
    for name in ("topology.sql", "broker_form.sql"):
        database.run_script((_SCHEMA / name).read_text())
    database.insert_many("options", ["key", "value"], [[k, v] for k, v in _OPTIONS.items()])
    information = {"version": VERSION, "isCentral": "yes", "isRemote": "no"}
    if host.role == "remote":
        information |= {"isCentral": "no", "isRemote": "yes"}
        information["authorizedMaster"] = host.central_address
    rows = [[key, value] for key, value in information.items()]
    database.insert_many("informations", ["key", "value"], rows)
    field_types = ("text", "boolean", "hidden", "password", "list", "range", "compare")
    database.insert_many(
        "widget_parameters_field_type", ["ft_typename"], [[name] for name in field_types]
    )
    resources = {
        "$USER1$": "/usr/lib/nagios/plugins",
        "$CENTREONPLUGINS$": "/usr/lib/centreon/plugins",
    }
    for name, line in resources.items():
        row = {"resource_name": name, "resource_line": line, "resource_activate": "1"}
        database.insert("cfg_resource", row)


def _add_contacts(database: Database, own_secrets: Secrets) -> None:
    """Those of an installation, and mapinfra's, an administrator that may use the API.

    admin and mapinfra have the lab's API password; nobody knows that of centreon-gorgone.
    """
    database.execute(
        "insert into timeperiod (tp_name, tp_alias, tp_sunday, tp_monday, tp_tuesday,"
        " tp_wednesday, tp_thursday, tp_friday, tp_saturday) values ('24x7', 'Always'"
        + ", '00:00-24:00'" * 7
        + ")"
    )
    database.execute(
        "insert into provider_configuration"
        " (type, name, custom_configuration, is_active, is_forced)"
        " values ('local', 'local', %s, true, true)",
        _PASSWORD_POLICY,
    )
    known = accounts.hash_password(own_secrets.api_password)
    for id, alias, active, admin, password in (
        (1, "admin", "1", "1", known),
        (4, "centreon-gorgone", "1", "1", _unknown_password()),
        (17, "guest", "0", "0", None),
        (18, "user", "0", "0", None),
        (20, "mapinfra", "1", "1", known),
    ):
        database.insert("contact", {
            "contact_id": id, "timeperiod_tp_id": 1, "timeperiod_tp_id2": 1,
            "contact_name": alias, "contact_alias": alias, "contact_lang": "en_US.UTF-8",
            "contact_email": f"{alias}@localhost", "contact_oreon": active,
            "reach_api": int(id == 20), "reach_api_rt": int(id == 20), "contact_admin": admin,
            "contact_activate": active, "contact_auth_type": "local",
        })  # fmt: skip
        if password is not None:
            row = {"password": password, "contact_id": id, "creation_date": int(time.time())}
            database.insert("contact_password", row)


def _unknown_password() -> str:
    """A hash that no password is known for."""
    text = base64.b64encode(secrets.token_bytes(40), b"./").decode().replace("=", ".")
    return f"$2y$10${text[:53]}"


def _add_platform(database: Database, host: Host, own_secrets: Secrets) -> None:
    """The central and all remotes; a remote keeps of it what an import would leave there."""
    _add_central(database, host, own_secrets)
    for remote in host.remotes():
        _add_remote(database, host, remote, own_secrets)
    if host.role == "remote":
        load(database, collect(database, host.itself_as_remote().id))


def _add_central(database: Database, host: Host, own_secrets: Secrets) -> None:
    own = {"centreonbroker_logs_path": None, "nagiostats_bin": "/usr/sbin/centenginestats"}
    _add_poller(database, CENTRAL_ID, "Central", "127.0.0.1", _POLLER_COMMANDS | own)
    database.execute("update nagios_server set localhost = '1', is_default = 1 where id = 1")
    _add_topology(database, CENTRAL_ID, "Central", host.central_address, "central", None)
    module = "/usr/lib64/nagios/cbmod.so /etc/centreon-broker/central-module.json"
    _add_engine(database, CENTRAL_ID, "Centreon Engine Central", module)
    password = own_secrets.centreon_database_password("central")
    _add_broker_configurations(database, central_configurations(password))


def _add_remote(database: Database, host: Host, remote: Remote, own_secrets: Secrets) -> None:
    _add_poller(database, remote.id, remote.name, remote.address, _POLLER_COMMANDS)
    _add_topology(database, remote.id, remote.name, remote.address, "remote", CENTRAL_ID)
    database.execute(
        "insert into remote_servers (ip, version, is_connected, created_at, connected_at,"
        " centreon_path, server_id) values (%s, %s, 1, now(), now(), '/centreon', %s)",
        remote.address,
        VERSION,
        remote.id,
    )
    slug = remote.name.lower().replace(" ", "-")
    module = f"/usr/lib64/nagios/cbmod.so /etc/centreon-broker/{slug}-module.json"
    _add_engine(database, remote.id, remote.name, module)
    password = own_secrets.centreon_database_password(remote.name)
    _add_broker_configurations(
        database, remote_configurations(remote, host.central_address, password)
    )


def _add_poller(
    database: Database, id: int, name: str, address: str, commands: dict[str, object]
) -> None:
    row = {"id": id, "name": name, "localhost": "0", "ns_ip_address": address, "last_restart": 0}
    database.insert("nagios_server", row | commands)


def _add_topology(
    database: Database, id: int, name: str, address: str, kind: str, parent_id: int | None
) -> None:
    """Rows of platform_topology get the ids of their servers."""
    database.insert("platform_topology", {
        "id": id, "address": address, "hostname": name.lower(), "name": name, "type": kind,
        "parent_id": parent_id, "pending": "0", "server_id": id,
    })  # fmt: skip


def _add_engine(database: Database, poller_id: int, name: str, module: str) -> None:
    own = {"nagios_name": name, "nagios_server_id": poller_id}
    engine_id = database.insert("cfg_nagios", _ENGINE | own)
    for line in (module, "/usr/lib64/centreon-engine/externalcmd.so"):
        row = {"cfg_nagios_id": engine_id, "broker_module": line}
        database.insert("cfg_nagios_broker_module", row)
    database.execute(
        "insert into cfg_resource_instance_relations select resource_id, %s from cfg_resource",
        poller_id,
    )


def _add_broker_configurations(
    database: Database, configurations: list[BrokerConfiguration]
) -> None:
    columns = ["config_id", "config_key", "config_value", "config_group", "config_group_id"]
    for configuration in configurations:
        timestamp = str(int(configuration.write_timestamp))
        config_id = database.insert("cfg_centreonbroker", {
            "config_name": configuration.name, "config_filename": configuration.filename,
            "config_write_timestamp": timestamp, "config_write_thread_id": "0",
            "log_directory": "/var/log/centreon-broker/", "config_activate": "1",
            "ns_nagios_server": configuration.poller_id, "event_queue_max_size": 100000,
            "command_file": configuration.command_file,
            "cache_directory": configuration.cache_directory, "daemon": int(configuration.daemon),
        })  # fmt: skip
        rows = [[config_id, s.key, s.value, s.group, s.group_id] for s in configuration.settings]
        database.insert_many("cfg_centreonbroker_info", columns, rows)
        database.execute(
            "insert into cfg_centreonbroker_log (id_centreonbroker, id_log, id_level)"
            " select %s, cb_log.id, cb_log_level.id from cb_log join cb_log_level"
            " on cb_log_level.name = if(cb_log.name = 'core', 'info', 'error')",
            config_id,
        )


def _become_remote(database: Database, host: Host) -> None:
    """What the conversion of a central to a remote does to the menu (disablemenus.sql)."""
    pages = ", ".join(_HIDDEN_ON_REMOTES)
    parents = ", ".join(_HIDDEN_WITH_CHILDREN)
    database.execute(
        "update topology set topology_show = '0'"
        f" where topology_page in ({pages}) or topology_parent in ({parents})"
    )
    database.execute(
        f"update topology set topology_show = '1' where topology_page = {_REMOTE_ACCESS_PAGE}"
    )


def _write_poller_files(database: Database, poller_id: int) -> None:
    """The configuration that the last export left on this host."""
    for directory, owner, files in (
        (paths.ENGINE_ETC, "centreon-engine", engine_files.generate(database, poller_id)),
        (paths.BROKER_ETC, "centreon-broker", generation.generate(database, poller_id)),
    ):
        for name, text in files.items():
            if name.endswith((".json", ".cfg")):
                (directory / name).write_text(text)
                (directory / name).chmod(0o664)
                shutil.chown(directory / name, owner, owner)


def _start_services(host: Host) -> None:
    services = [*_SERVICES, host.web_service]
    subprocess.run(["systemctl", "enable", "--quiet", "--no-reload", *services], check=True)
    subprocess.run(["systemctl", "start", *services], check=True)


def main() -> int:
    """Provision this host unless that was done; the exit code."""
    if not PROVISIONED.exists():
        provision(read_host(), read_secrets())
        PROVISIONED.parent.mkdir(parents=True, exist_ok=True)
        PROVISIONED.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
