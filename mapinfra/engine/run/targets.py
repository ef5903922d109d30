"""The resources that a run is limited to by `--target`."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.snapshot import PROVIDER_TYPE, Resource
from mapinfra.engine.state.urn import STACK_TYPE
from mapinfra.errors import MapinfraError


@dataclass(frozen=True)
class Targets:
    """URNs or names, in which `*` stands for any letters but `:` and `**` for any at all.

    No pattern means every resource. With `dependents`, what depends on a target is a target too.
    """

    patterns: tuple[str, ...] = ()
    dependents: bool = False

    def named(self, urn: str) -> bool:
        """Tell whether a target names this resource."""
        return not self.patterns or any(
            re.fullmatch(_regex(pattern), text)
            for pattern in self.patterns
            for text in (urn, urns.name(urn))
        )

    def with_dependents(self, resources: Iterable[Resource]) -> frozenset[str]:
        """Return the URNs of the targets, and of all that can't stay without them.

        `resources` come in the state's order: what a resource needs stands before it.
        """
        found: set[str] = set()
        for one in resources:
            if self.named(one.urn) or one.needs & found:
                found.add(one.urn)
        return frozenset(found)

    def expect_known(self, known: Collection[str]) -> None:
        """Raise MapinfraError for targets that name none of these URNs; patterns may do so."""
        unknown = [one for one in self.patterns if "*" not in one and not _names(one, known)]
        if unknown:
            there = {
                urns.name(one)
                for one in known
                if urns.own_type(one) not in (STACK_TYPE, PROVIDER_TYPE)
            }
            raise MapinfraError(
                f"no resource is named {', '.join(unknown)}",
                where="--target",
                remedy=f"there is {', '.join(sorted(there))}",
            )


def _names(pattern: str, known: Collection[str]) -> bool:
    return any(pattern in (urn, urns.name(urn)) for urn in known)


def _regex(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*)", pattern)
    wild = {"**": ".*", "*": "[^:]*"}
    return "".join(wild.get(part, re.escape(part)) for part in parts)
