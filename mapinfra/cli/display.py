"""The result of a run for people, on stdout: the summary first, then what changes."""

import json
from collections.abc import Iterable, Iterator

from mapinfra.cli.causes import Cause, causes
from mapinfra.cli.terminal import Terminal
from mapinfra.engine import (
    Event,
    ResourceEvent,
    Summary,
    ValueChange,
    changes,
    label,
)

_MARKS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "delete": ("-", "red"),
    "import": ("=", "cyan"),
}
_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "import": "adopted",
}
_TO_DO = {"import": "adopt"}
_FOUND = {"update": "changed on the host", "delete": "gone from the host"}
_INDENT = "      "


class Reporter:
    """Prints runs. `detailed` adds all inputs, and the reasons of unchanged resources."""

    def __init__(self, *, detailed: bool) -> None:
        self._detailed = detailed
        self._console = Terminal()
        self._gone: set[str] = set()

    def show(self, stack: str, events: Iterable[Event], summary: Summary) -> None:
        """Print the result of a run."""
        told = sorted(
            (one for one in events if isinstance(one, ResourceEvent)),
            key=lambda one: (label(one.urn), one.urn),
        )
        if summary.errors and not told:
            return  # the program failed before anything was looked at, and has said so
        self._gone = {one.urn for one in told if one.op == "refresh" and one.message == "gone"}
        self._console.print(_headline(stack, told, summary), style="bold")
        failed = {cause.urns[0]: cause for cause in causes(told)}
        for event in told:
            if event.status == "failed":
                self._failed(failed.get(event.urn))
            else:
                self._resource(event, summary)
        self._outputs(summary)

    def _resource(self, event: ResourceEvent, summary: Summary) -> None:
        match event.status:
            case "skipped":
                self._line("  . ", "yellow", f"{label(event.urn)} skipped: {event.message}")
            case "planned" | "done":
                self._step(event, summary)

    def _failed(self, cause: Cause | None) -> None:
        """Print a cause once, in the place of the first of its resources."""
        if cause is None:
            return
        labels = [label(urn) for urn in cause.urns]
        if len(labels) == 1:
            self._line("  ! ", "red", f"{labels[0]}: {cause.message}")
            return
        self._line("  ! ", "red", f"{len(labels)} resources: {cause.message}")
        self._details([", ".join(labels)])

    def _step(self, event: ResourceEvent, summary: Summary) -> None:
        if event.op == "refresh":
            if summary.operation == "refresh":
                self._drift(event)
        elif event.op == "same":
            if self._detailed and event.custom:
                reason = event.reason or "nothing to do"
                self._line("    ", "", f"{label(event.urn)}: {reason}")
        elif event.op in _MARKS and (event.custom or event.op == "update"):
            self._change(event)

    def _drift(self, event: ResourceEvent) -> None:
        op = "delete" if event.new is None else "update"
        mark, style = _MARKS[op]
        self._line(f"  {mark} ", style, f"{label(event.urn)} {_FOUND[op]}")
        self._details(_lines(event.changes))

    def _change(self, event: ResourceEvent) -> None:
        mark, style = _MARKS[event.op]
        took = f" in {event.seconds:.1f} s" if event.seconds >= 0.05 else ""
        done = f" {_done(event)}{took}" if event.status == "done" else ""
        gone = ", was gone from the host" if event.urn in self._gone else ""
        self._line(f"  {mark} ", style, f"{label(event.urn)}{done}{gone}")
        if event.op == "update" or self._detailed or not (event.plan or event.op == "import"):
            self._details(_lines(event.changes))
        self._details(f"{number}. {step}" for number, step in enumerate(event.plan, start=1))
        if event.op == "delete" and event.reason:
            self._details([event.reason])
        if event.op == "update" and not event.changes and not event.plan:
            self._details([_unseen(event)])

    def _outputs(self, summary: Summary) -> None:
        if self._detailed and not summary.preview:
            shown = changes({}, summary.outputs)
        else:
            shown = summary.output_changes
        if shown:
            self._console.print("outputs")
            for change, line in zip(shown, map(_line, shown), strict=True):
                mark, style = _MARKS[_OUTPUT_OPS[change.kind]]
                self._line(f"  {mark} ", style, line)

    def _details(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._console.print(f"{_INDENT}{line}")

    def _line(self, mark: str, style: str, text: str) -> None:
        self._console.print(mark, style=style, end="")
        self._console.print(text)


def _done(event: ResourceEvent) -> str:
    return "forgotten" if _is_forgotten(event) else _DONE[event.op]


def _is_forgotten(event: ResourceEvent) -> bool:
    """Tell whether nothing is done to what is deleted, but that the state has it no more."""
    return event.op == "delete" and bool(event.reason)


def _unseen(event: ResourceEvent) -> str:
    """Say what is to be updated that no value shows."""
    return "its provider has changed" if event.provider_changed else "live state differs"


_OUTPUT_OPS = {"add": "create", "update": "update", "delete": "delete"}


def _headline(stack: str, told: list[ResourceEvent], summary: Summary) -> str:
    title = "destroy of " if summary.operation == "destroy" else ""
    parts = list(_counts(told, summary))
    took = "" if summary.preview else f" in {summary.seconds:.1f} s"
    nothing = "nothing was done" if summary.interrupted else "nothing to do"
    return f"{title}{stack}: {', '.join(parts) or nothing}{took}"


def _counts(told: list[ResourceEvent], summary: Summary) -> Iterator[str]:
    ended = [one for one in told if one.custom and one.status in ("planned", "done")]
    if summary.operation == "refresh":
        yield from _drift_counts(ended, summary)
    else:
        forgotten = sum(map(_is_forgotten, ended))
        for op in ("import", "create", "update", "delete"):
            number = sum(one.op == op and not _is_forgotten(one) for one in ended)
            if number:
                yield (
                    f"{number} to {_TO_DO.get(op, op)}"
                    if summary.preview
                    else f"{number} {_DONE[op]}"
                )
        if forgotten:
            yield f"{forgotten} to forget" if summary.preview else f"{forgotten} forgotten"
        same = sum(one.op == "same" for one in ended)
        if same:
            yield f"{same} unchanged"
    if summary.failed:
        yield f"{summary.failed} failed"
    if summary.skipped:
        yield f"{summary.skipped} skipped"
    if summary.errors:
        yield "the program failed"


def _drift_counts(ended: list[ResourceEvent], summary: Summary) -> Iterator[str]:
    gone = sum(one.new is None for one in ended)
    if len(ended) > gone:
        yield f"{len(ended) - gone} changed on the host"
    if gone:
        yield f"{gone} gone from the host"
    if not ended and not summary.failed and not summary.interrupted:
        yield "no drift"


def _lines(found: Iterable[ValueChange]) -> Iterator[str]:
    for change in found:
        for part in _leaves(change):
            yield _line(part)


def _leaves(change: ValueChange) -> Iterator[ValueChange]:
    """Take an added or deleted value apart, so that each line shows one plain value."""
    value = change.new if change.kind == "add" else change.old
    if change.kind == "update" or not isinstance(value, dict) or not value:
        yield change
        return
    for key in sorted(value):
        new, old = (value[key], None) if change.kind == "add" else (None, value[key])
        yield from _leaves(ValueChange((*change.keys, key), change.kind, old=old, new=new))


def _line(change: ValueChange) -> str:
    match change.kind:
        case "add":
            return f"{change.path}: {_text(change.new)}"
        case "delete":
            return f"{change.path}: {_text(change.old)} → (none)"
    return f"{change.path}: {_text(change.old)} → {_text(change.new)}"


def _text(value: object) -> str:
    return value if value == "[secret]" else json.dumps(value, ensure_ascii=False)
