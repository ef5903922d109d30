"""Lock and journal of the operation on one MAP server, in one file on its host.

The file is there while an operation is on: it says whose, since when, and how far it has come. It
is only written under a lock of the host's own and only by the run that holds it, so of two runs
that try at the same time one gets it. It counts as held until `until`, which its holder prolongs;
after that, or when the host has gone back by itself, the next run may take it over. That time is
the host's since it started, which no clock that is set turns.
"""

import base64
import getpass
import json
import os
import shlex
import socket
import uuid
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Any

from mapinfra import jsontext, processes
from mapinfra.backup.manifest import Manifest
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.shelf import DESCRIBE, described
from mapinfra.backup.wayback import CHECKING, UNITS, Back, unit
from mapinfra.errors import CommandFailed, HostError
from mapinfra.hosts import Facts, Host, Probe

FOLDER = "/var/lib/mapinfra"
_TOLERANCE = 60  # seconds that clocks may differ without a word

# Its own time, in whole seconds: also where many systems share one kernel, as containers do.
_UPTIME = """\
boot=$(cat /proc/sys/kernel/random/boot_id)
up=$(awk -v tick="$(getconf CLK_TCK)" 'NR == FNR { now = $1; next }
  { sub(/.*[)] /, ""); print int(now - $20 / tick) }' /proc/uptime /proc/1/stat)
"""
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
{_UPTIME}
sed "s/: \\"now\\"/: $(date +%s)/; s/: \\"until\\"/: $((up + $3))/
  s/: \\"boot\\"/: \\"$boot\\"/" >"$file.new"
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
_PROBE = f"""\
{_UPTIME}
echo "$(date +%s) $boot $up"
file={FOLDER}/$1.journal.json
[ -e "$file" ] || exit 0
base64 -w 0 "$file"
echo
backup=$(sed -n 's/^ "backup": "\\(.*\\)",*$/\\1/p' "$file")
[ -n "$backup" ] || exit 0
{DESCRIBE}
said=$(unsafe "$backup")
if [ -n "$said" ]; then
  echo "- refused $(printf %s "$said" | packed)"
elif [ ! -d "$backup" ]; then
  echo "- refused $(echo "there is no $backup any more" | packed)"
else
  describe "$backup"
fi
name={unit("${backup##*/}")}
systemctl show -p ActiveState --value "$name.service"
[ ! -e "{UNITS}/$name.service" ] || echo armed
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
    started: str = ""
    """When the process began, in ticks since the machine's boot; empty in earlier journals."""

    @classmethod
    def myself(cls) -> "Holder":
        """Return this process."""
        pid = os.getpid()
        started = processes.started(pid)
        return cls(getpass.getuser(), socket.gethostname(), pid, processes.machine(), started)

    @property
    def has_ended(self) -> bool:
        """Whether it surely runs no more; only known on its own machine."""
        here = bool(self.machine) and self.machine == processes.machine()
        return here and processes.has_ended(self.pid, self.started)

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.pid})"


@dataclass(frozen=True)
class Entry:
    """The journal."""

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
    """When it began, in seconds since 1970 by the host's clock; nothing goes by it."""
    until: int = 0
    """When it counts as abandoned, unless prolonged: seconds since the host's start `boot`.

    Of earlier versions, without `boot`: seconds since 1970.
    """
    boot: str = ""
    span: int = 0
    """Seconds for which it was last prolonged."""

    def dumps(self, *, new: bool) -> str:
        """Return the file's text; the host puts its own clock in the place of words."""
        words = {"until": "until", "boot": "boot", **({"since": "now"} if new else {})}
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
    STUCK = "stuck"
    """As ABANDONED, and the host can't go back: its backup is gone, damaged or not safe."""


@dataclass(frozen=True)
class Found:
    """The journal as read: its entry, if any, and what the host does about it by itself."""

    now: int
    """Seconds since 1970 by the host's clock."""
    entry: Entry | None = None
    back: Back | None = None
    going_back: bool = False
    boot: str = ""
    up: int = 0
    """Seconds since the host's start `boot`."""
    manifest: Manifest | None = None
    """Of the backup to go back to."""
    armed: bool = False
    """Whether the host would go back to it by itself."""
    blocked: str = ""
    """Why nobody can go back to it."""

    @cached_property
    def standing(self) -> Standing:
        """Who may go on; asked once, as all facts of a pass are what they were when it was made."""
        if self.entry is None:
            return Standing.FREE
        if self.back is not None and self.back.state == "done" and not self.going_back:
            return Standing.WENT_BACK
        ended = self.entry.holder.has_ended or self._is_over(self.entry)
        if self.blocked and (self.going_back or (self.armed and ended)):
            return Standing.STUCK
        if self.going_back or not ended:
            return Standing.HELD
        return Standing.ABANDONED

    @property
    def interrupted(self) -> Manifest | None:
        """The backup that an abandoned run has left to go back to."""
        is_left = self.standing is Standing.ABANDONED and not self.blocked
        return self.manifest if is_left else None

    @property
    def remedy(self) -> str:
        """What to do while it is held."""
        if self.going_back and self.back is not None and self.back.state == "failed":
            return "repair what it says; the host tries again every minute"
        return "wait until it has ended"

    def _is_over(self, entry: Entry) -> bool:
        if not entry.boot:
            return self.now > entry.until
        # Started since: how long the host was off is known to no one.
        return self.up > (entry.until if entry.boot == self.boot else entry.span)

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
            Standing.STUCK: f"its run ended, and the host can't go back: {self.blocked}",
        }
        future = self.entry.since - self.now > _TOLERANCE
        clock = " (which is in the future by the host's clock)" if future else ""
        return f"{self.entry}{clock}: {words[self.standing]}"


def probe(service: str) -> Probe:
    """Return what reads the journal in the survey; it writes nothing."""
    return Probe(f"journal-{service}", f"set -- {shlex.quote(service)}\n{_PROBE}")


def read(facts: Facts, service: str) -> Found:
    """Read the journal from a survey; raise CommandFailed when it can't be read."""
    return parse(facts.text(probe(service).name), facts.host)


def look(host: Host, service: str) -> Found:
    """Read the journal now."""
    text = script(host, f"reading the journal of {service}", probe(service).script)
    return parse(text, host.name)


def parse(text: str, where: str) -> Found:
    """Read what the probe printed."""
    try:
        clock, *rest = text.splitlines()
        now, boot, up = clock.split(" ")
        found = Found(int(now), boot=boot, up=int(up))
        if not rest:
            return found
        entry = Entry.loads(base64.b64decode(rest[0]).decode())
        return _with_backup(replace(found, entry=entry), entry.backup, rest[1:], where)
    except ValueError as error:
        raise CommandFailed(
            f"the journal in {FOLDER} can't be read ({error})",
            where=where,
            remedy="look whether an operation is on there; if not, delete it",
        ) from None


def _with_backup(found: Found, directory: str, lines: list[str], where: str) -> Found:
    """Return it with what was printed of the backup that it names."""
    if not lines:
        return found
    backup, state, *armed = lines
    found = replace(
        found,
        armed=bool(armed),
        going_back=state in ("activating", "active", "deactivating", "reloading"),
    )
    listed = described(directory, backup.split(" ")[1:], where)
    if isinstance(listed, str):
        return replace(found, blocked=listed)
    back, blocked = listed.back, listed.damage
    if back is not None and back.state == "failed" and back.step == CHECKING:
        blocked = blocked or str(back)
    return replace(found, back=back, manifest=listed.manifest, blocked=blocked)


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
    span = round(minutes * 60)
    text = replace(entry, span=span).dumps(new=new).encode()
    words = (entry.service, expected, str(span))
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
