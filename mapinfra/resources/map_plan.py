"""What a MAP installation is to be, how it is, and the steps between. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from mapinfra.backup import Found, Manifest, Reach, Standing
from mapinfra.backup.journal import Entry
from mapinfra.centreon import extensions, web_options
from mapinfra.centreon.access import Api
from mapinfra.centreon.config_files import Strategy, format_of, settings, with_settings
from mapinfra.centreon.editions import EDITIONS, WEB_CLIENT, Edition
from mapinfra.centreon.extensions import LICENSE_MANAGER, Extensions
from mapinfra.centreon.health import Health, State
from mapinfra.centreon.map_host import System
from mapinfra.centreon.order import Stage, update_order
from mapinfra.centreon.release_notes import notes_between
from mapinfra.centreon.rules import judge
from mapinfra.centreon.situation import ABSENT, Absent, Situation
from mapinfra.centreon.verdict import (
    Block,
    KeepSnippet,
    ReplaceWord,
    RotateSigningKey,
    Rule,
    RunConfigure,
    SetProperty,
    StopAndDisable,
    Verdict,
)
from mapinfra.centreon.version import Version
from mapinfra.errors import CentreonError
from mapinfra.hosts import Target
from mapinfra.hosts.packages import Installed, Offered
from mapinfra.resources.contract import Change, Plan, Step

CHANGED: Final = " (after the server was changed)"
"""Ends a journal's step from when the server's package begins to change: before, only the service
has to be brought back."""

_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Desired:
    """One MAP server and the web client of the central or remote that it serves."""

    map: Target
    web: Target
    api: Api
    edition: Edition
    version: Version
    web_client: Version
    release_notes_read: str | None
    downgrade_to: Version | None
    strategy: Strategy
    settings: Mapping[str, Mapping[str, str]]
    """By the file's name and key."""
    address: str | None
    folder: str
    keep: int
    lease_minutes: float
    start_seconds: float

    @property
    def settings_by_path(self) -> dict[str, Mapping[str, str]]:
        """The declared settings by the file's full path."""
        return {f"{self.edition.config_dir}/{name}": held for name, held in self.settings.items()}


@dataclass(frozen=True)
class Live:
    """What the passes over both hosts found."""

    journal: Found
    interrupted: Manifest | None
    """The backup of a run that ended without a word, after which nobody went back."""
    installed: Installed
    offered: Offered
    health: Health
    configuration: Mapping[str, bytes] = field(repr=False)
    system: System
    web_installed: Installed
    web_offered: Offered
    extensions: Extensions
    options: web_options.Values
    central: Version | None

    @property
    def packages(self) -> Mapping[str, str]:
        """Package versions on the MAP server; those to go back to, where a run was interrupted."""
        past = self.interrupted.packages if self.interrupted else {}
        return {**self.installed.versions, **past}


@dataclass(frozen=True)
class Lock:
    """What the step that takes the lock works on."""

    operation: str
    target: str
    over: Entry | None
    unfinished: bool = False
    """Whether the run that had the lock has left something to go back from."""


@dataclass(frozen=True)
class GoBack:
    """Going back to a backup: the one of an interrupted run, or, without one, this run's own."""

    reach: Reach
    manifest: Manifest | None = None


@dataclass(frozen=True)
class Replace:
    """A package at one version and, for the way back, at the one before; None: not installed."""

    package: str
    old: str | None
    new: str


@dataclass(frozen=True)
class Comparison:
    """What the configuration files are compared for."""

    actions: tuple[ReplaceWord | SetProperty, ...]


@dataclass(frozen=True)
class Contents:
    """New contents of files and, for the way back, the ones before, by full path."""

    before: Mapping[str, bytes] = field(repr=False)
    after: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True)
class Options:
    """Rows of table `options` as wanted, and as they were."""

    before: web_options.Values
    after: web_options.Values


def plan(desired: Desired, live: Live) -> Plan:
    """Return the steps, in the vendor's order; raise CentreonError when a rule isn't met."""
    return _Planner(desired, live).plan()


def settings_of(desired: Desired, live: Live) -> dict[str, dict[str, str | None]]:
    """Return the declared settings as they are now."""
    return {
        name: {key: _held(live, f"{desired.edition.config_dir}/{name}").get(key) for key in wanted}
        for name, wanted in desired.settings.items()
    }


def server_version(desired: Desired, live: Live) -> Version | None:
    """Return the version of the server's package; None when it isn't installed."""
    text = live.packages.get(desired.edition.server_package)
    return Version.of_package(text) if text else None


def web_client_version(live: Live) -> Version | None:
    """Return the version of the web client's package; None when it isn't installed."""
    text = live.web_installed.versions.get(WEB_CLIENT.package)
    return Version.of_package(text) if text else None


def database_of_map(desired: Desired, live: Live) -> str:
    """Return the name of MAP's own database; CentreonError when it is on another host."""
    edition = desired.edition
    held = _held(live, f"{edition.config_dir}/{edition.own_database_file}")
    url = held.get(f"{edition.database}.connection.url", "").removeprefix("jdbc:")
    parts = urlsplit(url)
    if parts.hostname and parts.hostname not in _LOCAL:
        raise CentreonError(
            f"MAP's own database is on {parts.hostname}; only one on the MAP server itself can be "
            "backed up",
            where=desired.map.name,
            remedy="move it there, or update this MAP by hand",
        )
    return parts.path.strip("/") or edition.database


def _held(live: Live, path: str) -> dict[str, str]:
    form, content = format_of(path), live.configuration.get(path)
    return {} if form is None or content is None else settings(content, form)


class _Planner:
    """One plan being made."""

    def __init__(self, desired: Desired, live: Live) -> None:
        self.desired = desired
        self.live = live
        self.map, self.web = desired.map.name, desired.web.name
        self.edition = desired.edition

    def plan(self) -> Plan:
        self._expect_free()
        installed = self._expect_installed()
        self._expect_whole()
        verdict = judge(self._situation(installed))
        self._expect_allowed(installed, verdict)
        update = installed != self.desired.version or self._must_go_back
        body = list(self._update(installed, verdict) if update else self._repair())
        if not body and self.live.journal.entry is None:
            return Plan(reason=self._reason)
        steps = (*self._notes(installed, verdict, update), self._lock(installed), *body)
        return Plan(tuple(self._changes(installed)), (*steps, self._release(update)))

    # What is in the way

    def _expect_free(self) -> None:
        if self.live.journal.standing is Standing.HELD:
            raise CentreonError(
                self.live.journal.reason, where=self.map, remedy="wait until it has ended"
            )

    def _expect_installed(self) -> Version:
        installed = server_version(self.desired, self.live)
        if installed is not None:
            return installed
        raise CentreonError(
            f"{self.edition.title} isn't installed ({self.edition.server_package}), and this "
            "version of mapinfra only updates what is",
            where=self.map,
            remedy="install it as the manual's chapter on MAP says, then run again",
        )

    def _expect_whole(self) -> None:
        faults = (*self.live.installed.faults, *self.live.web_installed.faults)
        if faults and not self._must_go_back:
            raise CentreonError(
                "; ".join(faults), where=self.map, remedy="mend the packages there first"
            )

    def _expect_allowed(self, installed: Version, verdict: Verdict) -> None:
        if verdict.blocks:
            told = [self._told(block, installed) for block in verdict.blocks]
            *others, last = told
            what = "; ".join([*(f"{what}: {remedy}" for what, remedy in others), last[0]])
            raise CentreonError(what, where=self.map, remedy=last[1])
        if installed == self.desired.version:
            return
        for action in verdict.actions:
            if isinstance(action.do, KeepSnippet) and action.do.dpkg_option:
                raise CentreonError(
                    "both editions of MAP are on this host, and their packages own one file",
                    where=self.map,
                    remedy="uninstall the other edition first, or update by hand",
                )

    def _told(self, block: Block, installed: Version) -> tuple[str, str]:
        """Return what is in the way and what to do; of release notes, what they ask for."""
        if block.rule is not Rule.RELEASE_NOTES:
            return block.what, block.remedy
        notes = list(self._release_notes(installed))
        return "; ".join([block.what, *notes]), block.remedy

    # What the rules look at

    def _situation(self, installed: Version) -> Situation:
        live, desired, edition = self.live, self.desired, self.edition
        other = next(one for one in EDITIONS.values() if one != edition)
        dialects = {
            name: held["hibernate.dialect"]
            for name in edition.database_files
            for held in (_held(live, f"{edition.config_dir}/{name}"),)
            if "hibernate.dialect" in held
        }
        main = _held(live, f"{edition.config_dir}/{edition.main_file}")
        conf = _held(live, f"{edition.config_dir}/{edition.conf_file}")
        return Situation(
            edition=edition,
            installed=installed,
            target=desired.version,
            release_notes_read=desired.release_notes_read,
            downgrade_to=desired.downgrade_to,
            system=live.system.system,
            dbms=live.system.dbms,
            java=live.system.java,
            central=live.central,
            web_client=web_client_version(live) or ABSENT,
            other_edition=_version_or_absent(live.installed, other.server_package),
            https="tls" in conf.get("RUN_ARGS", "").replace("=", ",").split(","),
            tomcat=live.system.tomcat,
            rpm_keys=frozenset(live.installed.signing_keys),
            dialects=dialects,
            pb_messages=main.get("broker.pb.message.enabled", ABSENT),
        )

    # The steps

    @property
    def _must_go_back(self) -> bool:
        return self.live.interrupted is not None

    def _lock(self, installed: Version) -> Step:
        target = str(self.desired.version)
        operation = "update" if installed != self.desired.version else "repair"
        over = self.live.journal.entry
        text = f"take the lock for the {operation} to {target}"
        if over is not None:
            text += f" over from a run that was interrupted (since {over.since})"
        return Step(
            self.map, "lock", text, "release it", Lock(operation, target, over, self._must_go_back)
        )

    def _release(self, update: bool) -> Step:
        text = "release the lock"
        return Step(self.map, "release", f"disarm the way back and {text}" if update else text)

    def _notes(self, installed: Version, verdict: Verdict, update: bool) -> Iterator[Step]:
        if not update:
            return
        by_hand = [str(one) for one in verdict.actions if isinstance(one.do, RunConfigure)]
        for note in verdict.notes:
            yield Step(self.map, "note", f"to know: {note.rule}: {note}")
        for text in self._release_notes(installed):
            yield Step(self.map, "note", f"to know: {text}")
        for text in by_hand:
            yield Step(self.map, "note", f"left to you, afterwards: {text}")

    def _release_notes(self, installed: Version) -> Iterator[str]:
        for notes in notes_between(installed, self.desired.version, self.edition):
            for procedure in notes.procedures:
                yield f"release notes of {notes.line}: {procedure}"

    def _update(self, installed: Version, verdict: Verdict) -> Iterator[Step]:
        old = self.live.packages[self.edition.server_package]
        new = self._wanted_package(
            self.live.offered, self.edition.server_package, self.desired.version, self.map, old
        )
        if self._must_go_back:
            yield self._go_back_first()
        if installed == self.desired.version:
            yield from self._repair()
            return
        server = Replace(self.edition.server_package, old, new)
        web = self._web_package()
        if web is not None:
            yield self._keep(web)
        database_of_map(self.desired, self.live)
        for stage in update_order(self.edition):
            yield from self._at(stage.stage, server, web, verdict)
        yield from self._enable()

    def _at(
        self, stage: Stage, server: Replace, web: Replace | None, verdict: Verdict
    ) -> Iterator[Step]:
        match stage:
            case Stage.DUMP:
                yield from self._backup(server, verdict)
            case Stage.STOP:
                yield from self._stop(verdict)
            case Stage.WEB_PACKAGE if web is not None:
                yield self._web_step(web)
            case Stage.SERVER_PACKAGE:
                yield self._server(server)
            case Stage.SETTINGS:
                text = f"merge the configuration ({self.desired.strategy.value})"
                yield Step(self.map, "config", text, "the old files come back with the backup")
            case Stage.MODULE:
                yield from self._extensions(lambda part: part.kind == "module")
            case Stage.WIDGET:
                yield from self._extensions(lambda part: part.kind == "widget")
                yield from self._options()
            case Stage.START:
                yield Step(self.map, "start", f"start {self.edition.service}", "stop it")
            case Stage.HEALTH:
                yield self._healthy()
            case Stage.PREPARE:
                yield from self._keys(verdict)

    def _backup(self, server: Replace, verdict: Verdict) -> Iterator[Step]:
        yield Step(
            self.map,
            "fetch",
            f"fetch {server.package} {server.new}, see that it can be installed",
            data=server,
        )
        yield Step(
            self.map,
            "backup",
            f"back up database {database_of_map(self.desired, self.live)}, "
            f"{self.edition.config_dir} and {server.package} {server.old}, and verify it",
            data=server,
        )
        changes = tuple(
            one.do for one in verdict.actions if isinstance(one.do, ReplaceWord | SetProperty)
        )
        what = "".join(f", {change}" for change in changes)
        yield Step(
            self.map,
            "compare",
            f"compare the configuration files with those of {server.new}{what}",
            data=Comparison(changes),
        )

    def _stop(self, verdict: Verdict) -> Iterator[Step]:
        minutes = f"{self.desired.lease_minutes:g} minutes"
        text = f"arm the way back, which the host takes after {minutes} without a word"
        yield Step(self.map, "arm", text, "disarm it")
        yield Step(self.map, "stop", f"stop {self.edition.service}", "start it")
        for action in verdict.actions_at(Stage.STOP):
            if isinstance(action.do, StopAndDisable):
                yield Step(self.map, "disable", str(action), "enable and start it", action.do)

    def _keys(self, verdict: Verdict) -> Iterator[Step]:
        for action in verdict.actions_at(Stage.PREPARE):
            if isinstance(action.do, RotateSigningKey):
                yield Step(self.map, "keys", str(action), data=action.do)

    def _server(self, server: Replace) -> Step:
        text = f"change {server.package} from {server.old} to {server.new}"
        return Step(self.map, "server", text, f"{server.old} from the backup", server)

    def _go_back_first(self) -> Step:
        entry, manifest = self.live.journal.entry, self.live.interrupted
        assert entry is not None and manifest is not None  # noqa: PT018
        reach = Reach.ALL if entry.step.endswith(CHANGED) else Reach.SERVICE
        what = "the service" if reach is Reach.SERVICE else "everything"
        text = f"go back to backup {manifest.id} of the interrupted run: {what}"
        return Step(self.map, "back", text, data=GoBack(reach, manifest))

    # What needs no update of the server

    def _repair(self) -> Iterator[Step]:
        web = self._web_package()
        if web is not None:
            yield self._keep(web)
            yield self._web_step(web)
        yield from self._extensions(lambda _: True)
        yield from self._options()
        changed = list(self._settings())
        yield from changed
        yield from self._running(restart=bool(changed))
        yield from self._enable()

    def _settings(self) -> Iterator[Step]:
        before, after = {}, {}
        for path, wanted in self.desired.settings_by_path.items():
            form, content = format_of(path), self.live.configuration.get(path)
            if form is None or content is None:
                raise CentreonError(
                    "this file isn't there, so its settings can't be made",
                    where=f"{self.map}: {path}",
                )
            new = with_settings(content, wanted, form)
            if new != content and _differs(wanted, settings(content, form)):
                before[path], after[path] = content, new
        if after:
            keys = ", ".join(
                f"{key} in {path}"
                for path, content in before.items()
                for key in self._drifted(path)
            )
            yield Step(
                self.map, "settings", f"set {keys}", "the old values", Contents(before, after)
            )

    def _drifted(self, path: str) -> list[str]:
        held = _held(self.live, path)
        wanted = self.desired.settings_by_path[path]
        return [key for key, value in wanted.items() if held.get(key) != value]

    def _running(self, *, restart: bool) -> Iterator[Step]:
        service, state = self.edition.service, self.live.health.state
        if state in (State.STOPPED, State.FAILED):
            yield Step(self.map, "start", f"start {service}", "stop it", state.value)
        elif restart or state is State.DOWN:
            yield Step(self.map, "restart", f"restart {service}", "restart it again")
        elif state is not State.STARTING:
            return
        yield self._healthy()

    def _healthy(self) -> Step:
        text = (
            f"wait until {self.edition.title} is healthy, {self.desired.start_seconds:g} s at most"
        )
        return Step(self.map, "health", text)

    def _enable(self) -> Iterator[Step]:
        if self.live.health.unit.enablement == "disabled":
            yield Step(self.map, "enable", f"enable {self.edition.service}", "disable it")

    # The web client

    def _web_package(self) -> Replace | None:
        old = self.live.web_installed.versions.get(WEB_CLIENT.package)
        wanted = self.desired.web_client
        if old is not None and Version.of_package(old) == wanted:
            return None
        new = self._wanted_package(self.live.web_offered, WEB_CLIENT.package, wanted, self.web, old)
        return Replace(WEB_CLIENT.package, old, new)

    def _keep(self, web: Replace) -> Step:
        text = (
            f"fetch {web.package} {web.old} for the way back, see that {web.new} can be installed"
        )
        if web.old is None:
            text = f"see that {web.package} {web.new} can be installed"
        return Step(self.web, "keep", text, "", web)

    def _web_step(self, web: Replace) -> Step:
        if web.old is None:
            return Step(self.web, "web", f"install {web.package} {web.new}", "remove it", web)
        text = f"change {web.package} from {web.old} to {web.new}"
        return Step(self.web, "web", text, f"{web.old} again", web)

    def _extensions(self, chosen: Callable[[extensions.Part], bool]) -> Iterator[Step]:
        found = self.live.extensions
        if found.found[LICENSE_MANAGER].available is None:
            raise CentreonError(
                f"the files of {LICENSE_MANAGER.name}, which MAP needs, aren't there",
                where=self.web,
                remedy=f"install package {LICENSE_MANAGER.name}",
            )
        for action in extensions.actions(found, str(self.desired.web_client)):
            if chosen(action.part):
                yield Step(self.web, "extend", str(action), str(action.undone), action)

    def _options(self) -> Iterator[Step]:
        if self.desired.address is None:
            return
        wanted = web_options.wanted(self.edition, self.desired.address)
        differing = web_options.differences(self.live.options, wanted)
        if differing:
            text = ", ".join(f"{one.key} to {one.desired}" for one in differing)
            before = {one.key: self.live.options.get(one.key) for one in differing}
            after = {one.key: one.desired for one in differing}
            yield Step(self.web, "options", f"set {text}", "the old values", Options(before, after))

    # Words

    def _wanted_package(
        self, offered: Offered, package: str, version: Version, where: str, old: str | None
    ) -> str:
        """Return the package's version that is offered of a version of MAP, the newest release."""
        if old is not None and Version.of_package(old) == version:
            return old
        versions = offered.versions.get(package, ())
        fitting = [text for text in versions if Version.of_package(text) == version]
        if fitting:
            return fitting[-1]
        told = f"offered: {', '.join(versions)}" if versions else "no version of it is"
        unread = f" (not read: {'; '.join(offered.unreadable)})" if offered.unreadable else ""
        raise CentreonError(
            f"no repository offers {package} {version}; {told}{unread}",
            where=where,
            remedy="ask for one that is, or configure the repository of its line",
        )

    def _changes(self, installed: Version) -> Iterator[Change]:
        if installed != self.desired.version:
            yield Change("version", str(installed), str(self.desired.version))
        web = web_client_version(self.live)
        if web != self.desired.web_client:
            yield Change("web_client", web and str(web), str(self.desired.web_client))
        for name, held in settings_of(self.desired, self.live).items():
            for key, value in held.items():
                if value != self.desired.settings[name][key]:
                    yield Change(f"settings.{name}.{key}", value, self.desired.settings[name][key])

    @property
    def _reason(self) -> str:
        return (
            f"{self.edition.title} {self.desired.version} is on {self.map}, enabled and healthy, "
            f"its web client {self.desired.web_client} on {self.web}"
        )


def undo(done: Sequence[Step]) -> list[Step]:
    """Return the steps that take back `done`. MAP itself comes first: its users wait."""
    verbs = {step.verb for step in done}
    back = [*_server_back(done, verbs), *_web_back(done)]
    if "lock" in verbs:
        back.append(Step(_first(done, "lock").host, "release", "release the lock"))
    return back


def _server_back(done: Sequence[Step], verbs: set[str]) -> Iterator[Step]:
    for step in done:
        if step.verb == "disable":
            yield Step(step.host, "reenable", f"enable and start {step.data.unit}", data=step.data)
    if "arm" in verbs:
        yield from _from_backup(_first(done, "arm").host, verbs)
        return
    for step in reversed(done):
        match step.verb:
            case "settings":
                old = Contents(step.data.after, step.data.before)
                yield Step(step.host, "settings", "put the old settings back", data=old)
                if "restart" in verbs:
                    yield Step(step.host, "restart", "restart it again")
                    yield Step(step.host, "health", "wait until it is healthy again")
            case "enable":
                yield Step(step.host, "unenable", "disable the service again")
            case "start":
                yield Step(step.host, "stop", "stop it again")


def _from_backup(host: str, verbs: set[str]) -> Iterator[Step]:
    reach = Reach.ALL if "server" in verbs else Reach.SERVICE
    what = "packages, configuration, database and service" if reach is Reach.ALL else "the service"
    yield Step(host, "back", f"put {what} back as in the backup", data=GoBack(reach))


def _web_back(done: Sequence[Step]) -> Iterator[Step]:
    extended = [step for step in done if step.verb == "extend"]
    for step in reversed(done):
        if step.verb == "options":
            old = Options(step.data.after, step.data.before)
            yield Step(step.host, "options", "put the old options back", data=old)
    for step in reversed(extended):
        if step.data.verb == "install":
            yield Step(step.host, "extend", str(step.data.undone), data=step.data.undone)
    for step in done:
        if step.verb == "web":
            text = f"put {step.data.package} {step.data.old or 'away'} back"
            yield Step(step.host, "unweb", text, data=step.data)
    for step in extended:
        if step.data.verb == "update":
            yield Step(step.host, "extend", str(step.data.undone), data=step.data.undone)


def _first(done: Sequence[Step], verb: str) -> Step:
    return next(step for step in done if step.verb == verb)


def _differs(wanted: Mapping[str, str], held: Mapping[str, Any]) -> bool:
    return any(held.get(key) != value for key, value in wanted.items())


def _version_or_absent(installed: Installed, package: str) -> Version | Absent:
    text = installed.versions.get(package)
    return Version.of_package(text) if text else ABSENT
