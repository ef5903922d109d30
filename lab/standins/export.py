"""The tables of a remote server: exported on the central, imported on the remote.

Sources: www/class/config-generate-remote, src/CentreonRemote/Domain/Exporter. An import empties
each table of the export and loads it anew, so what was written there by hand is gone; columns that
the export leaves out (bbdo_version, log_directory...) get their defaults.
"""

import json
import re
import shutil
from typing import Any

from . import paths
from .database import Database, Row, placeholders

Tables = dict[str, list[Row]]

_BROKER_COLUMNS = (
    "config_id, config_name, config_filename, config_write_timestamp, config_write_thread_id,"
    " config_activate, ns_nagios_server, event_queue_max_size, command_file, cache_directory,"
    " stats_activate, daemon, pool_size"
)
_TOPOLOGY_COLUMNS = "id, address, hostname, name, type, parent_id, server_id"
_ORDER = (
    "host", "ns_host_relation", "cfg_nagios", "cfg_nagios_broker_module", "cfg_resource",
    "cfg_resource_instance_relations", "cfg_centreonbroker", "cfg_centreonbroker_info",
    "nagios_server", "platform_topology",
)  # fmt: skip


def run_pending_exports(database: Database) -> list[tuple[int, int]]:
    """Do the export tasks that are waiting: (poller id, task id) of each that was completed."""
    done = []
    for task in database.rows("select * from task where type = 'export' and status = 'pending'"):
        _set_status(database, task["id"], "inprogress")
        found = re.search(rb's:6:"server";i:(\d+);', task["params"])
        if found is None:
            _set_status(database, task["id"], "failed")
            continue
        write(int(found[1]), collect(database, int(found[1])))
        _set_status(database, task["id"], "completed")
        done.append((int(found[1]), task["id"]))
    return done


def run_import(database: Database, parent_id: int) -> None:
    """On a remote: load what the central sent, under a task of its own."""
    task_id = database.execute(
        "insert into task (type, status, parent_id, created_at)"
        " values ('import', 'pending', %s, now())",
        parent_id,
    )
    _set_status(database, task_id, "inprogress")
    manifest = paths.REMOTE_DATA / paths.MANIFEST
    try:
        load(database, json.loads(manifest.read_text()))
    except (OSError, ValueError):
        _set_status(database, task_id, "failed")
        raise
    shutil.rmtree(paths.REMOTE_DATA, ignore_errors=True)
    _set_status(database, task_id, "completed")


def _set_status(database: Database, task_id: int, status: str) -> None:
    database.execute("update task set status = %s where id = %s", status, task_id)


def write(remote_id: int, tables: Tables) -> None:
    """Leave an export where gorgone takes it from."""
    place = paths.EXPORT_CACHE / str(remote_id)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / paths.MANIFEST).write_text(json.dumps(tables))


def collect(database: Database, remote_id: int) -> Tables:
    """The rows that a remote gets: its own and those of the pollers attached to it.

    On the remote, its own row of nagios_server says localhost = '1'.
    """
    servers = _servers(database, remote_id)
    ids = [server["id"] for server in servers]
    tables: Tables = {"nagios_server": servers}
    brokers = _of(database, f"{_BROKER_COLUMNS} from cfg_centreonbroker", "ns_nagios_server", ids)
    engines = _of(database, "* from cfg_nagios", "nagios_server_id", ids)
    tables["cfg_centreonbroker"] = [b for b in brokers if b["config_activate"] == "1"]
    tables["cfg_nagios"] = engines
    tables["cfg_centreonbroker_info"] = _of(
        database,
        "* from cfg_centreonbroker_info",
        "config_id",
        [broker["config_id"] for broker in tables["cfg_centreonbroker"]],
    )
    tables["cfg_nagios_broker_module"] = _of(
        database,
        "* from cfg_nagios_broker_module",
        "cfg_nagios_id",
        [engine["nagios_id"] for engine in engines],
    )
    tables |= _resources(database, ids) | _hosts(database, ids)
    tables["platform_topology"] = _topology(database, remote_id)
    return {table: tables[table] for table in _ORDER}


def _of(database: Database, what: str, column: str, ids: list[int]) -> list[Row]:
    if not ids:
        return []
    return database.rows(f"select {what} where {column} in ({placeholders(ids)})", *ids)


def _servers(database: Database, remote_id: int) -> list[Row]:
    rows = database.rows(
        "select * from nagios_server where id = %s or remote_id = %s or id in"
        " (select poller_server_id from rs_poller_relation where remote_server_id = %s)",
        *[remote_id] * 3,
    )
    own: dict[str, Any] = {"remote_id": None, "remote_server_use_as_proxy": "0", "updated": "0"}
    return [row | own | {"localhost": str(int(row["id"] == remote_id))} for row in rows]


def _resources(database: Database, ids: list[int]) -> Tables:
    relations = _of(database, "* from cfg_resource_instance_relations", "instance_id", ids)
    resources = sorted({relation["resource_id"] for relation in relations})
    return {
        "cfg_resource": _of(database, "* from cfg_resource", "resource_id", resources),
        "cfg_resource_instance_relations": relations,
    }


def _hosts(database: Database, ids: list[int]) -> Tables:
    relations = _of(database, "* from ns_host_relation", "nagios_server_id", ids)
    hosts = [relation["host_host_id"] for relation in relations]
    return {"host": _of(database, "* from host", "host_id", hosts), "ns_host_relation": relations}


def _topology(database: Database, remote_id: int) -> list[Row]:
    rows = database.rows(
        f"select {_TOPOLOGY_COLUMNS} from platform_topology where server_id = %s or parent_id ="
        " (select id from platform_topology where server_id = %s)",
        remote_id,
        remote_id,
    )
    return [row | ({"parent_id": None} if row["type"] == "remote" else {}) for row in rows]


def load(database: Database, tables: Tables) -> None:
    """Empty each table and fill it with its rows, all in one transaction."""
    database.execute("set foreign_key_checks = 0")
    with database.transaction():
        for table, rows in tables.items():
            database.execute(f"delete from `{table}`")
            if rows:
                columns = list(rows[0])
                values = [[row[column] for column in columns] for row in rows]
                database.insert_many(table, columns, values)
    database.execute("set foreign_key_checks = 1")
