"""The rehearsal: a backup's dump really restored, into a scratch database beside the real one."""

import shlex
from collections.abc import Mapping

from mapinfra.backup.asking import CLIENT
from mapinfra.backup.dump import LOAD, PROGRAM, UNPACK, Digests
from mapinfra.backup.folder import script_in
from mapinfra.backup.login import logged_in
from mapinfra.backup.manifest import Manifest, Table
from mapinfra.backup.remote import BackupFailed, script
from mapinfra.backup.subject import MariadbClient
from mapinfra.backup.sums import verify
from mapinfra.backup.taking import digest
from mapinfra.backup.working import work
from mapinfra.hosts import Host

_SPARE = 2.0  # times the dump's size that the scratch database may take

# Events are left out: enabled in the scratch database, they would run and change things. Around
# routines made under another collation, and in views, the dump names its database.
_FILTER = r"""
BEGIN { pattern = from; gsub(/[$]/, "[$]", pattern) }
/^-- Dumping events for database / { skip = 1 }
/^-- Dumping routines for database / { skip = 0 }
/^-- (Temporary (table|view)|Final view) structure for view `/ { skip = 0 }
/^\/\*!50001 VIEW `/ { gsub("`" pattern "`[.]", "`" to "`.") }
/ALTER DATABASE `/ { sub("`" pattern "`", "`" to "`") }
!skip { print }
"""
_RESTORE = f"""\
set -euo pipefail
umask 077
login=--defaults-file=$1 dump=$2 database=$3 scratch=$4 needed=$5 charset=$6
{CLIENT}
{UNPACK}
{LOAD}
sql() {{ client -N -B -e "$1"; }}
place=$(sql 'SELECT @@datadir')
if [ -d "$place" ] && [ "$(df -Pk "$place" | awk 'NR == 2 {{ print $4 }}')" -lt "$needed" ]; then
  echo "no room for a scratch database in $place: $needed KiB are needed" >&2
  exit 1
fi
sql "DROP DATABASE IF EXISTS \\`$scratch\\`"
sql "CREATE DATABASE \\`$scratch\\` $charset"
unpack "$dump" | LC_ALL=C awk -v from="$database" -v to="$scratch" {shlex.quote(_FILTER)} |
  load "$scratch"
"""
_DROP = f"""\
login=--defaults-file=$1
{CLIENT}
client -e "DROP DATABASE IF EXISTS \\`$2\\`"
"""


def rehearse(host: Host, manifest: Manifest, client: MariadbClient) -> None:
    """Restore the dump into a scratch database, compare it table by table, and drop it again.

    Compared are each table's definition, triggers and rows, views and routines; events are not
    restored, since they would run. Raises BackupFailed, naming what differs.
    """
    verify(host, manifest)
    scratch = f"{manifest.database}_rehearsal"
    charset = f"CHARACTER SET {manifest.character_set} COLLATE {manifest.collation}"
    needed = str(int(manifest.files[manifest.dump].size * _SPARE) // 1024)
    path = f"{manifest.directory}/{manifest.dump}"
    with logged_in(host, client, f"{manifest.service}.rehearsal") as login:
        words = (login, path, manifest.database, scratch, needed, charset)
        argv = ("bash", "-c", _RESTORE, "bash", *words)
        try:
            unit = f"mapinfra-rehearsal.{manifest.id}"
            work(host, unit, argv, "restoring into a scratch database")
            _compare(host, manifest, login, scratch)
        finally:
            script(host, f"dropping {scratch}", _DROP, login, scratch)


def compare(host: Host, manifest: Manifest, client: MariadbClient) -> None:
    """Compare the database itself with a backup, as after going back to it.

    Raises BackupFailed, naming the tables, views or routines that differ.
    """
    with logged_in(host, client, f"{manifest.service}.comparison") as login:
        _compare(host, manifest, login, manifest.database)


def differences(manifest: Manifest, found: Digests, *, events: bool) -> list[str]:
    """Return the names of what isn't in both alike; `events`: whether those count."""
    wanted, there = _all(manifest.tables, manifest.others), _all(found.tables, found.others)
    names = {name for name in {*wanted, *there} if wanted.get(name) != there.get(name)}
    return sorted(names if events else names - {"events"})


def _all(tables: Mapping[str, Table], others: Mapping[str, str]) -> dict[str, object]:
    return {**{f"table {name}": table for name, table in tables.items()}, **others}


def _compare(host: Host, manifest: Manifest, login: str, database: str) -> None:
    copy = f"{manifest.directory}/copy.sql"
    unit = f"mapinfra-compare.{manifest.id}"
    _remove_copy(host, manifest)
    try:
        argv = ("bash", "-c", PROGRAM, "bash", login, database, copy)
        work(host, f"{unit}-dump", argv, f"the dump of {database}")
        found = digest(host, f"{unit}-digest", manifest.directory, copy, database)
    finally:
        _remove_copy(host, manifest)
    different = differences(manifest, found, events=database == manifest.database)
    if different:
        raise BackupFailed(
            f"{database} differs from backup {manifest.id} in {', '.join(different)}",
            where=host.name,
        )


def _remove_copy(host: Host, manifest: Manifest) -> None:
    script_in(host, "removing the copy", manifest.directory, 'rm -f "$1/copy.sql"')
