"""A MAP installation taken away, as far as the spec said: the steps. Pure.

24.10, graph-views/map-legacy-eol, for the legacy edition; of the engine's removal nothing is
documented, so it is done alike. Manual "Installing MAP on a remote server": on a remote as on a
central.
"""

from collections.abc import Iterator

from mapinfra.centreon.map.configure import DATABASE_USER
from mapinfra.centreon.releases.editions import EDITIONS
from mapinfra.resources.contract import Plan, Step
from mapinfra.resources.map.context import MapContext
from mapinfra.resources.map.model import (
    REMOVAL,
    DesiredMap,
    LiveMap,
    Replace,
    database_of_map,
    expect_unheld,
)
from mapinfra.resources.map.plan_server import ServerSide
from mapinfra.resources.map.plan_web import WebSide
from mapinfra.resources.map.steps_server import Arm, DropDatabase, RemoveConfiguration
from mapinfra.resources.map.steps_web import KeepWebPackage


def removal(desired: DesiredMap, live: LiveMap) -> Plan[MapContext]:
    """Return what takes MAP away; nothing where the spec said that packages are kept."""
    edition = desired.edition
    if not desired.uninstall:
        return Plan(
            reason=f"{edition.title} on {desired.map.name} is forgotten; it stays as it is "
            "(removal: keep)"
        )
    server_side = ServerSide(desired, live)
    server_side.expect_free()
    body = [*server_side.cancel(), *_steps(desired, live, server_side)]
    if not body:
        return Plan(reason=f"{edition.title} isn't on {desired.map.name} any more")
    armed = any(isinstance(step, Arm) for step in body)
    return Plan(steps=(server_side.lock(REMOVAL), *body, server_side.release(disarm=armed)))


def _steps(
    desired: DesiredMap, live: LiveMap, server_side: ServerSide
) -> Iterator[Step[MapContext]]:
    edition, host = desired.edition, desired.map.name
    if live.interrupted is not None:
        yield server_side.go_back_first()
    web = list(WebSide(desired, live).leave()) if _alone(desired, live) else []
    yield from (step for step in web if isinstance(step, KeepWebPackage))
    leaving = [step for step in web if not isinstance(step, KeepWebPackage)]
    old = live.packages.get(edition.server_package)
    if old is None:
        yield from leaving
        return
    expect_unheld(live.installed, edition.server_package, host)
    server_side.expect_database()
    server_side.expect_room()
    server = Replace(edition.server_package, old, None)
    yield server_side.fetch(server)
    yield server_side.back_up(server)
    yield from server_side.stop()
    yield from leaving
    yield server_side.change(server)
    yield RemoveConfiguration(host, f"remove {edition.config_dir}, which the backup has")
    database = database_of_map(desired, live)
    name = database.name
    if desired.drop_database:
        yield DropDatabase(host, f"drop database {name}, which the backup has", database)
    else:
        yield server_side.note(f"database {name} stays (drop_database: false)")
    yield server_side.note(
        f"TODO, should nothing else use them: user {DATABASE_USER} at Centreon's "
        "database, and on a central the broker output that configure.sh made (port 5758)"
    )


def _alone(desired: DesiredMap, live: LiveMap) -> bool:
    """Tell whether no other edition on the same host uses the web client."""
    others = (one.server_package for one in EDITIONS.values() if one != desired.edition)
    return not any(other in live.installed.versions for other in others)
