"""The lease: units on the host that take the way back, unless someone alive prevents it.

A timer fires when it isn't prolonged; the service that it starts is also enabled, so that a host
that reboots in the middle goes back as soon as it is up. When going back fails, it is tried again
every minute. The units are real files, since transient ones don't survive a reboot, and know no
limit of starts, since prolonging starts the timer anew.
"""

from dataclasses import dataclass

from mapinfra.backup.folder import FOREIGN, UNSAFE, script_in, work_in
from mapinfra.backup.login import CLIENT_FILE
from mapinfra.backup.manifest import MANIFEST, SUMS, Manifest
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.shelf import unit_prefix
from mapinfra.backup.subject import MariadbClient
from mapinfra.backup.sums import COMPARED
from mapinfra.backup.wayback import BACK, BEGIN_ANEW, ROOM, SCRIPT, UNITS, UNSOUND, Reach, unit
from mapinfra.backup.working import LONGEST, CopyProgress, Tell
from mapinfra.hosts import Host

DEFAULT_MINUTES = 15.0

_SPARE = 16 * 2**20  # bytes for logs, reports, and what the service writes when it starts

_SERVICE = """\
[Unit]
Description=mapinfra: {service} back to backup {id}
After=network.target local-fs.target mariadb.service mysqld.service mysql.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=/bin/sh -c "{program}"
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
"""
_SUM = "SUM_OF_THE_SCRIPT"
_TIMER = """\
[Unit]
Description=mapinfra: {service} back to backup {id}, unless prolonged
StartLimitIntervalSec=0

[Timer]
OnActiveSec={seconds}s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""
_UNTOUCHED = f"""\
untouched() {{
  [ ! -e "$1/{BACK}" ] &&
    [ "$(systemctl show -p ActiveState "$2.service")" = ActiveState=inactive ]
}}
"""
_SOUND = f"""\
{FOREIGN}
{UNSOUND}
sound() {{
  cd "$1" || return
  said=$(foreign .)
  [ -z "$said" ] || {{ echo "${{said#./}} is a link, or not root's alone" >&2; return 1; }}
  said=$(unsound {SCRIPT} {MANIFEST} {SUMS})
  [ -z "$said" ] || {{ echo "$said" >&2; return 1; }}
}}
"""
"""`sound BACKUP` looks at what is read in a moment."""
_IS_ARMED = f'[ ! -e "{UNITS}/$1.service" ] || echo armed'
_CHECK = f"""\
{_SOUND}
{COMPARED}
sound "$1" || exit
said=$(compared)
[ -z "$said" ] || {{ echo "$said" >&2; exit 1; }}
"""
# Enabled before it is started: a power cut in between must end with the way back, too.
_ARM = f"""\
{_SOUND}
{BEGIN_ANEW}
{_UNTOUCHED}
sound "$1" || exit
set -e
if [ -e "{UNITS}/$2.service" ]; then
  untouched "$@" || {{ echo lost; exit 0; }}
else
  begin_anew
fi
[ -e "$1/{ROOM}" ] || fallocate -l "$5" "$1/{ROOM}" 2>/dev/null ||
  head -c "$5" /dev/zero >"$1/{ROOM}" || {{ rm -f "$1/{ROOM}"; exit 1; }}
umask 077
cat >"$1/{CLIENT_FILE}.new"
mv "$1/{CLIENT_FILE}.new" "$1/{CLIENT_FILE}"
umask 022
sum=$(sha256sum <"$1/{SCRIPT}" | cut -c 1-64)
printf %s "$3" | sed "s/{_SUM}/$sum/" >"{UNITS}/$2.service"
printf %s "$4" >"{UNITS}/$2.timer"
sync
systemctl daemon-reload
systemctl --quiet enable "$2.service" "$2.timer"
systemctl restart "$2.timer"
untouched "$@" || echo lost
"""
# Looked at again after the restart: the timer may have fired at that very moment.
_PROLONG = f"""\
{_UNTOUCHED}
untouched "$@" && systemctl restart "$2.timer" && untouched "$@" || echo lost
"""
_DISARM = f"""\
{_UNTOUCHED}
[ -e "{UNITS}/$2.timer" ] || [ -e "{UNITS}/$2.service" ] || {{
  ! grep -q '"by": "lease"' "$1/{BACK}" 2>/dev/null || echo lost
  rm -f "$1/{CLIENT_FILE}" "$1/{ROOM}"
  exit 0
}}
systemctl stop "$2.timer"
if ! untouched "$@"; then
  systemctl start "$2.timer"
  echo lost
  exit 0
fi
set -e
systemctl --quiet disable "$2.service" "$2.timer"
rm -f "{UNITS}/$2.service" "{UNITS}/$2.timer" "$1/{CLIENT_FILE}" "$1/{ROOM}"
systemctl daemon-reload
"""


# What its script may be doing is ended first: it would be done by nobody's wish any more.
_CANCEL = f"""\
{UNSAFE}
systemctl kill --signal=KILL "$1.service" 2>/dev/null || :
systemctl stop "$1.timer" "$1.service" 2>/dev/null || :
systemctl --quiet disable "$1.timer" "$1.service" 2>/dev/null || :
rm -f "{UNITS}/$1.timer" "{UNITS}/$1.service"
systemctl daemon-reload && systemctl reset-failed "$1.service" 2>/dev/null || :
[ -n "$(unsafe "$2")" ] || rm -f "$2/{CLIENT_FILE}" "$2/{ROOM}"
[ ! -e "{UNITS}/$1.service" ]
"""


class LeaseLost(BackupFailed):
    """The host takes, or has taken, the way back on its own."""


@dataclass(frozen=True)
class Lease:
    """An armed way back to one backup, which fires after `minutes` without being prolonged."""

    manifest: Manifest
    minutes: float
    reach: Reach


def arm(
    host: Host,
    manifest: Manifest,
    client: MariadbClient,
    minutes: float = DEFAULT_MINUTES,
    reach: Reach = Reach.ALL,
    tell: Tell | None = None,
) -> Lease:
    """Let the host go back by itself in `minutes`, or after a reboot.

    Room for the way back is kept free from now on: a full disk must not stand in it.
    Arming an armed lease again changes its minutes and its reach: as long as only the service was
    stopped, Reach.SERVICE saves what users wrote since the dump. Before it is armed the whole
    backup is read, which `tell` is told of now and then; not again, as the service may be stopped.
    Raises BackupFailed, above all when the backup isn't whole, in a folder that is root's alone,
    and Interrupted while it is read: then nothing is armed. Raises LeaseLost when the lease to be
    changed has ended.
    """
    told = {"service": manifest.service, "id": manifest.id}
    service = _SERVICE.format(**told, program=_quoted(_program(manifest.directory, reach)))
    timer = _TIMER.format(**told, seconds=f"{minutes * 60:g}")
    directory, name = _names(manifest)
    doing = f"arming the way back to {directory}"
    if not script(host, doing, _IS_ARMED, name):
        words = "checking the backup, {} of the dump read"
        path = f"{directory}/{manifest.dump}"
        read = CopyProgress.reading(host, path, words, tell) if tell else None
        check = f"{unit_prefix(manifest.service)}{manifest.id}-check"
        work_in(host, check, doing, directory, _CHECK, progress=read)
    said = script_in(
        host,
        doing,
        directory,
        _ARM,
        *(name, service, timer, str(_room(manifest))),
        stdin=client.option_file().encode(),
        timeout=LONGEST,
    )
    _expect_not_lost(host, manifest, said)
    return Lease(manifest, minutes, reach)


def prolong(host: Host, lease: Lease) -> None:
    """Start the lease's minutes anew; raise LeaseLost when the host goes or went back."""
    said = script(host, "prolonging the lease", _PROLONG, *_names(lease.manifest))
    _expect_not_lost(host, lease.manifest, said)


def disarm(host: Host, manifest: Manifest) -> None:
    """Take the lease back without a trace; nothing happens when there is none.

    Raises LeaseLost when the host goes or went back by itself: it is too late then.
    """
    directory, name = _names(manifest)
    said = script_in(host, "disarming the lease", directory, _DISARM, name)
    _expect_not_lost(host, manifest, said)


def cancel(host: Host, directory: str) -> None:
    """Take back the lease on a backup that can't be gone back to; its folder may be gone, too.

    Nothing happens when there is none. Raises BackupFailed.
    """
    name = unit(directory.rpartition("/")[2])
    script(host, "cancelling the automatic rollback", _CANCEL, name, directory)


def _program(directory: str, reach: Reach) -> str:
    """Return what the unit runs.

    Its folder was root's alone, and the script whole, when the lease was armed. Both may have
    changed since, so what makes sure of it stands in root's own unit, and not in that folder.
    """
    return f"""\
{UNSAFE}
go_back() {{
  said=$(unsafe {directory})
  [ -z "$said" ] || {{ echo "$said"; return 1; }}
  echo "{_SUM}  {directory}/{SCRIPT}" | sha256sum --quiet -c - || return
  sh {directory}/{SCRIPT} {reach.value} lease
}}
until go_back; do sleep 60; done
"""


def _quoted(program: str) -> str:
    """Return a program as a word in double quotes of a unit; see systemd.service(5)."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "$": "$$", "%": "%%"}
    return "".join(escapes.get(letter, letter) for letter in program)


def _room(manifest: Manifest) -> int:
    """Return the bytes to keep free: for the old packages unpacked, and the configuration twice.

    And some spare; the database has the room that its new state gives up.
    """
    others = {manifest.dump, "config.tar"}
    packages = sum(file.size for name, file in manifest.files.items() if name not in others)
    return 2 * packages + 2 * manifest.files["config.tar"].size + _SPARE


def _names(manifest: Manifest) -> tuple[str, str]:
    return manifest.directory, unit(manifest.id)


def _expect_not_lost(host: Host, manifest: Manifest, said: str) -> None:
    if said.strip():
        raise LeaseLost(
            f"the host goes back to backup {manifest.id} by itself, the lease has ended",
            where=host.name,
            remedy=f"see {manifest.directory}/{BACK} there",
        )
