"""The MariaDB server of this host."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from pymysql.cursors import DictCursor

from . import paths, php

SOCKET = "/run/mysqld/mysqld.sock"

Row = dict[str, Any]


class Database:
    """One connection, each statement committed at once, as PHP's PDO has it by default."""

    def __init__(self, connection: "pymysql.connections.Connection[DictCursor]") -> None:
        self._connection = connection

    def rows(self, query: str, *parameters: Any) -> list[Row]:
        """All rows that the query gives."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())

    def row(self, query: str, *parameters: Any) -> Row | None:
        """The first row that the query gives."""
        return next(iter(self.rows(query, *parameters)), None)

    def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement; the id that auto_increment gave, 0 if it gave none."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.lastrowid or 0

    def insert(self, table: str, row: Row) -> int:
        """Insert one row; the id that auto_increment gave it."""
        statement = _insertion(table, list(row))
        return self.execute(statement, *row.values())

    def insert_many(self, table: str, columns: list[str], rows: list[list[Any]]) -> None:
        """Insert rows in one statement."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_insertion(table, columns), rows)

    def run_script(self, script: str) -> None:
        """Run the statements of a script; raises on the first that fails."""
        with self._connection.cursor() as cursor:
            cursor.execute(script)
            while cursor.nextset():
                pass

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, or roll back when something is raised."""
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()


def _insertion(table: str, columns: list[str]) -> str:
    names = ", ".join(f"`{column}`" for column in columns)
    return f"insert into `{table}` ({names}) values ({placeholders(columns)})"


@contextmanager
def _session(**arguments: Any) -> Iterator[Database]:
    connection = pymysql.connect(
        unix_socket=SOCKET,
        charset="utf8mb4",
        autocommit=True,
        client_flag=CLIENT.MULTI_STATEMENTS,
        cursorclass=DictCursor,
        **arguments,
    )
    try:
        yield Database(connection)
    finally:
        connection.close()


@contextmanager
def as_root() -> Iterator[Database]:
    """A session of the database's administrator; needs to run as root."""
    with _session(user="root") as database:
        yield database


@contextmanager
def as_centreon(name: str = "centreon") -> Iterator[Database]:
    """A session of Centreon Web's own user in database `centreon` or `centreon_storage`.

    Raises OSError when this user may not read Centreon's settings.
    """
    settings = php.read_arrays(paths.WEB_SETTINGS.read_text())["conf_centreon"]
    with _session(user=settings["user"], password=settings["password"], database=name) as database:
        yield database


def placeholders(values: Iterable[Any]) -> str:
    """As many `%s` as there are values, for `in (...)`."""
    return ", ".join("%s" for _ in values)
