"""The engine's files, made from the tables: the main file twice, the objects, the resources.

Source: www/class/config-generate/{engine,host,resource}.class.php. centengine.cfg names the files
where the poller will have them, centengine.DEBUG where they are now, for the test.
"""

from pathlib import Path

from . import paths
from .database import Database, Row

OBJECT_FILES = (
    "hostTemplates.cfg", "hosts.cfg", "serviceTemplates.cfg", "services.cfg", "commands.cfg",
    "contactgroups.cfg", "contacts.cfg", "hostgroups.cfg", "servicegroups.cfg", "timeperiods.cfg",
    "escalations.cfg", "dependencies.cfg", "connectors.cfg", "tags.cfg", "severities.cfg",
)  # fmt: skip
_MAIN_SETTINGS = (
    "log_file", "status_file", "status_update_interval", "enable_notifications",
    "execute_service_checks", "accept_passive_service_checks", "execute_host_checks",
    "accept_passive_host_checks", "enable_event_handlers", "check_external_commands",
    "command_check_interval", "command_file", "retain_state_information", "state_retention_file",
    "retention_update_interval", "sleep_time", "max_concurrent_checks", "date_format",
    "event_broker_options", "illegal_object_name_chars", "illegal_macro_output_chars",
)  # fmt: skip
_HOST_SETTINGS = {
    "host_name": "host_name",
    "alias": "host_alias",
    "address": "host_address",
    "display_name": "display_name",
    "max_check_attempts": "host_max_check_attempts",
    "check_interval": "host_check_interval",
    "retry_interval": "host_retry_check_interval",
}


def generate(database: Database, poller_id: int) -> dict[str, str]:
    """The files of a poller, name to text. Raises LookupError if it has no engine configuration."""
    engine = database.row(
        "select * from cfg_nagios where nagios_server_id = %s and nagios_activate = '1'", poller_id
    )
    if engine is None:
        raise LookupError(f"Cannot get engine configuration for poller '{poller_id}'")
    modules = database.rows(
        "select broker_module from cfg_nagios_broker_module where cfg_nagios_id = %s"
        " order by bk_mod_id",
        engine["nagios_id"],
    )
    objects = dict.fromkeys(OBJECT_FILES, "") | {"hosts.cfg": _hosts(database, poller_id)}
    return objects | {
        "resource.cfg": _resources(database, poller_id),
        "centengine.cfg": main_file(engine, modules, Path(engine["cfg_dir"])),
        "centengine.DEBUG": main_file(engine, modules, paths.ENGINE_CACHE / str(poller_id)),
    }


def main_file(engine: Row, modules: list[Row], directory: Path) -> str:
    """centengine.cfg, naming its other files in this directory."""
    lines = [f"cfg_file={directory / name}" for name in OBJECT_FILES]
    lines.append(f"resource_file={directory / 'resource.cfg'}")
    lines += [f"broker_module={module['broker_module']}" for module in modules]
    lines += [f"{name}={engine[name]}" for name in _MAIN_SETTINGS if engine[name] is not None]
    return "".join(f"{line}\n" for line in lines)


def _hosts(database: Database, poller_id: int) -> str:
    hosts = database.rows(
        "select host.* from host join ns_host_relation on host_host_id = host_id"
        " where nagios_server_id = %s and host_activate = '1' and host_register = '1'"
        " order by host_id",
        poller_id,
    )
    return "".join(host_object(host) for host in hosts)


def host_object(host: Row) -> str:
    """A row of table `host` as an object of the engine; empty columns are left out."""
    lines = "".join(
        f"    {name:<30} {host[column]} \n"
        for name, column in _HOST_SETTINGS.items()
        if host[column] not in (None, "")
    )
    return f"\ndefine host {{\n{lines}}}\n"


def _resources(database: Database, poller_id: int) -> str:
    rows = database.rows(
        "select resource_name, resource_line from cfg_resource"
        " join cfg_resource_instance_relations using (resource_id)"
        " where instance_id = %s and resource_activate = '1' order by resource_id",
        poller_id,
    )
    return "".join(f"{row['resource_name']}={row['resource_line']}\n" for row in rows)
