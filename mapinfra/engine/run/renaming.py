"""Giving a resource of the state another name, wherever the state speaks of it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.snapshot import Resource


def renamed(resources: Iterable[Resource], old: str, new: str) -> dict[str, str]:
    """Map the old URNs to the new ones: of the resource, and of all below it.

    A child's URN has the types of its parents, so it changes when these do.
    """
    names = {old: new}
    for one in resources:  # a parent stands before its children
        if one.parent in names:
            below = names[one.parent]
            own = urns.own_type(one.urn), urns.name(one.urn)
            names[one.urn] = urns.make(urns.stack(below), urns.project(below), below, *own)
    return {before: after for before, after in names.items() if before != after}


def follow(resource: Resource, names: Mapping[str, str]) -> Resource:
    """Return a resource with the new URNs in place of the old ones."""

    def now(urn: str) -> str:
        return names.get(urn, urn)

    provider, _, id_ = resource.provider.rpartition("::")
    urn = now(resource.urn)
    return replace(
        resource,
        urn=urn,
        type=urns.own_type(urn) if urn != resource.urn else resource.type,
        parent=now(resource.parent),
        provider=f"{now(provider)}::{id_}" if provider else resource.provider,
        dependencies=tuple(map(now, resource.dependencies)),
        property_dependencies={
            key: tuple(map(now, found)) for key, found in resource.property_dependencies.items()
        },
        marks=replace(resource.marks, deleted_with=now(resource.marks.deleted_with)),
    )
