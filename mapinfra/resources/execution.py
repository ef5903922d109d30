"""Doing what was planned: step by step, and back again when one fails."""

from collections.abc import Callable, Sequence
from typing import Any

from mapinfra.errors import ApplyFailed, MapinfraError
from mapinfra.resources.contract import Kind, Plan, Step
from mapinfra.resources.session import Session

Report = Callable[[str], None]
"""Takes a line of progress."""


def execute(
    kind: Kind[Any, Any], plan: Plan, desired: Any, session: Session, report: Report
) -> None:
    """Run the steps of a plan in order; raise ApplyFailed after putting the old state back.

    Whatever happens, the facts of the hosts concerned are read anew when next asked for.
    """
    if not plan.steps:
        return
    try:
        _run(kind, plan.steps, desired, session, report)
    finally:
        for target in kind.targets(desired):
            session.fleet.stale(target)


def _run(
    kind: Kind[Any, Any], steps: Sequence[Step], desired: Any, session: Session, report: Report
) -> None:
    for number, step in enumerate(steps, start=1):
        report(f"{step.host}: [{number}/{len(steps)}] {step.text}")
        try:
            kind.run(step, desired, session)
        except MapinfraError as error:
            outcome = _back(kind, steps[:number], desired, session, report)
            raise ApplyFailed(
                f"step {number} of {len(steps)} ({step.text}) failed: {error}",
                where=step.host,
                remedy=outcome,
            ) from error


def _back(
    kind: Kind[Any, Any], done: Sequence[Step], desired: Any, session: Session, report: Report
) -> str:
    """Take back what was done, as much as can be; return in words what came of it."""
    left = []
    for step in kind.undo(done):
        report(f"{step.host}: [undo] {step.text}")
        try:
            kind.run(step, desired, session)
        except MapinfraError as error:
            left.append(f"{step} ({error})")
    if left:
        return f"could not be put back: {'; '.join(left)}"
    return "the old state is back" if len(done) > 1 else "nothing was changed"
