"""The commands that run the program, and those on its stacks."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mapinfra.cli.backups import backups, restore
from mapinfra.cli.new import new
from mapinfra.cli.options import (
    ExitCode,
    asking,
    expect_answerable,
    in_folder,
    in_one_line,
    reporting,
    shared,
)
from mapinfra.cli.runs import StackRuns
from mapinfra.cli.terminal import say
from mapinfra.engine import (
    LockHolder,
    NoSuchStack,
    OperationKind,
    Summary,
    forget,
    init_stack,
    label,
    lock_holders,
    open_stack,
    remove_lock,
    set_config,
    unprotect,
)
from mapinfra.errors import Interrupted, MapinfraError
from mapinfra.resources.sessions import SESSIONS


def main() -> None:
    """Run the command line; errors a user can act on end in one line and an exit code."""
    try:
        with in_one_line(None):
            cli()
    except NoSuchStack as error:
        _complain(error)
        sys.exit(ExitCode.NO_STACK)
    except Interrupted as error:
        _complain(error)
        sys.exit(ExitCode.CANCELLED)
    except MapinfraError as error:
        _complain(error)
        sys.exit(ExitCode.FAILED)


def _complain(error: MapinfraError) -> None:
    for line in str(error).splitlines():
        say(f"error: {line}")


class _Commands(click.Group):
    """The commands; where one is interrupted, it ends with the exit code for that."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.Abort:
            line = "\nerror: no answer, so nothing was done"
        except KeyboardInterrupt:
            line = "error: interrupted"
        say(line)
        raise click.exceptions.Exit(ExitCode.CANCELLED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
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
            help="Number of resources to process in parallel.",
        ),
        click.option(
            "--expect-no-changes", is_flag=True, help="Exit with code 7 if there are changes."
        ),
        click.option(
            "--target-dependents", is_flag=True, help="Also target what depends on the targets."
        ),
        click.option(
            "--target", "-t", "targets", multiple=True, metavar="NAME",
            help="Limit the run to resources with this name or URN; * and ** are wildcards.",
        ),
        click.option(
            "--diff", "detailed", is_flag=True,
            help="Print all values, and why unchanged resources need no change.",
        ),
    ):  # fmt: skip
        command = option(command)
    return reporting(command)


def _changing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the commands that run an operation which changes something."""
    preview_only = click.option(
        "--preview-only", is_flag=True, help="Show what it would do, and exit."
    )
    return asking(_running(preview_only(command)))


@cli.command()
@click.option(
    "--save-plan", "plan", type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan to this file, for `up --plan`.",
)  # fmt: skip
@_running
def preview(folder: Path, name: str, *, plan: Path | None, **given: Any) -> None:
    """Show what `up` would change. Changes nothing."""
    runs = StackRuns(folder, name, **given)
    summary = runs.preview("update")
    if plan is not None and summary.succeeded:
        runs.save_plan(plan)
    sys.exit(runs.conclude(summary))


@cli.command()
@click.option(
    "--plan", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Apply the plan saved in this file, or nothing.",
)  # fmt: skip
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


@cli.command()
@_changing
def adopt(folder: Path, name: str, **given: Any) -> None:
    """Take what is there already into the state, as it is. Changes no host.

    The next preview then shows what would change in it. What doesn't exist yet, `up` creates.
    """
    _ask_and_run("import", folder, name, **given)


cli.add_command(new)
cli.add_command(backups)
cli.add_command(restore)


@cli.group()
def stack() -> None:
    """Make stacks."""


@stack.command("init")
@click.argument("name")
@in_folder
def stack_init(folder: Path, name: str) -> None:
    """Make an empty stack NAME."""
    config = init_stack(folder, name, os.environ)
    say(f"created stack {name}, its config is {config}")


@cli.group()
def config() -> None:
    """Set the config of a stack."""


@config.command("set")
@click.argument("key")
@click.argument("value", required=False)
@click.option("--secret", is_flag=True, help="Encrypt the value with the stack's passphrase.")
@shared
def config_set(folder: Path, name: str, *, key: str, value: str | None, secret: bool) -> None:
    """Set KEY to VALUE; without VALUE you are prompted for it, or it is read from standard input.

    Never put a secret on the command line: leave VALUE out.
    """
    if secret and value is not None:
        raise click.UsageError(
            "other users can see a command line: leave VALUE out to be prompted for it"
        )
    if value is None and sys.stdin.isatty():
        value = click.prompt(key, hide_input=secret, err=True)
    text = sys.stdin.read().removesuffix("\n") if value is None else value
    file = set_config(folder, name, os.environ, key, text, secret=secret)
    say(f"set {key} in {file}")


@cli.group()
def state() -> None:
    """Edit the state."""


@state.command("delete")
@click.argument("resource")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@shared
def state_delete(folder: Path, name: str, *, resource: str, yes: bool) -> None:
    """Forget RESOURCE (a name or URN) and what belongs to it; no host is changed.

    For a remote server that is gone for good, so that nothing can be undone there any more.
    """
    expect_answerable(yes=yes, non_interactive=False, machine=False)
    if not (
        yes
        or click.confirm(f"Remove {resource} from the state, without undoing anything?", err=True)
    ):
        sys.exit(ExitCode.CANCELLED)
    for urn in forget(open_stack(folder, name, os.environ), resource):
        say(f"removed {label(urn)} from the state")


@state.command("unprotect")
@click.argument("resource")
@shared
def state_unprotect(folder: Path, name: str, *, resource: str) -> None:
    """Let RESOURCE (a name or URN) be deleted or replaced again, until the program protects it."""
    for urn in unprotect(open_stack(folder, name, os.environ), resource):
        say(f"unprotected {label(urn)}")


@cli.command()
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
@shared
def cancel(folder: Path, name: str, *, yes: bool) -> None:
    """Remove the lock of a run that is gone.

    Asks first, unless the run was mapinfra's on this machine and is gone for certain.
    """
    holders = lock_holders(folder, name, os.environ)
    if not holders:
        say(f"stack {name} isn't locked")
    if not yes:
        _confirm_cancel([one for one in holders if not one.dead])
    for holder in holders:
        remove_lock(holder)
        say(f"removed the lock of {holder}")


def _confirm_cancel(holders: list[LockHolder]) -> None:
    for one in holders:
        known = "is running" if one.alive else "may be running, which can't be checked from here"
        say(f"{one} {known}")
    if not holders:
        return
    expect_answerable(yes=False, non_interactive=False, machine=False)
    if not click.confirm("Remove the lock?", err=True):
        sys.exit(ExitCode.CANCELLED)


def _ask_and_run(
    kind: OperationKind,
    folder: Path,
    name: str,
    *,
    yes: bool,
    non_interactive: bool,
    preview_only: bool,
    plan: Path | None = None,
    **given: Any,
) -> None:
    ask = not (yes or preview_only)
    expect_answerable(yes=not ask, non_interactive=non_interactive, machine=given["machine"])
    runs = StackRuns(folder, name, **given)
    if plan is not None:
        runs.hold_to(plan)
    if preview_only or ask:
        previewed = runs.preview(kind)
        if preview_only or not (_something_to_do(previewed) or previewed.succeeded):
            sys.exit(runs.conclude(previewed))
        if _something_to_do(previewed):
            _confirm()
        # Where there is nothing to ask, the run that finds nothing to do is recorded all the same.
        runs.expect_what_was_shown()
    sys.exit(runs.conclude(runs.run(kind)))


def _confirm() -> None:
    if not click.confirm("Apply these changes?", err=True):
        sys.exit(ExitCode.CANCELLED)
    # Who was asked may have taken an hour: what is there is read anew.
    SESSIONS.close()


def _something_to_do(previewed: Summary) -> bool:
    """Tell whether anything can be done; a host that is off is no reason to do nothing."""
    if previewed.errors or previewed.interrupted:
        return False
    return bool(previewed.changed or previewed.output_changes)
