"""The dump: how it is made without hiding a failure, and how it is read back to be believed.

The programs run on the host: bash for `pipefail`, awk and sha256sum, which both families have.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra.backup.asking import CLIENT, SESSIONS
from mapinfra.backup.manifest import Table
from mapinfra.backup.remote import BackupFailed

OPTIONS = (
    "--single-transaction",
    "--quick",
    "--routines",
    "--triggers",
    "--events",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
"""A consistent dump of InnoDB tables without locking them, and of all that isn't a table.

Without --databases, so that it can be loaded into a database of another name.
"""

UNPACK = """\
unpack() { case $1 in *.zst) zstd -dcq "$1" ;; *) cat "$1" ;; esac; }
"""

DUMPER = "dumper=$(command -v mariadb-dump || command -v mysqldump)\n"

# A row may be longer in a dump than the server takes in one packet, since it is escaped there;
# raising the limit needs a privilege, and most dumps need no raising.
LOAD = """\
load() {
  limit=$(client -N -B -e 'SELECT @@GLOBAL.max_allowed_packet') || return
  client -e 'SET GLOBAL max_allowed_packet = 1073741824' || :
  loaded=0
  client --binary-mode --default-character-set=utf8mb4 --max-allowed-packet=1G "$1" || loaded=1
  client -e "SET GLOBAL max_allowed_packet = $limit" || :
  return "$loaded"
}
"""

# The dumper itself knows no limit for locks, so its session is looked at from beside it.
PROGRAM = f"""\
set -euo pipefail
umask 077
login=--defaults-file=$1 database=$2 out=$3
{DUMPER}{CLIENT}{SESSIONS}
dump() {{ "$dumper" "$login" {" ".join(OPTIONS)} "$database"; }}
write() {{
  case $out in
    *.zst) dump | zstd -q -1 -T0 >"$out" ;;
    *) dump >"$out" ;;
  esac
}}
waiting() {{
  sessions_of "DB = '$database' AND STATE LIKE 'Waiting for table%' AND TIME >= $patience
    AND USER = SUBSTRING_INDEX(USER(), '@', 1) AND INFO REGEXP '^(SELECT /|SHOW )'" | cut -f 1
}}
watch() {{
  local stuck
  while sleep 1; do
    stuck=$(waiting) || continue
    [ -n "$stuck" ] || continue
    held=$(locked_by "$stuck")
    echo "it waited $patience s for a table that is locked by $held" >"$out.waited"
    for id in $stuck; do ask "KILL QUERY $id" || :; done
    return
  done
}}
watch </dev/null >/dev/null 2>&1 & watcher=$!
status=0
write || status=$?
kill "$watcher" 2>/dev/null || :
wait "$watcher" 2>/dev/null || :
if [ -e "$out.waited" ]; then
  [ "$status" = 0 ] || cat "$out.waited" >&2
  rm -f "$out.waited"
fi
exit "$status"
"""
"""Arguments: option file, database, the file to write, whose ending says how."""

# Comments begin sections: a table's data can't look like one, since each of its lines begins with
# INSERT or a bracket, and line ends in values are escaped. Since 10.7 each row has its own line
# (MDEV-25152); before, strings are taken out to count the brackets between rows.
DIGEST = r"""
function leave() {
  if (number) { close(command); print kind "\t" name "\t" rows >"names" }
}
function enter(what, which) {
  leave(); number++; kind = what; name = which; rows = 0; data = 0
  printf "" | command
}
function quoted() { sub(/^[^`]*`/, ""); sub(/`$/, ""); return $0 }
function count_in(line) {
  gsub(/\\./, "", line); gsub(/'[^']*'/, "", line)
  return gsub(/\),\(/, "", line) + 1
}
BEGIN { command = "sha256sum >>digests"; gsub(/[$]/, "[$]", database) }
{ last = $0 }
/^-- Table structure for table `/ { enter("table", quoted()); next }
/^-- Temporary (table|view) structure for view `/ { enter("columns of view", quoted()); next }
/^-- Final view structure for view `/ { enter("view", quoted()); next }
/^-- Sequence structure for `/ { enter("sequence", quoted()); next }
/^-- Dumping events for database/ { enter("events", ""); next }
/^-- Dumping routines for database/ { enter("routines", ""); next }
/^-- Dumping data for table/ { data = 1; next }
/^--( |$)/ || /ALTER DATABASE `/ { next }
!number { next }
data && /^INSERT INTO / && !/VALUES ?$/ { rows += count_in($0) }
data && /^\(/ { rows++ }
/^UNLOCK TABLES;$/ { data = 0 }
# The server says a view's columns with or without their database, depending on its age.
/^\/\*!50001 VIEW `/ { gsub("`" database "`[.]", "") }
{ print | command }
END { leave(); if (last !~ /^-- Dump completed/) exit 3 }
"""

DIGEST_PROGRAM = f"""\
set -uo pipefail
export LC_ALL=C
{UNPACK}
rm -rf "$1" && mkdir -m 700 "$1" && cd "$1" || exit
: >names; : >digests
unpack "$2" | awk -v database="$3" {shlex.quote(DIGEST)}
case $? in
  0) ;;
  3) echo "the dump has no end: it was cut off" >&2; exit 3 ;;
  *) exit 1 ;;
esac
paste names digests >"$1.tsv" && cd / && rm -rf "$1"
"""
"""Arguments: a directory to work in, the dump, its database.

Leaves lines of kind, name, rows and digest in a .tsv beside that directory.
"""


@dataclass(frozen=True)
class Digests:
    """What is in a dump: each table, and a digest of everything else by its name."""

    tables: Mapping[str, Table]
    others: Mapping[str, str]


def read_digests(text: str, where: str) -> Digests:
    """Read what DIGEST_PROGRAM left; raise BackupFailed when a line of it is missing its part."""
    tables: dict[str, Table] = {}
    others: dict[str, str] = {}
    for line in text.splitlines():
        kind, name, rows, digest = (*line.split("\t"), "", "", "")[:4]
        sha256 = digest.removesuffix("-").strip()
        if len(sha256) != 64 or not rows.isdecimal():
            raise BackupFailed(f"the dump's digest can't be read: {line!r}", where=where)
        if kind == "table":
            tables[name] = Table(int(rows), sha256)
        else:
            others[f"{kind} {name}".strip()] = sha256
    return Digests(tables, others)
