"""MariaDB on a host, through a channel of its SSH connection."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import paramiko
import pymysql
from pymysql.constants import CR
from pymysql.cursors import DictCursor

from mapinfra.errors import DatabaseError, Deadlock
from mapinfra.hosts import refusals
from mapinfra.hosts.connection import sending_on
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.failures import ChannelRefused
from mapinfra.hosts.survey import Rows
from mapinfra.hosts.target import Database
from mapinfra.hosts.tls import ChannelContext
from mapinfra.secrets import SecretResolver
from mapinfra.text import without_secrets

Snapshot = Mapping[str, Rows | DatabaseError]

ROWS_LIMIT = 100_000
"""Rows that one query may answer with."""
ANSWER_LIMIT = 32 << 20
"""Bytes that one query may answer with."""
_READS = 2  # that PyMySQL makes for a row: the head of its packet, and the rest
_DEADLOCK = 1213
_GONE = (CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR, CR.CR_CONN_HOST_ERROR)


@dataclass(frozen=True)
class Door:
    """How a session gets to MariaDB: the host's name, and what opens a channel from there."""

    name: str
    timeout: float
    secrets: SecretResolver
    open_tcp: Callable[[str, int], paramiko.Channel]
    open_unix: Callable[[str], paramiko.Channel]
    has_socket: Callable[[str], bool]


class Transaction:
    """Statements that are committed together; parameters are bound, never pasted."""

    def __init__(self, session: "MariadbSession") -> None:
        self._session = session

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        """Return the rows of a SELECT."""
        return self._session.query(sql, params)

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run a changing statement; return how many rows it changed."""
        return self._session.execute(sql, params)


class MariadbSession:
    """One login to MariaDB."""

    def __init__(self, link: "_Link", faults: "_Faults") -> None:
        self._link = link
        self._faults = faults

    def query(self, sql: str, params: Sequence[object] = ()) -> Rows:
        """Return the rows of a statement."""
        self._link.meter.start()
        with self._faults.told(), self._link.connection.cursor() as cursor:
            cursor.execute(sql, params or None)
            return list(cursor.fetchall())

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Return how many rows a statement changed."""
        self._link.meter.start()
        with self._faults.told(), self._link.connection.cursor() as cursor:
            return cursor.execute(sql, params or None)

    def snapshot(self, queries: Sequence[tuple[str, str]]) -> dict[str, Rows | DatabaseError]:
        """Answer each query, or say why not, all from the same moment; nothing can be written."""
        self.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        return {name: self._answer(name, sql) for name, sql in queries}

    def _answer(self, name: str, sql: str) -> Rows | DatabaseError:
        try:
            return self.query(sql)
        except DatabaseError as error:
            if not self._link.connection.open:
                raise
            error.what = f"reading {name}: {error.what}"
            return error

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end, roll back on any error."""
        self.execute("START TRANSACTION")
        try:
            yield Transaction(self)
        except BaseException:
            self._link.meter.start()
            with suppress(pymysql.Error):  # without a connection the server rolls back itself
                self._link.connection.rollback()
            raise
        self._commit()

    def _commit(self) -> None:
        self._link.meter.start()
        with self._faults.told("the commit was sent, whether it was done isn't known: "):
            self._link.connection.commit()


@contextmanager
def session(door: Door, database: Database) -> Iterator[MariadbSession]:
    """Log in to MariaDB; raise DatabaseError when that fails, within the command timeout."""
    faults = _Faults(door, database)
    channel = _open(door, database)
    link = _Link(door, database)
    try:
        with faults.told():
            link.connection.connect(_Socket(channel, link.meter))  # type: ignore[arg-type] # all that it uses
        yield MariadbSession(link, faults)
    finally:
        with suppress(pymysql.Error):
            link.connection.close()
        channel.close()


def _address(database: Database) -> str:
    return database.socket or f"{database.host}:{database.port}"


def _open(door: Door, database: Database) -> paramiko.Channel:
    try:
        if database.socket is not None:
            return door.open_unix(database.socket)
        return door.open_tcp(database.host, database.port)
    except ChannelRefused as refused:
        address = _address(database)
        # sshd doesn't say so of a unix socket, but tells it as one where nothing listens.
        if refused.forbidden or (database.socket is not None and door.has_socket(database.socket)):
            raise DatabaseError(
                f"sshd doesn't forward to MariaDB at {address}",
                where=door.name,
                remedy="allow it in sshd_config: AllowTcpForwarding and PermitOpen for a port, "
                "AllowStreamLocalForwarding for a socket",
            ) from None
        raise DatabaseError(
            f"MariaDB at {address} refuses connections, or nothing listens there",
            where=door.name,
            remedy="start it (systemctl start mariadb), or correct the database's address",
        ) from None


class _Link:
    """PyMySQL's connection, not connected yet.

    It speaks TLS where MariaDB offers it: users may be defined with REQUIRE SSL. The password goes
    in as bytes, since PyMySQL encodes text as Latin-1.
    """

    def __init__(self, door: Door, database: Database) -> None:
        reference = database.password
        self.meter = _Meter(door.timeout)
        self.connection: pymysql.Connection[DictCursor] = pymysql.Connection(
            user=database.user,
            password=door.secrets(reference).encode() if reference else b"",
            database=database.name,
            host=database.host,
            port=database.port,
            charset="utf8mb4",
            autocommit=False,
            local_infile=False,
            cursorclass=DictCursor,
            read_timeout=door.timeout,
            write_timeout=door.timeout,
            defer_connect=True,
        )
        self.connection.ctx = ChannelContext()  # type: ignore[attr-defined]


class _Faults:
    """Turns PyMySQL's errors into one line each."""

    def __init__(self, door: Door, database: Database) -> None:
        self._door = door
        self._database = database

    @contextmanager
    def told(self, doing: str = "") -> Iterator[None]:
        try:
            yield
        except pymysql.Error as error:
            raise self._told(error, doing) from None
        except _TooMuch as much:
            raise DatabaseError(
                f"MariaDB at {_address(self._database)} answers a query with more than {much}",
                where=self._door.name,
                remedy="look at that table: nothing that mapinfra reads is as long",
            ) from None

    def _told(self, error: pymysql.Error, doing: str) -> DatabaseError:
        code, text = _code_and_text(error)
        what, remedy = self._said(code, text)
        kind = Deadlock if code == _DEADLOCK else DatabaseError
        return kind(f"{doing}{what}", where=self._door.name, remedy=remedy)

    def _said(self, code: int, text: str) -> tuple[str, str]:
        database = self._database
        at = f"MariaDB at {_address(database)}"
        if code in _GONE or not text:
            return self._silent(at) if "timed out" in text else _ended(at)
        shown = without_secrets(text)
        advice = refusals.of_mariadb(code, shown, at=at, user=database.user, name=database.name)
        return advice.what, advice.remedy

    def _silent(self, at: str) -> tuple[str, str]:
        return (
            f"{at} gave no answer within {self._door.timeout:g} s",
            "check its load and locks, or raise ssh.command_timeout",
        )


def _ended(at: str) -> tuple[str, str]:
    return f"{at} closed the connection", "check its log (journalctl -u mariadb)"


def _code_and_text(error: pymysql.Error) -> tuple[int, str]:
    code, text = (*error.args, 0, "")[:2] if len(error.args) > 1 else (0, str(error))
    return int(code), str(text)


class _TooMuch(Exception):
    """An answer beyond a limit, which this says."""


class _Meter:
    """What one statement may take: time, what is made of the answer included, bytes and rows."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.start()

    def start(self) -> None:
        self._deadline = Deadline.after(self._seconds)
        self._bytes = self._reads = 0

    def received(self, size: int) -> None:
        self._bytes += size
        if self._bytes > ANSWER_LIMIT:
            raise _TooMuch(f"{ANSWER_LIMIT / 2**20:g} MiB")
        if self._deadline.passed:
            raise TimeoutError("timed out")

    def read(self) -> None:
        self._reads += 1
        if self._reads > ROWS_LIMIT * _READS:
            raise _TooMuch(f"{ROWS_LIMIT} rows")


class _Socket:
    """What PyMySQL uses of a socket, on a channel, with buffered reading."""

    def __init__(self, channel: paramiko.Channel, meter: _Meter) -> None:
        self._channel = channel
        self._meter = meter

    def settimeout(self, seconds: float | None) -> None:
        self._channel.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        try:
            with sending_on(self._channel):
                self._channel.sendall(data)
        except TimeoutError:
            raise TimeoutError("timed out") from None

    def makefile(self, _mode: str) -> io.BufferedReader:
        return _Reader(_Stream(self._channel, self._meter), self._meter)

    def close(self) -> None:
        self._channel.close()


class _Reader(io.BufferedReader):
    def __init__(self, stream: "_Stream", meter: _Meter) -> None:
        super().__init__(stream)
        self._meter = meter

    def read(self, size: int | None = -1) -> bytes:
        self._meter.read()
        return super().read(size)


class _Stream(io.RawIOBase):
    def __init__(self, channel: paramiko.Channel, meter: _Meter) -> None:
        super().__init__()
        self._meter = meter
        self._channel = channel

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._channel.recv(len(buffer))
        except TimeoutError:
            raise TimeoutError("timed out") from None  # paramiko's has no text
        self._meter.received(len(data))
        buffer[: len(data)] = data
        return len(data)
