"""Pulumi's SDK in this process: its settings, and the project's program run against them."""

import asyncio
import contextlib
import logging
import runpy
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pulumi.runtime
from pulumi.runtime.settings import Settings
from pulumi.runtime.stack import run_in_stack

from mapinfra.engine.project.project import Project
from mapinfra.engine.project.stack_config import ClearConfig
from mapinfra.engine.run.monitor import EngineLog, Monitor
from mapinfra.errors import MapinfraError


@contextlib.contextmanager
def at_home(project: Project) -> Iterator[None]:
    """Work in the project's folder, with its modules importable and its prints on stderr."""
    folder = str(project.folder)
    sys.path.insert(0, folder)
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.path.remove(folder)


def configure_sdk(
    project: Project,
    stack: str,
    config: ClearConfig,
    engine: EngineLog,
    monitor: Monitor | None = None,
    *,
    preview: bool,
) -> None:
    """Set what the SDK takes from its surroundings: names, config, where log lines go.

    It keeps these in context variables, so a caller runs in a copy of its context.
    """
    pulumi.runtime.configure(
        Settings(
            project=project.name,
            stack=stack,
            monitor=monitor,
            engine=engine,
            dry_run=preview,
            organization="organization",
            root_directory=str(project.folder),
        )
    )
    pulumi.runtime.set_all_config(dict(config.values), list(config.secret_keys))


def run_program(project: Project, parallel: int) -> None:
    """Run the program to its end, with at most `parallel` registrations at the same time.

    Raises whatever the program raises, MapinfraError when it can't be found or exits with an error.
    """
    if not project.main.is_file():
        raise MapinfraError("the program doesn't exist", where=str(project.main))
    # Failed registrations leave futures that nobody awaits, which asyncio would report.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with (
        warnings.catch_warnings(),
        asyncio.Runner() as runner,
        ThreadPoolExecutor(max_workers=parallel) as pool,
    ):
        # The SDK's own, of outputs that wait for a registration that was refused.
        warnings.filterwarnings("ignore", "coroutine 'Output", RuntimeWarning)
        runner.get_loop().set_default_executor(pool)
        try:
            runner.run(_main(project))
        except SystemExit as ended:
            if ended.code:
                raise MapinfraError(
                    f"the program exited: {ended.code}", where=str(project.main)
                ) from None


async def _main(project: Project) -> None:
    def program() -> None:
        with _arguments(str(project.main)):
            runpy.run_path(str(project.main), run_name="__main__")

    await run_in_stack(program)


@contextlib.contextmanager
def _arguments(program: str) -> Iterator[None]:
    before = sys.argv
    sys.argv = [program]
    try:
        yield
    finally:
        sys.argv = before
