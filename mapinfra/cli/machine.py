"""The result of a run as JSON, in the shape of `pulumi preview --json`."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from mapinfra.cli.causes import causes
from mapinfra.engine import (
    Event,
    LogEvent,
    Resource,
    ResourceEvent,
    StackConfig,
    Summary,
    ValueChange,
    changes_with_plan,
    resource_out,
)

_NANOSECONDS = 1_000_000_000


def as_json(config: StackConfig, events: Iterable[Event], summary: Summary) -> dict[str, Any]:
    """Return the whole result; secrets are `[secret]`, `duration` is in nanoseconds.

    `failures`, which Pulumi doesn't have, are the causes, each once, with the resources of it.
    """
    told = list(events)
    found: dict[str, Any] = {
        "config": dict(sorted(config.masked().items())),
        "steps": [
            _step(one)
            for one in told
            if isinstance(one, ResourceEvent) and one.status in ("planned", "done")
        ],
        "diagnostics": list(_diagnostics(told)),
        "duration": int(summary.seconds * _NANOSECONDS),
        "changeSummary": {op: count for op, count in sorted(summary.counts.items()) if count},
    }
    failures = [asdict(cause) for cause in causes(told)]
    return {**found, **({"failures": failures} if failures else {})}


def _step(event: ResourceEvent) -> dict[str, Any]:
    resource = event.new or event.old
    found = _changes(event)
    return {
        "op": event.op,
        "urn": event.urn,
        **({"provider": resource.provider} if resource and resource.provider else {}),
        **_state("oldState", event.old),
        **_state("newState", event.new),
        **({"diffReasons": sorted({str(change.keys[0]) for change in found})} if found else {}),
        "detailedDiff": {
            change.pulumi_path: {"kind": change.kind, "inputDiff": event.op != "refresh"}
            for change in found
        }
        or None,
    }


def _changes(event: ResourceEvent) -> tuple[ValueChange, ...]:
    """Return what differs as Pulumi lists it: with the plan, and only where there was something."""
    if event.op == "refresh":
        return event.changes
    if event.op == "same" or event.old is None or event.new is None:
        return ()
    return changes_with_plan(event.old.inputs, event.new.inputs)


def _state(key: str, resource: Resource | None) -> dict[str, Any]:
    return {} if resource is None else {key: resource_out(resource)}


def _diagnostics(events: Iterable[Event]) -> Iterator[dict[str, str]]:
    for event in events:
        if isinstance(event, LogEvent):
            yield {"urn": event.urn, "message": event.message, "severity": event.severity}
        elif event.status in ("failed", "skipped"):
            severity = "error" if event.status == "failed" else "warning"
            yield {"urn": event.urn, "message": event.message, "severity": severity}
