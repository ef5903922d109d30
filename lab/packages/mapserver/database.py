"""Sessions in the databases that the properties files name."""

import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any, TypeAlias

import pymysql

Connection: TypeAlias = "pymysql.connections.Connection[pymysql.cursors.Cursor]"

_URL = re.compile(r"jdbc:(?:mariadb|mysql)://([^:/]+)(?::(\d+))?/([^?]+)")
_SOCKET = "/run/mysqld/mysqld.sock"


class SettingsError(Exception):
    """A setting is missing or can't be understood; the message says which."""


def parse_url(url: str) -> tuple[str, int, str]:
    """Host, port and database of a JDBC URL. Raises `SettingsError`."""
    match = _URL.match(url)
    if match is None:
        raise SettingsError(f"not a JDBC URL of MariaDB: '{url}'")
    return match[1], int(match[2] or 3306), match[3]


def connect(settings: Mapping[str, str], name: str) -> Connection:
    """A session in the database whose settings begin with this name.

    Raises `SettingsError`, and pymysql.MySQLError when the database refuses or doesn't answer.
    """
    try:
        url, user, password = (
            settings[f"{name}.connection.{key}"] for key in ("url", "username", "password")
        )
    except KeyError as error:
        raise SettingsError(f"missing setting {error}") from None
    host, port, database = parse_url(url)
    return pymysql.connect(
        host=host,
        port=port,
        database=database,
        user=user,
        password=password,
        unix_socket=_SOCKET if host == "localhost" else None,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=3,
        read_timeout=60,
    )


def as_administrator(host: str, port: int, user: str, password: str) -> Connection:
    """A session of an administrator in no database. Raises pymysql.MySQLError."""
    return pymysql.connect(
        host=host,
        port=port,
        user=user,
        password=password,
        unix_socket=_SOCKET if host == "localhost" else None,
        autocommit=True,
        connect_timeout=3,
    )


def query(connection: Connection, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement; its rows."""
    with closing(connection.cursor()) as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())
