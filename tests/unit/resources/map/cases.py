"""A MAP installation as wanted and as found, for the tests of its plans."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from mapinfra.backup import Manifest, MariadbClient
from mapinfra.centreon.map.answers import Answer, Report
from mapinfra.centreon.map.environment import System
from mapinfra.centreon.map.health import Health, Unit
from mapinfra.centreon.map.prerequisites import Ground
from mapinfra.centreon.releases.editions import ENGINE, WEB_CLIENT, Edition
from mapinfra.centreon.releases.lines import Dbms, OperatingSystem
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.extensions import (
    LICENSE_MANAGER,
    MODULE,
    WIDGET,
    Extension,
    ExtensionPart,
    ExtensionRow,
    Extensions,
)
from mapinfra.config_files import Strategy
from mapinfra.hosts import Database, Ssh, Target
from mapinfra.hosts.packages import Installed, Offered
from mapinfra.resources.contract import Plan, Step, taken_back
from mapinfra.resources.map.context import MapContext
from mapinfra.resources.map.model import DesiredMap, LiveMap
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.map.steps import NamedStep
from mapinfra.rollback import Entry, Found, Holder
from mapinfra.secrets import EnvironmentSecret

S = TypeVar("S", bound=Step[MapContext])

OLD, NEWER = "22.10.1", "22.10.5"
CONF = "centreon-map.conf"
ADDRESS = "http://192.0.2.7:8081"


def wanted(version: str = NEWER, edition: Edition = ENGINE, **changed: Any) -> DesiredMap:
    password = EnvironmentSecret(env="API")
    return DesiredMap(
        **{
            "map": Target(name="central/map", ssh=Ssh(host="map"), reads=("map",)),
            "web": Target(name="central", ssh=Ssh(host="central"), database=Database(user="m")),
            "api": Api(url="http://central/centreon", user="admin", password=password),
            "edition": edition,
            "version": Version.parse(version),
            "web_client": Version.parse(version),
            "release_notes_read": None,
            "downgrade_to": None,
            "strategy": Strategy.CARRY,
            "settings": {},
            "address": None,
            "folder": "/var/backups/mapinfra",
            "keep": 3,
            "lease_minutes": 15.0,
            "start_seconds": 300.0,
            **changed,
        }
    )


def package(version: str) -> str:
    return f"{version}-1.el8"


def health(
    edition: Edition,
    active: str = "active",
    enablement: str = "enabled",
    broker: tuple[str, ...] = ("192.0.2.1:5758",),
) -> Health:
    unit = Unit(edition.service, "loaded", active, "", enablement, "", 0, 0, "")
    answers = (Answer("http://localhost/health", 200, "UP", ""),)
    report = Report(edition, answers, False, "192.0.2.1", 5758, broker, None)
    return Health(edition, unit, report)


def extension(part: ExtensionPart, available: str | None, installed: str | None) -> Extension:
    rows = (ExtensionRow(1, installed),) if installed else ()
    return Extension(part, part.name, available, rows)


def extensions(disk: str | None, module: str | None, widget: str | None) -> Extensions:
    held = (
        extension(LICENSE_MANAGER, OLD, OLD),
        extension(MODULE, disk, module),
        extension(WIDGET, disk, widget),
    )
    return Extensions("central", {one.part: one for one in held})


def found(version: str = OLD, edition: Edition = ENGINE, **changed: Any) -> LiveMap:
    offered = tuple(package(one) for one in (OLD, NEWER, "23.10.3"))
    folder = edition.config_dir
    return LiveMap(
        **{
            "journal": Found(100),
            "interrupted": None,
            "installed": Installed("rpm", versions={edition.server_package: package(version)}),
            "offered": Offered({edition.server_package: offered}),
            "health": health(edition),
            "configuration": {f"{folder}/{CONF}": b'RUN_ARGS="a"\nJAVA_OPTS="-Xmx4G"\n'},
            "system": System(
                OperatingSystem("almalinux", 8), 17, Dbms.parse("10.5.9-MariaDB"), False
            ),
            "web_installed": Installed("rpm", versions={WEB_CLIENT.package: package(version)}),
            "web_offered": Offered({WEB_CLIENT.package: offered}),
            "extensions": extensions(version, version, version),
            "options": {},
            "central": Version.parse("22.10.0"),
            "is_central": True,
            "broker": None,
            "ground": Ground(("192.0.2.7",), {edition.database: 10**9}, {"/": 10**10}),
            "own": OwnDatabase(edition.database, MariadbClient(), 10**9, "10.5.9-MariaDB"),
            **changed,
        }
    )


def names(steps: Iterable[Step[MapContext]]) -> list[str]:
    """Return the steps' names, as the journal has them; without notes."""
    return [step.name for step in steps if isinstance(step, NamedStep) and step.name != "note"]


def the(kind: type[S], steps: Iterable[Step[MapContext]]) -> S:
    """Return the one step of a kind."""
    (step,) = (step for step in steps if isinstance(step, kind))
    return step


def until(name: str, plan: Plan[MapContext]) -> Sequence[Step[MapContext]]:
    """Return the steps of a plan to the first of that name."""
    number = next(
        number
        for number, step in enumerate(plan.steps, start=1)
        if isinstance(step, NamedStep) and step.name == name
    )
    return plan.steps[:number]


def undone(plan: Plan[MapContext], last: str) -> list[str]:
    """Return the names of the steps that take a plan back that failed at a step."""
    return names(taken_back(until(last, plan)))


def manifest(active: bool = True) -> Manifest:
    return Manifest(
        "b1", "/var/backups/mapinfra/b1", ENGINE.service, "", "", "rpm",
        {ENGINE.server_package: package(OLD)}, ENGINE.config_dir, "centreon_map", "utf8mb4", "",
        "", active, "enabled", "database.sql", {}, {}, {},
    )  # fmt: skip


def interrupted(step: str, **changed: Any) -> LiveMap:
    holder = Holder("ada", "console", 1, "")
    entry = Entry(ENGINE.service, "update", NEWER, holder, backup=manifest().directory, step=step)
    journal = Found(100, replace(entry, until=50))
    return found(**{"journal": journal, "interrupted": manifest(), **changed})
