"""The folder of backups: which are whole, which were broken off, which may go."""

import base64
from dataclasses import dataclass

from mapinfra.backup.login import CLIENT_FILE
from mapinfra.backup.manifest import MANIFEST, Manifest
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.subject import FOLDER, Subject
from mapinfra.backup.wayback import BACK, Back
from mapinfra.hosts import Host

_UNFINISHED = "UNFINISHED"
"""A file that says whose backup it is, there until the backup is whole."""

_START = f"""\
umask 077
mkdir -- "$1" && printf '%s\\n' "$2" >"$1/{_UNFINISHED}" && mkdir "$1/packages"
"""
# Its units first: a dump that goes on would fill the disk with a file that has no name.
_CLEAR = f"""\
for mark in "$1"/*/{_UNFINISHED}; do
  [ "$(cat "$mark" 2>/dev/null)" = "$2" ] || continue
  systemctl kill --signal=KILL "$3*" 2>/dev/null || :
  systemctl stop "$3*" || :
  systemctl reset-failed "$3*" 2>/dev/null || :
  rm -rf -- "${{mark%/*}}" || exit
done
"""
_LIST = f"""\
for manifest in "$1"/*/{MANIFEST}; do
  directory=${{manifest%/*}}
  if [ ! -e "$manifest" ] || [ -e "$directory/{_UNFINISHED}" ]; then continue; fi
  armed=-
  [ ! -e "$directory/{CLIENT_FILE}" ] || armed=armed
  printf '%s %s %s\\n' "$armed" "$(base64 -w 0 "$manifest")" \\
    "$(base64 -w 0 "$directory/{BACK}" 2>/dev/null)"
done
"""


@dataclass(frozen=True)
class Listed:
    """A whole backup in its folder; `back` tells of the way back last taken from it, if any."""

    manifest: Manifest
    back: Back | None
    armed: bool
    """Whether the host may still have to go back to it by itself."""


def listing(host: Host, folder: str = FOLDER) -> tuple[Listed, ...]:
    """Return the whole backups in a folder, oldest first; raise BackupFailed."""
    text = script(host, f"reading the backups in {folder}", _LIST, folder)
    listed = [_listed(host, line) for line in text.splitlines()]
    return tuple(sorted(listed, key=lambda one: (one.manifest.taken_at, one.manifest.id)))


def find(host: Host, id: str, folder: str = FOLDER) -> Manifest:
    """Return one backup's manifest; raise BackupFailed, naming those there are."""
    backups = {one.manifest.id: one.manifest for one in listing(host, folder)}
    if id not in backups:
        raise BackupFailed(
            f"there is no backup {id} in {folder}",
            where=host.name,
            remedy=f"choose from {', '.join(backups)}" if backups else "there is none at all",
        )
    return backups[id]


def superfluous(backups: tuple[Listed, ...], service: str, keep: int) -> tuple[Manifest, ...]:
    """Return those of a service that may go: the oldest, but never the last, nor an armed one."""
    own = [one for one in backups if one.manifest.service == service]
    return tuple(one.manifest for one in own[: -max(keep, 1)] if not one.armed)


def retire(host: Host, subject: Subject) -> tuple[str, ...]:
    """Delete the backups of a service beyond those to keep; return their ids."""
    old = superfluous(listing(host, subject.folder), subject.service, subject.keep)
    if old:
        # The manifest first: half deleted, it is no backup any more.
        delete = f'for one; do rm -f -- "$one/{MANIFEST}" && rm -rf -- "$one" || exit; done'
        script(host, "deleting old backups", delete, *(one.directory for one in old), timeout=600)
    return tuple(one.id for one in old)


def unit_prefix(service: str) -> str:
    """How the names of a backup's units begin."""
    return f"mapinfra-backup.{service}."


def start(host: Host, subject: Subject, directory: str) -> None:
    """Make a backup's directory, which must not be there, marked as unfinished."""
    script(host, f"making {directory}", _START, directory, subject.service)


def finish(host: Host, directory: str) -> None:
    """Declare a backup whole."""
    script(host, "finishing the backup", f'sync && rm -f "$1/{_UNFINISHED}" && sync', directory)


def clear_unfinished(host: Host, subject: Subject) -> None:
    """Remove what a backup of this service that was broken off has left."""
    script(
        host,
        "removing an unfinished backup",
        _CLEAR,
        subject.folder,
        subject.service,
        unit_prefix(subject.service),
        timeout=600,
    )


def _listed(host: Host, line: str) -> Listed:
    armed, manifest, back = (*line.split(" "), "")[:3]
    try:
        return Listed(
            Manifest.loads(base64.b64decode(manifest).decode()),
            Back.loads(base64.b64decode(back).decode()) if back else None,
            armed == "armed",
        )
    except ValueError as error:
        raise BackupFailed(f"a manifest can't be read ({error})", where=host.name) from None
