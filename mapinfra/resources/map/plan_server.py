"""The server's side of a MAP installation: package, configuration, service, the way back. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mapinfra.backup import Reach, expect_room, is_in_future, room_for
from mapinfra.centreon.map.health import Expected, HealthState
from mapinfra.centreon.releases.order import Stage
from mapinfra.centreon.rules.verdict import (
    ReplaceWord,
    RotateSigningKey,
    SetProperty,
    StopAndDisable,
    Verdict,
)
from mapinfra.config_files import format_of, settings, with_settings
from mapinfra.errors import CentreonError
from mapinfra.resources.contract import Step
from mapinfra.resources.map.context import MapContext, MapStep
from mapinfra.resources.map.model import (
    CHANGED,
    INSTALLATION,
    REMOVAL,
    DesiredMap,
    LiveMap,
    Lock,
    Replace,
    database_of_map,
    held,
)
from mapinfra.resources.map.steps import CancelRollback, NoteStep, ReleaseLock, TakeLock
from mapinfra.resources.map.steps_server import (
    Arm,
    AwaitHealth,
    BackUp,
    ChangeServer,
    Compare,
    DeclareSettings,
    DisableOther,
    Enable,
    FetchServer,
    GoBack,
    MergeConfiguration,
    Restart,
    RotateKeys,
    SetSettings,
    Start,
    Stop,
)
from mapinfra.rollback import Standing


class ServerSide:
    """Steps on the MAP server."""

    def __init__(self, desired: DesiredMap, live: LiveMap) -> None:
        self._desired = desired
        self._live = live
        self._host = desired.map.name
        self._edition = desired.edition

    def expect_free(self) -> None:
        """Raise CentreonError while another run is at work on this server."""
        if self._live.journal.standing is Standing.HELD:
            found = self._live.journal
            raise CentreonError(found.reason, where=self._host, remedy=found.remedy)

    def expect_database(self) -> None:
        """Raise CentreonError when MAP's database can't be backed up, or it isn't known which."""
        database_of_map(self._desired, self._live)

    def expect_room(self) -> None:
        """Raise BackupFailed when the folder or its disk surely can't take the backup."""
        folder = self._desired.folder
        self._live.shelf.expect_writable(self._host, folder)
        free = self._live.ground.free_at(folder)
        size = database_of_map(self._desired, self._live).size
        if free is not None and size is not None:
            expect_room(room_for(size), free, self._host, folder)

    # Around everything

    def lock(self, operation: str) -> TakeLock:
        """Return the step that takes the lock, from an interrupted run if there was one."""
        target = str(self._desired.version)
        over = self._live.journal.entry
        text = f"take the lock for the {operation}"
        if operation != REMOVAL:
            text += f" of {target}" if operation == INSTALLATION else f" to {target}"
        if over is not None:
            text += f" over from a run that was interrupted (since {over.began})"
        unfinished = self._live.interrupted is not None or self.is_stuck
        return TakeLock(self._host, text, Lock(operation, target, over, unfinished))

    def release(self, *, disarm: bool) -> ReleaseLock:
        """Return the last step."""
        text = "disarm the way back and release the lock" if disarm else "release the lock"
        return ReleaseLock(self._host, text)

    def note(self, text: str) -> NoteStep:
        """Return a line that a person should read; nothing is done."""
        return NoteStep(self._host, text)

    def go_back_first(self) -> GoBack:
        """Return the step that takes back what an interrupted run has left."""
        entry, manifest = self._live.journal.entry, self._live.interrupted
        assert entry is not None and manifest is not None  # noqa: PT018
        reach = Reach.ALL if entry.step.endswith(CHANGED) else Reach.SERVICE
        what = "the service" if reach is Reach.SERVICE else "everything"
        text = f"go back to backup {manifest.id} of the interrupted run: {what}"
        return GoBack(self._host, text, reach, manifest)

    @property
    def is_stuck(self) -> bool:
        """Whether an interrupted run has left an automatic rollback that can't run."""
        return self._live.journal.standing is Standing.STUCK

    def cancel(self) -> Iterator[Step[MapContext]]:
        """Return the step that ends it, and what to know; nothing where there is none."""
        found = self._live.journal
        if not self.is_stuck or found.entry is None:
            return
        directory = found.entry.backup
        id = directory.rpartition("/")[2]
        yield self.note(
            f"note: the interrupted run can't be taken back from backup {id}, so what is there now "
            "is kept; `mapinfra restore` brings back an older backup"
        )
        text = f"cancel the automatic rollback to backup {id}, which can't run: {found.blocked}"
        yield CancelRollback(self._host, text, directory)

    def clock(self) -> Iterator[NoteStep]:
        """Yield what to know of backups that are dated in the future."""
        now = self._live.journal.now
        ahead = [
            one.manifest for one in self._live.shelf.backups if is_in_future(one.manifest, now)
        ]
        if ahead:
            last = max(ahead, key=lambda manifest: manifest.taken)
            yield self.note(
                f"note: {len(ahead)} of the backups there are dated in the future, {last.id} at "
                f"{last.taken_at}: the clock of {self._host} was ahead then, or is behind now"
            )

    # The package, and what it changes

    def fetch(self, server: Replace) -> FetchServer:
        """Return the step that fetches the new package, or sees that the old one may go."""
        text = f"fetch {server.package} {server.new}, see that it can be installed"
        if server.new is None:
            text = f"see that {server.package} can be removed"
        return FetchServer(self._host, text, server)

    def back_up(self, server: Replace) -> BackUp:
        """Return the step that backs up database, configuration and the installed package."""
        database = database_of_map(self._desired, self._live)
        text = (
            f"back up database {database.name}, "
            f"{self._edition.config_dir} and {server.package} {server.old}, and verify it"
        )
        return BackUp(self._host, text, server, database)

    def compare(self, server: Replace, verdict: Verdict) -> Compare:
        """Return the step that merges the configuration files in memory."""
        changes = tuple(
            one.do for one in verdict.actions if isinstance(one.do, ReplaceWord | SetProperty)
        )
        what = "".join(f", {change}" for change in changes)
        text = f"compare the configuration files with those of {server.new}{what}"
        return Compare(self._host, text, changes)

    def stop(self) -> Iterator[MapStep]:
        """Return the steps that arm the way back and stop the service."""
        minutes = f"{self._desired.lease_minutes:g} minutes"
        text = f"arm the way back, which the host takes after {minutes} without a word"
        yield Arm(self._host, text)
        yield Stop(self._host, f"stop {self._edition.service}")

    def disable_others(self, verdict: Verdict) -> Iterator[DisableOther]:
        """Return the steps that stop what the new version doesn't need any more."""
        for action in verdict.actions_at(Stage.STOP):
            if isinstance(action.do, StopAndDisable):
                yield DisableOther(self._host, str(action), action.do.unit)

    def keys(self, verdict: Verdict) -> Iterator[RotateKeys]:
        """Return the steps that replace revoked signing keys."""
        for action in verdict.actions_at(Stage.PREPARE):
            if isinstance(action.do, RotateSigningKey):
                yield RotateKeys(self._host, str(action), action.do)

    def change(self, server: Replace) -> ChangeServer:
        """Return the step that changes, or removes, the package of a server that is backed up."""
        text = f"change {server.package} from {server.old} to {server.new}"
        if server.new is None:
            text = f"remove {server.package} {server.old}"
        return ChangeServer(self._host, text, server)

    def merge(self) -> MergeConfiguration:
        """Return the step that writes the merged configuration files."""
        text = f"merge the configuration ({self._desired.strategy.value})"
        return MergeConfiguration(self._host, text)

    # The service and its settings

    def start(self) -> Start:
        """Return the step that starts the service."""
        return Start(self._host, f"start {self._edition.service}")

    def healthy(self, expected: Expected) -> AwaitHealth:
        """Return the step that waits until the server is healthy, and stays so."""
        seconds = f"{self._desired.start_seconds:g} s at most"
        text = f"wait until {self._edition.title} is healthy, {seconds}"
        return AwaitHealth(self._host, text, expected)

    def running(self, *, restart: bool) -> Iterator[MapStep]:
        """Return what makes the service run: nothing where it does and needn't be restarted."""
        service, health = self._edition.service, self._live.health
        state = health.state
        why = f", which has no connection to its broker {health.broker}"
        if state in (HealthState.STOPPED, HealthState.FAILED):
            yield self.start()
        elif restart or state in (HealthState.DOWN, HealthState.CUT_OFF):
            text = f"restart {service}{why if state is HealthState.CUT_OFF else ''}"
            yield Restart(self._host, text)
        elif state not in (HealthState.STARTING, HealthState.UNPROVEN):
            return
        yield self.healthy(replace(health.expected, broker=True))

    def enable(self) -> Enable:
        """Return the step that enables the service."""
        return Enable(self._host, f"enable {self._edition.service}")

    def settings(self) -> Iterator[SetSettings]:
        """Return the step that makes declared settings as wanted where they aren't."""
        before, after = {}, {}
        for path, wanted in self._desired.settings_by_path.items():
            form, content = format_of(path), self._live.configuration.get(path)
            if form is None or content is None:
                raise CentreonError(
                    "this file isn't there, so its settings can't be made",
                    where=f"{self._host}: {path}",
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
            yield SetSettings(self._host, f"set {keys}", before, after)

    def declare(self) -> Iterator[DeclareSettings]:
        """Return the step that makes all declared settings, in the files as they will be then."""
        if self._desired.settings:
            keys = ", ".join(
                f"{key} in {path}"
                for path, wanted in self._desired.settings_by_path.items()
                for key in wanted
            )
            yield DeclareSettings(self._host, f"set {keys}")

    def _drifted(self, path: str) -> list[str]:
        now = held(self._live.configuration, path)
        wanted = self._desired.settings_by_path[path]
        return [key for key, value in wanted.items() if now.get(key) != value]


def _differs(wanted: Mapping[str, str], now: Mapping[str, str]) -> bool:
    return any(now.get(key) != value for key, value in wanted.items())
