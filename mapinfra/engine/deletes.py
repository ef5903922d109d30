"""Deleting what the program no longer has: dependents first, independent ones at once."""

import time
from collections.abc import Collection
from dataclasses import replace

from mapinfra.engine import urn as urns
from mapinfra.engine.checkpoint import PROVIDER_TYPE, Resource
from mapinfra.engine.events import ResourceEvent
from mapinfra.engine.refresh import each
from mapinfra.engine.steps import Run


def delete_unwanted(run: Run, wanted: Collection[str], parallel: int) -> None:
    """Delete every resource of the journal that isn't in `wanted`.

    What a resource that stays still needs stays too, with a line saying so.
    """
    unwanted = {
        one.urn: one
        for one in run.journal.old()
        if one.urn not in wanted and one.type != PROVIDER_TYPE
    }
    while unwanted:
        needed = frozenset(urn for one in unwanted.values() for urn in one.needs)
        ready = [one for urn, one in unwanted.items() if urn not in needed]
        each(ready, lambda one: _delete(run, one), parallel)
        for one in ready:
            del unwanted[one.urn]
    _drop_unused_providers(run)


def _delete(run: Run, old: Resource) -> None:
    event = ResourceEvent(old.urn, old.custom, "delete", "planned", old=old)
    keeper = _keeper(run, old)
    if keeper:
        run.tally.skip(old.urn)
        run.emit(replace(event, status="skipped", message=keeper))
        return
    if old.urn in run.unread:
        _fail(run, event, f"{run.unread[old.urn]}; {_way_out(old)}")
        return
    try:
        event = replace(event, plan=_plan(run, old))
        if run.preview:
            run.emit(event)
            run.journal.removed(old.urn)
        else:
            _do(run, event, old)
    except Exception as error:  # noqa: BLE001 (whatever a provider raises fails its resource)
        run.journal.abandon(old.urn)
        _fail(run, event, run.faults.describe(error))
        return
    run.tally.count("delete")


def _plan(run: Run, old: Resource) -> tuple[str, ...]:
    plan = run.providers.removal(old) if old.custom else ()
    run.expect_reviewed(old.urn, plan)
    return plan


def _do(run: Run, event: ResourceEvent, old: Resource) -> None:
    run.emit(replace(event, status="started"))
    began = time.monotonic()
    _take(run, old)
    run.emit(replace(event, status="done", seconds=time.monotonic() - began))


def _take(run: Run, old: Resource) -> None:
    if old.custom:
        run.journal.begin("deleting", old)
        run.providers.delete(old)
    run.journal.removed(old.urn)


def _keeper(run: Run, old: Resource) -> str:
    if run.stop.is_set():
        return "the run was interrupted"
    users = sorted(one.urn for one in run.journal.snapshot().resources if old.urn in one.needs)
    return f"{urns.label(users[0])} still needs it" if users else ""


def _way_out(old: Resource) -> str:
    return f"should it be gone for good: mapinfra state delete {urns.name(old.urn)}"


def _fail(run: Run, event: ResourceEvent, message: str) -> None:
    run.tally.fail(event.urn)
    run.emit(replace(event, status="failed", message=message))


def _drop_unused_providers(run: Run) -> None:
    resources = run.journal.snapshot().resources
    used = {one.provider.rpartition("::")[0] for one in resources}
    for one in resources:
        if one.type == PROVIDER_TYPE and one.urn not in used:
            run.journal.removed(one.urn)
