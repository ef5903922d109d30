"""What is there now of what a backup would bring back; nothing of it is changed by looking."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mapinfra.backup import sessions
from mapinfra.backup.asking import CLIENT
from mapinfra.backup.folder import script_in
from mapinfra.backup.login import logged_in
from mapinfra.backup.manifest import Manifest
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.state import THIS_MACHINE
from mapinfra.backup.subject import MariadbClient
from mapinfra.hosts import Host, packages
from mapinfra.hosts.packages import Family

_LONGEST = 3600.0  # seconds that counting rows and reading the configuration may take

# Names come with their backticks doubled, as they do in a dump.
_DATABASE = """\
login=--defaults-file=$1 database=$2
ask() { client -N -B "$@"; }
known=$(ask -e "SELECT COUNT(*) FROM information_schema.SCHEMATA
  WHERE SCHEMA_NAME = '$database'") || exit
[ "$known" = 1 ] || exit 0
ask -e "SELECT COALESCE(SUM(DATA_LENGTH), 0) FROM information_schema.TABLES
  WHERE TABLE_SCHEMA = '$database'" || exit
counts=$(ask -r -e "SELECT CONCAT('SELECT COUNT(*), ', QUOTE(REPLACE(TABLE_NAME, '\\`', '\\`\\`')),
  ' FROM \\`', REPLACE(TABLE_NAME, '\\`', '\\`\\`'), '\\`;') FROM information_schema.TABLES
  WHERE TABLE_SCHEMA = '$database' AND TABLE_TYPE = 'BASE TABLE'") || exit
printf '%s\\n' "$counts" | ask "$database"
"""
# tar tells on stderr, and with a status of its own, what isn't there at all.
_FILES = """\
LC_ALL=C
export LC_ALL
archive=$1/config.tar
shift
cd / || exit
tar --quoting-style=literal -df "$archive" 2>&1 | sed 's/^/differs /'
tar --quoting-style=literal -tf "$archive" | sed 's|/$||; s/^/then /'
for path; do [ ! -e "$path" ] || find "${path#/}" -printf 'now %p\\n'; done
"""
_SERVICE = """\
this_machine
systemctl is-active "$1.service"
systemctl is-enabled "$1.service" 2>/dev/null || :
"""
_ASPECTS = {
    "Contents differ": "content",
    "Size differs": "content",
    "Mode differs": "mode",
    "Uid differs": "owner",
    "Gid differs": "group",
    "Symlink differs": "link",
    "File type differs": "kind",
}


@dataclass(frozen=True)
class DatabaseContent:
    """A database: bytes of its data, and the rows of each table."""

    size: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Present:
    """What is there now."""

    packages: Mapping[str, str]
    """Those asked about that are installed."""
    database: DatabaseContent | None
    """None: it isn't there."""
    files: Mapping[str, str]
    """Each file of the configuration that differs, by its full path, and in what."""
    active: str
    enablement: str
    """What `systemctl is-active` and `is-enabled` say."""
    family: Family
    machine: str = ""
    """See `Manifest.machine`."""


def look(host: Host, manifest: Manifest, names: Iterable[str], client: MariadbClient) -> Present:
    """Look at packages `names`, and at what a backup would bring back; raise BackupFailed.

    Every row is counted, which takes as long as reading an index of each table.
    """
    asking = THIS_MACHINE + _SERVICE
    machine, *said = script(host, "looking at the service", asking, manifest.service).splitlines()
    installed = packages.installed(host, names)
    return Present(
        packages=installed.versions,
        database=_database(host, manifest, client),
        files=_files(host, manifest),
        active=said[0],
        enablement=said[1] if len(said) > 1 else "",
        family=installed.family,
        machine=machine,
    )


def saved(host: Host, manifest: Manifest, name: str) -> str:
    """Return a file of the configuration as it is in the backup; empty when it isn't there."""
    member = f"{manifest.config_folder}/{name}".lstrip("/")
    reading = 'tar -xOf "$1/config.tar" -- "$2" 2>/dev/null || :'
    return script_in(host, f"reading {name} in the backup", manifest.directory, reading, member)


def _database(host: Host, manifest: Manifest, client: MariadbClient) -> DatabaseContent | None:
    doing = f"counting the rows of {manifest.database}"
    place = sessions.DatabasePlace(client, manifest.database)
    with (
        sessions.explained(host, place, manifest.service),
        logged_in(host, client, f"{manifest.service}.present") as login,
    ):
        text = script(host, doing, CLIENT + _DATABASE, login, manifest.database, timeout=_LONGEST)
    return read_database(text, host.name)


def read_database(text: str, where: str) -> DatabaseContent | None:
    """Read the size, then a line for each table; nothing: there is no database."""
    if not text:
        return None
    size, *lines = text.splitlines()
    try:
        counted = [line.split("\t", 1) for line in lines]
        return DatabaseContent(int(size), {name: int(rows) for rows, name in counted})
    except ValueError:
        raise BackupFailed(f"the database's tables can't be read: {text!r}", where=where) from None


def _files(host: Host, manifest: Manifest) -> Mapping[str, str]:
    doing, paths = "comparing the configuration", (manifest.config_folder, *manifest.elsewhere)
    text = script_in(host, doing, manifest.directory, _FILES, *paths, timeout=_LONGEST)
    return read_files(text.splitlines())


def read_files(lines: Iterable[str]) -> Mapping[str, str]:
    """Read what tar says of the files; times alone make no difference."""
    told = [line.partition(" ")[::2] for line in lines]
    then = {path for kind, path in told if kind == "then"}
    now = {path for kind, path in told if kind == "now"}
    aspects: dict[str, list[str]] = {path: ["comes back"] for path in then - now}
    aspects |= {path: ["goes"] for path in now - then}
    for kind, line in told:
        path, _, words = line.rpartition(": ")
        aspect = _ASPECTS.get(words) if kind == "differs" else None
        found = aspects.setdefault(path.rstrip("/"), []) if aspect else []
        if aspect and aspect not in found:
            found.append(aspect)
    return {f"/{path}": ", ".join(found) for path, found in sorted(aspects.items())}
