"""Sessions in the databases that the properties files name."""

import re
from collections.abc import Mapping
from contextlib import closing
from typing import Any, TypeAlias

import pymysql

Connection: TypeAlias = "pymysql.connections.Connection[pymysql.cursors.Cursor]"

_URL = re.compile(
    r"jdbc:(?:mariadb|mysql):(?:[a-z-]+:)?//(?P<hosts>[^/?]*)/(?P<database>[^?]+)(?:\?(?P<more>.*))?"
)
_HOST = re.compile(
    r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<name>[^:\[(=]+))(?::(?P<port>\d+))?"
    r"|address=\(host=(?P<address>[^)]+)\)(?:\(port=(?P<its_port>\d+)\))?"
)
_SOCKET = "/run/mysqld/mysqld.sock"


class SettingsError(Exception):
    """A setting is missing or can't be understood; the message says which."""


def parse_url(url: str) -> tuple[list[tuple[str, int]], str, str | None]:
    """Hosts and ports, database, socket of a JDBC URL. Raises `SettingsError`."""
    match = _URL.fullmatch(url)
    if match is None:
        raise SettingsError(f"not a JDBC URL of MariaDB: '{url}'")
    parameters = dict(one.partition("=")[::2] for one in (match["more"] or "").split("&"))
    servers = []
    for text in match["hosts"].split(","):
        found = _HOST.fullmatch(text)
        if found is None:
            raise SettingsError(f"not a server: '{text}'")
        port = found["port"] or found["its_port"] or 3306
        servers.append((found["ipv6"] or found["name"] or found["address"], int(port)))
    return servers, match["database"], parameters.get("localSocket")


def connect(settings: Mapping[str, str], name: str) -> Connection:
    """A session in the database whose settings begin with this name, at the first server there is.

    Raises `SettingsError`, and pymysql.MySQLError when the database refuses or doesn't answer.
    """
    try:
        url, user, password = (
            settings[f"{name}.connection.{key}"] for key in ("url", "username", "password")
        )
    except KeyError as error:
        raise SettingsError(f"missing setting {error}") from None
    servers, database, socket = parse_url(url)
    for number, (host, port) in enumerate(servers, start=1):
        try:
            return pymysql.connect(
                host=host,
                port=port,
                database=database,
                user=user,
                password=password,
                unix_socket=socket,
                charset="utf8mb4",
                autocommit=True,
                connect_timeout=3,
                read_timeout=60,
            )
        except pymysql.OperationalError:
            if number == len(servers):
                raise
    raise SettingsError("no server")


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
