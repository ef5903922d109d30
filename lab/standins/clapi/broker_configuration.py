"""`-o CENTBROKERCFG`: broker configurations and their inputs and outputs.

Source: www/class/centreon-clapi/centreonCentbrokerCfg.class.php.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TextIO

from ..database import Database, Row
from .errors import (
    INVALID_FIELD,
    MISSING_PARAMETER,
    OBJECT_ALREADY_EXISTS,
    OBJECT_NOT_FOUND,
    UNKNOWN_PARAMETER,
    ClapiError,
)

_BLOCK_FIELDS = """
select distinct cb_field.*, order_display
from cb_field join cb_type_field_relation using (cb_field_id)
where cb_type_id = %s or cb_type_id in (
  select cb_type_id from cb_type where cb_module_id in (
    select module_depend_id from cb_type join cb_module_relation using (cb_module_id)
    where inherit_config = 1 and cb_type_id = %s))
order by order_display, cb_field_id
"""


def show(database: Database, values: str, out: TextIO) -> None:
    """The configurations whose name contains the value."""
    print("config id;config name;instance", file=out)
    for row in database.rows(
        "select config_id, config_name, name from cfg_centreonbroker"
        " join nagios_server on id = ns_nagios_server where config_name like %s order by config_id",
        f"%{values}%",
    ):
        print(f"{row['config_id']};{row['config_name']};{row['name']}", file=out)


def _list(group: str, database: Database, values: str, out: TextIO) -> None:
    config_id = _config_id(database, values.split(";")[0])
    print("id;name", file=out)
    for row in database.rows(
        "select config_group_id, config_value from cfg_centreonbroker_info"
        " where config_id = %s and config_group = %s and config_key = 'name'"
        " order by config_group_id",
        config_id,
        group,
    ):
        print(f"{row['config_group_id']};{row['config_value']}", file=out)


def _get(group: str, database: Database, values: str, out: TextIO) -> None:
    config_id, arguments = _arguments(database, values, 2)
    print("parameter key;parameter value", file=out)
    for row in database.rows(
        "select config_key, config_value from cfg_centreonbroker_info"
        " where config_id = %s and config_group_id = %s and config_group = %s order by config_key",
        config_id,
        arguments[1],
        group,
    ):
        if row["config_key"] != "blockId":
            print(f"{row['config_key']};{row['config_value']}", file=out)


def _set(group: str, database: Database, values: str, out: TextIO) -> None:
    config_id, arguments = _arguments(database, values, 4)
    _, group_id, key, value = arguments[:4]
    if not _is_valid(database, config_id, group, group_id, key, value):
        raise ClapiError(INVALID_FIELD)
    database.execute(
        "delete from cfg_centreonbroker_info where config_id = %s and config_group_id = %s"
        " and config_key = %s and config_group = %s",
        config_id,
        group_id,
        key,
        group,
    )
    place = {"config_id": config_id, "config_group_id": group_id, "config_group": group}
    level: Row = {}
    if parent := _parent_group(database, key):
        title = {"config_key": parent["groupname"], "config_value": "", "subgrp_id": 1}
        database.insert("cfg_centreonbroker_info", place | title)
        level = {"grp_level": 1, "parent_grp_id": parent["cb_fieldgroup_id"]}
    for part in value.split(","):
        row = {"config_key": key, "config_value": part}
        database.insert("cfg_centreonbroker_info", place | row | level)


def _parent_group(database: Database, key: str) -> Row | None:
    return database.row(
        "select cb_fieldgroup_id, groupname from cb_field join cb_fieldgroup"
        " using (cb_fieldgroup_id) where fieldtype = 'multiselect' and fieldname = %s",
        key,
    )


def _add(group: str, database: Database, values: str, out: TextIO) -> None:
    config_id, arguments = _arguments(database, values, 3)
    _, name, kind = arguments[:3]
    type_row = database.row("select cb_type_id from cb_type where type_shortname = %s", kind)
    if type_row is None:
        raise ClapiError(UNKNOWN_PARAMETER)
    taken = database.row(
        "select 1 from cfg_centreonbroker_info where config_id = %s and config_group = %s"
        " and config_key = 'name' and config_value = %s",
        config_id,
        group,
        name,
    )
    if taken is not None:
        raise ClapiError(OBJECT_ALREADY_EXISTS)
    rows = [("blockId", _block_id(database, group, kind))]
    for part in name.split(","):
        rows += [("type", kind), ("name", part)]
    rows += _defaults(database, type_row["cb_type_id"]).items()
    highest = database.row(
        "select max(config_group_id) as id from cfg_centreonbroker_info"
        " where config_id = %s and config_group = %s",
        config_id,
        group,
    )
    assert highest is not None, "max() always gives a row"
    group_id = 0 if highest["id"] is None else highest["id"] + 1
    database.insert_many(
        "cfg_centreonbroker_info",
        ["config_id", "config_key", "config_value", "config_group", "config_group_id"],
        [[config_id, key, value, group, group_id] for key, value in rows],
    )


def _delete(group: str, database: Database, values: str, out: TextIO) -> None:
    config_id, arguments = _arguments(database, values, 2)
    database.execute(
        "delete from cfg_centreonbroker_info where config_id = %s and config_group_id = %s"
        " and config_group = %s",
        config_id,
        arguments[1],
        group,
    )


def _arguments(database: Database, values: str, number: int) -> tuple[int, list[str]]:
    """The id of the configuration named first, and all arguments. Raises `ClapiError`."""
    arguments = values.split(";")
    config_id = _config_id(database, arguments[0])
    if len(arguments) < number or not arguments[1]:
        raise ClapiError(MISSING_PARAMETER)
    return config_id, arguments


def _config_id(database: Database, name: str) -> int:
    row = database.row("select config_id from cfg_centreonbroker where config_name = %s", name)
    if row is None:
        raise ClapiError(f"{OBJECT_NOT_FOUND}:{name}")
    return int(row["config_id"])


def _block_id(database: Database, group: str, kind: str) -> str:
    row = database.row(
        "select cb_tag_id, cb_type_id from cb_tag_type_relation join cb_tag using (cb_tag_id)"
        " join cb_type using (cb_type_id) where tagname = %s and type_shortname = %s",
        group,
        kind,
    )
    if row is None:
        raise ClapiError(f"Unknown combination: {group}/{kind}")
    return f"{row['cb_tag_id']}_{row['cb_type_id']}"


def _defaults(database: Database, type_id: int) -> dict[str, str]:
    """The fields of a kind of stream with the values that a new one gets."""
    fields = database.rows(_BLOCK_FIELDS, type_id, type_id)
    return {
        field["fieldname"]: field["external"] or _default(database, field)
        for field in fields
        if field["fieldname"] != "name"
    }


def _default(database: Database, field: Row) -> str:
    """The default of the field's list, or its first value; a choice of several has none."""
    if field["fieldtype"] == "multiselect":
        return ""
    row = database.row(
        "select default_value, value_value from cb_list join cb_list_values using (cb_list_id)"
        " where cb_field_id = %s",
        field["cb_field_id"],
    )
    return "" if row is None else row["default_value"] or row["value_value"]


def _is_valid(
    database: Database, config_id: int, group: str, group_id: str, key: str, value: str
) -> bool:
    """Whether the stream exists, has such a field, and the field's list has such a value."""
    block = database.row(
        "select config_value from cfg_centreonbroker_info where config_key = 'blockId'"
        " and config_id = %s and config_group_id = %s and config_group = %s",
        config_id,
        group_id,
        group,
    )
    if block is None:
        return False
    type_id = block["config_value"].partition("_")[2]
    fields = [f for f in database.rows(_BLOCK_FIELDS, type_id, type_id) if f["fieldname"] == key]
    if not fields:
        return False
    field = fields[0]
    if field["fieldtype"] not in ("select", "multiselect"):
        return True
    rows = database.rows(
        "select value_value from cb_list join cb_list_values using (cb_list_id)"
        " where cb_field_id = %s",
        field["cb_field_id"],
    )
    allowed = {row["value_value"] for row in rows}
    asked = value.split(",") if field["fieldtype"] == "multiselect" else [value]
    return allowed.issuperset(asked)


_VERBS: Mapping[str, Callable[[str, Database, str, TextIO], None]] = {
    "LIST": _list,
    "GET": _get,
    "SET": _set,
    "ADD": _add,
    "DEL": _delete,
}
ACTIONS: Mapping[str, Callable[[Database, str, TextIO], None]] = {"SHOW": show} | {
    f"{verb}{group}": partial(do, group.lower())
    for verb, do in _VERBS.items()
    for group in ("INPUT", "OUTPUT")
}
