"""What a run tells while it goes on, and at its end."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mapinfra.engine.run.verdict import Verdict
from mapinfra.engine.state.diff import Change
from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import Properties

Op = Literal[
    "same", "create", "update", "delete", "refresh", "replace", "create-replacement",
    "delete-replaced", "import",
]  # fmt: skip
UNCOUNTED: frozenset[Op] = frozenset({"create-replacement", "delete-replaced"})
Status = Literal["planned", "started", "done", "failed", "skipped"]
Severity = Literal["info", "warning", "error"]
OperationKind = Literal["update", "refresh", "destroy", "import"]


@dataclass(frozen=True)
class ResourceEvent:
    """One resource, one step of it.

    A replacement is told in three: `replace`, which is what counts, `create-replacement` and
    `delete-replaced`. `planned` in a preview; `started` and `done` in a run; `failed` with a
    one-line `message`; `skipped` with what it waits for. `changes` are live → desired, or
    recorded → live for the op `refresh`; `plan` are the steps in words; `reason` says why there
    is nothing to do, of a `delete` too; `verdict` why a resource is replaced.
    """

    urn: str
    custom: bool
    op: Op
    status: Status
    changes: tuple[Change, ...] = ()
    plan: tuple[str, ...] = ()
    message: str = ""
    reason: str = ""
    seconds: float = 0.0
    old: Resource | None = None
    new: Resource | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class LogEvent:
    """A line from the program, or from the engine about the run as a whole."""

    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True)
class Summary:
    """How a run, or with `preview` its rehearsal, ended.

    `counts` has every resource, components too, by what was done to it. `failed` and `skipped` are
    numbers of resources, `errors` of errors that belong to none: those of the program. `replaced`
    is the number of steps in which resources are replaced; `counts` has these resources once.
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
    output_changes: tuple[Change, ...] = ()
    replaced: int = 0

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
    """Return the steps that a run showed for each resource: of one replaced, those of the new."""
    return {
        one.urn: one.plan
        for one in events
        if isinstance(one, ResourceEvent) and one.op not in (*UNCOUNTED, "refresh")
    }
