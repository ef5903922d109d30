"""Deleting what the program no longer has: dependents first, independent resources at once."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from mapinfra.engine.run.events import ResourceEvent
from mapinfra.engine.run.refresh import each
from mapinfra.engine.run.run import Run
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.ordering import in_order
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource
from mapinfra.errors import MapinfraError

_NO_TARGET = (
    "would be deleted with what it needs, but is no target; add --target {}, or --target-dependents"
)


def delete_unwanted(run: Run, wanted: Collection[str], parallel: int) -> None:
    """Delete every resource of the state that isn't in `wanted`.

    What a resource that stays still needs stays too, and is reported as skipped.
    """
    unwanted = _unwanted(run, wanted)
    beside = [one for one in unwanted if not _meant(run, one)]
    for one in beside:
        _fail(run, _deletion(one), _NO_TARGET.format(urns.name(one.urn)))
    if beside:
        return
    while unwanted:
        ready = [one for one in unwanted if not _is_needed(one, unwanted)]
        each(ready, lambda one: _delete(run, one), parallel)
        unwanted = [one for one in unwanted if one not in ready]
    _drop_unused_providers(run)


def _deletion(old: Resource) -> ResourceEvent:
    return ResourceEvent(old.urn, old.custom, "delete", "planned", old=old)


def _is_needed(one: Resource, others: Iterable[Resource]) -> bool:
    return any(one.urn in other.needs for other in others)


def _unwanted(run: Run, wanted: Collection[str]) -> list[Resource]:
    allowed = run.targets.with_dependents(in_order(run.state.snapshot().resources))
    return [
        one
        for one in run.state.old()
        if one.urn not in wanted and one.type != PROVIDER_TYPE and one.urn in allowed
    ]


def _meant(run: Run, one: Resource) -> bool:
    return run.targets.dependents or run.targets.named(one.urn)


def _delete(run: Run, old: Resource) -> None:
    event = _deletion(old)
    keeper = _keeper(run, old)
    if keeper:
        run.tally.skip(old.urn)
        run.emit(replace(event, status="skipped", message=keeper))
        return
    if old.urn in run.unread:
        _fail(run, event, f"{run.unread[old.urn]}; {_way_out(old)}")
        return
    try:
        _take(run, event, old)
    except Exception as error:  # noqa: BLE001 (whatever a provider raises fails its resource)
        _fail(run, event, run.errors.describe(error))


def _keeper(run: Run, old: Resource) -> str:
    if run.stop.is_set():
        return "the run was interrupted"
    users = sorted(one.urn for one in run.state.snapshot().resources if old.urn in one.needs)
    return f"{urns.label(users[0])} still needs it" if users else ""


def _way_out(old: Resource) -> str:
    return f"if it is gone for good: mapinfra state delete {urns.as_argument(old.urn)}"


def _take(run: Run, event: ResourceEvent, old: Resource) -> None:
    """Delete one resource and report it; a preview only reports."""
    if old.protect:
        raise MapinfraError(
            "is protected, so it isn't deleted",
            remedy=f"take `protect` out of the program and run up, or: "
            f"mapinfra state unprotect {urns.as_argument(old.urn)}",
        )
    steps, reason = _plan(run, old)
    run.expect_reviewed(old.urn, steps)
    with run.reported(replace(event, plan=steps, reason=reason)):
        if not run.preview and old.custom and not old.retain_on_delete:
            _delete_live(run, old)
        run.state.removed(old.urn)


def _delete_live(run: Run, old: Resource) -> None:
    run.state.begin("deleting", old)
    try:
        run.providers.delete(old)
    except Exception:
        run.state.abandon(old.urn)
        raise


def _plan(run: Run, old: Resource) -> tuple[tuple[str, ...], str]:
    """Return the steps of deleting it, or why there are none."""
    if old.retain_on_delete:
        return (), f"{urns.name(old.urn)} is left as it is: retain_on_delete"
    return run.providers.removal(old) if old.custom else ((), "")


def _fail(run: Run, event: ResourceEvent, message: str) -> None:
    run.tally.fail(event.urn)
    run.emit(replace(event, status="failed", message=message))


def _drop_unused_providers(run: Run) -> None:
    resources = run.state.snapshot().resources
    used = {one.provider.rpartition("::")[0] for one in resources}
    for one in resources:
        if one.type == PROVIDER_TYPE and one.urn not in used:
            run.state.removed(one.urn)
