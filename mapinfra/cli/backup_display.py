"""Backups and restores for people, on stdout."""

from collections.abc import Iterator, Sequence

from mapinfra.backup import Listed, Manifest, age, ago
from mapinfra.centreon.releases.editions import EDITIONS, Edition
from mapinfra.cli.terminal import Terminal
from mapinfra.restore import BackupDifference, RestorableServer, RestorePlan, ServerShelf

_HEADS = ("ID", "TAKEN (UTC)", "AGE", "EDITION", "PACKAGE", "SIZE", "DATABASE", "STATE", "BY")


def listing(reads: Sequence[ServerShelf], now: float) -> None:
    """Print the backups of each server; `now` is seconds since 1970."""
    console = _console()
    if not reads:
        console.print("the spec has no MAP server")
    for read in reads:
        if read.error is not None:
            console.print(f"! {_error(read)}", style="red")
            continue
        console.print(_headline(read), style="bold")
        for line in table(read, now):
            console.print(f"  {line}")
        for id, why in read.shelf.unreadable.items():
            console.print(f"  ! {id}: damaged: {why}", style="red")


def restorable(server: RestorableServer, manifest: Manifest) -> None:
    """Print that a rehearsal went well."""
    _console().print(
        f"{server.name}: backup {manifest.id} is restorable: all {len(manifest.tables)} tables "
        f"came back in a scratch database, {manifest.rows} rows"
    )


def restore_plan(
    server: RestorableServer, manifest: Manifest, plan: RestorePlan, now: float
) -> None:
    """Print what a restore would do."""
    console = _console()
    taken = f"{_moment(manifest)} UTC ({ago(manifest, now)}) by {manifest.who}"
    console.print(f"{server.name}: restore of backup {manifest.id}, taken {taken}", style="bold")
    for difference in plan.differences:
        _difference(console, difference)
    for number, step in enumerate(plan.plan.lines(), start=1):
        console.print(f"      {number}. {step}")
    for note in plan.notes:
        console.print(f"      note: {note}")


def restored(
    server: RestorableServer, manifest: Manifest, before: Manifest | None, seconds: float
) -> None:
    """Print that a restore is done."""
    way = f"; what was there before is backup {before.id}" if before else ""
    _console().print(f"{server.name}: backup {manifest.id} is back in {seconds:.1f} s{way}")


def table(read: ServerShelf, now: float) -> Iterator[str]:
    """Yield the lines of a server's table, columns aligned; none when it has no backup."""
    rows = [_row(read, listed, now) for listed in read.shelf.backups]
    if not rows:
        return
    widths = [max(map(len, column)) for column in zip(_HEADS, *rows, strict=True)]
    for row in (_HEADS, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def edition_of(manifest: Manifest) -> Edition | None:
    """Return the edition that a backup is of; None for a service that is no edition's."""
    editions = {edition.service: edition for edition in EDITIONS.values()}
    return editions.get(manifest.service)


def state(read: ServerShelf, listed: Listed) -> str:
    """Return what is known of a backup's files."""
    damage = read.damage(listed)
    known = "whole" if read.verified is None else "verified"
    word = f"damaged: {damage}" if damage else known
    return f"{word}, armed" if listed.armed else word


def _row(read: ServerShelf, listed: Listed, now: float) -> tuple[str, ...]:
    manifest, edition = listed.manifest, edition_of(listed.manifest)
    package = manifest.packages.get(edition.server_package) if edition else None
    return (
        manifest.id,
        _moment(manifest),
        age(manifest, now),
        edition.name if edition else manifest.service,
        package or "none",
        _megabytes(manifest.size),
        f"{len(manifest.tables)} tables, {manifest.rows} rows",
        state(read, listed),
        manifest.who,
    )


def _headline(read: ServerShelf) -> str:
    manifests = [listed.manifest for listed in read.shelf.backups]
    folder, number = read.server.desired.folder, len(manifests)
    if not manifests:
        return f"{read.server.name}: no backup in {folder}"
    size = _megabytes(sum(manifest.size for manifest in manifests))
    return f"{read.server.name}: {number} backup{'s' if number > 1 else ''} in {folder}, {size}"


def _error(read: ServerShelf) -> str:
    line, name = str(read.error), read.server.name
    return line if line.startswith(name) else f"{name}: {line}"


def _difference(console: Terminal, difference: BackupDifference) -> None:
    same = difference.now == difference.then and not difference.details
    mark, style = ("    ", "") if same else ("  ~ ", "yellow")
    change = difference.now if same else f"{difference.now} → {difference.then}"
    console.print(f"{mark}{difference.part}: {change}", style=style)
    for detail in difference.details:
        console.print(f"        {detail}")


def _moment(manifest: Manifest) -> str:
    return manifest.taken_at.replace("T", " ").removesuffix("Z")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _console() -> Terminal:
    return Terminal()
