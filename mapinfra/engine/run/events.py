"""What a run reports: events as they happen, and a summary at its end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mapinfra.engine.state.diff import ValueChange
from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import PROVIDER_KEY, Properties, plain

Op = Literal["same", "create", "update", "delete", "refresh", "import"]
Status = Literal["planned", "started", "done", "failed", "skipped"]
Severity = Literal["info", "warning", "error"]
OperationKind = Literal["update", "refresh", "destroy", "import"]


@dataclass(frozen=True)
class ResourceEvent:
    """One operation on one resource.

    `planned` in a preview; `started` and `done` in a run; `failed` with a one-line `message`;
    `skipped` with what it waits for. `changes` are live → desired, or recorded → live for the op
    `refresh`; `plan` are the steps in words; `reason` says why there is nothing to do, of a
    `delete` too.
    """

    urn: str
    custom: bool
    op: Op
    status: Status
    changes: tuple[ValueChange, ...] = ()
    plan: tuple[str, ...] = ()
    message: str = ""
    reason: str = ""
    seconds: float = 0.0
    old: Resource | None = None
    new: Resource | None = None

    @property
    def provider_changed(self) -> bool:
        """True when the code of the resource's provider isn't what it was."""
        old, new = (one.inputs.get(PROVIDER_KEY) if one else None for one in (self.old, self.new))
        return bool(plain(old) != plain(new))


@dataclass(frozen=True)
class LogEvent:
    """A line from the program, or from the engine about the run as a whole."""

    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True)
class Summary:
    """How a run, or with `preview` the preview of one, ended.

    `counts` has every resource, components too, by what was done to it. `failed` and `skipped` are
    numbers of resources, `errors` of errors that belong to none: those of the program.
    """

    operation: OperationKind
    preview: bool
    counts: dict[Op, int]
    failed: int
    skipped: int
    errors: int
    interrupted: bool
    seconds: float
    outputs: Properties = field(default_factory=dict)
    output_changes: tuple[ValueChange, ...] = ()

    @property
    def succeeded(self) -> bool:
        """True when nothing failed, was skipped or interrupted."""
        return not (self.failed or self.skipped or self.errors or self.interrupted)

    @property
    def changed(self) -> bool:
        """True when a resource isn't the same."""
        return any(count for op, count in self.counts.items() if op != "same")


Event: TypeAlias = ResourceEvent | LogEvent
Emit: TypeAlias = Callable[[Event], None]


def reviewed(events: Iterable[Event]) -> dict[str, tuple[str, ...]]:
    """Return the steps that a preview showed for each resource."""
    return {
        one.urn: one.plan
        for one in events
        if isinstance(one, ResourceEvent) and one.op != "refresh"
    }
