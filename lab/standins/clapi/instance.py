"""`-o INSTANCE`: the pollers in full (centreonInstance.class.php)."""

from typing import TextIO

from ..database import Database, as_centreon

_COLUMNS = (
    "id", "name", "localhost", "ns_ip_address", "ns_activate", "ns_status",
    "engine_restart_command", "engine_reload_command", "broker_reload_command", "nagios_bin",
    "nagiostats_bin", "ssh_port", "gorgone_communication_type", "gorgone_port",
)  # fmt: skip
_HEADER = (
    "id;name;localhost;ip address;activate;status;engine restart command;engine reload command;"
    "broker reload command;bin;stats bin;ssh port;gorgone protocol;gorgone port"
)
_PROTOCOLS = {"1": "ZMQ", "2": "SSH"}


def show(database: Database, values: str, out: TextIO) -> None:
    """The pollers whose name contains the value."""
    print(_HEADER, file=out)
    with as_centreon("centreon_storage") as storage:
        rows = storage.rows("select instance_id, running from instances")
    states = {row["instance_id"]: row["running"] for row in rows}
    for row in database.rows(
        f"select {', '.join(_COLUMNS)} from nagios_server where name like %s order by id",
        f"%{values}%",
    ):
        row["ns_status"] = states.get(row["id"], "-")
        row["gorgone_communication_type"] = _PROTOCOLS[row["gorgone_communication_type"]]
        fields = ("" if value is None else str(value) for value in row.values())
        print(";".join(fields), file=out)
