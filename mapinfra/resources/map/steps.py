"""What each step on a MAP server is: done under its lock, and noted in the journal there.

An update, an installation, a removal and a restore share this, and the steps around the others.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import ClassVar, Never, TypeVar

from mapinfra import rollback
from mapinfra.centreon.map.health import Expected
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host
from mapinfra.resources.contract import Step
from mapinfra.resources.map import health_check
from mapinfra.resources.map.model import DesiredMap, Lock
from mapinfra.resources.map.transaction import LONG, Operation
from mapinfra.resources.session import Session


class Turn(IntEnum):
    """The turns in which steps are taken back. MAP itself comes first: its users wait."""

    SERVER = auto()
    OTHER_SERVICES = auto()
    OPTIONS = auto()
    NEW_EXTENSIONS = auto()
    """While their files are there."""
    WEB_PACKAGES = auto()
    MANAGER = auto()
    MODULE = auto()
    WIDGET = auto()
    """Extensions that were updated: once the files of before are there, in the order in which
    they need each other."""
    RETIRED_EXTENSIONS = auto()
    INSTALLATION = auto()
    LOCK = auto()
    LAST = auto()


@dataclass
class OperationContext(ABC):
    """What steps on a MAP server are done with."""

    desired: DesiredMap
    session: Session
    under_way: Operation | None = None
    """From when the lock is taken."""

    @property
    def map(self) -> Host:
        """The MAP server."""
        return self.session.fleet.host(self.desired.map)

    @property
    def operation(self) -> Operation:
        """What is under way; CentreonError while the lock isn't held."""
        if self.under_way is None:
            raise CentreonError("its lock isn't held", where=self.map.name)
        return self.under_way

    @abstractmethod
    def expect_wanted(self, step: Step[Never]) -> None:
        """Raise MapinfraError once the user wants the run to end before this step."""

    def await_health(self, expected: Expected) -> None:
        """Wait until the server is healthy, and stays so."""
        seconds = self.desired.start_seconds
        health_check.wait(self.map, self.desired.edition, seconds=seconds, expected=expected)

    def release(self) -> None:
        """End what is under way, if anything is."""
        if self.under_way is not None:
            self.under_way.end()

    def let_go(self) -> None:
        """Leave what is under way, if anything is, to the host to put back."""
        if self.under_way is not None:
            self.under_way.abandon()


X_contra = TypeVar("X_contra", bound=OperationContext, contravariant=True)


class NamedStep(Step[X_contra]):
    """A step on a MAP server."""

    name: ClassVar[str]
    """As the journal has it, which a later version may have to understand: it stays."""


class LockedStep(NamedStep[X_contra]):
    """A step under the lock, which its subclasses do in `_act`."""

    longest: ClassVar[float] = LONG
    """Seconds for which the host may be kept from going back while the step is done."""
    needs_lease: ClassVar[bool] = True

    @property
    def can_be_spared(self) -> bool:
        """Whether it isn't begun any more once the user wants the run to end."""
        return not self.is_change

    def do(self, context: X_contra) -> None:
        """See `Step.do`. After a reboot the host has gone back, so the lease is asked for first."""
        operation = context.operation
        if self.can_be_spared:
            context.expect_wanted(self)
        operation.starts(self.longest)
        if self.needs_lease:
            operation.keeper.check()
        self._act(context)
        operation.done(self.name)

    @abstractmethod
    def _act(self, context: X_contra) -> None: ...


@dataclass(frozen=True)
class TakeLock(NamedStep[OperationContext]):
    """The lock taken, and the journal begun."""

    lock: Lock
    name = "lock"
    is_change = False
    turn = Turn.LOCK

    def do(self, context: OperationContext) -> None:
        """See `Step.do`."""
        context.under_way = Operation.begin(context.map, context.desired, self.lock)

    def undo(self, done: Sequence[Step[OperationContext]]) -> Iterator[Step[OperationContext]]:
        """See `Step.undo`."""
        if not isinstance(done[-1], TakeOver):
            yield ReleaseLock(self.host, "release the lock")


class ReleaseLock(NamedStep[OperationContext]):
    """The way back disarmed, the journal closed, the lock released."""

    name = "release"
    is_change = False

    def do(self, context: OperationContext) -> None:
        """See `Step.do`."""
        context.release()


class NoteStep(NamedStep[OperationContext]):
    """A line that a person should read; nothing is done."""

    name = "note"
    is_change = False

    def do(self, context: OperationContext) -> None:
        """See `Step.do`."""


class TakeOver(LockedStep[X_contra]):
    """A step on what an interrupted run has left.

    When it fails, the journal stays for the next run to go on with: it alone knows that backup.
    """

    def undo(self, done: Sequence[Step[X_contra]]) -> Iterator[Step[X_contra]]:
        """See `Step.undo`."""
        if self is done[-1]:
            yield self._given_up()

    def _given_up(self) -> Step[OperationContext]:
        """Return what is done in place of taking it back."""
        return Abandon(self.host, self.text)


class Abandon(NamedStep[OperationContext]):
    """Nothing kept alive any more, and that said."""

    name = "abandon"

    def do(self, context: OperationContext) -> None:
        """See `Step.do`."""
        context.operation.abandon()
        raise CentreonError("what an interrupted run left is still there", where=context.map.name)


@dataclass(frozen=True)
class CancelRollback(TakeOver[OperationContext]):
    """The automatic rollback of an interrupted run ended, which can't run."""

    directory: str
    """Of the backup that it is to."""
    name = "cancel"

    def _act(self, context: OperationContext) -> None:
        rollback.cancel(context.map, self.directory)
