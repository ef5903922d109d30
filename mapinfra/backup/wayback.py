"""The way back: a script beside the backup that needs nobody, and the running of it.

It is made when the backup is, so that a host whose controller is gone has all it needs. Every step
may be done again: after a power cut the script is simply run again from its beginning.
"""

import shlex
from dataclasses import dataclass
from enum import Enum
from string import Template
from typing import Any, Literal, get_args

from mapinfra import jsontext
from mapinfra.backup.asking import CLIENT, END, SESSIONS
from mapinfra.backup.dump import LOAD, UNPACK
from mapinfra.backup.folder import FOREIGN, UNSAFE, script_in
from mapinfra.backup.login import CLIENT_FILE
from mapinfra.backup.manifest import SUMS, Manifest
from mapinfra.backup.remote import BackupFailed
from mapinfra.backup.subject import USUAL_UNITS, MariadbClient
from mapinfra.errors import CommandFailed
from mapinfra.hosts import Host, packages
from mapinfra.hosts.failures import last_line
from mapinfra.hosts.units import run_unit

SCRIPT = "back.sh"
BACK = "BACK.json"
"""What the script says of itself, in the backup's directory."""
ROOM = "room"
"""A file beside it that only takes room, so that the way back has some when the disk is full."""
LOG = "back.log"
"""What the commands of the script printed, beside it."""

ASIDE = "replaced."
REPLACED = f"{ASIDE}tar"
"""The configuration that was there when it was put back, beside it: nobody's edit is lost."""

CHECKING = "checking the backup"
"""The step of the script that no repair of the host helps when it fails."""

UNITS = "/etc/systemd/system"
_RUN = "/run/mapinfra"
_LONGEST = 6 * 3600.0  # seconds that the way back may take

# Backups of earlier versions have no checksum of their script.
UNSOUND = f"""\
unsound() {{
  for name; do
    [ -s "$name" ] || {{ echo "$name is missing"; return; }}
    line=$(grep "  $name\\$" {SUMS} 2>/dev/null) || continue
    [ "$line" = "$(sha256sum "$name")" ] || {{ echo "$name isn't as it was written"; return; }}
  done
}}
"""
"""`unsound NAME…` prints what is wrong with files of the backup that is the working directory."""

# What an earlier way back to it has kept, gets the name of its time.
BEGIN_ANEW = f"""\
begin_anew() {{
  rm -f {BACK}
  [ ! -e {REPLACED} ] || mv {REPLACED} "{ASIDE}$(date -u -r {REPLACED} +%Y%m%dT%H%M%SZ).tar"
}}
"""
"""`begin_anew` forgets, in the backup's directory, what an earlier way back said of itself."""

_PREPARE = f"""\
{FOREIGN}
{UNSOUND}
{BEGIN_ANEW}
umask 077
cd "$1" || exit
said=$(foreign .)
[ -z "$said" ] || {{ echo "$1/${{said#./}} is a link, or not root's alone" >&2; exit 1; }}
said=$(unsound {SCRIPT})
[ -z "$said" ] || {{ echo "$said" >&2; exit 1; }}
begin_anew && rm -f {ROOM} && cat >{CLIENT_FILE}.new && mv {CLIENT_FILE}.new {CLIENT_FILE}
"""

BackState = Literal["running", "done", "failed"]


class Reach(Enum):
    """How much the way back puts back."""

    SERVICE = "service"
    """The service alone: nothing else was changed yet, and the database may have new content."""
    ALL = "all"
    """Packages, configuration, database, then the service."""


@dataclass(frozen=True)
class Back:
    """What BACK.json says: how far the way back has come, or why it didn't."""

    state: BackState
    step: str
    message: str
    reach: Reach
    by: str
    """`lease`, `controller` or `someone`."""
    at: str
    """The host's clock, in UTC as ISO 8601."""

    def __str__(self) -> str:
        return f"{self.step}: {self.message}" if self.message else f"{self.state}: {self.step}"

    @classmethod
    def loads(cls, text: str) -> "Back":
        """Read BACK.json; raise ValueError when it isn't one."""
        try:
            given: dict[str, Any] = jsontext.loads(text)
            state = given["state"]
            if state not in get_args(BackState):
                raise ValueError(f"{state!r} is no state of a way back")
            step, message, by, at = (str(given[key]) for key in ("step", "message", "by", "at"))
            return cls(state, step, message, Reach(given["reach"]), by, at)
        except (TypeError, KeyError) as error:
            raise ValueError(f"no report of a way back: {error}") from None


def unit(id: str) -> str:
    """Name, without its ending, of the units by which a host goes back on its own."""
    return f"mapinfra-back.{id}"


def render(manifest: Manifest, *, start_mariadb: bool) -> str:
    """Return the script for a backup.

    `start_mariadb`: whether the database's server is on that host, and may be started by it.
    """
    files = manifest.package_files
    install = packages.install_files_argv(manifest.family, files) if files else ()
    return _BACK.substitute(
        id=shlex.quote(manifest.id),
        here=shlex.quote(manifest.directory),
        unit=shlex.quote(unit(manifest.id)),
        units=UNITS,
        service=shlex.quote(f"{manifest.service}.service"),
        was_active="yes" if manifest.active else "no",
        enablement=shlex.quote(manifest.enablement),
        config=shlex.quote(manifest.config_folder),
        elsewhere=shlex.join(manifest.elsewhere),
        database=shlex.quote(manifest.database),
        character_set=shlex.quote(manifest.character_set),
        collation=shlex.quote(manifest.collation),
        dump=shlex.quote(manifest.dump),
        local="yes" if start_mariadb else "no",
        client_file=CLIENT_FILE,
        back=BACK,
        room=ROOM,
        replaced=REPLACED,
        begin_anew=BEGIN_ANEW,
        log=LOG,
        run=_RUN,
        checking=CHECKING,
        unsafe=UNSAFE,
        foreign=FOREIGN,
        sums=shlex.quote(_sums(manifest)),
        installed=_INSTALLED[manifest.family],
        wanted=_wanted(manifest),
        install=shlex.join(install) or ":",
        socket=shlex.quote(manifest.socket),
        mariadb=shlex.quote(manifest.unit) if manifest.unit else " ".join(USUAL_UNITS),
        functions=CLIENT + UNPACK + LOAD + SESSIONS + END,
    )


def go_back(
    host: Host, manifest: Manifest, client: MariadbClient, reach: Reach = Reach.ALL
) -> Back:
    """Run the way back to its end, whoever else runs it at the same time.

    Returns what this run of it says of itself. Raises BackupFailed when it failed, with the step
    and the reason; the host's own lease, where armed, goes on trying. FolderUnsafe: its folder
    isn't root's alone.
    """
    directory = manifest.directory
    login = client.option_file().encode()
    script_in(host, "preparing the way back", directory, _PREPARE, stdin=login)
    argv = ("sh", f"{directory}/{SCRIPT}", reach.value, "controller")
    failure, back = "", None
    try:
        done = run_unit(
            host,
            f"{unit(manifest.id)}.now",
            argv,
            timeout=_LONGEST,
            description=f"mapinfra: back to backup {manifest.id}",
            check=False,
        )
        # Not from the file: another run of the script, which waited for this one, may write there.
        back = _reported(done.text)
        if back is None and done.status == 0:  # the script of an earlier version says nothing
            back = read_back(host, manifest)
        failure = last_line(done.stderr)
    except CommandFailed as error:
        failure = error.what
    if back is not None and back.state == "done":
        return back
    script_in(
        host,
        "removing the way to log in",
        directory,
        f'[ -e "{UNITS}/$2.service" ] || rm -f "$1/{CLIENT_FILE}"',
        unit(manifest.id),
    )
    raise BackupFailed(
        f"going back to backup {manifest.id} failed: {_told(back, failure)}",
        where=host.name,
        remedy=f"mend it, then run {directory}/{SCRIPT} there, or restore it again",
    )


def read_back(host: Host, manifest: Manifest) -> Back | None:
    """Return what the way back says of itself, None when it never began since it was armed."""
    path = f"{manifest.directory}/{BACK}"
    reading = f'[ ! -e "$1/{BACK}" ] || cat "$1/{BACK}"'
    text = script_in(host, f"reading {BACK}", manifest.directory, reading)
    if not text:
        return None
    try:
        return Back.loads(text)
    except ValueError as error:
        raise BackupFailed(f"{path} can't be read: {error}", where=host.name) from None


def _reported(text: str) -> Back | None:
    """Return what a run of the script printed of its end; None when it printed nothing."""
    try:
        return Back.loads(text.strip().rpartition("\n")[2])
    except ValueError:
        return None


def _told(back: Back | None, failure: str) -> str:
    return str(back) if back is not None else failure or "it ended without a word"


def _sums(manifest: Manifest) -> str:
    """Return the checksums of what the script needs, as `sha256sum -c` reads them."""
    return "".join(f"{file.sha256}  {name}\n" for name, file in manifest.files.items())


def _wanted(manifest: Manifest) -> str:
    """Shell words: each package and its version."""
    return " ".join(
        f"{shlex.quote(name)} {shlex.quote(version)}"
        for name, version in sorted(manifest.packages.items())
    )


_INSTALLED = {
    "rpm": """rpm -q --qf '%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n' "$1" 2>/dev/null""",
    "deb": """dpkg-query -W -f '${db:Status-Abbrev}${Version}\\n' "$1" 2>/dev/null |
    sed -n 's/^ii //p'""",
}

_BACK = Template("""\
#!/bin/sh
# The way back to backup $id, made with it; run it as root, as often as needed:
#   back.sh all       packages, configuration, database and service as they were (the default)
#   back.sh service   only the service, when nothing else was changed
# What it did stands in $back and $log beside it.
# shellcheck disable=SC2016,SC2317 # functions are called by do_it; one command has its own script
set -u
umask 077
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

here=$here
unit=$unit
service=$service
database=$database
config=$config
dump=$dump
was_active=$was_active
enablement=$enablement
has_mariadb=$local
reach=$${1:-all}
caller=$${2:-someone}
step=beginning
sums=$sums

case $$reach in all | service) ;; *) echo "all or service, not $$reach" >&2; exit 2 ;; esac
$unsafe
$foreign
$begin_anew
said=$$(unsafe "$$here")
[ -z "$$said" ] || { echo "$$said" >&2; exit 1; }
cd "$$here" || exit 1
said=$$(foreign .)
[ -z "$$said" ] || { echo "$$here/$${said#./} is a link, or not root's alone" >&2; exit 1; }
# One at a time for a service: a restore runs the way back to one backup, its lease to another.
mkdir -p $run && exec 9>"$run/$$service.back.lock" || exit 1
flock 9
log=$$here/$log

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
report() {
  said=$$(printf '%s' "$$2" | tr -cd ' !#-[]-~' | cut -c 1-300)
  {
    printf '{"state": "%s", "step": "%s", "message": "%s", ' "$$1" "$$step" "$$said"
    printf '"reach": "%s", "by": "%s", "at": "%s"}\\n' "$$reach" "$$caller" "$$(now)"
  } >"$$here/$back.new" && sync "$$here/$back.new" && mv "$$here/$back.new" "$$here/$back"
}
# The controller is told what came of its own run: the file may be another run's next.
tell() { [ "$$caller" != controller ] || cat $back; }
fail() {
  report failed "$$1"
  tell
  printf '%s failed: %s\\n' "$$step" "$$1" >&2
  exit 1
}
# What goes wrong is told by the last line that a command printed.
do_it() { "$$@" 9>&- </dev/null >>"$$log" 2>&1 || fail "$$(tail -n 1 "$$log")"; }
begin() {
  step=$$1
  report running ''
  printf '%s %s\\n' "$$(now)" "$$step" >>"$$log"
}
armed() { [ -e "$units/$$unit.service" ]; }
is_done() {
  grep -q '^{"state": "done"' $back 2>/dev/null || return 1
  [ "$$reach" = service ] || grep -q '"reach": "all"' $back
}
stand_down() {
  rm -f $client_file
  armed || return 0
  systemctl stop "$$unit.timer"
  systemctl --quiet disable "$$unit.timer" "$$unit.service"
  rm -f "$units/$$unit.timer" "$units/$$unit.service"
  systemctl daemon-reload
} >>"$$log" 2>&1

rm -f $room
# Those two remove the old report first: what is reported done was done while they waited.
case $$caller in
  lease) armed || exit 0 ;;
  controller) ;;
  *) begin_anew ;;
esac
if is_done; then
  stand_down
  tell
  exit 0
fi

$functions
# Short, since it is tried again after those who hold a lock were ended.
patience=5
login=--defaults-file=$$here/$client_file
if [ ! -e $client_file ]; then
  # MariaDB may still know root by its socket.
  login=--defaults-extra-file=/dev/null
  socket=$socket
fi
sql() { client -e "$$1"; }

check() {
  damaged=$$(printf %s "$$sums" | sha256sum --quiet -c - 2>/dev/null) ||
    { echo "$$damaged"; return 1; }
}

# A broken package may have taken the unit with it.
stop() { systemctl stop "$$service" || ! systemctl cat "$$service" >/dev/null 2>&1; }

start_mariadb() {
  for name in $mariadb; do
    if systemctl cat "$$name.service" >/dev/null 2>&1; then
      systemctl start "$$name.service"
      return
    fi
  done
}
reach_mariadb() {
  tries=0
  most=15
  until sql 'SELECT 1' >/dev/null 2>>"$$log"; do
    tries=$$((tries + 1))
    [ "$$tries" -le 60 ] || return 1
    [ "$$has_mariadb" = no ] || start_mariadb || :
    sleep 1
  done
  most=
}

version_of() {
  $installed
}
are_installed() {
  while [ $$# -gt 0 ]; do
    [ "$$(version_of "$$1")" = "$$2" ] || return 1
    shift 2
  done
}
put_packages_back() {
  are_installed $wanted && return
  $install && are_installed $wanted
}

# Somebody may have edited it since the backup was made; packages may replace it, too.
keep_config() {
  [ ! -e $replaced ] || return 0
  set --
  for path in "$$config" $elsewhere; do
    [ ! -e "$$path" ] || set -- "$$@" "$${path#/}"
  done
  [ $$# -gt 0 ] || return 0
  tar -C / --xattrs '--xattrs-include=*' --acls --selinux -cf $replaced.new "$$@" &&
    sync $replaced.new && mv $replaced.new $replaced && return
  rm -f $replaced.new
  echo "there is no room to keep the configuration that is replaced"
}
put_config_back() {
  mkdir -p "$$config" && find "$$config" -mindepth 1 -delete &&
    tar --xattrs '--xattrs-include=*' --acls --selinux -C / -xpf config.tar
}

refill_database() {
  sql "DROP DATABASE IF EXISTS \\`$$database\\`;
    CREATE DATABASE \\`$$database\\` CHARACTER SET $character_set COLLATE $collation" || return
  rm -f unpacking.failed
  { unpack "$$dump" || : >unpacking.failed; } | load "$$database" || return
  [ ! -e unpacking.failed ]
}
# MAP is stopped, and nobody else's session is to hold its database.
ended=
end_sessions() {
  gone=$$(end_all "$$1" | tr '\n' ',' | sed 's/,$$//; s/,/, /g')
  [ -z "$$gone" ] || ended="$${ended:+$$ended, }$$gone"
  [ -z "$$gone" ] || printf 'ended %s\n' "$$gone"
}
put_database_back() {
  tries=0
  end_sessions "$$(sessions | sort -u)"
  until refill_database; do
    case $$(tail -n 1 "$$log") in *'ERROR 1205 '*) ;; *) return 1 ;; esac
    tries=$$((tries + 1))
    found=$$(holders | sort -u)
    held="its tables are locked by $$(printf '%s\n' "$$found" | named)"
    [ -n "$$found" ] || held="its tables are locked, perhaps by $$(suspects | named)"
    report running "$$held"
    [ "$$tries" -lt 6 ] || { echo "$$held"; return 1; }
    end_sessions "$$found"
  done
}

put_enablement_back() {
  systemctl daemon-reload
  case $$enablement in
    enabled) systemctl --quiet enable "$$service" ;;
    disabled) systemctl --quiet disable "$$service" ;;
  esac
}

# Active for five seconds in one go: a server that ends at once was active, too.
stays_active() {
  seconds=0
  tries=0
  process=
  while [ "$$seconds" -lt 5 ]; do
    tries=$$((tries + 1))
    [ "$$tries" -le 90 ] || return 1
    sleep 1
    now=$$(systemctl show -p MainPID "$$service")
    if systemctl --quiet is-active "$$service" && [ "$$now" = "$$process" ]; then
      seconds=$$((seconds + 1))
    else
      seconds=0
    fi
    process=$$now
  done
}
start() {
  systemctl reset-failed "$$service" || :
  systemctl start "$$service" || return
  stays_active || { echo "$$service doesn't stay active"; return 1; }
}

if [ "$$reach" = all ]; then
  begin '$checking'
  do_it check
  begin 'stopping the service'
  do_it stop
  begin 'keeping the configuration that is replaced'
  do_it keep_config
  begin 'putting the packages back'
  do_it put_packages_back
  begin 'stopping the service again'
  do_it stop
  begin 'putting the configuration back'
  do_it put_config_back
  begin 'reaching MariaDB'
  do_it reach_mariadb
  begin 'putting the database back'
  do_it put_database_back
fi
begin 'putting the enablement back'
do_it put_enablement_back
if [ "$$was_active" = yes ]; then
  begin 'starting the service'
  do_it start
fi
sync
kept=
[ "$$reach" = service ] || [ ! -e $replaced ] ||
  kept="what was in $$config until then is in $$here/$replaced"
report 'done' "$$kept$${ended:+$${kept:+; }ended $$ended}"
stand_down
tell
exit 0
""")
