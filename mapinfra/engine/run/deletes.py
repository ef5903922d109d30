"""Deleting what the program no longer has: dependents first, independent ones at once."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from mapinfra.engine.run.deleting import delete
from mapinfra.engine.run.events import Op, ResourceEvent
from mapinfra.engine.run.refresh import each
from mapinfra.engine.run.run import Run
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.ordering import in_order
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource

_NO_TARGET = (
    "would be deleted with what it needs, but is no target; add --target {}, or --target-dependents"
)


def delete_unwanted(run: Run, wanted: Collection[str], parallel: int) -> None:
    """Delete every resource of the journal that isn't in `wanted`, and what was replaced.

    What a resource that stays still needs stays too, with a line saying so.
    """
    unwanted = _unwanted(run, wanted)
    beside = [one for one in unwanted if not _meant(run, one)]
    for one in beside:
        event = ResourceEvent(one.urn, one.custom, "delete", "planned", old=one)
        _fail(run, event, _NO_TARGET.format(urns.name(one.urn)))
    if beside:
        return
    doomed = frozenset(one.urn for one in unwanted)
    while unwanted:
        ready = [one for one in unwanted if not _is_needed(one, unwanted)] or unwanted
        each(ready, lambda one: _delete(run, one, doomed), parallel)
        unwanted = [one for one in unwanted if one not in ready]
    _drop_unused_providers(run)


def _is_needed(one: Resource, others: Iterable[Resource]) -> bool:
    """Tell whether another has to go first; what is replaced is needed by its like alone."""
    return any(
        one.urn in other.needs and (other.replaced or not one.replaced)
        for other in others
        if other is not one
    )


def _unwanted(run: Run, wanted: Collection[str]) -> list[Resource]:
    allowed = _allowed(run)
    return [
        one
        for one in (*run.journal.old(), *run.journal.replaced())
        if (one.replaced or one.urn not in wanted)
        and one.type != PROVIDER_TYPE
        and one.urn in allowed
    ]


def _meant(run: Run, one: Resource) -> bool:
    return run.targets.dependents or run.targets.named(one.urn)


def _allowed(run: Run) -> Collection[str]:
    return run.targets.with_dependents(in_order(run.journal.snapshot().resources))


def _delete(run: Run, old: Resource, doomed: frozenset[str]) -> None:
    op: Op = "delete-replaced" if old.replaced else "delete"
    event = ResourceEvent(old.urn, old.custom, op, "planned", old=old)
    keeper = _keeper(run, old)
    if keeper:
        run.tally.skip(old.urn)
        run.emit(replace(event, status="skipped", message=keeper))
        return
    if old.urn in run.unread and not old.replaced:
        _fail(run, event, f"{run.unread[old.urn]}; {_way_out(old)}")
        return
    try:
        delete(run, event, doomed)
    except Exception as error:  # noqa: BLE001 (whatever a provider raises fails its resource)
        _fail(run, event, run.faults.describe(error))


def _keeper(run: Run, old: Resource) -> str:
    if run.stop.is_set():
        return "the run was interrupted"
    users = sorted(one.urn for one in _standing(run, old) if old.urn in one.needs)
    return f"{urns.label(users[0])} still needs it" if users else ""


def _standing(run: Run, old: Resource) -> Iterable[Resource]:
    """Return what may need this resource; what has been settled needs its replacement."""
    if old.replaced:
        return (*run.journal.old(), *run.journal.replaced())
    return run.journal.snapshot().resources


def _way_out(old: Resource) -> str:
    return f"should it be gone for good: mapinfra state delete {urns.as_argument(old.urn)}"


def _fail(run: Run, event: ResourceEvent, message: str) -> None:
    run.tally.fail(event.urn)
    run.emit(replace(event, status="failed", message=message))


def _drop_unused_providers(run: Run) -> None:
    resources = run.journal.snapshot().resources
    used = {one.provider.rpartition("::")[0] for one in resources}
    for one in resources:
        if one.type == PROVIDER_TYPE and one.urn not in used:
            run.journal.removed(one)
