"""Other names under which the state may have a resource that the program has renamed or moved."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mapinfra.engine.state import urn as urns


@dataclass(frozen=True)
class Alias:
    """One former name, in the parts that differ from the present one; or whole, as `urn`."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


def former_names(
    urn: str, parent: str, aliases: Sequence[Alias], taken: Mapping[str, str]
) -> list[str]:
    """Return the URNs that a resource may have in the state, in the order they are looked for.

    `taken` maps resources of this run to the alias they were found under: what is below a parent
    that was renamed has been below its former name.
    """
    found: dict[str, None] = {}
    for alias in aliases:
        found[_whole(urn, parent, alias, taken)] = None
    if parent in taken:
        found |= dict.fromkeys(_inherited(urn, parent, list(found), taken[parent]))
    return list(found)


def _whole(urn: str, parent: str, alias: Alias, taken: Mapping[str, str]) -> str:
    if alias.urn:
        return alias.urn
    above = taken.get(alias.parent, alias.parent) if alias.parent else parent
    return urns.make(
        alias.stack or urns.stack(urn),
        alias.project or urns.project(urn),
        "" if alias.no_parent else above,
        alias.type or urns.own_type(urn),
        alias.name or urns.name(urn),
    )


def _inherited(urn: str, parent: str, own: Sequence[str], former: str) -> Iterator[str]:
    """A child's name often begins with its parent's: that part is then the former one, too."""
    for one in (urn, *own):
        name = urns.name(one)
        if name.startswith(urns.name(parent)):
            name = urns.name(former) + name.removeprefix(urns.name(parent))
        yield urns.make(urns.stack(urn), urns.project(urn), former, urns.own_type(one), name)
