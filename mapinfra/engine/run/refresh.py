"""Reading the live state of everything in the state, all at the same time."""

import contextvars
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mapinfra.engine.run.events import Op, ResourceEvent
from mapinfra.engine.run.run import Run
from mapinfra.engine.state.clock import now
from mapinfra.engine.state.diff import ValueChange, changes
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource


def refresh(run: Run, parallel: int) -> None:
    """Replace recorded by live values in the state.

    A resource that can't be read keeps what was recorded; why is noted in `run.unread`.
    Drift, and what is gone, is reported by events of the op `refresh`.
    """
    readable = [
        one
        for one in run.state.old()
        if run.includes(one) and one.custom and one.type != PROVIDER_TYPE
    ]
    found: dict[str, Resource | None] = {}

    def read(old: Resource) -> None:
        if run.stop.is_set():
            return
        try:
            live = run.providers.read(old)
        except Exception as error:  # noqa: BLE001 (whatever a provider raises fails its resource)
            run.unread[old.urn] = run.errors.describe(error)
            return
        _report(run, old, live)
        if live != old:
            found[old.urn] = replace(live, modified=now()) if live else None

    each(readable, read, parallel)
    run.state.refreshed(found)


def each(resources: Iterable[Resource], task: Callable[[Resource], None], parallel: int) -> None:
    """Do a task for every resource on threads that see the caller's context."""
    with ThreadPoolExecutor(max_workers=parallel) as pool:
        futures = [
            pool.submit(contextvars.copy_context().run, task, resource) for resource in resources
        ]
    for future in futures:
        future.result()


def _report(run: Run, old: Resource, live: Resource | None) -> None:
    drift = _drift(old, live) if live else ()
    if drift or not live:
        gone = "" if live else "gone"
        run.emit(
            ResourceEvent(old.urn, True, "refresh", "done", drift, message=gone, old=old, new=live)
        )


def _drift(old: Resource, live: Resource) -> tuple[ValueChange, ...]:
    return changes(old.inputs, live.inputs) or changes(old.outputs, live.outputs)


def report_unread(run: Run) -> None:
    """Count as failed what couldn't be read."""
    for urn, message in run.unread.items():
        run.tally.fail(urn)
        run.emit(ResourceEvent(urn, True, "refresh", "failed", message=message))


def count_refreshed(run: Run, before: Iterable[Resource]) -> None:
    """Count a refresh as Pulumi does: what drifted is an update, what is gone a delete."""
    for old in before:
        if old.type != PROVIDER_TYPE and old.urn not in run.tally.failed:
            run.tally.count(_refreshed_op(old, run.state.find(old.urn)))


def _refreshed_op(old: Resource, live: Resource | None) -> Op:
    if live is None:
        return "delete"
    return "update" if _drift(old, live) else "same"
