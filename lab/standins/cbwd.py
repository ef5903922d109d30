"""/usr/sbin/cbwd, the service `cbd`: reads watchdog.json and keeps one cbd per broker running.

Source: centreon-collect, broker/watchdog: a wrong watchdog.json ends it with 2 at start and changes
nothing on SIGHUP; on SIGHUP, cbds that are new are started, those gone are stopped, the others get
SIGHUP; a cbd that ended is started again some seconds later, so the service stays active
while its cbd may be failing.
"""

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CBD = "/usr/sbin/cbd"
_RESTART_SECONDS = 5
_STOP_SECONDS = 15
_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)


class ConfigurationError(Exception):
    """watchdog.json is refused; the message is the watchdog's."""


@dataclass(frozen=True)
class Instance:
    """A cbd to keep running."""

    name: str
    file: str
    run: bool
    reload: bool


def read(path: Path) -> tuple[dict[str, Instance], Path]:
    """The instances by name, and the watchdog's log. Raises `ConfigurationError`."""
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(
            f"Config parser: Cannot read file '{path}': {error.strerror}"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"Config parser: Cannot parse file '{path}': {error}") from error
    settings = content.get("centreonBroker") if isinstance(content, dict) else None
    if not isinstance(settings, dict):
        raise ConfigurationError(
            f"Config parser: Cannot parse file '{path}': it must contain a 'centreonBroker' object"
        )
    for key in settings:
        if key not in ("cbd", "log"):
            raise ConfigurationError(f"error in watchdog config '{key}' key is not recognized")
    entries = settings.get("cbd", [])
    if not isinstance(entries, (list, dict)):
        raise ConfigurationError("error in watchdog config syntax 'cbd' must be an array")
    log = Path(settings.get("log", "/var/log/centreon-broker/watchdog.log"))
    return _instances(entries if isinstance(entries, list) else [entries]), log


def _instances(entries: list[dict[str, Any]]) -> dict[str, Instance]:
    found: dict[str, Instance] = {}
    for entry in entries:
        for key, kind in {
            "name": str,
            "configuration_file": str,
            "run": bool,
            "reload": bool,
        }.items():
            if not isinstance(entry.get(key), kind):
                raise ConfigurationError(f"{key} field not provided for cbd instance")
        name = entry["name"]
        if not name:
            raise ConfigurationError("missing instance name")
        if name in found:
            raise ConfigurationError(f"instance '{name}' already exists")
        found[name] = Instance(name, entry["configuration_file"], entry["run"], entry["reload"])
    return found


class Watchdog:
    """The cbds that run."""

    def __init__(self, path: Path, wanted: dict[str, Instance], log: Path) -> None:
        self._path = path
        self._log_file = log
        self._wanted: dict[str, Instance] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._apply(wanted)

    def reload(self) -> None:
        """SIGHUP: read watchdog.json again and follow it."""
        try:
            wanted, self._log_file = read(self._path)
        except ConfigurationError as error:
            self._log("error", f"Could not parse the new configuration: {error}")
        else:
            self._apply(wanted)

    def restart_ended(self) -> None:
        """Start again the cbds that ended."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self._log(
                    "error",
                    f"cbd instance with PID {process.pid} has stopped, attempt to restart it",
                )
                self._start(self._wanted[name])

    def stop(self) -> None:
        """Stop all cbds, those that don't obey with SIGKILL."""
        for name in list(self._running):
            self._stop(name)

    def _apply(self, wanted: dict[str, Instance]) -> None:
        old, self._wanted = self._wanted, wanted
        for name, instance in old.items():
            if wanted.get(name, instance).file != instance.file or name not in wanted:
                self._stop(name)
        for name, instance in wanted.items():
            if name not in self._running and instance.run:
                self._start(instance)
            elif name in self._running and instance.reload:
                self._running[name].send_signal(signal.SIGHUP)

    def _start(self, instance: Instance) -> None:
        process = subprocess.Popen([_CBD, instance.file])
        self._running[instance.name] = process
        self._log("info", f"Process '{instance.name}' started (PID {process.pid})")

    def _stop(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._log("info", f"Process '{name}' (PID {process.pid}) stopped")

    def _log(self, level: str, message: str) -> None:
        line = f"[{time.strftime('%Y-%m-%dT%H:%M:%S%z')}] [cbwd] [{level}] {message}"
        with self._log_file.open("a") as log:
            print(line, file=log)
        if level == "error":
            print(line, file=sys.stderr, flush=True)


def serve(path: Path) -> int:
    """Run until SIGTERM; the exit code."""
    signal.pthread_sigmask(signal.SIG_SETMASK, _SIGNALS)
    try:
        wanted, log = read(path)
    except ConfigurationError as error:
        print(
            f"[cbwd] [error] Could not parse the configuration file '{path}': {error}",
            file=sys.stderr,
        )
        return 2
    watchdog = Watchdog(path, wanted, log)
    while True:
        received = signal.sigtimedwait(_SIGNALS, _RESTART_SECONDS)
        if received is None:
            watchdog.restart_ended()
        elif received.si_signo == signal.SIGHUP:
            watchdog.reload()
        else:
            watchdog.stop()
            return 0


def run() -> None:
    """The command's entry point: `cbwd FILE`."""
    if len(sys.argv) != 2 or sys.argv[1] == "-h":
        print("USAGE: cbwd configuration_file")
        sys.exit(0)
    sys.exit(serve(Path(sys.argv[1])))
