"""The order of resources in a state: what a resource needs stands before it."""

from collections.abc import Iterable, Set
from dataclasses import replace

from mapinfra.engine.state.snapshot import Resource


def in_order(resources: Iterable[Resource]) -> list[Resource]:
    """Move what a resource needs before it, else keep the order; drop needs that aren't there."""
    present = {one.urn: one for one in resources}
    ordered: dict[str, Resource] = {}

    def place(resource: Resource) -> None:
        if resource.urn in ordered:
            return
        ordered[resource.urn] = resource
        for urn in sorted(resource.needs & present.keys()):
            place(present[urn])
        # Taken out and put in again: behind what it needs.
        ordered[resource.urn] = _trimmed(ordered.pop(resource.urn), present.keys())

    for resource in present.values():
        place(resource)
    return list(ordered.values())


def _trimmed(resource: Resource, present: Set[str]) -> Resource:
    if resource.needs <= present:
        return resource
    return replace(
        resource,
        parent=resource.parent if resource.parent in present else "",
        dependencies=tuple(urn for urn in resource.dependencies if urn in present),
        property_dependencies={
            key: tuple(urn for urn in urns if urn in present)
            for key, urns in resource.property_dependencies.items()
        },
    )
