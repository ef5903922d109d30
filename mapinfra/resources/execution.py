"""Doing what was planned: step by step, and back again when one fails."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from mapinfra.errors import ApplyFailed, MapinfraError
from mapinfra.hosts import Target
from mapinfra.resources.contract import Plan, Step, StepNotBegun, taken_back
from mapinfra.resources.session import Session

Report = Callable[[str], None]
"""Takes a line of progress."""

D = TypeVar("D", contravariant=True)
C = TypeVar("C")


class Doer(Protocol[D, C]):
    """What its steps are done for: a Kind, or an operation that is no resource."""

    def targets(self, desired: D) -> Sequence[Target]:
        """See `Kind.targets`."""
        ...

    def context(self, desired: D, session: Session) -> C:
        """See `Kind.context`."""
        ...

    def let_go(self, context: C) -> None:
        """See `Kind.let_go`."""
        ...


def execute(kind: Doer[D, C], plan: Plan[C], desired: D, session: Session, report: Report) -> None:
    """Run the steps of a plan in order; raise ApplyFailed after putting the old state back.

    Whatever happens, nothing is kept alive afterwards, and the facts of the hosts concerned are
    read anew when next asked for.
    """
    if not plan.steps:
        return
    context = kind.context(desired, session)
    try:
        _run(plan.steps, context, report)
    finally:
        kind.let_go(context)
        for target in kind.targets(desired):
            session.fleet.stale(target)


def _run(steps: Sequence[Step[C]], context: C, report: Report) -> None:
    for number, step in enumerate(steps, start=1):
        report(f"{step.host}: [{number}/{len(steps)}] {step.text}")
        try:
            step.do(context)
        except MapinfraError as error:
            for line in error.beside:
                report(f"{step.host}: {line}")
            done = steps[: number - 1] if isinstance(error, StepNotBegun) else steps[:number]
            left = _back(done, context, report)
            back = "the old state is back" if number > 1 else "nothing was changed"
            raise ApplyFailed(
                f"step {number} of {len(steps)} ({step.text}) failed: {error}",
                where=step.host,
                remedy=left or back,
            ) from error


def _back(done: Sequence[Step[C]], context: C, report: Report) -> str:
    """Take back what was done; return in words what is left of it, if anything.

    It ends at the first step that fails: the later ones stand on it. Above all, the record of what
    was found is forgotten last, or the next run would take what is left of this one as found.
    """
    back = taken_back(done)
    for number, step in enumerate(back):
        report(f"{step.host}: [undo] {step.text}")
        try:
            step.do(context)
        except MapinfraError as error:
            left = "".join(f", {later}" for later in back[number + 1 :])
            return f"could not be put back: {step} ({error}){left}; run again to go on"
    return ""
