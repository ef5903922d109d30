"""What several commands share: options, exit codes, and how they end in one line."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any

import click

from mapinfra.engine import ErrorLines, selected_stack
from mapinfra.errors import MapinfraError
from mapinfra.signals import INTERRUPTED


class ExitCode(IntEnum):
    """Exit codes, as Pulumi's; click itself ends bad calls with 2."""

    OK = 0
    FAILED = 1
    BAD_CALL = 2
    NO_STACK = 6
    UNEXPECTED_CHANGES = 7
    CANCELLED = INTERRUPTED


def _enter(_context: click.Context, _parameter: click.Parameter, folder: Path) -> Path:
    """Go there before anything else, as the Pulumi CLI does, so a relative path is the same one."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise click.BadParameter(f"{folder}: {error.strerror}") from None
    return Path.cwd()


in_folder = click.option(
    "--cwd", "-C", "folder", default=".", show_default=True, is_eager=True, callback=_enter,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The project's folder, or one inside it; relative paths begin there.",
)  # fmt: skip


def _chosen(_context: click.Context, _option: click.Parameter, name: str | None) -> str:
    """Take the stack that the Pulumi CLI would take where none is named."""
    name = name or selected_stack(Path.cwd(), os.environ)
    if name is None:
        raise click.UsageError(
            "no stack is named or selected: add --stack NAME, or type `pulumi stack select NAME`"
        )
    return name


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every command has."""
    for option in (
        in_folder,
        click.option(
            "--stack", "-s", "name", envvar="PULUMI_STACK", show_envvar=True, callback=_chosen,
            help="The stack to work on; by default the one that `pulumi stack select` chose.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _writable(_context: click.Context, _option: click.Parameter, file: Path | None) -> Path | None:
    """Find out now, and not with the first error, whether the file takes one."""
    if file is not None:
        try:
            file.open("a", encoding="utf-8").close()
        except OSError as error:
            raise click.BadParameter(f"{file} can't be written ({error.strerror})") from None
    return file


def reporting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options on how results and unexpected errors are shown."""
    for option in (
        click.option(
            "--debug", "debug_file", type=click.Path(dir_okay=False, path_type=Path),
            callback=_writable,
            help="Append the tracebacks of unexpected errors to this file.",
        ),
        click.option("--json", "machine", is_flag=True, help="Print the result as JSON."),
    ):  # fmt: skip
        command = option(command)
    return shared(command)


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the commands that ask before they change something."""
    for option in (
        click.option("--non-interactive", is_flag=True, help="Never prompt; requires --yes."),
        click.option("--yes", "-y", is_flag=True, help="Skip the preview and the confirmation."),
    ):
        command = option(command)
    return command


def expect_answerable(*, yes: bool, non_interactive: bool, machine: bool) -> None:
    """Raise UsageError when a command would ask where nobody can answer."""
    if not yes and (non_interactive or not sys.stdin.isatty()):
        raise click.UsageError("there is no terminal to ask on: add --yes to run without asking")
    if not yes and machine:
        raise click.UsageError("--json needs --yes: its result is one document")


@contextmanager
def in_one_line(debug_file: Path | None) -> Iterator[None]:
    """Turn an unexpected error, a bug, into MapinfraError; `debug_file` gets the traceback."""
    try:
        yield
    except (MapinfraError, click.ClickException, click.Abort):
        raise
    except Exception as error:  # noqa: BLE001 (a bug is shown in one line too)
        message = ErrorLines(debug_file).describe(error)
        raise MapinfraError(message, remedy="see its traceback with --debug FILE") from None
