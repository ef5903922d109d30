"""The model of a stack's state: its resources, and the operations that had begun."""

from dataclasses import dataclass, field
from typing import Any, Literal

from mapinfra.engine.state.values import Properties

PROVIDER_TYPE = "pulumi:providers:pulumi-python"

OperationType = Literal["creating", "updating", "deleting", "reading", "importing"]


@dataclass(frozen=True)
class Resource:
    """One resource of the state. `id` is empty for components; `extra` keeps what isn't used here.

    Times are RFC 3339 texts. `provider` is the provider resource's URN, `::` and its id.
    `ignore_changes` are keys of the inputs.
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
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()

    @property
    def needs(self) -> frozenset[str]:
        """URNs that must exist before this resource, and are deleted after it."""
        through = (urn for urns in self.property_dependencies.values() for urn in urns)
        return frozenset({self.parent, *self.dependencies, *through} - {""})


@dataclass(frozen=True)
class PendingOperation:
    """An operation that had begun when the state was written."""

    resource: Resource
    type: OperationType


@dataclass(frozen=True)
class Snapshot:
    """What a state file holds. `salt` is the passphrase state its secrets were written under."""

    resources: tuple[Resource, ...] = ()
    pending: tuple[PendingOperation, ...] = ()
    salt: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def unfinished(self) -> list[PendingOperation]:
        """The operations that began and didn't end.

        The Pulumi CLI keeps a pending creation even after a later run has created the resource. So
        one whose resource is in the state is finished.
        """
        made = {one.urn for one in self.resources}
        return [
            one for one in self.pending if one.type != "creating" or one.resource.urn not in made
        ]

    @property
    def half_made(self) -> list[PendingOperation]:
        """The creations that were interrupted; each stays pending until it is repeated."""
        return [one for one in self.unfinished if one.type == "creating"]
