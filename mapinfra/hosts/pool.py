"""The connections of a run: one per endpoint, made once, shared by every thread."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

import paramiko

from mapinfra.errors import HostError, HostUnreachable, MapinfraError
from mapinfra.hosts.connection import Dial, SshConnection, connect, dial_tcp, silence_paramiko
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import Endpoint
from mapinfra.hosts.failures import ChannelRefused, ConnectionLost, RefusedByHop, relocated
from mapinfra.hosts.keys import Keyring
from mapinfra.secrets import SecretResolver

_T = TypeVar("_T")


class Pool:
    """Connections by endpoint. A dead one is replaced when it is next asked for.

    Threads that ask while a connection is being made wait for it and share its failure, so
    fifty hosts behind one dead jump host cost one connect timeout.
    """

    def __init__(self, secrets: SecretResolver) -> None:
        silence_paramiko()
        self._keyring = Keyring(secrets)
        self._lock = threading.Lock()
        self._connections: dict[Endpoint, Future[SshConnection]] = {}
        self._closed = threading.Event()

    @contextmanager
    def session(self, endpoint: Endpoint) -> Iterator[tuple[SshConnection, paramiko.Channel]]:
        """A channel for one command, closed at the end.

        Raises ConnectionLost or another HostError, ChannelRefused.
        """
        connection, channel = self.opened(endpoint, SshConnection.open_session)
        try:
            yield connection, channel
        finally:
            connection.end_session(channel)

    def opened(
        self, endpoint: Endpoint, opening: Callable[[SshConnection], _T]
    ) -> tuple[SshConnection, _T]:
        """Open a channel; once more on a new connection, when the old one turns out dead.

        Nothing was sent on the channel yet, so nothing can happen twice.
        """
        connection = self.connection(endpoint)
        try:
            return connection, opening(connection)
        except ConnectionLost:
            connection = self.connection(endpoint)
            return connection, opening(connection)

    def connection(self, endpoint: Endpoint) -> SshConnection:
        """Return the live connection to an endpoint, making it when there is none."""
        with self._lock:
            if self._closed.is_set():
                raise HostUnreachable("the run is being stopped", where=endpoint.name)
            future = self._connections.get(endpoint)
            mine = future is None or _is_spent(future)
            if future is None or mine:
                future = self._connections[endpoint] = Future()
        if mine:
            self._make(endpoint, future)
        try:
            return future.result()
        except MapinfraError as error:
            raise relocated(error, endpoint.name) from None

    def address(self, endpoint: Endpoint) -> str:
        """Return where the connection to an endpoint really goes, the jump hosts included."""
        if endpoint.via is None:
            return self.connection(endpoint).peer
        return f"{endpoint.address.lower()} via {self.address(endpoint.via)}"

    def close(self) -> None:
        """Close every connection and stop connecting."""
        with self._lock:
            self._closed.set()
            futures = list(self._connections.values())
        for future in reversed(futures):
            if future.done() and future.exception() is None:
                future.result().close()

    def _make(self, endpoint: Endpoint, future: Future[SshConnection]) -> None:
        try:
            connection = connect(endpoint, self._dial(endpoint), self._keyring, self._closed)
        except BaseException as error:  # noqa: BLE001 - handed on to every thread that waits
            future.set_exception(error)
            return
        if self._closed.is_set():
            connection.close()
        future.set_result(connection)

    def _dial(self, endpoint: Endpoint) -> Dial:
        via = endpoint.via
        if via is None:
            return dial_tcp(endpoint)

        def dial(_: Deadline) -> paramiko.Channel:
            try:
                return self.opened(via, lambda hop: hop.open_tcp(endpoint.host, endpoint.port))[1]
            except HostError as error:
                raise relocated(error, f"{endpoint.name} via {error.where}") from None
            except ChannelRefused as error:
                what = "doesn't forward" if error.forbidden else "gets no connection"
                raise RefusedByHop(f"{via.name} {what} to it") from None

        return dial


def _is_spent(future: Future[SshConnection]) -> bool:
    return future.done() and (future.exception() is not None or not future.result().alive)
