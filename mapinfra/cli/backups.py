"""The commands `backups` and `restore`."""

import json
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from mapinfra import backup
from mapinfra.backup import Manifest
from mapinfra.cli import backup_display, backup_machine
from mapinfra.cli.opened import Opened, opened
from mapinfra.cli.options import ExitCode, asking, expect_answerable, in_one_line, reporting
from mapinfra.cli.terminal import say
from mapinfra.errors import MapinfraError
from mapinfra.interruption import WorkInterrupted
from mapinfra.resources.execution import execute
from mapinfra.restore import (
    RestorableServer,
    RestorePlan,
    Restoring,
    ServerShelf,
    located,
    observe,
    plan_restore,
    read_shelves,
    rehearsed,
    server_named,
    verified,
)
from mapinfra.signals import stopped_by_signals
from mapinfra.text import visible_leaves


@click.command()
@click.argument("server", required=False)
@click.option("--verify", is_flag=True, help="Read every file and verify its checksum.")
@click.option(
    "--rehearse", "rehearse_id", metavar="ID",
    help="Restore this backup into a scratch database beside MAP's, compare, and drop it.",
)  # fmt: skip
@reporting
def backups(
    folder: Path,
    name: str,
    *,
    server: str | None,
    verify: bool,
    rehearse_id: str | None,
    machine: bool,
    debug_file: Path | None,
) -> None:
    """List the backups on the MAP servers of a stack, or on SERVER alone. Changes nothing."""
    with in_one_line(debug_file), opened(folder, name) as site:
        wanted = (server_named(site.servers, server),) if server else site.servers
        reads = read_shelves(site.session.fleet, wanted)
        if rehearse_id is not None:
            _rehearse(site, reads, rehearse_id, machine=machine)
            return
        if verify:
            reads = verified(site.session.fleet, reads)
    if machine:
        click.echo(json.dumps(visible_leaves(backup_machine.listing(reads, time.time())), indent=4))
    else:
        backup_display.listing(reads, time.time())
    sys.exit(_conclude(reads))


def _rehearse(site: Opened, reads: Sequence[ServerShelf], id: str, *, machine: bool) -> None:
    server, manifest = located(reads, id)
    try:
        with stopped_by_signals(threading.Event(), _tell):
            rehearsed(site.session.fleet, server, manifest)
    except WorkInterrupted as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(ExitCode.CANCELLED)
    if machine:
        click.echo(json.dumps({"server": server.name, "id": id, "restorable": True}, indent=4))
    else:
        backup_display.restorable(server, manifest)


def _conclude(reads: Sequence[ServerShelf]) -> ExitCode:
    unread = sum(read.error is not None for read in reads)
    damaged = sum(read.error is None and not read.is_sound for read in reads)
    told = [f"{unread} can't be read"] if unread else []
    told += [f"{damaged} with damaged backups"] if damaged else []
    if not told:
        return ExitCode.OK
    say(f"error: of {len(reads)} MAP servers {', '.join(told)}")
    return ExitCode.FAILED


@click.command()
@click.argument("server")
@click.argument("id")
@click.option(
    "--without-backup", is_flag=True,
    help="With --yes, restore even if MAP is running and the present state can't be backed up.",
)  # fmt: skip
@asking
@reporting
def restore(
    folder: Path,
    name: str,
    *,
    server: str,
    id: str,
    without_backup: bool,
    yes: bool,
    non_interactive: bool,
    machine: bool,
    debug_file: Path | None,
) -> None:
    """Bring backup ID of the MAP server SERVER back: package, config files, database, service.

    What is there now is backed up first, and put back should the restore fail.
    """
    expect_answerable(yes=yes, non_interactive=non_interactive, machine=machine)
    with in_one_line(debug_file), opened(folder, name) as site:
        one = _Restore(site, server_named(site.servers, server), id, machine=machine)
        code = one.run(without_backup=without_backup) if yes else one.ask_and_run()
    sys.exit(code)


class _Restore:
    """One call of `restore`."""

    def __init__(self, site: Opened, server: RestorableServer, id: str, *, machine: bool) -> None:
        self._site = site
        self._server = server
        self._machine = machine
        self._fleet = site.session.fleet
        self._id = id
        self._manifest = self._located()
        backup.verify(self._fleet.host(server.target), self._manifest)

    def ask_and_run(self) -> ExitCode:
        shown = self._plan()
        backup_display.restore_plan(self._server, self._manifest, shown, time.time())
        question = "Restore this backup?"
        if shown.endangers:
            question = f"{shown.endangers} runs, and can't be put back if this fails. {question}"
        if not click.confirm(question, err=True):
            return ExitCode.CANCELLED
        # Who was asked may have taken an hour: what is there is read anew.
        self._fleet.stale(self._server.target)
        return self.run(shown)

    def run(self, shown: RestorePlan | None = None, *, without_backup: bool = False) -> ExitCode:
        """Restore, beside no `up`; `shown` is what the user agreed to."""
        stop = threading.Event()
        with self._site.stack.files.locked(stop, _tell):
            plan = self._plan()
            if shown is None and not self._machine:
                backup_display.restore_plan(self._server, self._manifest, plan, time.time())
            if shown is not None and shown.plan.lines() != plan.plan.lines():
                raise MapinfraError(
                    "the live state has changed since it was shown",
                    where=self._server.name,
                    remedy="run again",
                )
            if shown is None and plan.endangers and not without_backup:
                raise MapinfraError(
                    f"{plan.endangers} runs, and what is there can't be backed up: if this restore "
                    "fails, nothing is put back",
                    where=self._server.name,
                    remedy="run again without --yes, or with --without-backup",
                )
            return self._do(plan, stop)

    def _located(self) -> Manifest:
        return located(read_shelves(self._fleet, [self._server]), self._id)[1]

    def _plan(self) -> RestorePlan:
        self._manifest = self._located()
        observed = observe(self._fleet, self._server, self._manifest)
        return plan_restore(self._server, self._manifest, observed)

    def _do(self, plan: RestorePlan, stop: threading.Event) -> ExitCode:
        began = time.monotonic()
        restoring = Restoring(self._manifest, stop.is_set, _tell)
        desired, session = self._server.desired, self._site.session
        try:
            execute(restoring, plan.plan, desired, session, _tell)
        except MapinfraError as error:
            if not stop.is_set():
                raise
            say(f"error: {error}")
            return ExitCode.CANCELLED
        self._report(plan, restoring.before, time.monotonic() - began)
        return ExitCode.OK

    def _report(self, plan: RestorePlan, before: Manifest | None, seconds: float) -> None:
        if self._machine:
            result: dict[str, Any] = backup_machine.restored(
                self._server, self._manifest, plan, before, seconds
            )
            click.echo(json.dumps(visible_leaves(result), indent=4))
        else:
            backup_display.restored(self._server, self._manifest, before, seconds)


def _tell(line: str) -> None:
    say(line)
