"""A stack of a command line, and how its runs are done and shown."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from mapinfra.cli.display import Reporter
from mapinfra.cli.machine import as_json
from mapinfra.cli.options import ExitCode, in_one_line
from mapinfra.cli.progress import Progress
from mapinfra.cli.terminal import say
from mapinfra.engine import (
    Emit,
    Event,
    OperationKind,
    Options,
    ResourcePlan,
    SavedPlan,
    Stack,
    Summary,
    Targets,
    open_stack,
    operate,
    preview_update,
    reviewed,
    save_plan,
)
from mapinfra.errors import PlanRefused
from mapinfra.resources.sessions import SESSIONS


class StackRuns:
    """A stack and how its runs are to be shown."""

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        parallel: int,
        debug_file: Path | None,
        machine: bool,
        detailed: bool,
        expect_no_changes: bool,
        targets: tuple[str, ...],
        target_dependents: bool,
    ) -> None:
        self._options = Options(
            parallel=parallel,
            debug_file=debug_file.resolve() if debug_file else None,
            targets=Targets(targets, target_dependents),
        )
        self._machine = machine
        self._detailed = detailed
        SESSIONS.details = detailed
        self._expect_no_changes = expect_no_changes
        self._stack: Stack = open_stack(folder, name, os.environ)
        self._shown: Mapping[str, Sequence[str]] = {}
        self._planned: Mapping[str, ResourcePlan] = {}
        self._plan: SavedPlan | None = None

    def expect_what_was_shown(self) -> None:
        """Let the next run do no other steps than the one before has shown."""
        self._options = replace(self._options, reviewed=self._shown)

    def hold_to(self, plan: Path) -> None:
        """Let runs do what this plan says; raise MapinfraError when it can't be used."""
        self._plan = SavedPlan(self._stack, plan.resolve())

    def save_plan(self, file: Path) -> None:
        """Write what was previewed last; raise StateError when it can't be written."""
        save_plan(self._stack, self._planned, file.resolve())
        say(f"wrote the plan to {file}")

    def preview(self, kind: OperationKind) -> Summary:
        """Preview an operation and print what it would do.

        Raises MapinfraError when it isn't what the plan says.
        """
        summary, events = self._heard(kind, preview=True)
        self._show(events, summary)
        return summary

    def run(self, kind: OperationKind) -> Summary:
        """Run an operation and print its result; with a plan, see first that it still fits."""
        if self._plan is not None:
            summary, events = self._heard(kind, preview=True)
            if not summary.succeeded:
                self._show(events, summary)
                return summary
            self.expect_what_was_shown()
        summary, events = self._heard(kind, preview=False)
        self._show(events, summary)
        return summary

    def _heard(self, kind: OperationKind, *, preview: bool) -> tuple[Summary, list[Event]]:
        events: list[Event] = []
        with Progress(kind, preview=preview) as progress:

            def emit(event: Event) -> None:
                events.append(event)
                progress.show(event)

            summary = self._operate(kind, emit, preview=preview)
        self._shown = reviewed(events)
        if preview and summary.succeeded:
            self._expect_planned()
        return summary, events

    def _expect_planned(self) -> None:
        found = list(self._plan.misfits(self._planned)) if self._plan else []
        if found:
            raise PlanRefused([*found, "the plan no longer fits; nothing was changed"])

    def _show(self, events: list[Event], summary: Summary) -> None:
        if self._machine:
            click.echo(json.dumps(as_json(self._stack.config, events, summary), indent=4))
        else:
            Reporter(detailed=self._detailed).show(self._stack.name, events, summary)

    def _operate(self, kind: OperationKind, emit: Emit, *, preview: bool) -> Summary:
        with in_one_line(self._options.debug_file):
            if preview and kind == "update":
                summary, self._planned = preview_update(self._stack, emit, self._options)
                return summary
            return operate(self._stack, kind, emit, self._options, preview=preview)

    def conclude(self, summary: Summary) -> ExitCode:
        """Return the exit code, with the line that explains it on stderr."""
        if summary.interrupted:
            say("error: interrupted; run again to finish")
            return ExitCode.CANCELLED
        if not summary.succeeded:
            for line in _shortfall(summary):
                say(f"error: {line}")
            return ExitCode.FAILED
        if self._expect_no_changes and summary.changed:
            say("error: no changes were expected, but there are")
            return ExitCode.UNEXPECTED_CHANGES
        return ExitCode.OK


def _shortfall(summary: Summary) -> list[str]:
    """Return a line on what wasn't done; errors of the program are shown already."""
    parts = [f"{summary.failed} failed"] if summary.failed else []
    parts += [f"{summary.skipped} skipped"] if summary.skipped else []
    return [", ".join(parts)] if parts else []
