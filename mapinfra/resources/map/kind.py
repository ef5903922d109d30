"""MapInstallation: one MAP server and the web client that it is used with, at one version.

Manual "Update the extension" and "Upgrading the extension", for both editions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mapinfra.centreon.map.configure import Install
from mapinfra.centreon.reads import CENTREON_READS, MAP_READS, WEB_READS, backup_reads
from mapinfra.centreon.releases.editions import edition
from mapinfra.centreon.releases.lines import Dbms
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.extensions import MODULE, WIDGET
from mapinfra.centreon.web.login import token_life
from mapinfra.config_files import Strategy
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts, Target
from mapinfra.resources import obstacles, records
from mapinfra.resources.contract import Inputs, Kind, Plan
from mapinfra.resources.map import observing, own_database, plan
from mapinfra.resources.map.broker import address_to_resolve, connection_of
from mapinfra.resources.map.context import MapContext, report_key
from mapinfra.resources.map.model import (
    UNINSTALL,
    DesiredMap,
    LiveMap,
    server_version,
    settings_of,
    web_client_version,
)
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.map.plan_removal import removal
from mapinfra.resources.map.steps_output import RestartCbd
from mapinfra.resources.map.steps_web import KeepWebPackage, SetOptions
from mapinfra.resources.session import Session
from mapinfra.rollback import Standing


class MapInstallationKind(Kind[DesiredMap, LiveMap, MapContext]):
    """How a MapInstallation is observed, planned and applied."""

    name = "MapInstallation"

    def desired(self, inputs: Mapping[str, Any]) -> DesiredMap:
        """See `Kind.desired`."""
        version = Version.parse(str(inputs["version"]))
        web_client = inputs.get("web_client")
        downgrade = inputs.get("downgrade_to")
        install = inputs.get("install")
        return DesiredMap(
            map=Target.model_validate(inputs["map"]).reading(
                MAP_READS, backup_reads(str(inputs["backup"]["folder"]))
            ),
            web=Target.model_validate(inputs["web"]).reading(CENTREON_READS, WEB_READS),
            api=Api.model_validate(inputs["api"]),
            edition=edition(str(inputs["edition"])),
            version=version,
            web_client=Version.parse(str(web_client)) if web_client else version,
            release_notes_read=inputs.get("release_notes_read"),
            downgrade_to=Version.parse(str(downgrade)) if downgrade else None,
            strategy=Strategy(inputs["config"]),
            settings={name: dict(held) for name, held in inputs.get("settings", {}).items()},
            address=inputs.get("address"),
            folder=str(inputs["backup"]["folder"]),
            keep=int(inputs["backup"]["keep"]),
            lease_minutes=float(inputs["lease_minutes"]),
            start_seconds=float(inputs["start_seconds"]),
            install=Install.model_validate(install) if install else None,
            uninstall=inputs.get("removal") == UNINSTALL,
            drop_database=bool(inputs.get("drop_database")),
        )

    def targets(self, desired: DesiredMap) -> Sequence[Target]:
        """See `Kind.targets`."""
        same = desired.map.name == desired.web.name
        return (desired.map,) if same else (desired.map, desired.web)

    def observe(self, desired: DesiredMap, session: Session) -> LiveMap:
        """See `Kind.observe`."""
        fleet = session.fleet
        facts, web = fleet.facts(desired.map), fleet.facts(desired.web)
        session.expect_tokens(desired.api, token_life(web))
        live = observing.observed(desired, facts, web)
        own = _own_database(desired, live, facts, session)
        if isinstance(own, OwnDatabase) and own.version:
            live = replace(live, system=replace(live.system, dbms=Dbms.parse(own.version)))
        live = replace(live, own=own, wishes=session.wishes)
        address = address_to_resolve(connection_of(desired, live), session.wishes)
        return replace(live, broker_at=session.machines.names_at(address, desired.map))

    def thing(self, desired: DesiredMap, live: LiveMap) -> str:
        """See `Kind.thing`."""
        return desired.edition.title

    def home(self, desired: DesiredMap) -> Target:
        """See `Kind.home`."""
        return desired.map

    def records(self, desired: DesiredMap, live: LiveMap) -> Sequence[tuple[Target, str]]:
        """See `Kind.records`."""
        return ((desired.map, _record(desired)),)

    def claim(self, desired: DesiredMap, session: Session) -> None:
        """See `Kind.claim`."""
        records.write(session.fleet.host(desired.map), _record(desired), {}, session.stack)

    def forget(self, desired: DesiredMap, session: Session) -> None:
        """See `Kind.forget`."""
        records.remove(session.fleet.host(desired.map), _record(desired))

    def plan(self, desired: DesiredMap, live: LiveMap) -> Plan[MapContext]:
        """See `Kind.plan`."""
        return plan.plan(desired, live)

    def obstacles(
        self, plan: Plan[MapContext], desired: DesiredMap, session: Session
    ) -> Iterator[CentreonError]:
        """See `Kind.obstacles`. Journal and fetched packages are kept beside the records."""
        web = session.fleet.facts(desired.web)
        yield from obstacles.records(session.fleet.facts(desired.map))
        if plan.has(KeepWebPackage):
            yield from obstacles.records(web)
        if plan.has(SetOptions):
            yield from obstacles.read_only_database(web)
        if plan.has(RestartCbd):
            yield from obstacles.cbd(web)

    def removal(self, desired: DesiredMap, live: LiveMap) -> Plan[MapContext]:
        """See `Kind.removal`. An installation is kept, unless the spec said otherwise."""
        return removal(desired, live)

    def context(self, desired: DesiredMap, session: Session) -> MapContext:
        """See `Kind.context`."""
        return MapContext(desired, session)

    def let_go(self, context: MapContext) -> None:
        """See `Kind.let_go`: what no step works on any more is the host's to put back."""
        context.let_go()

    def computed(self, desired: DesiredMap, live: LiveMap | None) -> Inputs:
        """See `Kind.computed`."""
        if live is None:
            version = str(desired.web_client)
            return {"module": version, "widget": version, "enabled": True, "healthy": True}
        found = live.extensions.found
        return {
            "module": found[MODULE].installed,
            "widget": found[WIDGET].installed,
            "enabled": live.health.unit.enablement != "disabled",
            "healthy": live.health.is_healthy,
        }

    def live_inputs(self, desired: DesiredMap, live: LiveMap) -> Inputs | None:
        """See `Kind.live_inputs`."""
        version = server_version(desired, live)
        if version is None:
            return None
        inputs: Inputs = {"version": str(version)}
        web = web_client_version(live)
        # A spec that doesn't name it wants the server's, and nothing is to be told while it is.
        as_the_server = desired.web_client == desired.version and web == version
        if web != desired.web_client and not as_the_server:
            inputs["web_client"] = web and str(web)
        if desired.settings:
            inputs["settings"] = settings_of(desired, live)
        return inputs

    def report(self, desired: DesiredMap, session: Session) -> Sequence[str]:
        """See `Kind.report`: what became of local edits, how long MAP was away."""
        lines: Sequence[str] = session.held.get(report_key(desired), ())
        return lines


def _own_database(
    desired: DesiredMap, live: LiveMap, facts: Facts, session: Session
) -> OwnDatabase | CentreonError | None:
    """Look at MAP's own database, once for each pass over its host."""
    if desired.edition.server_package not in live.installed.versions:
        return None
    if live.interrupted is not None or live.journal.standing is Standing.HELD:
        return None
    key = "own database", desired.map.name, desired.edition.name
    seen: tuple[Facts, OwnDatabase | CentreonError] | None = session.held.get(key)
    if seen is None or seen[0] is not facts:
        host = session.fleet.host(desired.map)
        seen = facts, own_database.found(host, desired.edition, live.configuration)
        session.held[key] = seen
    return seen[1]


def _record(desired: DesiredMap) -> str:
    return f"map-{desired.edition.service}"
