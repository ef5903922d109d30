"""What the program asks for when it registers a resource, and what it gets back."""

from dataclasses import dataclass, field

from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import Properties


@dataclass(frozen=True)
class Goal:
    """A resource as the program wants it. `ignore_changes` are keys of the inputs."""

    urn: str
    type: str
    custom: bool
    inputs: Properties
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()

    def resource(self, inputs: Properties, provider: str) -> Resource:
        """Return the resource of the state that this goal leads to."""
        return Resource(
            urn=self.urn,
            type=self.type,
            custom=self.custom,
            inputs=inputs,
            parent=self.parent,
            provider=provider,
            dependencies=self.dependencies,
            property_dependencies=self.property_dependencies,
            protect=self.protect,
            retain_on_delete=self.retain_on_delete,
            ignore_changes=self.ignore_changes,
        )

    def ignoring(self, old: Properties, new: Properties) -> Properties:
        """Return the new inputs with the old values of those whose changes are ignored."""
        kept = {key: value for key, value in new.items() if key not in self.ignore_changes}
        return kept | {key: old[key] for key in self.ignore_changes if key in old}


NO_GOAL = Goal("", "", custom=False, inputs={})
"""The parent of what has none."""


@dataclass(frozen=True)
class Registered:
    """What the program gets back; outputs stay unknown to it when it wasn't `made`."""

    id: str = ""
    outputs: Properties = field(default_factory=dict)
    made: bool = True
