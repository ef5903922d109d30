"""The broker's files, made from the tables: one JSON file per configuration, and watchdog.json.

Source: www/class/config-generate/broker.class.php, its oddities included.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from .database import Database, Row, as_centreon

Json = dict[str, Any]

_DROPPED_KEYS = ("blockId",)
_KEPT_WHEN_EMPTY = ("db_password",)
_BLANK = " \t\n\r\0\x0b"
"""What PHP's trim() takes away."""
_GROUPED = re.compile(r"(.+?)__(.+)")


def generate(database: Database, poller_id: int) -> dict[str, str]:
    """The files of a poller, name to text."""
    poller = database.row("select * from nagios_server where id = %s", poller_id)
    if poller is None:
        raise LookupError(f"Cannot find poller id '{poller_id}'")
    configurations = database.rows(
        "select * from cfg_centreonbroker where ns_nagios_server = %s and config_activate = '1'",
        poller_id,
    )
    external = _ExternalValues(database)
    files = {
        row["config_filename"]: _text(_configuration(database, poller, row, external))
        for row in configurations
    }
    return files | {"watchdog.json": _text(watchdog(poller, configurations))}


def watchdog(poller: Row, configurations: Iterable[Row]) -> Json:
    """What cbwd reads: the configurations with daemon = 1."""
    logs = (poller["centreonbroker_logs_path"] or "").strip() or "/var/log/centreon-broker"
    directory = poller["centreonbroker_cfg_path"]
    return {
        "cbd": [
            {
                "name": row["config_name"],
                "configuration_file": f"{directory}/{row['config_filename']}",
                "run": True,
                "reload": True,
            }
            for row in configurations
            if row["daemon"] == 1
        ],
        "log": f"{logs}/watchdog.log",
    }


def _configuration(database: Database, poller: Row, row: Row, external: "_ExternalValues") -> Json:
    settings = database.rows(
        "select * from cfg_centreonbroker_info where config_id = %s"
        " order by config_group, config_group_id",
        row["config_id"],
    )
    groups = dict.fromkeys(setting["config_group"] for setting in settings)
    cache = row["cache_directory"] or ""
    made = _head(poller, row) | {"log": _log(database, row)}
    for group in groups:
        of_group = [setting for setting in settings if setting["config_group"] == group]
        made[group] = streams(of_group, external)
        if group == "input":
            made[group] = [_without_outputs_own(stream) for stream in made[group]]
    if row["stats_activate"] == "1":
        made["stats"] = [
            {
                "type": "stats",
                "name": f"{row['config_name']}-stats",
                "json_fifo": f"{cache}/{row['config_name']}-stats.json",
            }
        ]
    made["grpc"] = {"port": 51000 + row["config_id"]}
    return made


def _head(poller: Row, row: Row) -> Json:
    made: Json = {
        "broker_id": row["config_id"],
        "broker_name": row["config_name"],
        "poller_id": poller["id"],
        "poller_name": poller["name"],
        "module_directory": poller["centreonbroker_module_path"] or "",
        "log_timestamp": row["config_write_timestamp"] == "1",
        "log_thread_id": row["config_write_thread_id"] == "1",
        "event_queue_max_size": row["event_queue_max_size"],
        "command_file": row["command_file"] or "",
        "cache_directory": row["cache_directory"] or "",
        "bbdo_version": row["bbdo_version"] or "",
    }
    return made | ({"pool_size": row["pool_size"]} if row["pool_size"] else {})


def _log(database: Database, row: Row) -> Json:
    loggers = database.rows(
        "select cb_log.name, cb_log_level.name as level from cfg_centreonbroker_log"
        " join cb_log on cb_log.id = id_log join cb_log_level on cb_log_level.id = id_level"
        " where id_centreonbroker = %s",
        row["config_id"],
    )
    return {
        "directory": row["log_directory"] or "",
        "filename": row["log_filename"] or "",
        "max_size": row["log_max_size"],
        "loggers": {logger["name"]: logger["level"] for logger in loggers} or None,
    }


def streams(
    settings: list[Row], external: Callable[[str], dict[str, str]] = lambda block_id: {}
) -> list[Json]:
    """The inputs or the outputs of a configuration, in the order of their group ids.

    `settings` are rows of cfg_centreonbroker_info, ordered by group id; all values are texts;
    empty ones and blockId are left out. `external(block_id)` gives the values that Centreon takes
    from its options; it does so for the last stream only.
    """
    made: dict[int, Json] = {}
    for setting in settings:
        _add(made.setdefault(setting["config_group_id"], {}), setting)
    last = next((s for s in reversed(settings[1:]) if s["config_key"] == "blockId"), None)
    if last is not None:
        made[last["config_group_id"]].update(external(last["config_value"]))
    return [_with_lists(_without_unused(stream)) for stream in made.values() if stream]


def _add(stream: Json, setting: Row) -> None:
    key, value = setting["config_key"], setting["config_value"]
    if setting["fieldIndex"] is not None and (grouped := _GROUPED.fullmatch(key)):
        entries = stream.setdefault(grouped[1], {})
        entries.setdefault(int(setting["fieldIndex"]), {})[grouped[2]] = value
    elif key in _DROPPED_KEYS or (not value.strip(_BLANK) and key not in _KEPT_WHEN_EMPTY):
        return
    elif key == "category":
        stream.setdefault("filters", {}).setdefault("category", []).append(value)
    else:
        stream[key] = value


def _with_lists(stream: Json) -> Json:
    """Entries numbered by fieldIndex become lists."""
    return {
        key: list(value.values()) if _is_numbered(value) else value for key, value in stream.items()
    }


def _is_numbered(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, int) for key in value)


def _without_unused(stream: Json) -> Json:
    # The rows' key is `encryption`, so nothing is ever dropped here.
    if stream.get("type") == "bbdo_server" and stream.get("encrypt") == "no":
        return {k: v for k, v in stream.items() if k not in ("private_key", "certificate")}
    return stream


def _without_outputs_own(stream: Json) -> Json:
    """A BBDO input has no compression, and no retention where it listens."""
    unused = {"bbdo_server": ("compression", "retention"), "bbdo_client": ("compression",)}
    dropped = unused.get(stream.get("type", ""), ())
    return {key: value for key, value in stream.items() if key not in dropped}


class _ExternalValues:
    """Fields whose value is kept elsewhere, by cb_field.external: T table, C column, CK=K row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fields = database.rows(
            "select distinct fieldname, concat(cb_tag_id, '_', cb_type_id) as block_id, external"
            " from cb_field join cb_type_field_relation using (cb_field_id)"
            " join cb_tag_type_relation using (cb_type_id) where external is not null"
        )

    def __call__(self, block_id: str) -> dict[str, str]:
        return {
            field["fieldname"]: self._value(field["external"])
            for field in self._fields
            if field["block_id"] == block_id
        }

    def _value(self, external: str) -> str:
        parts = dict(part.split("=", 1) for part in external.split(":"))
        query = f"select `{parts['C']}` as value from `{parts['T']}` where `{parts['CK']}` = %s"
        if parts.get("D", "centreon") == "centreon":
            row = self._database.row(query, parts["K"])
        else:
            with as_centreon(parts["D"]) as database:
                row = database.row(query, parts["K"])
        value = "" if row is None else str(row["value"])
        return str(int(value) * int(parts["RPN"].split()[0])) if "RPN" in parts else value


def _text(content: Json) -> str:
    return json.dumps({"centreonBroker": content}, indent=4, ensure_ascii=False)
