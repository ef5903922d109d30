"""The folder of backups: which are whole, which were broken off, which may go.

Their order is that of a number which each gets when it is begun, one more than the highest there.
The host's clock orders none but those of earlier versions, which have no number.
"""

import base64
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from mapinfra.backup.folder import FOREIGN, UNSAFE, refusal, script_in
from mapinfra.backup.login import CLIENT_FILE
from mapinfra.backup.manifest import MANIFEST, SUMS, Manifest
from mapinfra.backup.remote import BackupFailed
from mapinfra.backup.subject import FOLDER, Subject
from mapinfra.backup.sums import SEQUENCE, UNFINISHED, damage
from mapinfra.backup.wayback import BACK, SCRIPT, UNITS, UNSOUND, Back, unit
from mapinfra.errors import CommandFailed
from mapinfra.hosts import Facts, Host, Probe

_START = f"""\
umask 077
cd "$1" || exit
number=0
for file in */{SEQUENCE}; do
  [ -f "$file" ] && [ ! -h "$file" ] || continue
  other=$(tr -cd 0-9 <"$file" | sed 's/^0*//' | cut -c 1-15)
  [ "${{other:-0}}" -le "$number" ] || number=$other
done
mkdir -- "$2" && printf '%s\\n' "$3" >"$2/{UNFINISHED}" &&
  echo "$((number + 1))" >"$2/{SEQUENCE}" && mkdir "$2/packages"
"""
# Its units first: a dump that goes on would fill the disk with a file that has no name.
_CLEAR = f"""\
cd "$1" 2>/dev/null || exit 0
for mark in */{UNFINISHED}; do
  [ ! -h "${{mark%/*}}" ] && [ "$(cat "$mark" 2>/dev/null)" = "$2" ] || continue
  systemctl kill --signal=KILL "$3*" 2>/dev/null || :
  systemctl stop "$3*" || :
  systemctl reset-failed "$3*" 2>/dev/null || :
  rm -rf -- "${{mark%/*}}" || exit
done
"""
# The manifest first: half deleted, it is no backup any more.
_DELETE = f"""\
cd "$1" && shift || exit
for id; do
  [ ! -h "$id" ] && rm -f -- "$id/{MANIFEST}" && rm -rf -- "$id" || exit
done
"""

DESCRIBE = f"""\
{UNSAFE}
{FOREIGN}
{UNSOUND}
packed() {{ base64 -w 0; }}
describe() (
  id=${{1##*/}}
  if [ -h "$1" ] || ! cd "$1" 2>/dev/null; then
    said='it is a link, or no folder'
  else
    said=$(foreign .)
    [ -z "$said" ] || said="${{said#./}} is a link, or not root's alone"
  fi
  if [ -n "$said" ]; then
    printf '%s refused %s\\n' "$id" "$(printf %s "$said" | packed)"
    exit
  fi
  armed=-
  [ ! -e {CLIENT_FILE} ] && [ ! -e "{UNITS}/{unit("$id")}.service" ] || armed=armed
  number=$(tr -cd 0-9 2>/dev/null <{SEQUENCE} | cut -c 1-15)
  printf '%s %s %s %s %s %s %s\\n' "$id" "$armed" "${{number:-0}}" "$(packed <{MANIFEST})" \\
    "$(find . -type f -printf '%s %P\\n' | packed)" "$(packed <{BACK})" \\
    "$(unsound {SCRIPT} {MANIFEST} {SUMS} | packed)"
) 2>/dev/null
"""
"""`describe BACKUP` prints one line on a backup, whose folder was seen to be root's alone."""

LIST = f"""\
{DESCRIBE}
said=$(unsafe "$1")
[ -z "$said" ] || {{ echo "unsafe $(printf %s "$said" | packed)"; exit 0; }}
above=$1
until [ -e "$above" ]; do
  above=${{above%/*}}
  above=${{above:-/}}
done
# Root may write everywhere else.
[ -w "$above" ] || echo read-only
for directory in "$1"/*; do
  [ -e "$directory/{MANIFEST}" ] || [ -e "$directory/{SUMS}" ] || continue
  case ${{directory##*/}} in *[!A-Za-z0-9._-]*)
    echo "strange $(printf %s "${{directory##*/}}" | packed)"
    continue ;;
  esac
  [ -e "$directory/{UNFINISHED}" ] || describe "$directory"
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
    """The first file that is missing, strange, or not as it was written, as far as was looked."""
    sequence: int = 0
    """Higher than that of each backup before it; 0 for those of earlier versions."""

    @property
    def order(self) -> tuple[int, str, str]:
        """What backups are sorted by, oldest first."""
        return self.sequence, self.manifest.taken_at, self.manifest.id


@dataclass(frozen=True)
class Shelf:
    """A folder of backups, oldest first."""

    backups: tuple[Listed, ...]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Those that can't be read or mustn't be trusted, by id, and why."""
    unsafe: str = ""
    """Why nothing in this folder was read: it isn't root's alone."""
    read_only: bool = False
    """Whether nothing can be written there, since its disk is mounted so."""

    def expect_writable(self, where: str, folder: str) -> None:
        """Raise FolderUnsafe when it isn't root's alone, BackupFailed when it is read-only."""
        self.expect_safe(where)
        if self.read_only:
            raise BackupFailed(
                f"{folder} is on a disk that is mounted read-only",
                where=where,
                remedy="mount it for writing, or choose another folder for backups",
            )

    def expect_safe(self, where: str) -> None:
        """Raise FolderUnsafe when the folder isn't root's alone."""
        if self.unsafe:
            raise refusal(self.unsafe, where)


def probe(folder: str) -> Probe:
    """Return what reads a folder of backups in the survey; it writes nothing."""
    key = sha256(folder.encode()).hexdigest()[:12]
    return Probe(f"backups-{key}", f"set -- {shlex.quote(folder)}\n{LIST}")


def read(facts: Facts, folder: str) -> Shelf:
    """Read the folder from a survey; raise CommandFailed when it wasn't read."""
    return parse(facts.text(probe(folder).name), folder, facts.host)


def parse(text: str, folder: str, where: str) -> Shelf:
    """Read what the probe printed; raise CommandFailed when it isn't that."""
    listed, unreadable, read_only = [], {}, False
    for line in text.splitlines():
        if line == "read-only":
            read_only = True
            continue
        id, *words = line.split(" ")
        if id == "unsafe" and len(words) == 1:
            return Shelf((), unsafe=_unpacked(words[0]).strip())
        if id == "strange" and len(words) == 1:
            unreadable[_unpacked(words[0])] = "no backup has such a name; it is left alone"
            continue
        found = described(f"{folder}/{id}", words, where)
        if isinstance(found, str):
            unreadable[id] = found
        else:
            listed.append(found)
    listed.sort(key=lambda one: one.order)
    return Shelf(tuple(listed), unreadable, read_only=read_only)


def described(directory: str, words: list[str], where: str) -> Listed | str:
    """Read what `describe` printed of a backup, without its id; why it is none, in words."""
    match words:
        case ["refused", said]:
            return _unpacked(said).strip()
        case [armed, number, *packed] if len(packed) == 4 and number.isdecimal():
            manifest, sizes, back, unsound = map(_unpacked, packed)
        case _:
            raise CommandFailed(f"what was printed of {directory} can't be read", where=where)
    try:
        read = Manifest.loads(manifest, directory)
    except ValueError as error:
        return f"its manifest can't be read: {error}" if manifest else f"{MANIFEST} is missing"
    try:
        report = Back.loads(back) if back else None
    except ValueError as error:
        return f"{BACK} can't be read: {error}"
    there = {name: size for size, _, name in (one.partition(" ") for one in sizes.splitlines())}
    fault = damage(read, there) or unsound.strip()
    return Listed(read, report, armed == "armed", fault, int(number))


def listing(host: Host, folder: str = FOLDER) -> Shelf:
    """Return what is in a folder; raise BackupFailed, FolderUnsafe when it isn't root's alone."""
    text = script_in(host, f"reading the backups in {folder}", folder, LIST)
    return parse(text, folder, host.name)


def find(host: Host, id: str, folder: str = FOLDER) -> Manifest:
    """Return one backup's manifest; raise BackupFailed, naming those there are."""
    backups = {one.manifest.id: one.manifest for one in listing(host, folder).backups}
    if id not in backups:
        raise BackupFailed(
            f"there is no backup {id} in {folder}",
            where=host.name,
            remedy=f"choose from {', '.join(backups)}" if backups else "there is none at all",
        )
    return backups[id]


def superfluous(
    backups: tuple[Listed, ...], service: str, keep: int, spared: Collection[str] = ()
) -> tuple[Manifest, ...]:
    """Return those of a service that may go: all before the last `keep` whole ones.

    Never the last of all, an armed one, or one of the ids `spared`.
    """
    own = [one for one in backups if one.manifest.service == service]
    whole = [one for one in own if not one.damage]
    kept = {one.manifest.id for one in (*whole[-max(keep, 1) :], *own[-1:])}
    kept |= {one.manifest.id for one in own if one.armed} | set(spared)
    oldest = next((one.order for one in own if one in whole[-max(keep, 1) :]), None)
    return tuple(
        one.manifest
        for one in own
        if oldest is not None and one.order < oldest and one.manifest.id not in kept
    )


def retire(host: Host, subject: Subject, id: str) -> tuple[str, ...]:
    """Delete the backups of a service beyond those to keep, never `id`; return their ids."""
    backups = listing(host, subject.folder).backups
    spared = {id, subject.spared}
    old = superfluous(backups, subject.service, subject.keep, spared)
    if old:
        ids = tuple(one.id for one in old)
        script_in(host, "deleting old backups", subject.folder, _DELETE, *ids, timeout=600)
    return tuple(one.id for one in old)


def unit_prefix(service: str) -> str:
    """How the names of a backup's units begin."""
    return f"mapinfra-backup.{service}."


def start(host: Host, subject: Subject, id: str) -> None:
    """Make a backup's directory, which must not be there, marked as unfinished."""
    words = (id, subject.service)
    script_in(host, f"making {subject.directory(id)}", subject.folder, _START, *words)


def finish(host: Host, directory: str) -> None:
    """Declare a backup whole."""
    text = f'sync && rm -f "$1/{UNFINISHED}" && sync'
    script_in(host, "finishing the backup", directory, text)


def clear_unfinished(host: Host, subject: Subject) -> None:
    """Remove what a backup of this service that was broken off has left."""
    words = (subject.service, unit_prefix(subject.service))
    doing = "removing an unfinished backup"
    script_in(host, doing, subject.folder, _CLEAR, *words, timeout=600)


def _unpacked(word: str) -> str:
    return base64.b64decode(word).decode(errors="replace")
