"""Backups and restores as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mapinfra.backup import Listed, Manifest
from mapinfra.cli.backup_display import edition_of
from mapinfra.restore import RestorableServer, RestorePlan, ServerShelf


def listing(reads: Sequence[ServerShelf], now: float) -> dict[str, Any]:
    """Return the backups of each server; `now` is seconds since 1970, sizes are bytes."""
    return {"servers": [_server(read, now) for read in reads]}


def restored(
    server: RestorableServer,
    manifest: Manifest,
    plan: RestorePlan,
    before: Manifest | None,
    seconds: float,
) -> dict[str, Any]:
    """Return what a restore that went well has done; `duration` is in seconds."""
    return {
        "server": server.name,
        "id": manifest.id,
        "differences": [asdict(difference) for difference in plan.differences],
        "steps": plan.plan.lines(),
        "notes": list(plan.notes),
        "before": before.id if before else None,
        "duration": round(seconds, 1),
    }


def _server(read: ServerShelf, now: float) -> dict[str, Any]:
    found: dict[str, Any] = {"server": read.server.name, "folder": read.server.desired.folder}
    if read.error is not None:
        return {**found, "error": str(read.error), "backups": []}
    backups = [_backup(read, listed, now) for listed in read.shelf.backups]
    return {**found, "backups": backups, "unreadable": list(read.shelf.unreadable)}


def _backup(read: ServerShelf, listed: Listed, now: float) -> dict[str, Any]:
    manifest, edition = listed.manifest, edition_of(listed.manifest)
    return {
        "id": manifest.id,
        "takenAt": manifest.taken_at,
        "age": round(now - manifest.taken),
        "edition": edition.name if edition else None,
        "service": manifest.service,
        "packages": dict(manifest.packages),
        "size": manifest.size,
        "files": {name: file.size for name, file in manifest.files.items()},
        "database": manifest.database,
        "tables": len(manifest.tables),
        "rows": manifest.rows,
        "who": manifest.who,
        "directory": manifest.directory,
        "verified": read.verified is not None and not read.damage(listed),
        "damage": read.damage(listed) or None,
        "armed": listed.armed,
    }
