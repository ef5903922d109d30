"""What is there before a backup: the service, the database, and the room for it."""

from dataclasses import dataclass

from mapinfra.backup.asking import CLIENT
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.subject import Subject
from mapinfra.hosts import Host
from mapinfra.hosts.machine import MACHINE_ID

THIS_MACHINE = f"""\
this_machine() {{ printf '%s (machine-id %s)\\n' "$(uname -n)" "$({MACHINE_ID})"; }}
"""
"""`this_machine` prints how a host names itself."""

_READ = """\
set -u
login=--defaults-file=$1 service=$2 database=$3 config=$4 folder=$5 family=$6
shift 6
ask() { client -N -B -e "$1"; }
fact() { printf '%s=%s\\n' "$1" "$2"; }
size() {
  case $family in
    rpm) rpm -q --qf '%{SIZE}\\n' "$@" ;;
    deb) dpkg-query -W -f '${Installed-Size} 1024\\n' "$@" ;;
  esac 2>/dev/null | awk '{ sum += $1 * ($2 ? $2 : 1) } END { printf "%.0f", sum }'
}
answer=$(ask "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME,
  (SELECT COALESCE(SUM(DATA_LENGTH), 0) FROM information_schema.TABLES
   WHERE TABLE_SCHEMA = '$database'),
  @@version FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '$database'") || exit
[ -n "$answer" ] || { echo "there is no database $database" >&2; exit 1; }
[ -d "$config" ] || { echo "there is no folder $config" >&2; exit 1; }
fact answer "$answer"
fact config "$(readlink -f "$config")"
fact config_size "$(du -sk "$config/" | awk '{ printf "%.0f", $1 * 1024 }')"
fact packages_size "$(if [ $# = 0 ]; then echo 0; else size "$@"; fi)"
fact free "$(df -Pk "$folder" | awk 'NR == 2 { printf "%.0f", $4 * 1024 }')"
fact active "$(systemctl is-active "$service.service")"
fact enablement "$(systemctl is-enabled "$service.service" 2>/dev/null)"
fact zstd "$(command -v zstd)"
fact now "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
fact machine "$(this_machine)"
"""
_ESCAPED = 1.3  # how much longer binary data is in a dump than in its table
_SPARE = 64 * 2**20  # bytes for everything small, and to leave the disk usable


@dataclass(frozen=True)
class Sizes:
    """What is there now; sizes in bytes, `data` the database's, `free` on the backups' disk."""

    character_set: str
    collation: str
    data: int
    mariadb: str
    config_folder: str
    """Its real path, should the usual one be a link."""
    needed: int
    """What a backup may take at most, uncompressed, and what the way back from it may."""
    free: int
    active: bool
    enablement: str
    has_zstd: bool
    now: str
    machine: str
    """See `Manifest.machine`."""

    def expect_room(self, where: str, folder: str) -> None:
        """Raise BackupFailed when the backup could fill the disk."""
        expect_room(self.needed, self.free, where, folder)


def room_for(data: int, others: int = 0) -> int:
    """Return the bytes that the backup of a database of so many bytes may take, and files."""
    return int(data * _ESCAPED) + others + _SPARE


def expect_room(needed: int, free: int, where: str, folder: str) -> None:
    """Raise BackupFailed when a backup of that size could fill the disk."""
    if free < needed:
        raise BackupFailed(
            f"a backup may take {_megabytes(needed)}, and {folder} has {_megabytes(free)} left",
            where=where,
            remedy="make room there, or choose another folder for backups",
        )


def read_state(host: Host, subject: Subject, login: str) -> Sizes:
    """Read it; `login` is the path of an option file on the host. Raises BackupFailed."""
    text = script(
        host,
        f"reading what is to be backed up of {subject.service}",
        CLIENT + THIS_MACHINE + _READ,
        login,
        subject.service,
        subject.database,
        subject.config_folder,
        subject.folder,
        subject.family,
        *subject.packages,
    )
    facts = dict(line.split("=", 1) for line in text.splitlines())
    character_set, collation, data, mariadb = facts["answer"].split("\t")
    # Of the configuration: in the backup, and twice as room for the way back; see `lease`.
    sizes = 3 * int(facts["config_size"]) + 3 * int(facts["packages_size"])
    return Sizes(
        character_set=character_set,
        collation=collation,
        data=int(data),
        mariadb=mariadb,
        config_folder=facts["config"],
        needed=room_for(int(data), sizes),
        free=int(facts["free"]),
        active=facts["active"] == "active",
        enablement=facts["enablement"],
        has_zstd=bool(facts["zstd"]),
        now=facts["now"],
        machine=facts["machine"],
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
