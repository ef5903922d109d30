"""The folder of backups: which are whole, which were broken off, which may go."""

import base64
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra.backup.login import CLIENT_FILE
from mapinfra.backup.manifest import MANIFEST, SUMS, Manifest
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.subject import FOLDER, Subject
from mapinfra.backup.wayback import BACK, SCRIPT, Back
from mapinfra.hosts import Facts, Host, Probe

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
  printf '%s %s %s %s %s\\n' "${{directory##*/}}" "$armed" "$(base64 -w 0 "$manifest")" \\
    "$(find "$directory" -type f -printf '%s %P\\n' | base64 -w 0)" \\
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
    damage: str = ""
    """The first file that is missing or has another size than it was written with."""


@dataclass(frozen=True)
class Shelf:
    """A folder of backups, oldest first; `unreadable` names those whose manifest can't be read."""

    backups: tuple[Listed, ...]
    unreadable: tuple[str, ...] = ()


def probe(folder: str) -> Probe:
    """Return what reads a folder of backups in the survey; it writes nothing."""
    return Probe("backups", f"set -- {shlex.quote(folder)}\n{_LIST}")


def read(facts: Facts, folder: str) -> Shelf:
    """Read the folder from a survey; raise CommandFailed when it wasn't read."""
    return parse(facts.text(probe(folder).name))


def parse(text: str) -> Shelf:
    """Read what the probe printed."""
    listed, unreadable = [], []
    for line in text.splitlines():
        id, rest = line.split(" ", 1)
        try:
            listed.append(_listed(rest))
        except ValueError:
            unreadable.append(id)
    listed.sort(key=lambda one: (one.manifest.taken_at, one.manifest.id))
    return Shelf(tuple(listed), tuple(unreadable))


def listing(host: Host, folder: str = FOLDER) -> tuple[Listed, ...]:
    """Return the whole backups in a folder, oldest first; raise BackupFailed."""
    shelf = parse(script(host, f"reading the backups in {folder}", _LIST, folder))
    if shelf.unreadable:
        ids = ", ".join(shelf.unreadable)
        raise BackupFailed(f"the manifest of {ids} in {folder} can't be read", where=host.name)
    return shelf.backups


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


def superfluous(
    backups: tuple[Listed, ...], service: str, keep: int, spared: str = ""
) -> tuple[Manifest, ...]:
    """Return those of a service that may go: the oldest, never the last, nor an armed one."""
    own = [one for one in backups if one.manifest.service == service]
    old = [one.manifest for one in own[: -max(keep, 1)] if not one.armed]
    return tuple(manifest for manifest in old if manifest.id != spared)


def retire(host: Host, subject: Subject) -> tuple[str, ...]:
    """Delete the backups of a service beyond those to keep; return their ids."""
    backups = listing(host, subject.folder)
    old = superfluous(backups, subject.service, subject.keep, subject.spared)
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


def _listed(line: str) -> Listed:
    """Read one backup's line; raise ValueError when its manifest, or BACK.json, isn't one."""
    armed, *encoded = line.split(" ")
    text, sizes, back = (base64.b64decode(word).decode() for word in encoded)
    manifest = Manifest.loads(text)
    there = {name: size for size, _, name in (one.partition(" ") for one in sizes.splitlines())}
    return Listed(
        manifest,
        Back.loads(back) if back else None,
        armed == "armed",
        _damage(manifest, there),
    )


def _damage(manifest: Manifest, there: Mapping[str, str]) -> str:
    for name in (SCRIPT, SUMS):
        if name not in there:
            return f"{name} is missing"
    for name, file in manifest.files.items():
        if name not in there:
            return f"{name} is missing"
        if there[name] != str(file.size):
            return f"{name} has {there[name]} bytes, not {file.size}"
    return ""
