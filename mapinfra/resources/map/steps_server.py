"""The steps on a MAP server: package, configuration, service, and the way back to a backup.

Once the way back is armed, the backup takes all of these back; before, each has its own undo.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mapinfra.backup import Manifest, Reach
from mapinfra.centreon.map.health import Expected
from mapinfra.centreon.rules.verdict import ReplaceWord, RotateSigningKey, SetProperty
from mapinfra.config_files import format_of, with_settings
from mapinfra.hosts import packages
from mapinfra.resources.map.configuration import write_file
from mapinfra.resources.map.context import Back, Done, MapContext, MapStep
from mapinfra.resources.map.model import Replace
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.map.steps import TakeOver, Turn
from mapinfra.resources.map.transaction import LONGEST


def _is_armed(done: Done) -> bool:
    return any(isinstance(step, Arm) for step in done)


# The way back


@dataclass(frozen=True)
class GoBack(TakeOver[MapContext]):
    """Going back to a backup: the one of an interrupted run, or, without one, this run's own."""

    reach: Reach
    manifest: Manifest | None = None
    name = "back"
    longest = LONGEST
    needs_lease = False  # it is for a lost lease, too

    def _act(self, context: MapContext) -> None:
        context.go_back(self.reach, self.manifest)


@dataclass(frozen=True)
class FetchServer(MapStep):
    """The new package fetched, or the old one seen to be removable."""

    server: Replace
    name = "fetch"
    is_change = False

    def _act(self, context: MapContext) -> None:
        context.operation.fetch(self.server)


@dataclass(frozen=True)
class BackUp(MapStep):
    """Database, configuration and installed package backed up and verified."""

    server: Replace
    database: OwnDatabase
    name = "backup"
    is_change = False
    longest = LONGEST

    def _act(self, context: MapContext) -> None:
        own = self.database
        context.operation.back_up(self.server, own.name, own.client, context.session.tell)


class Arm(MapStep):
    """From here on the host goes back by itself when nobody prolongs the lease."""

    name = "arm"
    is_change = False
    longest = LONGEST
    turn = Turn.SERVER

    def _act(self, context: MapContext) -> None:
        context.operation.arm(Reach.SERVICE, context.session.tell)

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        if self is done[-1]:
            return  # nothing was stopped, and the release of the lock disarms
        what, reach = "the service", Reach.SERVICE
        if any(isinstance(step, ChangeServer) for step in done):
            what, reach = "packages, configuration, database and service", Reach.ALL
        yield GoBack(self.host, f"put {what} back as in the backup", reach)


# Package and configuration


@dataclass(frozen=True)
class Compare(MapStep):
    """The configuration files merged in memory."""

    actions: tuple[ReplaceWord | SetProperty, ...]
    name = "compare"
    is_change = False

    def _act(self, context: MapContext) -> None:
        summary, values = context.operation.compare(self.actions)
        hidden = values and not context.session.details
        context.tell(f"{summary} (--diff tells each)" if hidden else summary)
        for line in values:
            context.tell(line, detail=True)


@dataclass(frozen=True)
class RotateKeys(MapStep):
    """Revoked signing keys of packages replaced."""

    rotation: RotateSigningKey
    name = "keys"

    def _act(self, context: MapContext) -> None:
        rotation = self.rotation
        if rotation.url:
            packages.import_key(context.map, rotation.url, rotation.fingerprint)
        packages.remove_keys(context.map, rotation.remove)


@dataclass(frozen=True)
class ChangeServer(MapStep):
    """The package of a server that is backed up changed, or removed."""

    server: Replace
    name = "server"

    def _act(self, context: MapContext) -> None:
        # Nothing is changed by waiting, and until then the database needn't come back.
        packages.wait_until_free(context.map)
        context.operation.begin_changes()
        ready = context.operation.expect_unedited
        context.change_package(context.map, self.server, "server", ready)
        context.operation.note_snippets()


class MergeConfiguration(MapStep):
    """The merged configuration files written."""

    name = "config"

    def _act(self, context: MapContext) -> None:
        for line in context.operation.configure():
            context.tell(line)


@dataclass(frozen=True)
class SetSettings(MapStep):
    """Declared settings made where they aren't: whole contents of files, by full path."""

    before: Mapping[str, bytes] = field(repr=False)
    after: Mapping[str, bytes] = field(repr=False)
    name = "settings"
    turn = Turn.SERVER

    def _act(self, context: MapContext) -> None:
        for path, content in self.after.items():
            write_file(context.map, path, content, read=self.before[path])

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        if _is_armed(done):
            return
        yield SetSettings(self.host, "put the old settings back", self.after, self.before)
        if any(isinstance(step, Restart) for step in done):
            yield Restart(self.host, "restart it again")
            yield AwaitHealth(self.host, "wait until it is healthy again")


class DeclareSettings(MapStep):
    """All declared settings made, in the files as they are by then."""

    name = "declare"

    def _act(self, context: MapContext) -> None:
        for path, wanted in context.desired.settings_by_path.items():
            form, content = format_of(path), context.map.run(["cat", path]).stdout
            if form is not None:
                wanted_content = with_settings(content, wanted, form)
                write_file(context.map, path, wanted_content, read=content)


class RemoveConfiguration(MapStep):
    """The configuration folder removed, which the backup has."""

    name = "clear"

    def _act(self, context: MapContext) -> None:
        context.map.run(["rm", "-rf", "--", context.desired.edition.config_dir])


@dataclass(frozen=True)
class DropDatabase(MapStep):
    """MAP's own database dropped, which the backup has."""

    database: OwnDatabase
    name = "drop"

    def _act(self, context: MapContext) -> None:
        context.drop(self.database)


# Services


class Stop(MapStep):
    """MAP's service stopped."""

    name = "stop"

    def _act(self, context: MapContext) -> None:
        context.operation.stop()


class _Launch(MapStep):
    def _act(self, context: MapContext) -> None:
        for ended in context.operation.clear_the_way():
            context.tell(f"ended {ended}, which held MAP's database")
        context.systemctl("reset-failed", check=False)
        # What an interrupted run left running has to read its files anew, too.
        context.systemctl("restart")


class Start(_Launch):
    """MAP's service started."""

    name = "start"
    turn = Turn.SERVER

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        if not _is_armed(done):
            yield Stop(self.host, "stop it again")


class Restart(_Launch):
    """MAP's service restarted."""

    name = "restart"


@dataclass(frozen=True)
class AwaitHealth(MapStep):
    """The server waited for until it is healthy, and stays so."""

    expected: Expected = field(default_factory=Expected)
    name = "health"

    def _act(self, context: MapContext) -> None:
        context.await_health(self.expected)
        if context.operation.stopped_for is not None:
            seconds = context.operation.stopped_for - self.expected.span
            context.tell(f"healthy {seconds:.1f} s after it was stopped")


class Enable(MapStep):
    """MAP's service enabled."""

    name = "enable"
    turn = Turn.SERVER

    def _act(self, context: MapContext) -> None:
        context.systemctl("enable", "--quiet")

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        if not _is_armed(done):
            yield Disable(self.host, "disable the service again")


class Disable(MapStep):
    """MAP's service disabled."""

    name = "unenable"

    def _act(self, context: MapContext) -> None:
        context.systemctl("disable", "--quiet")


@dataclass(frozen=True)
class DisableOther(MapStep):
    """A service disabled that the new version doesn't need any more."""

    unit: str
    name = "disable"
    turn = Turn.OTHER_SERVICES

    def _act(self, context: MapContext) -> None:
        context.map.run(["systemctl", "disable", "--quiet", "--now", self.unit])

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        yield EnableOther(self.host, f"enable and start {self.unit}", self.unit)


@dataclass(frozen=True)
class EnableOther(MapStep):
    """That service enabled again."""

    unit: str
    name = "reenable"

    def _act(self, context: MapContext) -> None:
        context.map.run(["systemctl", "enable", "--quiet", "--now", self.unit])
