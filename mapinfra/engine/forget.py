"""Taking resources out of the state without touching what they stand for."""

from dataclasses import replace

from mapinfra.engine import urn as urns
from mapinfra.engine.checkpoint import PROVIDER_TYPE, Resource, render
from mapinfra.engine.run import Stack, load
from mapinfra.engine.urn import STACK_TYPE
from mapinfra.errors import StateError


def forget(stack: Stack, name: str) -> list[str]:
    """Take every resource of that name or URN, and what needs it, out of the state.

    For what can't be undone any more because its host is gone. Returns the URNs; raises
    StateError when the state has none of that name.
    """
    with stack.files.locked():
        snapshot, crypter = load(stack)
        gone = _with_dependents(snapshot.resources, name)
        if not gone:
            raise StateError(
                f"the state has no resource {name}; it has {_names(snapshot.resources)}",
                where=f"stack {stack.name}",
            )
        left = tuple(one for one in snapshot.resources if one.urn not in gone)
        pending = tuple(one for one in snapshot.pending if one.resource.urn not in gone)
        kept = replace(snapshot, resources=left, pending=pending)
        stack.files.write(render(stack.files.full_name, kept, crypter.encrypt))
    return sorted(gone)


def _with_dependents(resources: tuple[Resource, ...], name: str) -> set[str]:
    gone: set[str] = set()
    for one in resources:  # what a resource needs stands before it
        named = name in (one.urn, urns.name(one.urn)) and _may_be_named(one)
        if named or one.needs & gone:
            gone.add(one.urn)
    return gone


def _may_be_named(resource: Resource) -> bool:
    return resource.type not in (STACK_TYPE, PROVIDER_TYPE)


def _names(resources: tuple[Resource, ...]) -> str:
    names = {urns.name(one.urn) for one in resources if _may_be_named(one)}
    return ", ".join(sorted(names)) or "none"
