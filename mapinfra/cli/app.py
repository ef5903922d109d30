"""The commands, their options, their exit codes."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from mapinfra.cli.backups import backups, restore
from mapinfra.cli.display import Reporter
from mapinfra.cli.machine import as_json
from mapinfra.cli.options import (
    ExitCode,
    asking,
    expect_answerable,
    in_one_line,
    reporting,
    shared,
)
from mapinfra.cli.progress import Progress
from mapinfra.engine import urn as urns
from mapinfra.engine.backend import NoSuchStack
from mapinfra.engine.events import Emit, Event, OperationKind, ResourceEvent, Summary
from mapinfra.engine.forget import forget
from mapinfra.engine.run import Options, Stack, operate
from mapinfra.engine.stacks import cancel_stack, init_stack, open_stack, set_config
from mapinfra.errors import MapinfraError
from mapinfra.resources.sessions import SESSIONS


def main() -> None:
    """Run the command line; errors a user can act on end in one line and an exit code."""
    try:
        cli()
    except NoSuchStack as error:
        _complain(error)
        sys.exit(ExitCode.NO_STACK)
    except MapinfraError as error:
        _complain(error)
        sys.exit(ExitCode.FAILED)


def _complain(error: MapinfraError) -> None:
    for line in str(error).splitlines():
        click.echo(f"error: {line}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mapinfra")
def cli() -> None:
    """Keep Centreon MAP installations as a spec says they should be.

    Runs the project's Pulumi program in process, on the same state as the Pulumi CLI.
    """


def _running(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the commands that run an operation."""
    for option in (
        click.option(
            "--parallel", "-p", default=32, show_default=True, type=click.IntRange(min=1),
            help="Resources worked on at the same time.",
        ),
        click.option(
            "--expect-no-changes", is_flag=True, help="End with exit code 7 when there are changes."
        ),
        click.option(
            "--diff", "detailed", is_flag=True,
            help="Print all values, and why unchanged resources need nothing.",
        ),
    ):  # fmt: skip
        command = option(command)
    return reporting(command)


def _changing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the commands that run an operation which changes something."""
    return asking(_running(command))


@cli.command()
@_running
def preview(folder: Path, name: str, **given: Any) -> None:
    """Show what `up` would change. Changes nothing."""
    session = _Session(folder, name, **given)
    sys.exit(session.conclude(session.run("update", preview=True)))


@cli.command()
@_changing
def up(folder: Path, name: str, **given: Any) -> None:
    """Bring the hosts to what the spec says."""
    _ask_and_run("update", folder, name, **given)


@cli.command()
@_changing
def refresh(folder: Path, name: str, **given: Any) -> None:
    """Bring the state to what the hosts are like now. Changes no host."""
    _ask_and_run("refresh", folder, name, **given)


@cli.command()
@_changing
def destroy(folder: Path, name: str, **given: Any) -> None:
    """Undo everything that was done for this stack."""
    _ask_and_run("destroy", folder, name, **given)


cli.add_command(backups)
cli.add_command(restore)


@cli.group()
def stack() -> None:
    """Make stacks."""


@stack.command("init")
@click.argument("name")
@click.option(
    "--cwd", "-C", "folder", default=".", type=click.Path(exists=True, path_type=Path),
    help="The project's folder.",
)  # fmt: skip
def stack_init(folder: Path, name: str) -> None:
    """Make an empty stack NAME."""
    config = init_stack(folder, name, os.environ)
    click.echo(f"made stack {name}, its config is {config}", err=True)


@cli.group()
def config() -> None:
    """Set the config of a stack."""


@config.command("set")
@click.argument("key")
@click.argument("value", required=False)
@click.option("--secret", is_flag=True, help="Encrypt the value with the stack's passphrase.")
@shared
def config_set(folder: Path, name: str, *, key: str, value: str | None, secret: bool) -> None:
    """Set KEY to VALUE; without VALUE it is asked for, or taken from standard input.

    A secret stands on no command line: leave VALUE out.
    """
    if secret and value is not None:
        raise click.UsageError("other users see a command line: leave out VALUE, it is asked for")
    if value is None and sys.stdin.isatty():
        value = click.prompt(key, hide_input=secret, err=True)
    text = sys.stdin.read().removesuffix("\n") if value is None else value
    file = set_config(folder, name, os.environ, key, text, secret=secret)
    click.echo(f"set {key} in {file}", err=True)


@cli.group()
def state() -> None:
    """Mend the state."""


@state.command("delete")
@click.argument("resource")
@click.option("--yes", "-y", is_flag=True, help="Don't ask first.")
@shared
def state_delete(folder: Path, name: str, *, resource: str, yes: bool) -> None:
    """Forget RESOURCE (a name or URN) and what belongs to it; no host is changed.

    For a remote server that is gone for good, so that nothing can be undone there any more.
    """
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: add --yes to go on without asking")
    if not (yes or click.confirm(f"Forget {resource} without undoing anything?", err=True)):
        sys.exit(ExitCode.CANCELLED)
    for urn in forget(open_stack(folder, name, os.environ), resource):
        click.echo(f"forgot {urns.label(urn)}", err=True)


@cli.command()
@shared
def cancel(folder: Path, name: str) -> None:
    """Remove the lock of a run that is gone."""
    removed = cancel_stack(folder, name, os.environ)
    for holder in removed:
        click.echo(f"removed the lock of {holder}", err=True)
    if not removed:
        click.echo(f"stack {name} isn't locked", err=True)


def _ask_and_run(
    kind: OperationKind, folder: Path, name: str, *, yes: bool, non_interactive: bool, **given: Any
) -> None:
    expect_answerable(yes=yes, non_interactive=non_interactive, machine=given["machine"])
    session = _Session(folder, name, **given)
    if not yes:
        rehearsed = session.run(kind, preview=True)
        if not (rehearsed.succeeded and _something_to_do(rehearsed)):
            sys.exit(session.conclude(rehearsed))
        if not click.confirm("Go on?", err=True):
            sys.exit(ExitCode.CANCELLED)
        # Who was asked may have taken an hour: what is there is read anew.
        SESSIONS.close()
        session.expect_what_was_shown()
    sys.exit(session.conclude(session.run(kind, preview=False)))


def _something_to_do(rehearsed: Summary) -> bool:
    return rehearsed.changed or bool(rehearsed.output_changes)


class _Session:
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
    ) -> None:
        debug = debug_file.resolve() if debug_file else None
        self._options = Options(parallel=parallel, debug_file=debug)
        self._machine = machine
        self._detailed = detailed
        self._expect_no_changes = expect_no_changes
        self._stack: Stack = open_stack(folder, name, os.environ)
        self._shown: dict[str, Sequence[str]] = {}

    def expect_what_was_shown(self) -> None:
        """Let the next run do no other steps than the one before has shown."""
        self._options = replace(self._options, reviewed=self._shown)

    def run(self, kind: OperationKind, *, preview: bool) -> Summary:
        """Run an operation and print its result."""
        events: list[Event] = []
        with Progress(kind, preview=preview) as progress:

            def emit(event: Event) -> None:
                events.append(event)
                progress.show(event)

            summary = self._operate(kind, emit, preview=preview)
        self._shown = {one.urn: one.plan for one in events if isinstance(one, ResourceEvent)}
        if self._machine:
            click.echo(json.dumps(as_json(self._stack.config, events, summary), indent=4))
        else:
            Reporter(detailed=self._detailed).show(self._stack.name, events, summary)
        return summary

    def _operate(self, kind: OperationKind, emit: Emit, *, preview: bool) -> Summary:
        with in_one_line(self._options.debug_file):
            return operate(self._stack, kind, emit, self._options, preview=preview)

    def conclude(self, summary: Summary) -> ExitCode:
        """Return the exit code, with the line that explains it on stderr."""
        if summary.interrupted:
            click.echo("error: interrupted; run again to go on", err=True)
            return ExitCode.CANCELLED
        if not summary.succeeded:
            for line in _shortfall(summary):
                click.echo(f"error: {line}", err=True)
            return ExitCode.FAILED
        if self._expect_no_changes and summary.changed:
            click.echo("error: no changes were expected, but there are", err=True)
            return ExitCode.UNEXPECTED_CHANGES
        return ExitCode.OK


def _shortfall(summary: Summary) -> list[str]:
    """Return a line on what wasn't done; errors of the program have told themselves already."""
    parts = [f"{summary.failed} failed"] if summary.failed else []
    parts += [f"{summary.skipped} skipped"] if summary.skipped else []
    return [", ".join(parts)] if parts else []
