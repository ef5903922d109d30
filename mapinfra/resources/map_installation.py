"""MapInstallation: one MAP server and the web client that it is used with, at one version.

Manual "Update the extension" and "Upgrading the extension", for both editions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mapinfra import backup, interruption
from mapinfra.backup import Reach, Standing
from mapinfra.centreon import health, own_database, web_options
from mapinfra.centreon.access import Api
from mapinfra.centreon.config_files import Strategy
from mapinfra.centreon.editions import edition
from mapinfra.centreon.extensions import MODULE, WIDGET, ExtensionManager
from mapinfra.centreon.health import Expected
from mapinfra.centreon.lines import Dbms
from mapinfra.centreon.login import token_life
from mapinfra.centreon.map_setup import Install
from mapinfra.centreon.own_database import OwnDatabase
from mapinfra.centreon.survey import CENTREON_READS, MAP_READS, WEB_READS, backup_reads
from mapinfra.centreon.verdict import RotateSigningKey
from mapinfra.centreon.version import Version
from mapinfra.errors import CentreonError, HostError
from mapinfra.hosts import Facts, Host, Target, packages
from mapinfra.resources import map_facts, map_plan, map_undo, obstacles, records
from mapinfra.resources.contract import Inputs, Kind, Plan, Step
from mapinfra.resources.map_broker import address_to_resolve, connection_of
from mapinfra.resources.map_configuration import write_file
from mapinfra.resources.map_installing import Installing
from mapinfra.resources.map_model import (
    UNINSTALL,
    Contents,
    Desired,
    GoBack,
    Live,
    Replace,
    database_of_map,
    server_version,
    settings_of,
    web_client_version,
)
from mapinfra.resources.map_operation import Operation
from mapinfra.resources.map_removal_plan import removal
from mapinfra.resources.session import Session, database_of

_WEB_PACKAGES = "/var/lib/mapinfra/web-client"
_BEFORE_CHANGES = ("keep", "fetch", "backup", "compare", "arm")
"""Steps that aren't begun once the user wants the run to end: nothing is changed until then."""
_IMPORT_KEY = """\
set -e
file=$(mktemp)
trap 'rm -f "$file"' EXIT
curl --fail --silent --show-error --location --max-time 60 --output "$file" "$1"
gpg --show-keys --with-colons "$file" | grep -q "^fpr:*$2:" ||
  { echo "the key of $1 isn't the one with fingerprint $2" >&2; exit 1; }
rpm --import "$file"
"""


class MapInstallationKind(Kind[Desired, Live]):
    """How a MapInstallation is observed, planned and applied."""

    name = "MapInstallation"

    def desired(self, inputs: Mapping[str, Any]) -> Desired:
        """See `Kind.desired`."""
        version = Version.parse(str(inputs["version"]))
        web_client = inputs.get("web_client")
        downgrade = inputs.get("downgrade_to")
        install = inputs.get("install")
        return Desired(
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

    def targets(self, desired: Desired) -> Sequence[Target]:
        """See `Kind.targets`."""
        same = desired.map.name == desired.web.name
        return (desired.map,) if same else (desired.map, desired.web)

    def observe(self, desired: Desired, session: Session) -> Live:
        """See `Kind.observe`."""
        fleet = session.fleet
        facts, web = fleet.facts(desired.map), fleet.facts(desired.web)
        session.expect_tokens(desired.api, token_life(web))
        live = map_facts.observed(desired, facts, web)
        own = _own_database(desired, live, facts, session)
        if isinstance(own, OwnDatabase) and own.version:
            live = replace(live, system=replace(live.system, dbms=Dbms.parse(own.version)))
        live = replace(live, own=own, wishes=session.wishes)
        address = address_to_resolve(connection_of(desired, live), session.wishes)
        at = session.machines.names_at(address, desired.map) if address else ()
        return replace(live, broker_at=at)

    def thing(self, desired: Desired, live: Live) -> str:
        """See `Kind.thing`."""
        return desired.edition.title

    def home(self, desired: Desired) -> Target:
        """See `Kind.home`."""
        return desired.map

    def records(self, desired: Desired, live: Live) -> Sequence[tuple[Target, str]]:
        """See `Kind.records`."""
        return ((desired.map, _record(desired)),)

    def claim(self, desired: Desired, session: Session) -> None:
        """See `Kind.claim`."""
        records.write(session.fleet.host(desired.map), _record(desired), {}, session.stack)

    def forget(self, desired: Desired, session: Session) -> None:
        """See `Kind.forget`."""
        records.remove(session.fleet.host(desired.map), _record(desired))

    def plan(self, desired: Desired, live: Live) -> Plan:
        """See `Kind.plan`."""
        return map_plan.plan(desired, live)

    def obstacles(self, plan: Plan, desired: Desired, session: Session) -> Iterator[CentreonError]:
        """See `Kind.obstacles`. Journal and fetched packages are kept beside the records."""
        verbs = {step.verb for step in plan.steps}
        web = session.fleet.facts(desired.web)
        yield from obstacles.records(session.fleet.facts(desired.map))
        if "keep" in verbs:
            yield from obstacles.records(web)
        if "options" in verbs:
            yield from obstacles.read_only_database(web)
        if "cbd" in verbs:
            yield from obstacles.cbd(web)

    def removal(self, desired: Desired, live: Live) -> Plan:
        """See `Kind.removal`. An installation is kept, unless the spec said otherwise."""
        return removal(desired, live)

    def run(self, step: Step, desired: Desired, session: Session) -> None:
        """See `Kind.run`."""
        _Runner(desired, session).run(step)

    def undo(self, done: Sequence[Step]) -> Sequence[Step]:
        """See `Kind.undo`."""
        return map_undo.undo(done)

    def let_go(self, desired: Desired, session: Session) -> None:
        """See `Kind.let_go`: what no step works on any more is the host's to put back."""
        operation: Operation | None = session.held.pop(_operation_key(desired), None)
        if operation is not None:
            operation.abandon()

    def computed(self, desired: Desired, live: Live | None) -> Inputs:
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

    def live_inputs(self, desired: Desired, live: Live) -> Inputs | None:
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

    def report(self, desired: Desired, session: Session) -> Sequence[str]:
        """See `Kind.report`: what became of local edits, how long MAP was away."""
        lines: Sequence[str] = session.held.get(_report_key(desired), ())
        return lines


def _own_database(
    desired: Desired, live: Live, facts: Facts, session: Session
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


def _record(desired: Desired) -> str:
    return f"map-{desired.edition.service}"


def _report_key(desired: Desired) -> tuple[str, str]:
    return f"report of {MapInstallationKind.name}", desired.map.name


def _operation_key(desired: Desired) -> tuple[str, str]:
    return MapInstallationKind.name, desired.map.name


class _Runner:
    """Runs single steps."""

    def __init__(self, desired: Desired, session: Session) -> None:
        self._desired = desired
        self._session = session
        self._map = session.fleet.host(desired.map)
        self._web = session.fleet.host(desired.web)
        self._service = desired.edition.service

    def run(self, step: Step) -> None:
        match step.verb:
            case "note":
                return
            case "lock":
                started = Operation.begin(self._map, self._desired, step.data)
                self._session.held[_operation_key(self._desired)] = started
            case "release":
                self._release()
            case "abandon":
                self._operation.abandon()
                raise CentreonError(
                    "what an interrupted run left is still there", where=self._map.name
                )
            case _:
                operation = self._operation
                if step.verb in _BEFORE_CHANGES:
                    interruption.expect_none(self._map.name)
                operation.starts(step.verb)
                if step.verb != "back":  # that is for a lost lease, too
                    operation.keeper.check()
                self._do(step, operation)
                operation.done(step.verb)

    def _do(self, step: Step, operation: Operation) -> None:
        match step.verb:
            case "back":
                self._go_back(step.data, operation)
            case "cancel":
                backup.cancel(self._map, step.data)
            case "fetch":
                operation.fetch(step.data)
            case "backup":
                live = MapInstallationKind().observe(self._desired, self._session)
                own = database_of_map(self._desired, live)
                operation.back_up(step.data, own.name, own.client, self._session.tell)
            case "compare":
                self._tell_of_values(*operation.compare(step.data))
            case "arm":
                operation.arm(Reach.SERVICE, self._session.tell)
            case "server":
                # Nothing is changed by waiting, and until then the database needn't come back.
                packages.wait_until_free(self._map)
                operation.begin_changes()
                self._change(self._map, step.data, "server", ready=operation.expect_unedited)
                operation.note_snippets()
            case "config":
                for line in operation.configure():
                    self._tell(line)
            case "health":
                self._await_health(step.data or Expected(), operation)
            case "settings":
                self._write(step.data)
            case "keep" | "web" | "unweb" | "extend" | "retire" | "options":
                self._do_web(step, operation)
            case _:
                self._do_service(step, operation)

    def _do_service(self, step: Step, operation: Operation) -> None:
        match step.verb:
            case "stop":
                operation.stop()
            case "start" | "restart":
                for ended in operation.clear_the_way():
                    self._tell(f"ended {ended}, which held MAP's database")
                self._systemctl("reset-failed", check=False)
                # What an interrupted run left running has to read its files anew, too.
                self._systemctl("restart")
            case "enable":
                self._systemctl("enable", "--quiet")
            case "unenable":
                self._systemctl("disable", "--quiet")
            case "disable":
                self._map.run(["systemctl", "disable", "--quiet", "--now", step.data.unit])
            case "reenable":
                self._map.run(["systemctl", "enable", "--quiet", "--now", step.data.unit])
            case "keys":
                self._rotate_keys(step.data)
            case _:
                Installing(self._desired, self._session).run(step)

    def _do_web(self, step: Step, operation: Operation) -> None:
        match step.verb:
            case "keep":
                self._keep_web(step.data, operation)
            case "web":
                self._change(self._web, step.data, "web")
            case "unweb":
                self._put_web_back(step.data, operation)
            case "extend":
                self._extensions.run(step.data)
            case "retire":
                self._extensions.run(step.data.action)
            case "options":
                database = database_of(self._desired.web)
                web_options.write(self._web, database, step.data.after)

    @property
    def _operation(self) -> Operation:
        operation: Operation | None = self._session.held.get(_operation_key(self._desired))
        if operation is None:
            raise CentreonError("its lock isn't held", where=self._map.name)
        return operation

    def _release(self) -> None:
        operation: Operation | None = self._session.held.get(_operation_key(self._desired))
        if operation is not None:
            # No reason to take back what is done: the next run tidies up, too.
            with suppress(HostError):
                operation.sweep(self._web)
                # Also what a run that was killed has kept.
                self._web.run(["rm", "-rf", f"{_WEB_PACKAGES}-{self._service}"])
            operation.end()
            del self._session.held[_operation_key(self._desired)]

    def _go_back(self, way: GoBack, operation: Operation) -> None:
        manifest = operation.go_back(way.manifest, way.reach)
        if operation.back is not None and operation.back.message:
            self._tell(operation.back.message)
        if manifest.active:
            # As its configuration says: how an interrupted run's did before isn't known, and its
            # broker may be away.
            self._wait(Expected())

    def _await_health(self, expected: Expected, operation: Operation) -> None:
        self._wait(expected)
        if operation.stopped_for is not None:
            seconds = operation.stopped_for - expected.span
            self._tell(f"healthy {seconds:.1f} s after it was stopped")

    def _wait(self, expected: Expected) -> None:
        seconds = self._desired.start_seconds
        health.wait(self._map, self._desired.edition, seconds=seconds, expected=expected)

    @property
    def _extensions(self) -> ExtensionManager:
        api = self._session.api(self._desired.api)
        return ExtensionManager(api, self._web, database_of(self._desired.web))

    def _change(
        self, host: Host, change: Replace, purpose: str, ready: Callable[[], None] | None = None
    ) -> None:
        unit = f"mapinfra-{purpose}-{self._service}"
        if change.new is None:
            packages.remove(host, [change.package], unit, purge=True)
        else:
            packages.install(host, change.wanted, unit, ready=ready)

    def _keep_web(self, web: Replace, operation: Operation) -> None:
        if web.new is None:
            packages.foresee_removal(self._web, [web.package])
        else:
            packages.foresee(self._web, web.wanted)
            packages.download(self._web, web.wanted, f"mapinfra-download-{self._service}")
        if web.old is None:
            return
        folder = f"{_WEB_PACKAGES}-{self._service}"
        operation.kept_web = packages.fetch_afresh(self._web, web.past, folder)

    def _put_web_back(self, web: Replace, operation: Operation) -> None:
        unit = f"mapinfra-web-back-{self._service}"
        if web.old is None:
            packages.remove(self._web, [web.package], unit)
        elif self._installed_web(web.package) != web.old:
            packages.install_files(self._web, operation.kept_web, unit)

    def _installed_web(self, package: str) -> str | None:
        """Return the version there is of a package of the web client, None if it is not whole."""
        found = packages.installed(self._web, [package])
        return None if found.faults else found.versions.get(package)

    def _write(self, contents: Contents) -> None:
        for path, content in contents.after.items():
            write_file(self._map, path, content, read=contents.before[path])

    def _rotate_keys(self, rotation: RotateSigningKey) -> None:
        if rotation.url:
            argv = ("sh", "-c", _IMPORT_KEY, "sh", rotation.url, rotation.fingerprint)
            self._map.run(argv, timeout=90)
        self._map.run(["rpm", "-e", *rotation.remove])

    def _systemctl(self, *words: str, check: bool = True) -> None:
        self._map.run(["systemctl", *words, self._service], timeout=180, check=check)

    def _tell_of_values(self, summary: str, values: list[str]) -> None:
        hidden = values and not self._session.details
        self._tell(f"{summary} (--diff tells each)" if hidden else summary)
        for line in values:
            self._tell(line, detail=True)

    def _tell(self, line: str, *, detail: bool = False) -> None:
        self._session.held.setdefault(_report_key(self._desired), []).append(line)
        if self._session.details or not detail:
            self._session.tell(f"{self._map.name}: {line}")
