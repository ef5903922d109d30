"""The service: settings, schema, then health."""

import logging
import time
from pathlib import Path

import pymysql

from . import properties, tls
from .database import SettingsError, connect, query
from .http import Server
from .release import Release
from .schema import SchemaError, migrate
from .watch import Authentication, Broker, Databases

_START_SECONDS = 2.0
"""From a migrated schema to an open port; the real server takes 30 to 60 s."""
_MODULE = "centreon-map4-web-client"
_log = logging.getLogger("map")


def serve(release: Release) -> int:
    """Run until SIGTERM; the exit code of a start that fails."""
    _log_to(Path(release.edition.log))
    _log.info("Starting Centreon MAP %s (%s)", release.version, release.edition.name)
    if release.fault == "start":
        _log.error("Application run failed: no bean of type 'MapService' could be made")
        return 1
    try:
        settings = read_settings(release)
        _prepare_database(release, settings)
        port = int(settings["centreon-map.port"])
        secured = tls.context(settings)
        broker = Broker(settings, release.version)
    except (OSError, KeyError, ValueError) as error:
        _log.error("Application run failed: configuration: %s", error)
        return 1
    except (pymysql.MySQLError, SettingsError, SchemaError) as error:
        _log.error("Application run failed: %s", error)
        return 1
    databases = Databases(settings, (release.edition.database, "centreon", "centreon_storage"))
    authentication = Authentication(settings)
    time.sleep(_START_SECONDS)

    def is_up() -> bool:
        return databases.answering and authentication.accepted and release.fault != "health"

    if _has_duplicate_modules(release, settings):
        _log.error("Application run failed: query did not return a unique result: %s", _MODULE)
        return 1
    with Server(port, release, is_up, secured) as server:
        for thread in (databases, authentication, broker):
            thread.start()
        _log.info("Started Centreon MAP %s on port %d", release.version, port)
        server.serve_forever()
    return 0


def read_settings(release: Release) -> dict[str, str]:
    """All settings. Raises OSError and `SettingsError`."""
    edition = release.edition
    files = (edition.main_file, edition.database_file, edition.centreon_database_file)
    settings = properties.read(*files)
    for file in files[1:]:
        dialect = properties.read(file).get("hibernate.dialect", "")
        if not dialect.startswith("org.hibernate.dialect.MariaDB"):
            raise SettingsError(f"{file}: unsupported dialect '{dialect}'")
    return settings


def _prepare_database(release: Release, settings: dict[str, str]) -> None:
    connection = connect(settings, release.edition.database)
    try:
        steps = migrate(connection, release)
    finally:
        connection.close()
    _log.info("Schema %d (%d steps)", release.schema, steps)


def _has_duplicate_modules(release: Release, settings: dict[str, str]) -> bool:
    """The known crash of versions before 22.10.13, 23.04.10 and 23.10.2."""
    fixed: dict[tuple[int, ...], int] = {(22, 10): 13, (23, 4): 10, (23, 10): 2}
    if release.number[2] >= fixed.get(release.number[:2], 0):
        return False
    try:
        connection = connect(settings, "centreon")
    except (pymysql.MySQLError, SettingsError):
        return False
    try:
        statement = "select count(*) from modules_informations where name = %s"
        return int(query(connection, statement, _MODULE)[0][0]) > 1
    finally:
        connection.close()


def _log_to(file: Path) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(), logging.FileHandler(file)]
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=handlers
    )
