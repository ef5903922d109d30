"""What a restore would do: what differs, the steps, and what it leaves to others. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mapinfra.backup import Manifest, MariadbClient, Present, Reach
from mapinfra.backup.subject import USUAL_UNITS
from mapinfra.centreon.releases.version import Version
from mapinfra.errors import CentreonError
from mapinfra.resources.contract import Plan, Step
from mapinfra.resources.map.fitting import unfit
from mapinfra.resources.map.model import CHANGED, Lock, Replace
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.map.steps import ReleaseLock, TakeLock
from mapinfra.restore.reads import Observed
from mapinfra.restore.servers import RestorableServer
from mapinfra.restore.steps import (
    ArmForPresent,
    AwaitRestored,
    BackUpPresent,
    CancelFormer,
    GoBackFirst,
    InstallMissing,
    RestoreBackup,
    RestoreContext,
    RestoreStep,
)
from mapinfra.rollback import Standing

_USUAL_DATADIR = "/var/lib/mysql/"


@dataclass(frozen=True)
class BackupDifference:
    """One part of MAP as it is now and as it is in the backup, in words."""

    part: str
    now: str
    then: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class RestorePlan:
    """What differs, the steps, and what to know about what isn't in the backup."""

    differences: tuple[BackupDifference, ...]
    plan: Plan[RestoreContext]
    notes: tuple[str, ...]
    endangers: str = ""
    """The service that runs now and can't be put back should the restore fail; else empty."""


def plan_restore(server: RestorableServer, manifest: Manifest, observed: Observed) -> RestorePlan:
    """Return what a restore would do; raise CentreonError when it can't be done now."""
    _expect_possible(server, manifest, observed)
    steps = tuple(_steps(server, manifest, observed))
    differences = tuple(_differences(manifest, observed.present))
    notes = tuple(_notes(server, manifest, observed))
    runs = observed.present.active in ("active", "activating", "reloading")
    endangers = server.desired.edition.service if runs and not observed.has_database else ""
    return RestorePlan(differences, Plan(steps=steps), notes, endangers)


def _expect_possible(server: RestorableServer, manifest: Manifest, observed: Observed) -> None:
    if observed.journal.standing is Standing.HELD:
        found = observed.journal
        raise CentreonError(found.reason, where=server.name, remedy=found.remedy)
    edition = server.desired.edition
    fault = unfit(manifest, edition)
    if not fault and manifest.database not in {edition.database, *observed.own_databases}:
        fault = f"it is of database {manifest.database}, which its own configuration doesn't name"
    if not fault and manifest.family != observed.present.family:
        fault = f"its packages are .{manifest.family}, and this host's .{observed.present.family}"
    if fault:
        raise CentreonError(
            f"backup {manifest.id} isn't one of {edition.title} there: {fault}",
            where=server.name,
            remedy="only whole backups of the spec's own edition are restored: mapinfra backups "
            "lists them",
        )
    _expect_same_database(server, manifest, observed)


def _expect_same_database(server: RestorableServer, manifest: Manifest, observed: Observed) -> None:
    """Refuse to bring one database back beside another that MAP uses now.

    What can't be told is no reason to refuse: a spoilt configuration is what a restore mends.
    """
    own, then = observed.own, manifest.client
    if not isinstance(own, OwnDatabase):
        return
    same = then.datadir == own.client.datadir if then.datadir else _is_usual(own.client)
    moved = not same and then.socket != own.client.socket
    if moved or manifest.database != own.name:
        was = f"{manifest.database} by {then.socket or 'the usual socket'}"
        raise CentreonError(
            f"backup {manifest.id} is of database {was}, and MAP uses {own.name} by "
            f"{own.client.socket} now",
            where=server.name,
            remedy="let MAP's own URL reach the former again first, or restore that dump by hand",
        )


def _is_usual(client: MariadbClient) -> bool:
    """Tell whether it is the host's one MariaDB, which backups of earlier versions are of."""
    return client.unit in USUAL_UNITS or client.datadir in ("", _USUAL_DATADIR)


# The steps


def _steps(
    server: RestorableServer, manifest: Manifest, observed: Observed
) -> Iterator[Step[RestoreContext]]:
    name, desired = server.name, server.desired
    over, interrupted = observed.journal.entry, observed.interrupted
    target = manifest.packages.get(desired.edition.server_package, manifest.id)
    text = f"take the lock for the restore of {target}"
    if over is not None:
        text += " over from a run that was interrupted"
    stuck = observed.journal.standing is Standing.STUCK
    lock = Lock("restore", target, over, interrupted is not None or stuck)
    yield TakeLock(name, text, lock)
    if over is not None and stuck:
        id = over.backup.rpartition("/")[2]
        text = f"cancel the automatic rollback to backup {id}, which can't run: "
        yield CancelFormer(name, text + observed.journal.blocked, over.backup)
    if over is not None and interrupted is not None:
        reach = Reach.ALL if over.step.endswith(CHANGED) else Reach.SERVICE
        text = f"go back to backup {interrupted.id} of the interrupted run"
        yield GoBackFirst(name, text, reach, interrupted)
    yield from _safely(server, manifest, observed)
    yield from _installed(server, manifest, observed)
    text = f"put packages, configuration, database and service back as in backup {manifest.id}"
    yield RestoreBackup(name, text, manifest)
    if manifest.active:
        seconds = f"{desired.start_seconds:g} s at most"
        yield AwaitRestored(name, f"wait until {desired.edition.title} is healthy, {seconds}")
    yield ReleaseLock(name, "disarm the way back and release the lock")


def _safely(
    server: RestorableServer, manifest: Manifest, observed: Observed
) -> Iterator[RestoreStep]:
    """Yield the steps that give a restore a way back of its own, where there is something."""
    if not observed.has_database:
        return
    package = server.desired.edition.server_package
    old = observed.packages.get(package)
    text = f"back up database {manifest.database}, {manifest.config_folder}"
    text += f" and {package} {old}" if old else ""
    change = Replace(package, old, manifest.packages.get(package))
    yield BackUpPresent(server.name, f"{text} as they are now, and verify it", change)
    minutes = f"{server.desired.lease_minutes:g} minutes"
    text = f"arm the way back to that, which the host takes after {minutes} without a word"
    yield ArmForPresent(server.name, text)


def _installed(
    server: RestorableServer, manifest: Manifest, observed: Observed
) -> Iterator[RestoreStep]:
    """Yield the step that brings a missing package, since the way back has no repositories."""
    package = server.desired.edition.server_package
    new = manifest.packages.get(package)
    if new is not None and package not in observed.packages:
        text = f"install {package} {new}, and what it needs, from the repositories"
        yield InstallMissing(server.name, text, Replace(package, None, new))


# What differs


def _differences(manifest: Manifest, present: Present) -> Iterator[BackupDifference]:
    for name in sorted({*manifest.packages, *present.packages}):
        now = present.packages.get(name, "not installed")
        yield BackupDifference(f"package {name}", now, manifest.packages.get(name, now))
    yield _database(manifest, present)
    files = present.files
    told = tuple(f"{path}: {aspects}" for path, aspects in files.items())
    count = _number(len(files), "file")
    now = f"{count} {'differs' if len(files) == 1 else 'differ'}" if files else "as in the backup"
    yield BackupDifference(f"configuration {manifest.config_folder}", now, "as in the backup", told)
    then = f"{'active' if manifest.active else 'inactive'}, {manifest.enablement}"
    now = f"{present.active}, {present.enablement or 'not there'}"
    yield BackupDifference(f"service {manifest.service}", now, then)


def _database(manifest: Manifest, present: Present) -> BackupDifference:
    part = f"database {manifest.database}"
    then = {name: table.rows for name, table in manifest.tables.items()}
    if present.database is None:
        return BackupDifference(part, "not there", _counted(then))
    now = present.database.rows
    told = tuple(
        f"table {name}: {_rows(now.get(name))} → {_rows(then.get(name))}"
        for name in sorted({*now, *then})
        if now.get(name) != then.get(name)
    )
    return BackupDifference(
        f"{part} ({_megabytes(present.database.size)})", _counted(now), _counted(then), told
    )


def _counted(rows: Mapping[str, int]) -> str:
    return f"{_number(len(rows), 'table')}, {_number(sum(rows.values()), 'row')}"


def _rows(rows: int | None) -> str:
    return "not there" if rows is None else _number(rows, "row")


def _number(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


# What to know


def _notes(server: RestorableServer, manifest: Manifest, observed: Observed) -> Iterator[str]:
    desired = server.desired
    package = desired.edition.server_package
    then_on, now_on = manifest.machine, observed.present.machine
    if then_on and then_on != now_on:
        yield (
            f"the backup was taken on another host, {then_on}, and this is {now_on}: its "
            "configuration comes with it, addresses and certificates included"
        )
    if isinstance(observed.own, CentreonError):
        yield f"it can't be told which database MAP uses now: {observed.own}"
    if not observed.has_database:
        yield (
            f"there is no database {manifest.database} now, so no backup is taken first: "
            "if this restore fails, nothing is put back"
        )
    text = manifest.packages.get(package)
    then = Version.of_package(text) if text else None
    if then is not None and then != desired.version:
        yield (
            f'the spec wants {desired.version}: `mapinfra preview` then shows version: "{then}" → '
            f'"{desired.version}", and the next `up` brings that again; to stay at {then}, change '
            "map.version"
        )
    yield (
        f"MAP's web client on {server.web} isn't part of the backup and stays as it is; "
        "`mapinfra preview` shows where it isn't as the spec wants it"
    )
