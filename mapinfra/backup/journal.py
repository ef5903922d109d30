"""Lock and journal of the operation on one MAP server, in one file on its host.

The file is there while an operation is on: it says whose, since when, and how far it has come. It
is only written under a lock of the host's own and only by the run that holds it, so of two runs
that try at the same time one gets it. It counts as held until `until`, which its holder prolongs;
after that, or when the host has gone back by itself, the next run may take it over.
"""

import base64
import getpass
import json
import os
import shlex
import socket
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from mapinfra import jsontext
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.wayback import BACK, Back, unit
from mapinfra.errors import CommandFailed, HostError
from mapinfra.hosts import Facts, Host, Probe

FOLDER = "/var/lib/mapinfra"

_LOCKED = f"""\
set -e
umask 077
file={FOLDER}/$1.journal.json
mkdir -p {FOLDER}
exec 9>{FOLDER}/.journal.lock
flock -w 20 9
run=$(sed -n 's/^ "run": "\\([0-9a-f]*\\)",*$/\\1/p' "$file" 2>/dev/null || :)
[ "$run" = "$2" ] || {{ echo HELD; cat "$file" 2>/dev/null || :; exit 0; }}
"""
_WRITE = f"""\
{_LOCKED}
trap 'rm -f "$file.new"' EXIT
now=$(date +%s)
sed "s/: \\"now\\"/: $now/; s/: \\"until\\"/: $((now + $3))/" >"$file.new"
sync "$file.new"
mv "$file.new" "$file"
sync {FOLDER}
cat "$file"
"""
_RELEASE = f"""\
{_LOCKED}
rm -f "$file"
sync {FOLDER}
"""
_PROBE = """\
file={folder}/{service}.journal.json
date +%s
[ -e "$file" ] || exit 0
base64 -w 0 "$file"
echo
backup=$(sed -n 's/^ "backup": "\\(.*\\)",*$/\\1/p' "$file")
back=$(base64 -w 0 "$backup/{back}" 2>/dev/null) || back=
echo "back $back"
systemctl show -p ActiveState --value "{unit}.service" | sed 's/^/unit /'
"""


class Held(HostError):
    """Another run holds the lock of a MAP server."""


@dataclass(frozen=True)
class Holder:
    """Who runs: a person, a machine, a process there."""

    user: str
    host: str
    pid: int
    machine: str
    """Tells machines of one name apart; empty where that can't be told."""

    @classmethod
    def myself(cls) -> "Holder":
        """Return this process."""
        return cls(getpass.getuser(), socket.gethostname(), os.getpid(), _machine())

    @property
    def has_ended(self) -> bool:
        """Whether it surely runs no more; only known on its own machine."""
        return bool(self.machine) and self.machine == _machine() and not _is_alive(self.pid)

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.pid})"


@dataclass(frozen=True)
class Entry:
    """The journal. Times are seconds since 1970 by the host's clock."""

    service: str
    operation: str
    """What is done, such as `upgrade`."""
    target: str
    """The version it is to end with."""
    holder: Holder
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    backup: str = ""
    """Directory of the backup to go back to; empty as long as there is none."""
    step: str = ""
    """The last step that was done; empty before the first."""
    since: int = 0
    until: int = 0
    """When it counts as abandoned, unless prolonged."""

    def dumps(self, *, new: bool) -> str:
        """Return the file's text; the host puts its own clock in the place of words."""
        words = {"until": "until", **({"since": "now"} if new else {})}
        return json.dumps({**asdict(self), **words}, indent=1) + "\n"

    @classmethod
    def loads(cls, text: str) -> "Entry":
        """Read the file; raise ValueError when it isn't a journal."""
        try:
            given: dict[str, Any] = jsontext.loads(text)
            return cls(**{**given, "holder": Holder(**given["holder"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"no journal: {error}") from None

    @property
    def began(self) -> str:
        """When the operation began, in words."""
        return datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def __str__(self) -> str:
        what = f"{self.operation} of {self.service} to {self.target}"
        return f"{what} by {self.holder} since {self.began}"


class Standing(Enum):
    """What the journal means to a run that wants the lock."""

    FREE = "free"
    HELD = "held"
    ABANDONED = "abandoned"
    """The holder's run ended without a word, the lease may still be armed."""
    WENT_BACK = "went back"
    """The host has gone back to the old state by itself."""


@dataclass(frozen=True)
class Found:
    """The journal as read: its entry, if any, and what the host does about it by itself."""

    now: int
    entry: Entry | None = None
    back: Back | None = None
    going_back: bool = False

    @property
    def standing(self) -> Standing:
        """Who may go on."""
        if self.entry is None:
            return Standing.FREE
        if self.going_back:
            return Standing.HELD
        if self.back is not None and self.back.state == "done":
            return Standing.WENT_BACK
        if self.entry.holder.has_ended or self.now > self.entry.until:
            return Standing.ABANDONED
        return Standing.HELD

    @property
    def reason(self) -> str:
        """Say in words who holds it, or what became of it."""
        if self.entry is None:
            return ""
        trouble = f" ({self.back})" if self.back is not None else ""
        words = {
            Standing.HELD: f"the host is going back{trouble}" if self.going_back else "still on",
            Standing.ABANDONED: f"its run ended after: {self.entry.step or 'nothing'}",
            Standing.WENT_BACK: "the host has gone back by itself",
        }
        return f"{self.entry}: {words[self.standing]}"


def probe(service: str) -> Probe:
    """Return what reads the journal in the survey; it writes nothing."""
    back_unit = unit("${backup##*/}")
    text = _PROBE.format(folder=FOLDER, service=shlex.quote(service), back=BACK, unit=back_unit)
    return Probe(f"journal-{service}", text)


def read(facts: Facts, service: str) -> Found:
    """Read the journal from a survey; raise CommandFailed when it can't be read."""
    return parse(facts.text(probe(service).name), facts.host)


def look(host: Host, service: str) -> Found:
    """Read the journal now."""
    text = script(host, f"reading the journal of {service}", probe(service).script)
    return parse(text, host.name)


def parse(text: str, where: str) -> Found:
    """Read what the probe printed."""
    now, *rest = text.split("\n")
    try:
        if not any(rest):
            return Found(int(now))
        journal, back, state = rest[:3]
        encoded = back.removeprefix("back").strip()
        return Found(
            int(now),
            Entry.loads(base64.b64decode(journal).decode()),
            Back.loads(base64.b64decode(encoded).decode()) if encoded else None,
            state.removeprefix("unit ") in ("activating", "active", "deactivating", "reloading"),
        )
    except ValueError as error:
        raise CommandFailed(
            f"the journal in {FOLDER} can't be read ({error})",
            where=where,
            remedy="look whether an operation is on there; if not, delete it",
        ) from None


def take(host: Host, entry: Entry, minutes: float, over: Entry | None = None) -> Entry:
    """Take the lock for `minutes`; `over` is the abandoned entry to take over, as it was read.

    Returns the entry with the host's times. Raises Held when another run has it, or got it just
    now.
    """
    return _write(host, entry, minutes, expected=over.run if over else "", new=True)


def note(host: Host, entry: Entry, minutes: float, *, step: str = "", backup: str = "") -> Entry:
    """Write down a step that was done, or the backup, and hold the lock for `minutes` from now.

    With neither, only the time is prolonged. Raises Held when the lock isn't ours any more.
    """
    noted = replace(entry, step=step or entry.step, backup=backup or entry.backup)
    return _write(host, noted, minutes, expected=entry.run, new=False)


def release(host: Host, entry: Entry) -> None:
    """Close the journal and release the lock; raise Held when it isn't ours any more."""
    said = script(host, "releasing the lock", _RELEASE, entry.service, entry.run)
    _expect_ours(host, said)


def _write(host: Host, entry: Entry, minutes: float, *, expected: str, new: bool) -> Entry:
    text = entry.dumps(new=new).encode()
    words = (entry.service, expected, str(round(minutes * 60)))
    said = script(host, "writing the journal", _WRITE, *words, stdin=text)
    _expect_ours(host, said)
    return Entry.loads(said)


def _expect_ours(host: Host, said: str) -> None:
    if not said.startswith("HELD"):
        return
    content = said.partition("\n")[2]
    if not content:
        raise Held("the lock was taken away from this run", where=host.name)
    try:
        holder = str(Entry.loads(content))
    except ValueError as error:
        raise BackupFailed(f"the journal can't be read: {error}", where=host.name) from None
    raise Held(f"locked: {holder}", where=host.name, remedy="wait until it has ended")


def _machine() -> str:
    """This boot of this machine, and the space its process ids belong to."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
