"""The plan of a MAP installation: versions judged, then what leads to them. Pure."""

from collections.abc import Iterator, Sequence
from itertools import chain

from mapinfra.centreon.map.health import HealthState
from mapinfra.centreon.map.on_host import speaks_tls
from mapinfra.centreon.releases.editions import EDITIONS
from mapinfra.centreon.releases.notes import notes_between
from mapinfra.centreon.releases.order import Stage, update_order
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.rules.judging import judge
from mapinfra.centreon.rules.situation import ABSENT, Absent, Situation
from mapinfra.centreon.rules.verdict import Block, KeepSnippet, Rule, RunConfigure, Verdict
from mapinfra.errors import CentreonError, HostError
from mapinfra.hosts.packages import Installed
from mapinfra.resources.contract import Change, Plan, Step
from mapinfra.resources.map.broker import expect_agreement
from mapinfra.resources.map.context import MapContext, MapStep
from mapinfra.resources.map.model import (
    INSTALLATION,
    REPAIR,
    DesiredMap,
    LiveMap,
    Replace,
    expect_unheld,
    held,
    offered_as,
    server_version,
    settings_of,
    web_client_version,
)
from mapinfra.resources.map.own_database import LoginRefused
from mapinfra.resources.map.plan_installation import Installation
from mapinfra.resources.map.plan_server import ServerSide
from mapinfra.resources.map.plan_web import WebSide
from mapinfra.resources.map.steps import NoteStep, TakeLock
from mapinfra.resources.map.steps_server import (
    Arm,
    DeclareSettings,
    GoBack,
    Restart,
    SetSettings,
    Start,
)

_UNREAD = {step.name for step in (TakeLock, SetSettings, DeclareSettings, Restart)}
"""Last steps of a repair after which the service may not have read its settings yet."""


def plan(desired: DesiredMap, live: LiveMap) -> Plan[MapContext]:
    """Return the steps, in the vendor's order; raise CentreonError when a rule isn't met."""
    return _Planner(desired, live).plan()


class _Planner:
    """One plan being made."""

    def __init__(self, desired: DesiredMap, live: LiveMap) -> None:
        self.desired = desired
        self.live = live
        self.edition = desired.edition
        self.server_side, self.web_side = ServerSide(desired, live), WebSide(desired, live)
        # What an installation that was cut off has left counts as nothing: it is done over.
        # But not once it is healthy: then only what came after that is left to do.
        over = live.unfinished and live.health.state is not HealthState.UP
        self.installed = None if over else server_version(desired, live)

    def plan(self) -> Plan[MapContext]:
        self.server_side.expect_free()
        self._expect_whole()
        expect_agreement(self.desired, self.live)
        verdict = judge(self._situation())
        self._expect_allowed(verdict)
        operation, work = self._operation(verdict)
        body: list[Step[MapContext]] = [*self.server_side.cancel(), *work]
        todo = tuple(self._todo(verdict))
        if not body and self.live.journal.entry is None:
            return Plan(reason=self._reason, todo=todo)
        armed = any(isinstance(step, Arm | GoBack) for step in body)
        steps = (
            *(self._notes(verdict) if operation != REPAIR else ()),
            self.server_side.lock(operation),
            *body,
            self.server_side.release(disarm=armed),
        )
        return Plan(tuple(self._changes()), steps, todo=todo)

    def _operation(self, verdict: Verdict) -> tuple[str, list[MapStep]]:
        """Return what is to be done as the journal will call it, and its steps."""
        if self.installed is None:
            return INSTALLATION, list(Installation(self.desired, self.live).steps())
        back = [self.server_side.go_back_first()] if self._must_go_back else []
        if self.installed != self.desired.version:
            return "update", [*back, *self._update(self.installed, verdict)]
        return REPAIR, [*back, *self._repair()]

    # What is in the way

    def _expect_whole(self) -> None:
        """What a run of ours has left half done is its successor's to mend."""
        if self.live.journal.entry is not None:
            return
        hosts = (
            (self.desired.map, self.live.installed),
            (self.desired.web, self.live.web_installed),
        )
        for host, installed in hosts:
            if installed.faults:
                raise CentreonError(
                    "; ".join(installed.faults),
                    where=host.name,
                    remedy="mend the packages there first",
                )

    def _expect_allowed(self, verdict: Verdict) -> None:
        if verdict.blocks:
            told = [self._told(block) for block in verdict.blocks]
            *others, last = told
            what = "; ".join([*(f"{what}: {remedy}" for what, remedy in others), last[0]])
            where, steps = self.desired.map.name, self._steps_beyond_the_gate(verdict)
            raise CentreonError(what, where=where, remedy=last[1], beside=steps)
        if self.installed == self.desired.version:
            return
        for action in verdict.actions:
            if isinstance(action.do, KeepSnippet) and action.do.dpkg_option:
                raise CentreonError(
                    "both editions of MAP are on this host, and their packages own one file",
                    where=self.desired.map.name,
                    remedy="uninstall the other edition first, or update by hand",
                )

    def _steps_beyond_the_gate(self, verdict: Verdict) -> tuple[str, ...]:
        """Return what would be done once the release notes are read, if that is all there is."""
        if any(block.rule is not Rule.RELEASE_NOTES for block in verdict.blocks):
            return ()
        try:
            _, body = self._operation(verdict)
        except (CentreonError, HostError):
            return ()  # told once the gate is open
        return tuple(f"once the release notes are read: {step}" for step in body)

    def _told(self, block: Block) -> tuple[str, str]:
        """Return what is in the way and what to do; of release notes, what they ask for."""
        if block.rule is not Rule.RELEASE_NOTES:
            return block.what, block.remedy
        notes = list(self._release_notes())
        return "; ".join([block.what, *notes]), block.remedy

    # What the rules look at

    def _situation(self) -> Situation:
        live, desired, edition = self.live, self.desired, self.edition
        other = next(one for one in EDITIONS.values() if one != edition)
        dialects = {
            name: found["hibernate.dialect"]
            for name in edition.database_files
            for found in (held(live.configuration, f"{edition.config_dir}/{name}"),)
            if "hibernate.dialect" in found
        }
        main = held(live.configuration, f"{edition.config_dir}/{edition.main_file}")
        return Situation(
            edition=edition,
            installed=self.installed,
            target=desired.version,
            release_notes_read=desired.release_notes_read,
            downgrade_to=desired.downgrade_to,
            system=live.system.system,
            dbms=live.system.dbms,
            java=live.system.java,
            central=live.central,
            web_client=web_client_version(live) or ABSENT,
            other_edition=_version_or_absent(live.installed, other.server_package),
            https=speaks_tls(self._text(edition.conf_file), self._text(edition.main_file)),
            tomcat=live.system.tomcat,
            rpm_keys=frozenset(live.installed.signing_keys),
            dialects=dialects,
            pb_messages=main.get("broker.pb.message.enabled", ABSENT),
            broker_categories=live.broker.categories if live.broker else None,
        )

    def _text(self, name: str) -> str:
        content = self.live.configuration.get(f"{self.edition.config_dir}/{name}", b"")
        return content.decode("latin-1")

    # The steps

    @property
    def _must_go_back(self) -> bool:
        return self.live.interrupted is not None

    def _notes(self, verdict: Verdict) -> Iterator[NoteStep]:
        note = self.server_side.note
        for known in verdict.notes:
            yield note(f"to know: {known.rule}: {known}")
        for text in self._release_notes():
            yield note(f"to know: {text}")
        yield from self.server_side.clock()

    def _todo(self, verdict: Verdict) -> Iterator[str]:
        """Return what is left to a person: a fact of the hosts, so it is told until it is done."""
        for action in verdict.actions:
            if isinstance(action.do, RunConfigure):
                yield f"{self.desired.map.name}: TODO: {action}"

    def _release_notes(self) -> Iterator[str]:
        for notes in notes_between(self.installed, self.desired.version, self.edition):
            for procedure in notes.procedures:
                yield f"release notes of {notes.line}: {procedure}"

    def _update(self, installed: Version, verdict: Verdict) -> Iterator[MapStep]:
        name = self.edition.server_package
        expect_unheld(self.live.installed, name, self.desired.map.name)
        self.server_side.expect_database()
        new = offered_as(self.live.offered, name, self.desired.version, self.desired.map.name)
        server = Replace(name, self.live.packages[name], new)
        packages = self.web_side.packages()
        yield from map(self.web_side.keep, packages)
        self.server_side.expect_room()
        for stage in update_order(self.edition):
            yield from self._at(stage.stage, server, packages, verdict)
        yield from self._enable()

    def _at(
        self, stage: Stage, server: Replace, packages: list[Replace], verdict: Verdict
    ) -> Iterator[MapStep]:
        match stage:
            case Stage.DUMP:
                yield self.server_side.fetch(server)
                yield self.server_side.back_up(server)
                yield self.server_side.compare(server, verdict)
            case Stage.PREPARE:
                yield from self.server_side.keys(verdict)
            case Stage.STOP:
                yield from self.server_side.stop()
                yield from self.server_side.disable_others(verdict)
            case Stage.WEB_PACKAGE:
                yield from map(self.web_side.change, packages)
            case Stage.SERVER_PACKAGE:
                yield self.server_side.change(server)
            case Stage.SETTINGS:
                yield self.server_side.merge()
            case Stage.MODULE:
                yield from self.web_side.extensions(lambda part: part.kind == "module")
            case Stage.WIDGET:
                yield from self.web_side.extensions(lambda part: part.kind == "widget")
                yield from self.web_side.options(self.desired.address)
            case Stage.START:
                yield self.server_side.start()
            case Stage.HEALTH:
                yield self.server_side.healthy(self.live.health.expected)

    def _repair(self) -> Iterator[MapStep]:
        """Return what is needed without an update of the server."""
        packages = self.web_side.packages()
        yield from chain.from_iterable(
            (self.web_side.keep(one), self.web_side.change(one)) for one in packages
        )
        yield from self.web_side.extensions()
        yield from self.web_side.options(self.desired.address)
        changed: list[DeclareSettings] | list[SetSettings]
        if self._must_go_back:
            changed = list(self.server_side.declare())
        else:
            changed = list(self.server_side.settings())
        yield from changed
        running = list(self.server_side.running(restart=bool(changed) or self._restart_is_due))
        if any(isinstance(step, Start | Restart) for step in running):
            self._expect_login(changed)
        yield from running
        yield from self._enable()

    def _expect_login(self, changed: Sequence[MapStep]) -> None:
        """Refuse to start a server that can't log in to its database, unless this mends it."""
        edition = self.desired.edition
        path = f"{edition.config_dir}/{edition.own_database_file}"
        if any(isinstance(step, SetSettings) and path in step.after for step in changed):
            return
        if isinstance(self.live.own, LoginRefused):
            raise self.live.own

    @property
    def _restart_is_due(self) -> bool:
        """Whether a repair was cut off that may have set what the service hasn't read yet."""
        entry = self.live.journal.entry
        return entry is not None and entry.operation == REPAIR and entry.step in _UNREAD

    def _enable(self) -> Iterator[MapStep]:
        if self.live.health.unit.enablement == "disabled":
            yield self.server_side.enable()

    # Words

    def _changes(self) -> Iterator[Change]:
        installed, desired = self.installed, self.desired
        if installed != desired.version:
            yield Change("version", installed and str(installed), str(desired.version))
        web = web_client_version(self.live)
        if web != desired.web_client:
            yield Change("web_client", web and str(web), str(desired.web_client))
        for name, found in settings_of(desired, self.live).items():
            for key, value in found.items():
                if value != desired.settings[name][key]:
                    yield Change(f"settings.{name}.{key}", value, desired.settings[name][key])

    @property
    def _reason(self) -> str:
        return (
            f"{self.edition.title} {self.desired.version} is on {self.desired.map.name}, enabled "
            f"and healthy, its web client {self.desired.web_client} on {self.desired.web.name}"
        )


def _version_or_absent(installed: Installed, package: str) -> Version | Absent:
    text = installed.versions.get(package)
    return Version.of_package(text) if text else ABSENT
