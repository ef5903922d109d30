"""What the running server depends on, looked at again and again: databases, Web, broker."""

import logging
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

import pymysql

from . import trouble, web
from .database import Connection, SettingsError, connect, query

_EVERY_SECONDS = 1.0
_RETRY_SECONDS = 2.0
_log = logging.getLogger("map")


class Databases(threading.Thread):
    """Whether its own database and those of Centreon answer."""

    def __init__(self, settings: Mapping[str, str], names: tuple[str, ...]) -> None:
        super().__init__(daemon=True)
        self.answering = False
        self._settings = settings
        self._names = names
        self._connections: dict[str, Connection] = {}

    def run(self) -> None:
        """Look every second."""
        while True:
            failed = [text for name in self._names if (text := self._failure(name))]
            if failed and self.answering:
                _log.error("%s", "; ".join(failed))
            self.answering = not failed
            time.sleep(_EVERY_SECONDS)

    def _failure(self, name: str) -> str:
        try:
            if name not in self._connections:
                self._connections[name] = connect(self._settings, name)
            query(self._connections[name], "select 1")
        except (pymysql.MySQLError, SettingsError, OSError) as error:
            self._connections.pop(name, None)
            return f"database {name}: {error}"
        return ""


class Authentication(threading.Thread):
    """Whether Centreon Web has accepted the server's user. A refusal is final until a restart:
    asking again would lock the account."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__(daemon=True)
        self.accepted = False
        self._settings = settings

    def run(self) -> None:
        """Log in, again and again until Centreon Web answers."""
        said = ""
        while not self.accepted:
            try:
                check(self._settings)
                self.accepted = True
                _log.info("Authenticated at %s", self._settings["centreon.url"])
            except web.RefusedError as error:
                _log.error("%s", error)
                return
            except (web.UnreachableError, pymysql.MySQLError, SettingsError) as error:
                if said != str(error):
                    said = str(error)
                    _log.error("Centreon Web: %s", error)
                time.sleep(_RETRY_SECONDS)


def check(settings: Mapping[str, str]) -> None:
    """Log in as the server's user, who must reach the real-time API.

    Raises `web.RefusedError` with the message of the documentation.
    """
    user = settings.get("centreon.user", "")
    try:
        web.log_in(web.api_of(settings), user, settings.get("centreon.pwd", ""))
    except web.ForbiddenError:
        raise web.RefusedError(f"Cannot authenticate user '{user}'") from None
    except web.RefusedError:
        raise web.RefusedError(f"Failed to authenticate user '{user}'") from None
    connection = connect(settings, "centreon")
    try:
        statement = "select 1 from contact where contact_alias = %s and reach_api_rt = 1"
        if not query(connection, statement, user):
            raise web.RefusedError(f"Cannot authenticate user '{user}'")
    finally:
        connection.close()


class Broker(threading.Thread):
    """The connection to the broker's output; without it the server lives on and tries again."""

    def __init__(self, settings: Mapping[str, str], version: str) -> None:
        super().__init__(daemon=True)
        self._address = (settings["broker.address"], int(settings["broker.port"]))
        self._version = version

    def run(self) -> None:
        """Connect, wait until the broker goes, connect again."""
        said = ""
        while True:
            if not self._is_lost:
                try:
                    self._listen()
                    said = ""
                    _log.warning("Centreon Broker %s:%d has gone", *self._address)
                except OSError as error:
                    if said != str(error):
                        said = str(error)
                        _log.warning("Centreon Broker %s:%d: %s", *self._address, error)
            time.sleep(_RETRY_SECONDS)

    def _listen(self) -> None:
        with socket.create_connection(self._address, timeout=5) as connection:
            _log.info("Connected to Centreon Broker %s:%d", *self._address)
            connection.settimeout(0.5)
            while not self._is_lost:
                with suppress(TimeoutError):
                    if not connection.recv(4096):
                        return

    @property
    def _is_lost(self) -> bool:
        return trouble.of(self._version).get("broker") == "lost"
