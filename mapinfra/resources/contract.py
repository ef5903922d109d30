"""The contract of every resource: observe → plan → apply → remove, free of Pulumi.

A plan is pure data made from what is wanted and what is there. The preview prints its steps and
the executor runs the same steps, so what was planned is what is done; a plan without steps means
not one write.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from mapinfra.errors import CentreonError, MapinfraError
from mapinfra.hosts import Target
from mapinfra.resources.session import Session
from mapinfra.text import visible

C_contra = TypeVar("C_contra", contravariant=True)
"""What steps of one resource are done with: its hosts, and what one step leaves to the next."""

Inputs = dict[str, Any]
"""A resource's inputs as Pulumi keeps them: JSON values only, never a secret."""


@dataclass(frozen=True)
class Change:
    """One value that is not as wanted."""

    path: str
    live: object
    desired: object


class StepNotBegun(MapinfraError):
    """A step wasn't begun, so there is nothing of it to take back."""


@dataclass(frozen=True)
class Step(ABC, Generic[C_contra]):
    """One thing done on one host: pure data, compared by value, until `do` is called.

    `text` says it to a human. A subclass has what it works on as further fields.
    """

    host: str
    text: str

    is_change: ClassVar[bool] = True
    """False for a step that leads to a change, or concludes it."""

    @abstractmethod
    def do(self, context: C_contra) -> None:
        """Do it; raise MapinfraError when that fails, NotBegun when it did nothing at all."""

    def undo(self, done: Sequence["Step[C_contra]"]) -> Iterable["Step[C_contra]"]:
        """Return the steps that take it back; none where there is nothing to take back.

        It is one of `done`, the steps done so far, the last of which may have half happened.
        """
        return ()

    @property
    def turn(self) -> int:
        """When it is taken back: lower turns come first, in one turn the latest step does."""
        return 0

    def __str__(self) -> str:
        return f"{self.host}: {self.text}"


def taken_back(done: Sequence[Step[C_contra]]) -> list[Step[C_contra]]:
    """Return the steps that take back `done`, in the order of their turns."""
    latest_first = done[::-1]
    by_turn = sorted(latest_first, key=lambda step: step.turn)
    return [back for step in by_turn for back in step.undo(done)]


@dataclass(frozen=True)
class Plan(Generic[C_contra]):
    """What differs, the steps that mend it in order, and in one line why there are none.

    `todo` has what is left to a person. It is told, and no change: nothing waits for it.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step[C_contra], ...] = ()
    reason: str = ""
    todo: tuple[str, ...] = ()

    @property
    def foremost(self) -> Step[C_contra]:
        """The first step that changes something, or else the first; IndexError without steps."""
        return next((step for step in self.steps if step.is_change), self.steps[0])

    def has(self, kind: type[Step[C_contra]]) -> bool:
        """Tell whether a step of that kind is part of it."""
        return any(isinstance(step, kind) for step in self.steps)

    def lines(self) -> list[str]:
        """Return the steps as the preview prints them."""
        return [visible(str(step)) for step in self.steps]


D = TypeVar("D")
L = TypeVar("L")
C = TypeVar("C")


class Kind(Protocol[D, L, C]):
    """One resource type. Everything but `observe` and its steps' `do` is pure."""

    name: str

    def desired(self, inputs: Mapping[str, Any]) -> D:
        """Parse inputs; they came from a spec that was checked, or from the state."""
        ...

    def targets(self, desired: D) -> Sequence[Target]:
        """Return the hosts whose facts this resource reads or changes."""
        ...

    def observe(self, desired: D, session: Session) -> L:
        """Read what is there, from the facts of the one pass.

        Raises HostError when a host can't be read, CentreonError when what is there doesn't fit.
        """
        ...

    def thing(self, desired: D, live: L) -> str:
        """Return, in words, which one thing on its host this is, however the spec names it."""
        ...

    def home(self, desired: D) -> Target | None:
        """Return the host on which that thing is; None for one that is on no host."""
        return None

    def records(self, desired: D, live: L) -> Sequence[tuple[Target, str]]:
        """Return the records that say whose that thing is, each with the host it is on."""
        return ()

    def claim(self, desired: D, session: Session) -> None:
        """Record whose that thing is, after a change to it, where no step of it does."""
        return

    def forget(self, desired: D, session: Session) -> None:
        """Drop what `claim` recorded, once the thing is deleted, or left as it is."""
        return

    def plan(self, desired: D, live: L) -> Plan[C]:
        """Return what makes `live` be as `desired`; raise CentreonError when nothing can."""
        ...

    def obstacles(self, plan: Plan[C], desired: D, session: Session) -> Iterable[CentreonError]:
        """Return what the pass knows to stand in the way of these steps, a removal's, too."""
        return ()

    def conflicts(self, plan: Plan[C], desired: D, session: Session) -> Iterable[CentreonError]:
        """Return what else the spec says that wouldn't hold any more; not asked on removal."""
        return ()

    def removal(self, desired: D, live: L) -> Plan[C]:
        """Return what puts back what was found when mapinfra took over, and only that."""
        ...

    def context(self, desired: D, session: Session) -> C:
        """Return what the steps of one plan are done with; no host is asked anything yet."""
        ...

    def let_go(self, context: C) -> None:
        """Keep nothing alive any more: no step is run from now on, however that came about."""
        return

    def computed(self, desired: D, live: L | None) -> Inputs:
        """Return the inputs that are facts: as wanted (no `live`), or as they are live."""
        ...

    def foreseen(self, desired: D, live: L) -> Inputs:
        """Return the inputs that are facts as they will be, where that depends on `live`."""
        return self.computed(desired, None)

    def live_inputs(self, desired: D, live: L) -> Inputs | None:
        """Return the inputs that describe `live`; None when the thing itself is gone."""
        ...

    def report(self, desired: D, session: Session) -> Sequence[str]:
        """Return what the run has to tell beyond its steps, kept as an output; mostly nothing."""
        return ()
