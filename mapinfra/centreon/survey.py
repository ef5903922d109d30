"""What mapinfra reads on every Centreon host, in the one pass."""

from mapinfra.hosts import Probe, Query, Survey

BROKER_FOLDER = "/etc/centreon-broker"
"""Where a poller keeps the generated configuration of its broker."""

RECORD_FOLDER = "/var/lib/mapinfra"
"""Where mapinfra records, on the host itself, what it found there when it took over."""


def _files(pattern: str) -> str:
    """Return a snippet that prints the files of a pattern: path, then base64, one line each."""
    return (
        f'for file in {pattern}; do [ -f "$file" ] || continue; '
        'printf "%s " "$file"; base64 < "$file" | tr -d "\\n"; echo; done'
    )


BROKER_FILES = Probe("broker-files", _files(f"{BROKER_FOLDER}/*.json"))
RECORDS = Probe("records", _files(f"{RECORD_FOLDER}/*.json"))
LISTENING = Probe("listening-ports", "ss -Hltnp")

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
# Passwords of other outputs (SQL, Lua streams) stay where they are.
BROKER_ROWS = Query(
    "broker-rows",
    "SELECT config_id, config_group, config_group_id, config_key, config_value, grp_level, "
    "subgrp_id, parent_grp_id, fieldIndex FROM cfg_centreonbroker_info "
    "WHERE config_key NOT LIKE '%password%' AND config_key NOT LIKE 'lua\\_parameter%'",
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

CENTREON = Survey(
    probes=(BROKER_FILES, RECORDS, LISTENING),
    queries=(
        TOPOLOGY,
        POLLERS,
        BROKER_CONFIGURATIONS,
        BROKER_ROWS,
        BROKER_TYPES,
        CATEGORIES,
    ),
)
"""Facts of a central or a remote server."""
