"""What each command of the queue means for its poller (module legacycmd of gorgone).

SENDCBCFG is ignored as by the real one. Names that aren't known here do nothing either.
"""

import logging
import queue
import subprocess
import threading
import time
from pathlib import Path

import pymysql

from .. import paths
from ..centcore import Command
from ..database import Database, Row, as_centreon
from . import link, node
from .settings import Settings

_log = logging.getLogger("gorgone.legacycmd")
_FAILURES = (
    link.LinkError,
    LookupError,
    OSError,
    pymysql.MySQLError,
    subprocess.SubprocessError,
)

_POLLER = """
select nagios_server.*, cfg_dir from nagios_server
left join cfg_nagios on nagios_server_id = nagios_server.id and nagios_activate = '1'
where nagios_server.id = %s
"""
_SERVICE_COMMANDS = {
    "RELOAD": "engine_reload_command",
    "RESTART": "engine_restart_command",
    "RELOADBROKER": "broker_reload_command",
}


def requests(
    database: Database, command: Command, reload_cbd_after_import: bool
) -> tuple[str | None, list[link.Message]]:
    """Where a command goes (None: this host) and what it asks for there.

    Raises LookupError for a poller that isn't there or has no engine configuration.
    """
    poller = database.row(_POLLER, command.poller_id)
    if poller is None or poller["cfg_dir"] is None:
        raise LookupError(f"no configuration for poller {command.poller_id}")
    address = None if poller["localhost"] == "1" else poller["ns_ip_address"]
    if command.name in _SERVICE_COMMANDS:
        return address, [_service_command(poller, command.name)]
    if command.name == "SENDCFGFILE":
        return address, _configuration(poller)
    if command.name == "SENDEXPORTFILE":
        messages = _export(poller, int(command.parameter))
        if reload_cbd_after_import:
            messages.append(_service_command(poller, "RELOADBROKER"))
        return address, messages
    return address, []


def _configuration(poller: Row) -> list[link.Message]:
    return [
        _copy(paths.ENGINE_CACHE / str(poller["id"]), poller["cfg_dir"]),
        _copy(paths.BROKER_CACHE / str(poller["id"]), poller["centreonbroker_cfg_path"]),
    ]


def _export(poller: Row, task_id: int) -> list[link.Message]:
    return [
        _copy(paths.EXPORT_CACHE / str(poller["id"]), str(paths.REMOTE_DATA)),
        {"action": "import", "parent_id": task_id},
    ]


def _service_command(poller: Row, name: str) -> link.Message:
    return {"action": "command", "command": f"sudo {poller[_SERVICE_COMMANDS[name]]}"}


def _copy(source: Path, destination: str) -> link.Message:
    return {"action": "copy", "destination": destination, "files": node.pack(source)}


class Poller(threading.Thread):
    """Sends one poller its commands, one after the other, so that a dead one delays no other."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        super().__init__(daemon=True)
        self._settings = settings
        self._key = key
        self._commands: queue.Queue[Command] = queue.Queue()

    def send(self, command: Command) -> None:
        """Let the command be sent when those before it are done."""
        self._commands.put(command)

    def run(self) -> None:
        """Send commands for ever. One that fails is logged and forgotten."""
        while True:
            command = self._commands.get()
            time.sleep(self._settings.copy_delay)
            try:
                self._carry_out(command)
            except _FAILURES as error:
                _log.error("%s: %s", command, error)

    def _carry_out(self, command: Command) -> None:
        with as_centreon() as database:
            address, messages = requests(database, command, self._settings.reload_cbd_after_import)
        for message in messages:
            answer = (
                node.carry_out(message, self._settings.watchdog_delay)
                if address is None
                else link.ask(address, self._key, message)
            )
            if answer["code"]:
                _log.error("%s: %s: %s", command, message["action"], answer.get("message"))
                return
        _log.info("%s: done", command)
