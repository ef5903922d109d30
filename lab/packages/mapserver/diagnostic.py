"""diagnostic.sh: a line for each thing the server needs, marked [OK], [INFO] or [ERROR]."""

import platform
import socket
from collections.abc import Callable
from functools import partial

import pymysql

from . import service, watch, web
from .database import SettingsError, connect, query
from .release import Release

_ERRORS = (pymysql.MySQLError, SettingsError, OSError, KeyError, ValueError,
           web.RefusedError, web.UnreachableError)  # fmt: skip


def diagnose(release: Release) -> int:
    """Print the diagnosis; the exit code says nothing of it."""
    print(f"[INFO] Version: {release.edition.package} {release.version}")
    print(f"[INFO] System: {platform.system()} {platform.release()}")
    print("[OK] Java: 17")
    try:
        settings = service.read_settings(release)
    except (OSError, SettingsError) as error:
        print(f"[ERROR] Configuration: {error}")
        return 0
    for name in ("centreon", "centreon_storage", release.edition.database):
        _check(f"Database: connection to {name}", partial(_ask, settings, name))
    _check("Broker: connection", lambda: _reach_broker(settings))
    _check("Authentication: Centreon Web", lambda: watch.check(settings))
    secure = settings.get("centreon.url", "").startswith("https:")
    print(f"[INFO] Protocol: {'HTTPS' if secure else 'HTTP'}")
    return 0


def _check(what: str, look: Callable[[], None]) -> None:
    try:
        look()
    except _ERRORS as error:
        print(f"[ERROR] {what}: {error}")
    else:
        print(f"[OK] {what}")


def _ask(settings: dict[str, str], name: str) -> None:
    connection = connect(settings, name)
    try:
        query(connection, "select 1")
    finally:
        connection.close()


def _reach_broker(settings: dict[str, str]) -> None:
    address = (settings["broker.address"], int(settings["broker.port"]))
    socket.create_connection(address, timeout=3).close()
