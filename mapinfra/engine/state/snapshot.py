"""The model of a stack's state: its resources, and the steps that had begun."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mapinfra.engine.state.values import Properties

PROVIDER_TYPE = "pulumi:providers:pulumi-python"

OperationType = Literal["creating", "updating", "deleting", "reading", "importing"]


@dataclass(frozen=True)
class Marks:
    """What the program's options say of a resource, as the state keeps it.

    `deleted_with` is the URN of a resource whose deletion takes this one with it. The two lists
    hold property paths.
    """

    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One resource of the state. `id` is empty for components; `extra` keeps what isn't used here.

    Times are RFC 3339 texts. `provider` is the provider resource's URN, `::` and its id. One that
    is `replaced` is still to be deleted; its replacement has the same URN. One that is `missing`
    was deleted, and its replacement is still to be made.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    created: str = ""
    modified: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    replaced: bool = False
    missing: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """URNs that must exist before this resource, and go after it."""
        through = (urn for urns in self.property_dependencies.values() for urn in urns)
        above = {self.parent, self.marks.deleted_with}
        return frozenset({*above, *self.dependencies, *through} - {""})


@dataclass(frozen=True)
class Operation:
    """A step that had begun when the state was written."""

    resource: Resource
    type: OperationType


@dataclass(frozen=True)
class Snapshot:
    """What a state file holds. `salt` is the passphrase state its secrets were written under."""

    resources: tuple[Resource, ...] = ()
    pending: tuple[Operation, ...] = ()
    salt: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def unfinished(self) -> list[Operation]:
        """The steps that were begun and not ended.

        The Pulumi CLI keeps a creation that was cut off, even when a later run of it has made up
        for that. So one that stands in the state is over.
        """
        made = {one.urn for one in self.resources}
        return [
            one for one in self.pending if one.type != "creating" or one.resource.urn not in made
        ]

    @property
    def half_made(self) -> list[Operation]:
        """The creations that were cut off; each stays so until it is done over."""
        return [one for one in self.unfinished if one.type == "creating"]
