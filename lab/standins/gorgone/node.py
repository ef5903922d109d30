"""What a gorgoned does on its own host: write files, run commands, import tables."""

import base64
import logging
import shlex
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pymysql

from .. import export, paths
from ..database import as_centreon
from .link import Message

_log = logging.getLogger("gorgone.node")


def pack(directory: Path) -> dict[str, str]:
    """The files of a directory as a message carries them."""
    return {
        path.name: base64.b64encode(path.read_bytes()).decode()
        for path in sorted(directory.iterdir())
        if path.is_file()
    }


def carry_out(request: Message, watchdog_delay: float) -> Message:
    """Do what a message asks for; {"code": 0, ...} when done, else {"code": 1, "message"}."""
    actions: dict[str, Callable[[Message], Message]] = {
        "copy": partial(_copy, watchdog_delay=watchdog_delay),
        "command": _run_command,
        "import": _import,
    }
    try:
        return actions[request["action"]](request)
    except (OSError, LookupError, ValueError, pymysql.MySQLError) as error:
        _log.error("%s failed: %s", request.get("action"), error)
        return {"code": 1, "message": str(error)}


def _copy(request: Message, watchdog_delay: float) -> Message:
    directory = Path(request["destination"])
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in request["files"].items():
        path = directory / Path(name).name
        delay = watchdog_delay if path.name == "watchdog.json" else 0.0
        _write(path, base64.b64decode(content), delay)
    _log.info("copied %d files to %s", len(request["files"]), directory)
    return {"code": 0}


def _write(path: Path, content: bytes, delay: float) -> None:
    """Replace a file as tar does: the old one goes, a new one of this user is made."""
    path.unlink(missing_ok=True)
    time.sleep(delay)
    path.write_bytes(content)
    path.chmod(0o664)


def _run_command(request: Message) -> Message:
    result = subprocess.run(
        shlex.split(request["command"]), capture_output=True, text=True, check=False, timeout=60
    )
    if result.returncode:
        _log.error("%s: exit code %d: %s", request["command"], result.returncode, result.stderr)
    else:
        _log.info("%s: done", request["command"])
    return {"code": result.returncode, "message": result.stderr.strip()}


def _import(request: Message) -> Message:
    with as_centreon() as database:
        export.run_import(database, request["parent_id"])
    _log.info("imported %s", paths.REMOTE_DATA)
    return {"code": 0}
