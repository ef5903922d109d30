"""configure.sh: asks for (or takes from vars.sh) what the server must know, and writes it.

The names of the variables, the broker output's name, rows and place, and how an output made before
is recognised are those of an older, published configure.sh.
"""

import getpass
import os
from collections.abc import Mapping

import pymysql

from . import properties, web
from .database import Connection, as_administrator, connect, query
from .release import Release

_DEFAULTS: Mapping[str, str | None] = {
    "CENTREON_URL": None,
    "CENTREON_PATH": "/centreon",
    "CENTREON_ADMIN_USER": "admin",
    "CENTREON_ADMIN_PWD": None,
    "CENTREON_USER": None,
    "CENTREON_PWD": None,
    "CENTREON_DB_ADDRESS": None,
    "CENTREON_DB_PORT": "3306",
    "CENTREON_DB_USER": "centreon_map",
    "CENTREON_DB_PWD": None,
    "CENTREON_BROKER_ADDRESS": None,
    "CENTREON_BROKER_PORT": "5758",
    "MAP_DB_ADDRESS": "localhost",
    "MAP_DB_PORT": "3306",
    "MAP_DB_USER": "centreon_map",
    "MAP_DB_PWD": None,
    "MAP_DB_ROOT_USER": "root",
    "MAP_DB_ROOT_PWD": "",
}
_OUTPUT_NAME = "Centreon-Studio"
_OUTPUT = {
    "host": "", "failover": "", "retry_interval": "", "buffering_timeout": "0",
    "protocol": "bbdo", "tls": "auto", "private_key": "", "public_cert": "",
    "ca_certificate": "", "negociation": "yes", "one_peer_retention_mode": "no",
    "compression": "auto", "compression_level": "", "compression_buffer": "", "type": "ipv4",
    "blockId": "1_3",
}  # fmt: skip
_BROKER_FILE = "central-broker.json"


class ConfigurationError(Exception):
    """The configuration can't be done; the message says why."""


def configure(release: Release, automatic: bool) -> int:
    """Do it all; the exit code."""
    try:
        values = _take() if automatic else _ask()
        _check_administrator(values)
        _write_settings(release, values)
        _create_own_database(release, values)
        _create_output(release, values)
    except (ConfigurationError, web.UnreachableError, pymysql.MySQLError, OSError) as error:
        print(f"[ERROR] {error}")
        print("Exiting, please run this script again.")
        return 1
    print("Configuration completed, enjoy !")
    return 0


def vars_text() -> str:
    """vars.sh as the package ships it."""
    lines = ["# What configure.sh --automatic uses."]
    lines += [f'{name}="{default or ""}"' for name, default in _DEFAULTS.items()]
    return "\n".join(lines) + "\n"


def _take() -> dict[str, str]:
    values = {name: os.environ.get(name) or default for name, default in _DEFAULTS.items()}
    for name, value in values.items():
        if value is None:
            raise ConfigurationError(f"vars.sh: {name} is not set")
    return {name: value or "" for name, value in values.items()}


def _ask() -> dict[str, str]:
    values = {}
    for name, default in _DEFAULTS.items():
        shown = f" [{default}]" if default else ""
        read = getpass.getpass if name.endswith("PWD") else input
        values[name] = read(f"{name}{shown}: ") or default or ""
    return values


def _check_administrator(values: Mapping[str, str]) -> None:
    settings = {"centreon.url": values["CENTREON_URL"], "centreon.path": values["CENTREON_PATH"]}
    api, user = web.api_of(settings), values["CENTREON_ADMIN_USER"]
    try:
        token = web.log_in(api, user, values["CENTREON_ADMIN_PWD"])
    except web.RefusedError:
        raise ConfigurationError(f"Centreon Web refuses the login of '{user}'") from None
    if not web.is_administrator(api, token):
        raise ConfigurationError(f"'{user}' is no administrator of Centreon Web")
    print(f"[OK] Centreon Web: '{user}' is an administrator")


def _write_settings(release: Release, values: Mapping[str, str]) -> None:
    edition = release.edition
    properties.change(edition.main_file, {
        "centreon.url": values["CENTREON_URL"], "centreon.path": values["CENTREON_PATH"],
        "centreon.user": values["CENTREON_USER"], "centreon.pwd": values["CENTREON_PWD"],
        "broker.address": values["CENTREON_BROKER_ADDRESS"],
        "broker.port": values["CENTREON_BROKER_PORT"],
    })  # fmt: skip
    for name in ("centreon", "centreon_storage"):
        access = _access(values, "CENTREON", name)
        properties.change(edition.centreon_database_file, access)
    properties.change(edition.database_file, _access(values, "MAP", edition.database))
    print(f"[OK] Configuration files in {edition.configuration}")


def _access(values: Mapping[str, str], whose: str, database: str) -> dict[str, str]:
    server = f"{values[f'{whose}_DB_ADDRESS']}:{values[f'{whose}_DB_PORT']}"
    return {
        f"{database}.connection.url": f"jdbc:mariadb://{server}/{database}",
        f"{database}.connection.username": values[f"{whose}_DB_USER"],
        f"{database}.connection.password": values[f"{whose}_DB_PWD"],
    }


def _create_own_database(release: Release, values: Mapping[str, str]) -> None:
    """Create database and user; both stay as they are when they exist, but for the grant."""
    name, user = release.edition.database, values["MAP_DB_USER"]
    connection = as_administrator(
        values["MAP_DB_ADDRESS"],
        int(values["MAP_DB_PORT"]),
        values["MAP_DB_ROOT_USER"],
        values["MAP_DB_ROOT_PWD"],
    )
    try:
        client = query(connection, "select substring_index(user(), '@', -1)")[0][0]
        query(connection, f"create database if not exists {name} character set utf8")
        password = values["MAP_DB_PWD"]
        statement = "create user if not exists %s@%s identified by %s"
        query(connection, statement, user, client, password)
        query(connection, f"grant all on {name}.* to %s@%s", user, client)
    finally:
        connection.close()
    print(f"[OK] Database {name}, user '{user}'@'{client}'")


def _create_output(release: Release, values: Mapping[str, str]) -> None:
    """Insert the output's rows on a central; from 22.10.5 on, also the category `storage`.

    On a remote they are made on its central, by hand.
    """
    settings = _access(values, "CENTREON", "centreon")
    connection = connect(settings, "centreon")
    try:
        config_id = query(
            connection,
            "select min(config_id) from cfg_centreonbroker where config_filename = %s",
            _BROKER_FILE,
        )[0][0]
        central = query(connection, "select value from informations where `key` = 'isCentral'")
        if config_id is None or central != [("yes",)]:
            print("[INFO] No central: make the broker output by hand, on its central")
            return
        _complete_output(connection, config_id, release, values["CENTREON_BROKER_PORT"])
    finally:
        connection.close()
    print(f"[OK] Broker output {_OUTPUT_NAME}")


def _complete_output(connection: Connection, config_id: int, release: Release, port: str) -> None:
    found = query(
        connection,
        "select config_group_id from cfg_centreonbroker_info where config_id = %s"
        " and config_group = 'output' and config_key = 'name' and config_value = %s",
        config_id,
        _OUTPUT_NAME,
    )
    categories = ["bam", "neb"] + ["storage"] * (release.number >= (22, 10, 5))
    if found:
        group = found[0][0]
        rows = query(
            connection,
            "select config_value from cfg_centreonbroker_info where config_id = %s"
            " and config_group = 'output' and config_group_id = %s and config_key = 'category'",
            config_id,
            group,
        )
        categories = [category for category in categories if (category,) not in rows]
    else:
        highest = "select coalesce(max(config_group_id), -1) + 1 from cfg_centreonbroker_info"
        group = query(connection, highest)[0][0]
        values = {"name": _OUTPUT_NAME, "port": port} | _OUTPUT
        for key, value in values.items():
            _insert(connection, config_id, group, key, value, (0, None, None))
        _insert(connection, config_id, group, "filters", "", (0, 1, None))
    for category in categories:
        _insert(connection, config_id, group, "category", category, (1, None, 1))


def _insert(
    connection: Connection,
    config_id: int,
    group: int,
    key: str,
    value: str,
    place: tuple[int, int | None, int | None],
) -> None:
    query(
        connection,
        "insert into cfg_centreonbroker_info (config_id, config_key, config_value, config_group,"
        " config_group_id, grp_level, subgrp_id, parent_grp_id)"
        " values (%s, %s, %s, 'output', %s, %s, %s, %s)",
        *(config_id, key, value, group, *place),
    )
