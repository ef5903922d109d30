"""Editing the state without touching any host."""

from collections.abc import Callable
from dataclasses import replace

from mapinfra.engine.project.stack import Stack, load
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.checkpoint import render
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource, Snapshot
from mapinfra.engine.state.urn import STACK_TYPE
from mapinfra.errors import StateError


def forget(stack: Stack, name: str) -> list[str]:
    """Remove every resource of that name or URN, and what needs it, from the state.

    For what can't be undone any more because its host is gone. Returns the URNs; raises
    StateError when the state has none of that name, Interrupted when a signal came first.
    """
    gone: set[str] = set()

    def change(snapshot: Snapshot) -> Snapshot:
        gone.update(_with_dependents(_all(snapshot), name))
        left = tuple(one for one in snapshot.resources if one.urn not in gone)
        pending = tuple(one for one in snapshot.pending if one.resource.urn not in gone)
        return replace(snapshot, resources=left, pending=pending)

    _edit(stack, name, change)
    return sorted(gone)


def unprotect(stack: Stack, name: str) -> list[str]:
    """Remove the protection of every resource of that name or URN; return the URNs.

    Raises StateError when the state has none of that name, Interrupted when a signal came first.
    """
    freed: list[str] = []

    def change(snapshot: Snapshot) -> Snapshot:
        freed.extend(one.urn for one in snapshot.resources if _named(one, name))
        return replace(
            snapshot,
            resources=tuple(
                replace(one, protect=False) if _named(one, name) else one
                for one in snapshot.resources
            ),
        )

    _edit(stack, name, change)
    return freed


def _edit(stack: Stack, name: str, change: Callable[[Snapshot], Snapshot]) -> None:
    with stack.files.locked_for_edit() as expect_wanted:
        snapshot, crypter = load(stack)
        if not any(_named(one, name) for one in _all(snapshot)):
            raise StateError(
                f"the state has no resource {name}; it has {_names(_all(snapshot))}",
                where=f"stack {stack.name}",
            )
        content = render(stack.files.full_name, change(snapshot), crypter.encrypt)
        expect_wanted()
        stack.files.write(content)


def _all(snapshot: Snapshot) -> tuple[Resource, ...]:
    """Return the resources, and those that an interrupted run was creating."""
    return (*snapshot.resources, *(one.resource for one in snapshot.half_made))


def _with_dependents(resources: tuple[Resource, ...], name: str) -> set[str]:
    gone: set[str] = set()
    for one in resources:  # what a resource needs stands before it
        if _named(one, name) or one.needs & gone:
            gone.add(one.urn)
    return gone


def _named(resource: Resource, name: str) -> bool:
    return name in (resource.urn, urns.name(resource.urn)) and _may_be_named(resource)


def _may_be_named(resource: Resource) -> bool:
    return resource.type not in (STACK_TYPE, PROVIDER_TYPE)


def _names(resources: tuple[Resource, ...]) -> str:
    names = {urns.name(one.urn) for one in resources if _may_be_named(one)}
    return ", ".join(sorted(names)) or "none"
