"""The contract of every resource: observe → plan → apply → remove, free of Pulumi.

A plan is pure data made from what is wanted and what is there. The preview prints its steps and
the executor runs the same steps, so what was planned is what is done; a plan without steps means
not one write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from mapinfra.errors import CentreonError
from mapinfra.hosts import Target
from mapinfra.resources.session import Session
from mapinfra.text import visible

Inputs = dict[str, Any]
"""A resource's inputs as Pulumi keeps them: JSON values only, never a secret."""


@dataclass(frozen=True)
class Change:
    """One value that is not as wanted."""

    path: str
    live: object
    desired: object


@dataclass(frozen=True)
class Step:
    """One thing done on one host.

    `verb` is what the executor runs, `text` says it to a human, `undo` says how it is taken back
    (empty: there is nothing to take back), `data` is what the verb works on.
    """

    host: str
    verb: str
    text: str
    undo: str = ""
    data: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.host}: {self.text}"


_AROUND = ("note", "lock", "record", "keep", "fetch", "backup", "compare", "arm", "release")
"""Verbs of steps that lead to a change, or conclude it."""


@dataclass(frozen=True)
class Plan:
    """What differs, the steps that mend it in order, and in one line why there are none.

    `todo` has what is left to a person. It is told, and no change: nothing waits for it.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    reason: str = ""
    todo: tuple[str, ...] = ()

    @property
    def foremost(self) -> Step:
        """The first step that changes something, or else the first; IndexError without steps."""
        changing = (step for step in self.steps if step.verb not in _AROUND)
        return next(changing, self.steps[0])

    def lines(self) -> list[str]:
        """Return the steps as the preview prints them."""
        return [visible(str(step)) for step in self.steps]


D = TypeVar("D")
L = TypeVar("L")


class Kind(Protocol[D, L]):
    """One resource type. Everything but `observe` and `run` is pure."""

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

    def plan(self, desired: D, live: L) -> Plan:
        """Return what makes `live` be as `desired`; raise CentreonError when nothing can."""
        ...

    def obstacles(self, plan: Plan, desired: D, session: Session) -> Iterable[CentreonError]:
        """Return what the pass knows to stand in the way of these steps, a removal's, too."""
        return ()

    def conflicts(self, plan: Plan, desired: D, session: Session) -> Iterable[CentreonError]:
        """Return what else the spec says that wouldn't hold any more; not asked on removal."""
        return ()

    def removal(self, desired: D, live: L) -> Plan:
        """Return what puts back what was found when mapinfra took over, and only that."""
        ...

    def run(self, step: Step, desired: D, session: Session) -> None:
        """Do one step."""
        ...

    def undo(self, done: Sequence[Step]) -> Sequence[Step]:
        """Return the steps that take back `done`, the last of which may have half happened."""
        ...

    def let_go(self, desired: D, session: Session) -> None:
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
