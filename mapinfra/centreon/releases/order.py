"""The order of an update: which stage of it comes when, for each edition, and on which host."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mapinfra.centreon.releases.editions import ENGINE, LEGACY, Edition
from mapinfra.centreon.releases.sources import page


class Stage(StrEnum):
    """What is done at one point of an update; an extra action names the stage it belongs to."""

    DUMP = "dump"
    PREPARE = "prepare"
    STOP = "stop"
    WEB_PACKAGE = "web package"
    SERVER_PACKAGE = "server package"
    SETTINGS = "settings"
    START = "start"
    MODULE = "module"
    WIDGET = "widget"
    HEALTH = "health"


class Place(StrEnum):
    """Where a stage happens."""

    MAP = "the MAP server"
    WEB = "the central or remote that it serves"


@dataclass(frozen=True)
class UpdateStage:
    """One stage of an update, its place, and where the vendor asks for it."""

    stage: Stage
    place: Place
    text: str
    source: str


_LEGACY_UPDATE = page("22.10", "graph-views/update")
_LEGACY_UPGRADE = page("24.10", "graph-views/upgrading-map-legacy")
_ENGINE_UPGRADE = page("24.10", "graph-views/map-web-upgrade")
_BACKUP = page("24.10", "graph-views/map-web-backup-restore")
_KEYS = page("24.10", "security/key-rotation")
_ENGINE_HEALTH = page("24.10", "graph-views/map-web-troubleshooting")
_LEGACY_HEALTH = page("20.10", "graph-views/troubleshooter")


def _at_map(stage: Stage, text: str, source: str) -> UpdateStage:
    return UpdateStage(stage, Place.MAP, text, source)


def _at_web(stage: Stage, text: str, source: str) -> UpdateStage:
    return UpdateStage(stage, Place.WEB, text, source)


# Pages disagree on the stop: "Update the extension" (22.10, graph-views/update) stops the service
# before the package, "Upgrading the extension" (22.10, graph-views/upgrade) leaves the stop out
# and only starts. A schema changed under a running server is worse than a minute's pause: stop.
# Both pages merge centreon-map.conf and change the properties after the start, without saying that
# only another start makes them count. Here they come before it: the new server never runs with the
# vendor's memory, keys or an old dialect, and stops once instead of twice.
_LEGACY = (
    _at_map(Stage.DUMP, "back up the database and the configuration", _LEGACY_UPDATE),
    _at_map(Stage.PREPARE, "keys of the packages", _KEYS),
    _at_map(Stage.STOP, "stop the service", _LEGACY_UPDATE),
    _at_map(Stage.SERVER_PACKAGE, "update the server's package", _LEGACY_UPDATE),
    _at_map(Stage.SETTINGS, "merge the configuration", _LEGACY_UPDATE),
    _at_map(Stage.START, "start the service", _LEGACY_UPDATE),
    _at_web(Stage.WEB_PACKAGE, "update the web client's package", _LEGACY_UPDATE),
    _at_web(Stage.MODULE, "update the module in Extensions > Manager", _LEGACY_UPDATE),
    _at_web(Stage.WIDGET, "update the widget in Extensions > Manager", _LEGACY_UPDATE),
    _at_map(Stage.HEALTH, "wait until the server is healthy", _LEGACY_HEALTH),
)
# Pages disagree: up to 24.04 the upgrade page neither stops the server nor orders the packages,
# and the update page forgets Extensions > Manager; those of 24.10 and 25.10 have all of it. Theirs
# is the order for every line. The backup is ours to add: the pages of the engine ask for none.
_ENGINE = (
    _at_map(Stage.DUMP, "back up the database and the configuration", _BACKUP),
    _at_map(Stage.PREPARE, "keys of the packages", _KEYS),
    _at_map(Stage.STOP, "stop the service", _ENGINE_UPGRADE),
    _at_web(Stage.WEB_PACKAGE, "update the web client's package", _ENGINE_UPGRADE),
    _at_map(Stage.SERVER_PACKAGE, "update the server's package", _ENGINE_UPGRADE),
    _at_map(Stage.SETTINGS, "merge the configuration", _BACKUP),
    _at_web(Stage.MODULE, "update the module in Extensions > Manager", _ENGINE_UPGRADE),
    _at_web(Stage.WIDGET, "update the widget in Extensions > Manager", _ENGINE_UPGRADE),
    _at_map(Stage.START, "start the service", _ENGINE_UPGRADE),
    _at_map(Stage.HEALTH, "wait until the server is healthy", _ENGINE_HEALTH),
)
_ORDERS: Mapping[str, tuple[UpdateStage, ...]] = MappingProxyType(
    {LEGACY.name: _LEGACY, ENGINE.name: _ENGINE}
)


def update_order(edition: Edition) -> tuple[UpdateStage, ...]:
    """Return the stages of an update, within a line or over one, in the order to run them."""
    return _ORDERS[edition.name]
