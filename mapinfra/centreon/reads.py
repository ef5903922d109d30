"""What mapinfra reads on every Centreon host, in the one pass."""

from typing import Final

from mapinfra.centreon.facts import FITS, LISTENING_SCRIPT
from mapinfra.centreon.web.login import SESSION_EXPIRE
from mapinfra.hosts import Probe, Query, Survey

CENTREON_READS: Final = "centreon"
"""Reads what a central or a remote server has of MAP's broker outputs and pages."""
MAP_READS: Final = "map"
"""Reads a MAP server."""
WEB_READS: Final = "web"
"""Reads MAP's web client on the central or remote server."""
BACKUP_READS: Final = "backups"
"""Reads a folder of backups, which is named behind it."""
DESKTOP_READS: Final = "desktop"
"""Reads mapinfra's records of mirrors of the desktop client; with a folder, that mirror, too."""

BROKER_FOLDER = "/etc/centreon-broker"
"""Where a poller keeps the generated configuration of its broker."""

RECORD_FOLDER = "/var/lib/mapinfra"
"""Where mapinfra records, on the host itself, what it found there when it took over."""


def _files(pattern: str) -> str:
    """Return a snippet that prints the files of a pattern: path, then base64, one line each."""
    return (
        f'for file in {pattern}; do [ -f "$file" ] || continue; {FITS}'
        'printf "%s " "$file"; base64 < "$file" | tr -d "\\n"; echo; done'
    )


BROKER_FILES = Probe("broker-files", _files(f"{BROKER_FOLDER}/*.json"))
RECORDS = Probe("records", _files(f"{RECORD_FOLDER}/*.json"))
LISTENING = Probe("listening-ports", LISTENING_SCRIPT)
RECORD_ROOM = Probe(
    "records-room",
    f"""folder={RECORD_FOLDER}
until [ -d "$folder" ]; do folder=${{folder%/*}} folder=${{folder:-/}}; done
[ "$(id -u)" = 0 ] && blocks=%f || blocks=%a
set -- $(stat -f -c "$blocks %d %c" "$folder") || exit
echo "folder=$folder"
[ -w "$folder" ] && echo writable=yes || echo writable=no
# Some file systems count no inodes at all.
[ "$1" -gt 0 ] && [ "$2" -gt 0 -o "$3" -eq 0 ] && echo room=yes || echo room=no
""",
)
"""Whether mapinfra's folder can be written to, or the one that it is to be made in."""
CBD_UNIT = Probe("cbd-unit", "systemctl show cbd.service --property=LoadState --value")

TOPOLOGY = Query(
    "topology",
    "SELECT topology_id, topology_name, topology_page, topology_parent, topology_show "
    "FROM topology WHERE topology_page IS NOT NULL ORDER BY topology_page, topology_id",
)
POLLERS = Query("pollers", "SELECT id, name, localhost FROM nagios_server ORDER BY id")
BROKER_CONFIGURATIONS = Query(
    "broker-configurations",
    "SELECT config_id, config_name, config_filename, config_activate, ns_nagios_server, daemon "
    "FROM cfg_centreonbroker ORDER BY config_id",
)
# Passwords of other outputs (SQL, Lua streams) and tokens stay where they are. The order is the
# generator's: of a doubled key the last row counts.
BROKER_ROWS = Query(
    "broker-rows",
    "SELECT config_id, config_group, config_group_id, config_key, config_value, grp_level, "
    "subgrp_id, parent_grp_id, fieldIndex FROM cfg_centreonbroker_info "
    "WHERE config_key NOT LIKE '%password%' AND config_key NOT LIKE 'lua\\_parameter%' "
    "AND config_key <> 'authorization' ORDER BY config_id, config_group, config_group_id",
)
BROKER_TYPES = Query(
    "broker-types",
    "SELECT t.type_shortname, r.cb_tag_id, t.cb_type_id FROM cb_type t "
    "JOIN cb_tag_type_relation r ON r.cb_type_id = t.cb_type_id "
    "JOIN cb_tag g ON g.cb_tag_id = r.cb_tag_id WHERE g.tagname = 'output'",
)
CATEGORIES = Query(
    "filter-categories",
    "SELECT DISTINCT v.value_value FROM cb_list_values v "
    "JOIN cb_list l ON l.cb_list_id = v.cb_list_id "
    "JOIN cb_field f ON f.cb_field_id = l.cb_field_id WHERE f.fieldname = 'category'",
)

READ_ONLY = Query(
    "read-only",
    "SELECT @@global.read_only AS read_only, EXISTS(SELECT 1 FROM "
    "information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN ('SUPER', 'READ_ONLY ADMIN', "
    "'READ ONLY ADMIN') AND GRANTEE = CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', 1)), '@', "
    "QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1))))"
    " AS exempt",
)
"""Whether MariaDB takes no changes, and whether this user may make some all the same."""

CENTREON = Survey(
    probes=(BROKER_FILES, RECORDS, RECORD_ROOM, LISTENING, CBD_UNIT),
    queries=(
        READ_ONLY,
        TOPOLOGY,
        POLLERS,
        BROKER_CONFIGURATIONS,
        BROKER_ROWS,
        BROKER_TYPES,
        CATEGORIES,
        SESSION_EXPIRE,
    ),
)
"""Facts of a central or a remote server."""

PLATFORM = Query(
    "platform", "SELECT `key`, value FROM informations WHERE `key` IN ('version', 'isCentral')"
)


def desktop_reads(folder: str | None) -> tuple[str, ...]:
    """Return what is read for the desktop client, with a mirror in this folder or without."""
    return (DESKTOP_READS, f"{DESKTOP_READS} {folder}") if folder else (DESKTOP_READS,)


def backup_reads(folder: str) -> str:
    """Return what is read of a MAP server's backups in this folder."""
    return f"{BACKUP_READS} {folder}"
