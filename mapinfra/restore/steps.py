"""The steps of a restore: each with how it is done and what takes it back.

Until the backup is being restored the user may have it end. Afterwards it is completed instead.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Never

from mapinfra import backup
from mapinfra.backup import Back, Manifest, Reach
from mapinfra.centreon.map.health import Expected
from mapinfra.errors import CentreonError, MapinfraError
from mapinfra.hosts import packages
from mapinfra.resources.contract import Step, StepNotBegun
from mapinfra.resources.map import health_check
from mapinfra.resources.map.model import Replace
from mapinfra.resources.map.steps import (
    CancelRollback,
    LockedStep,
    NamedStep,
    OperationContext,
    TakeOver,
    Turn,
)
from mapinfra.resources.map.transaction import LONGEST


@dataclass
class RestoreContext(OperationContext):
    """An operation that brings a backup back."""

    manifest: Manifest = field(kw_only=True)
    stopped: Callable[[], bool] = field(kw_only=True)
    """Whether the user wants it to end."""
    tell: Callable[[str], None] = field(kw_only=True)
    """Takes a line of what else was done."""
    served: bool = False
    """Whether the server was healthy before."""
    expected: Expected = field(default_factory=Expected)
    """How it is to be healthy, by what it was like before."""

    def expect_wanted(self, step: Step[Never]) -> None:
        """See `OperationContext`."""
        if self.stopped():
            # What takes over from an interrupted run counts as begun: its journal has to stay.
            error = MapinfraError if isinstance(step, TakeOver) else StepNotBegun
            raise error("interrupted", where=self.map.name)

    def note(self, back: Back | None) -> None:
        """Tell what a way back that was taken says of itself."""
        if back is not None and back.message:
            self.tell(f"{self.manifest.service}: {back.message}")

    @property
    def unit(self) -> str:
        """The unit in which packages are changed."""
        return f"mapinfra-restore-{self.desired.edition.service}"


RestoreStep = LockedStep[RestoreContext]
Done = Sequence[Step[RestoreContext]]
BackSteps = Iterator[Step[RestoreContext]]


@dataclass(frozen=True)
class Lost(NamedStep[OperationContext]):
    """That something can't be put back said, last of all."""

    why: str
    name = "lost"

    def do(self, context: OperationContext) -> None:
        """See `Step.do`."""
        raise CentreonError(self.why, where=context.map.name)


# What an interrupted run has left


def _left(host: str) -> Lost:
    text = "put back what the interrupted run has left"
    return Lost(host, text, "its journal is left for the next run")


class CancelFormer(CancelRollback):
    """See `CancelRollback`."""

    can_be_spared = True

    def _given_up(self) -> Lost:
        return _left(self.host)


@dataclass(frozen=True)
class GoBackFirst(TakeOver[RestoreContext]):
    """Going back from it to the backup that it had taken."""

    reach: Reach
    former: Manifest
    name = "resume"
    can_be_spared = True
    longest = LONGEST

    def _act(self, context: RestoreContext) -> None:
        context.operation.go_back(self.former, self.reach)

    def _given_up(self) -> Lost:
        return _left(self.host)


# The restore


@dataclass(frozen=True)
class BackUpPresent(RestoreStep):
    """What is there now backed up and verified; the backup to be restored makes no room for it."""

    server: Replace
    name = "backup"
    is_change = False
    longest = LONGEST

    def _act(self, context: RestoreContext) -> None:
        before = health_check.look(context.map, context.desired.edition)
        # Whether it is to speak TLS is for the configuration that comes back to say.
        context.served, context.expected = before.serves, replace(before.expected, tls=None)
        then = context.manifest
        context.operation.back_up(self.server, then.database, then.client, context.tell, then.id)


class ArmForPresent(RestoreStep):
    """From here on the host puts that back by itself when nobody prolongs the lease."""

    name = "arm"
    is_change = False
    longest = LONGEST

    def _act(self, context: RestoreContext) -> None:
        context.operation.begin_changes(context.tell)

    def undo(self, done: Done) -> BackSteps:
        """See `Step.undo`."""
        reach = Reach.SERVICE if self is done[-1] else Reach.ALL
        yield PutPresentBack(self.host, "put back what was there before", reach)


@dataclass(frozen=True)
class PutPresentBack(RestoreStep):
    """What was there before put back from its backup."""

    reach: Reach
    name = "return"
    longest = LONGEST
    needs_lease = False  # it is for a lost lease, too

    def _act(self, context: RestoreContext) -> None:
        before = context.operation.go_back(None, self.reach)
        context.note(context.operation.back)
        # What was restored away from may have been ill itself: that, too, is as it was.
        if before.active and context.served:
            context.await_health(Expected())


@dataclass(frozen=True)
class InstallMissing(RestoreStep):
    """A missing package installed, since the way back has no repositories."""

    server: Replace
    name = "install"
    can_be_spared = True

    def _act(self, context: RestoreContext) -> None:
        packages.install(context.map, self.server.wanted, context.unit)

    def undo(self, done: Done) -> BackSteps:
        """See `Step.undo`."""
        package = self.server.package
        yield UninstallMissing(self.host, f"remove {package} again", package)


@dataclass(frozen=True)
class UninstallMissing(RestoreStep):
    """That package removed again."""

    package: str
    name = "uninstall"

    def _act(self, context: RestoreContext) -> None:
        packages.remove(context.map, [self.package], context.unit)


@dataclass(frozen=True)
class RestoreBackup(RestoreStep):
    """The backup brought back by its own script, written anew."""

    manifest: Manifest
    name = "restore"
    can_be_spared = True
    longest = LONGEST
    turn = Turn.LAST

    def _act(self, context: RestoreContext) -> None:
        # By itself, not by the operation: the lease on what was there is kept meanwhile.
        client = self.manifest.client
        backup.renew_way_back(context.map, self.manifest, client)
        context.note(backup.go_back(context.map, self.manifest, client))

    def undo(self, done: Done) -> BackSteps:
        """See `Step.undo`. That there is no way back is said after the lock is released."""
        if not any(isinstance(step, ArmForPresent) for step in done):
            why = "there was no database to take a backup of"
            yield Lost(self.host, "put back what was there before", why)


class AwaitRestored(RestoreStep):
    """The server waited for until it is healthy, if it ran when the backup was taken."""

    name = "health"

    def _act(self, context: RestoreContext) -> None:
        context.await_health(context.expected)
