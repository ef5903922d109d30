"""The order of resources in a state: what a resource needs stands before it."""

from collections.abc import Iterable, Set
from dataclasses import replace

from mapinfra.engine.state.snapshot import Resource


def in_order(resources: Iterable[Resource]) -> list[Resource]:
    """Move what a resource needs before it, else keep the order; drop needs that aren't there.

    Those that are replaced, and still to be deleted, come last: nothing new stands on them.
    """
    every = list(resources)
    present = {one.urn: one for one in every if not one.replaced}
    doomed = [one for one in every if one.replaced]
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
    standing = present.keys() | {one.urn for one in doomed}
    return [*ordered.values(), *(_trimmed(one, standing) for one in doomed)]


def _trimmed(resource: Resource, present: Set[str]) -> Resource:
    if resource.needs <= present:
        return resource
    marks = resource.marks
    kept = marks.deleted_with if marks.deleted_with in present else ""
    return replace(
        resource,
        marks=replace(marks, deleted_with=kept),
        parent=resource.parent if resource.parent in present else "",
        dependencies=tuple(urn for urn in resource.dependencies if urn in present),
        property_dependencies={
            key: tuple(urn for urn in urns if urn in present)
            for key, urns in resource.property_dependencies.items()
        },
    )
