"""Lock and journal of the operation on one MAP server, in one file on its host.

The file is there while an operation is on: it says whose, since when, and how far it has come. It
is only written under a lock of the host's own and only by the run that holds it, so of two runs
that try at the same time one gets it. It counts as held until `until`, which its holder prolongs;
after that, or when the host has gone back by itself, the next run may take it over. That time is
the host's since it started, which no clock that is set turns.
"""

import base64
import shlex
from dataclasses import replace

from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.shelf import DESCRIBE, described
from mapinfra.backup.wayback import CHECKING, UNITS, unit
from mapinfra.errors import CommandFailed, HostError
from mapinfra.hosts import Facts, Host, Probe
from mapinfra.rollback.model import Entry, Found

FOLDER = "/var/lib/mapinfra"

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
