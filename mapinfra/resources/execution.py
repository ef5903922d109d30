"""Doing what was planned: step by step, and back again when one fails."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mapinfra.errors import ApplyFailed, MapinfraError
from mapinfra.hosts import Target
from mapinfra.resources.contract import Plan, Step
from mapinfra.resources.session import Session

Report = Callable[[str], None]
"""Takes a line of progress."""


class Doer(Protocol):
    """What does steps and takes them back: a Kind, or an operation that is no resource."""

    def targets(self, desired: Any) -> Sequence[Target]:
        """See `Kind.targets`."""
        ...

    def run(self, step: Step, desired: Any, session: Session) -> None:
        """See `Kind.run`."""
        ...

    def undo(self, done: Sequence[Step]) -> Sequence[Step]:
        """See `Kind.undo`."""
        ...

    def let_go(self, desired: Any, session: Session) -> None:
        """See `Kind.let_go`."""
        ...


def execute(kind: Doer, plan: Plan, desired: Any, session: Session, report: Report) -> None:
    """Run the steps of a plan in order; raise ApplyFailed after putting the old state back.

    Whatever happens, nothing is kept alive afterwards, and the facts of the hosts concerned are
    read anew when next asked for.
    """
    if not plan.steps:
        return
    try:
        _run(kind, plan.steps, desired, session, report)
    finally:
        kind.let_go(desired, session)
        for target in kind.targets(desired):
            session.fleet.stale(target)


def _run(kind: Doer, steps: Sequence[Step], desired: Any, session: Session, report: Report) -> None:
    for number, step in enumerate(steps, start=1):
        report(f"{step.host}: [{number}/{len(steps)}] {step.text}")
        try:
            kind.run(step, desired, session)
        except MapinfraError as error:
            for line in error.beside:
                report(f"{step.host}: {line}")
            outcome = _back(kind, steps[:number], desired, session, report)
            raise ApplyFailed(
                f"step {number} of {len(steps)} ({step.text}) failed: {error}",
                where=step.host,
                remedy=outcome,
            ) from error


def _back(kind: Doer, done: Sequence[Step], desired: Any, session: Session, report: Report) -> str:
    """Take back what was done; return in words what came of it.

    It ends at the first step that fails: the later ones stand on it. Above all, the record of what
    was found is forgotten last, or the next run would take what is left of this one as found.
    """
    back = list(kind.undo(done))
    for number, step in enumerate(back):
        report(f"{step.host}: [undo] {step.text}")
        try:
            kind.run(step, desired, session)
        except MapinfraError as error:
            left = "".join(f", {later}" for later in back[number + 1 :])
            return f"could not be put back: {step} ({error}){left}; run again to go on"
    return "the old state is back" if len(done) > 1 else "nothing was changed"
