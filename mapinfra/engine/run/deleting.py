"""Deleting one resource, as far as its options let it be."""

import time
from dataclasses import replace

from mapinfra.engine.run.events import ResourceEvent
from mapinfra.engine.run.run import Run
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.snapshot import Resource
from mapinfra.errors import MapinfraError


def delete(run: Run, event: ResourceEvent, doomed: frozenset[str]) -> None:
    """Delete the old resource of an event, and tell it; a preview only tells.

    `doomed` are the URNs that this run deletes. One that is being replaced stays in the state, as
    missing, until its replacement is made. Raises MapinfraError when the resource is protected.
    """
    old = event.old
    if old is None:
        return
    if old.marks.protect and event.op == "delete":
        raise MapinfraError(
            "is protected, so it isn't deleted",
            remedy=f"take `protect` out of the program and run up, or: "
            f"mapinfra state unprotect {urns.as_argument(old.urn)}",
        )
    steps, reason = _plan(run, old, doomed)
    event = replace(event, plan=steps, reason=reason)
    if event.op == "delete":
        run.expect_reviewed(old.urn, event.plan)
    if not run.preview:
        run.emit(replace(event, status="started"))
    began = time.monotonic()
    if not run.preview and old.custom and not _left(old, doomed):
        _take(run, old)
    _record(run, event, old)
    seconds = time.monotonic() - began
    run.emit(event if run.preview else replace(event, status="done", seconds=seconds))
    run.tally.count(event.op)


def _take(run: Run, old: Resource) -> None:
    run.journal.begin("deleting", old)
    try:
        run.providers.delete(old)
    except Exception:
        run.journal.abandon(old.urn)
        raise


def _record(run: Run, event: ResourceEvent, old: Resource) -> None:
    if event.op == "delete-replaced" and not old.replaced:
        run.journal.gone_before(old)
    else:
        run.journal.removed(old)


def _plan(run: Run, old: Resource, doomed: frozenset[str]) -> tuple[tuple[str, ...], str]:
    """Return the steps of deleting it, or why there are none."""
    left = _left(old, doomed)
    if left or not old.custom:
        return (), left
    return run.providers.removal(old)


def _left(old: Resource, doomed: frozenset[str]) -> str:
    """Say why nothing is done for a resource that goes; empty when it is to be deleted."""
    if old.missing:
        return "it was deleted already"
    if old.marks.retain_on_delete:
        return f"{urns.name(old.urn)} is left as it is: retain_on_delete"
    if old.marks.deleted_with in doomed:
        return f"{urns.name(old.urn)} goes with {urns.name(old.marks.deleted_with)}"
    return ""
