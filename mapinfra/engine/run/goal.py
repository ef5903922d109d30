"""What the program asks for when it registers a resource, and what it gets back."""

from dataclasses import dataclass, field

from mapinfra.engine.run.aliases import Alias
from mapinfra.engine.state.snapshot import Marks, Resource
from mapinfra.engine.state.values import Properties


@dataclass(frozen=True)
class Goal:
    """A resource as the program wants it.

    `delete_first` is its word on replacing: delete before, create before, or as the provider says.
    """

    urn: str
    type: str
    custom: bool
    inputs: Properties
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    delete_first: bool | None = None
    aliases: tuple[Alias, ...] = ()

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
            marks=self.marks,
        )


@dataclass(frozen=True)
class Outcome:
    """What the program gets back; outputs stay unknown to it when it wasn't `made`."""

    id: str = ""
    outputs: Properties = field(default_factory=dict)
    made: bool = True
