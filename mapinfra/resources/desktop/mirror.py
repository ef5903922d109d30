"""A mirror of the desktop client: a folder on the MAP server that holds what that server offers.

What mapinfra works with stands in a folder of its own in it (`WORK`), so that every change of the
mirror is a rename within one file system.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib.resources import files
from typing import Any, Self

from mapinfra import jsontext
from mapinfra.centreon.map.desktop import VERSION, Download
from mapinfra.errors import CommandFailed
from mapinfra.hosts import Host, Probe
from mapinfra.hosts.failures import last_line

WORK = ".mapinfra"
"""Below the mirror: `new` is fetched, `old` was mapinfra's, `found` was there before it."""

_SECONDS = 900
"""How long fetching all files may take."""

_PROGRAM = files("mapinfra.resources.desktop").joinpath("mirror_on_host.py").read_bytes()
_PYTHON = 'exec "$(command -v python3 || echo /usr/libexec/platform-python)" -I - "$@"'

# Only names with a version are summed up: what else lies there is nobody's business.
_LIST = """\
folder={folder}
while [ -n "$folder" ] && [ ! -d "$folder" ]; do echo "missing $folder"; folder=${{folder%/*}}; done
cd {folder} 2>/dev/null || exit 0
find . -maxdepth 1 -type f -name '*[0-9].[0-9]*.[0-9]*' -exec sha256sum {{}} +
"""

# A folder that isn't empty stays.
_TIDY = """\
work=$1/{work}
shift
rm -rf -- "$work/new" "$work/old" || exit 1
for folder in "$work/found" "$work" "$@"; do rmdir -- "$folder" 2>/dev/null || true; done
"""


def key(folder: str) -> str:
    """Return a short name for a folder, for the probe and for the record on the host."""
    return f"desktop-client-{sha256(folder.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class Folder:
    """A mirror as it is: the folders to be made first, innermost first; SHA-256 by file."""

    missing: tuple[str, ...] = ()
    sums: Mapping[str, str] = field(default_factory=dict)


def probe(folder: str) -> Probe:
    """Return the probe that reads a mirror."""
    return Probe(key(folder), _LIST.format(folder=shlex.quote(folder)))


def read_folder(text: str) -> Folder:
    """Return what the probe found."""
    missing, sums = [], {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "missing":
            missing.append(rest)
        elif re.fullmatch(r"[0-9a-f]{64}", word):
            sums[rest.removeprefix(" ./")] = word
    return Folder(tuple(missing), sums)


@dataclass(frozen=True)
class Kept:
    """What mapinfra records of a mirror."""

    folder: str
    made: tuple[str, ...] = ()
    """Folders that were made for it, innermost first."""
    version: str = ""
    """Version that it was brought to last; '' while it never was."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The clients in it: SHA-256 by name."""
    found: tuple[str, ...] = ()
    """Those of `files` that were there before mapinfra."""
    aside: tuple[str, ...] = ()
    """Files that were there before mapinfra, and are set aside."""

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Self:
        """Return what a record says; raise what a damaged one makes of it."""
        return cls(
            folder=str(record["folder"]),
            made=tuple(record["made"]),
            version=str(record["version"]),
            files=dict(record["files"]),
            found=tuple(record["found"]),
            aside=tuple(record["aside"]),
        )

    def record(self) -> dict[str, Any]:
        """Return it as a record."""
        return asdict(self)

    def faults(self, now: Folder) -> dict[str, str]:
        """Return what is wrong with each file that isn't as it was put there."""
        return {
            name: "is altered" if name in now.sums else "is missing"
            for name, total in self.files.items()
            if now.sums.get(name) != total
        }


@dataclass(frozen=True)
class Move:
    """A file to be renamed; with `unless_there` not, when the target is there already."""

    source: str
    target: str
    unless_there: bool = False


@dataclass(frozen=True)
class Arrangement:
    """Files to be moved, what to record before that, and after."""

    moves: tuple[Move, ...]
    during: Kept
    after: Kept


def arrangement(
    kept: Kept, now: Folder, fetched: Mapping[str, str], version: str, whole: Iterable[str] = ()
) -> Arrangement:
    """Return what makes a mirror hold the clients of a version: `fetched`, and the `whole` there.

    Clients of other versions go: what mapinfra put there is deleted, what was there is set aside.
    A client is known by its name, which is that of a new one but for the version.
    """
    names = {**{name: kept.files[name] for name in whole}, **fetched}
    stems = {VERSION.sub("*", name) for name in names}
    same = {name for name, total in fetched.items() if now.sums.get(name) == total}
    in_way = {name for name in fetched if name in now.sums and name not in same}
    outdated = {
        name
        for name in now.sums
        if name not in names and (name in kept.files or VERSION.sub("*", name) in stems)
    }
    ours = set(kept.files).difference(kept.found)
    aside = {*kept.aside, *in_way.difference(kept.files), *outdated.difference(ours)}
    found = {*kept.found, *same.difference(kept.files)}
    moves = (
        *(_aside(kept.folder, name) for name in sorted((in_way | outdated) & aside)),
        *(_retired(kept.folder, name) for name in sorted(in_way)),
        *(_placed(kept.folder, name) for name in sorted(set(fetched) - same)),
        *(_retired(kept.folder, name) for name in sorted(outdated.intersection(kept.files))),
    )
    during = Kept(
        kept.folder,
        kept.made,
        kept.version,
        {**kept.files, **fetched},
        tuple(sorted(found)),
        tuple(sorted(aside)),
    )
    after = Kept(
        kept.folder,
        kept.made,
        version,
        names,
        tuple(sorted(found & set(names))),
        tuple(sorted(aside)),
    )
    return Arrangement(moves, during, after)


def clearance(kept: Kept) -> tuple[Move, ...]:
    """Return the moves that leave in a folder only what was there before mapinfra."""
    ours = sorted(set(kept.files).difference(kept.found))
    return (
        *(_retired(kept.folder, name) for name in ours),
        *(_back(_aside(kept.folder, name)) for name in kept.aside),
    )


def reverse(moves: Iterable[Move]) -> tuple[Move, ...]:
    """Return the moves that take others back."""
    return tuple(_back(move, unless_there=True) for move in reversed(tuple(moves)))


def stage(host: Host, folder: str, url: str, wanted: Iterable[Download]) -> dict[str, str]:
    """Fetch clients into the mirror's work folder; return their SHA-256. Raises HostError."""
    tidy(host, folder)
    order = {
        "url": url,
        "folder": f"{folder}/{WORK}/new",
        "files": {client.name: client.size for client in wanted},
    }
    totals: dict[str, str] = _done(host, "fetch", order)
    return totals


def move(host: Host, moves: Iterable[Move]) -> None:
    """Rename files, all or none; raise HostError."""
    order = [(one.source, one.target, one.unless_there) for one in moves]
    _done(host, "move", {"moves": order})


def tidy(host: Host, folder: str, made: Iterable[str] = ()) -> None:
    """Delete what was fetched or mapinfra's and isn't in the mirror, and empty folders `made`.

    Raises HostError.
    """
    host.run(["sh", "-c", _TIDY.format(work=WORK), "sh", folder, *made])


def _done(host: Host, verb: str, order: Mapping[str, Any]) -> dict[str, str]:
    argv = ["sh", "-c", _PYTHON, "sh", verb, json.dumps(order)]
    done = host.run(argv, stdin=_PROGRAM, timeout=_SECONDS, check=False)
    if done.status != 0:
        raise CommandFailed(last_line(done.stderr) or "no output", where=host.name)
    try:
        found: dict[str, str] = jsontext.loads(done.text)
    except ValueError as error:
        raise CommandFailed(
            f"what the host answered can't be read: {error}", where=host.name
        ) from None
    return found


def _aside(folder: str, name: str) -> Move:
    return Move(f"{folder}/{name}", f"{folder}/{WORK}/found/{name}", unless_there=True)


def _retired(folder: str, name: str) -> Move:
    return Move(f"{folder}/{name}", f"{folder}/{WORK}/old/{name}")


def _placed(folder: str, name: str) -> Move:
    return Move(f"{folder}/{WORK}/new/{name}", f"{folder}/{name}")


def _back(move: Move, *, unless_there: bool = False) -> Move:
    return Move(move.target, move.source, unless_there)
