"""/usr/sbin/cbd: one broker process. It reads one JSON file and listens where that says.

Source: centreon-collect, broker/core/src/{main.cc,config/parser.cc} and broker/tcp: what is refused
at start ends the process with 1; on SIGHUP the file is read again, streams that are new are
opened, changed ones reopened, and a wrong file leaves everything as it is. A port that can't be
bound is logged and tried again, it doesn't end the process. Clients are accepted and what they
send is thrown away; streams that connect (with a host, or to a database) do nothing.
"""

import json
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_TYPES = (
    "ipv4", "tcp", "ipv6", "rrd", "sql", "unified_sql", "storage", "bam", "bam_bi", "lua", "simu",
    "graphite", "influxdb", "grpc", "bbdo_server", "bbdo_client", "file",
)  # fmt: skip
_RETRY_SECONDS = 15
Json = dict[str, Any]


class ConfigurationError(Exception):
    """The broker refuses its configuration; the message is its own."""


@dataclass(frozen=True)
class Endpoint:
    """An input or an output; `definition` tells two of them apart when the file changed."""

    name: str
    definition: str
    address: tuple[str, int] | None
    """Where it listens; None for one that connects."""


@dataclass
class Configuration:
    """What is used of a broker's file."""

    broker_name: str
    log: Path
    endpoints: list[Endpoint]


def read(path: Path) -> Configuration:
    """Read a broker's file. Raises `ConfigurationError`."""
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(
            f"Config parser: Cannot read file '{path}': {error.strerror}"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"Config parser: Cannot parse file '{path}': {error}") from error
    broker = content.get("centreonBroker") if isinstance(content, dict) else None
    if not isinstance(broker, dict):
        raise ConfigurationError(f"Config parser: no 'centreonBroker' object in '{path}'")
    _check_head(broker)
    return Configuration(broker["broker_name"], _log_file(broker), _endpoints(broker))


def _check_head(broker: Json) -> None:
    for key, kind in {"broker_id": int, "poller_id": int, "broker_name": str}.items():
        if not isinstance(broker.get(key), kind):
            raise ConfigurationError(f"Config parser: '{key}' must be of type {kind.__name__}")
    for key in ("module_directory", "cache_directory"):
        if not Path(broker.get(key) or "/").is_dir():
            words = key.replace("_", " ")
            raise ConfigurationError(f"The {words} '{broker[key]}' is not accessible")
    version = broker.get("bbdo_version", "")
    if len(parts := version.split(".")) != 3 or not all(part.isdigit() for part in parts):
        raise ConfigurationError(f"config parser: cannot parse bbdo_version '{version}'")


def _log_file(broker: Json) -> Path:
    log = broker.get("log", {})
    directory = Path(log.get("directory") or "/var/log/centreon-broker")
    return directory / (log.get("filename") or f"{broker['broker_name']}.log")


def _endpoints(broker: Json) -> list[Endpoint]:
    found = []
    for kind in ("input", "output"):
        streams = broker.get(kind, [])
        if isinstance(streams, dict):
            streams = [streams]
        if not isinstance(streams, list):
            raise ConfigurationError(
                f"config parser: cannot parse key '{kind}': value type must be an object"
            )
        found += [endpoint(stream) for stream in streams]
    return found


def endpoint(stream: Json) -> Endpoint:
    """One input or output. Raises `ConfigurationError`."""
    name, kind = stream.get("name", ""), stream.get("type")
    if kind not in _TYPES:
        raise ConfigurationError(f"config parser: endpoint of invalid type '{kind or ''}'")
    listens = kind == "bbdo_server" or (kind in ("ipv4", "ipv6", "tcp") and not stream.get("host"))
    port = _port(stream, name) if kind in ("ipv4", "ipv6", "tcp", "bbdo_server") else 0
    address = (stream.get("host") or "0.0.0.0", port) if listens else None
    return Endpoint(name, json.dumps(stream, sort_keys=True), address)


def _port(stream: Json, name: str) -> int:
    if "port" not in stream:
        raise ConfigurationError(f"TCP: no 'port' defined for endpoint '{name}'")
    text = str(stream["port"]).strip()
    if not text.isdigit() or int(text) > 65535:
        raise ConfigurationError(
            f"TCP: invalid port value '{stream['port']}' defined for endpoint '{name}'"
        )
    return int(text)


@dataclass
class Broker:
    """A running broker: what it listens on, and who is connected."""

    path: Path
    configuration: Configuration
    selector: selectors.BaseSelector
    listeners: dict[str, socket.socket] = field(default_factory=dict)
    retry_at: dict[str, float] = field(default_factory=dict)

    def apply(self, configuration: Configuration) -> None:
        """Close what is no longer wanted, open what is new."""
        self.configuration = configuration
        wanted = {e.definition for e in configuration.endpoints if e.address is not None}
        for definition in set(self.listeners) - wanted:
            listener = self.listeners.pop(definition)
            self.selector.unregister(listener)
            listener.close()
        self.retry_at = dict.fromkeys(wanted - set(self.listeners), 0.0)
        self.open_waiting()

    def open_waiting(self) -> None:
        """Try the listeners that aren't open and whose time has come."""
        for candidate in self.configuration.endpoints:
            due = self.retry_at.get(candidate.definition)
            if candidate.address is None or due is None or time.monotonic() < due:
                continue
            try:
                listener = socket.create_server(candidate.address)
            except OSError as error:
                self.log(
                    "error",
                    f"acceptor: endpoint '{candidate.name}' could not accept client:"
                    f" bind to port {candidate.address[1]}: {error.strerror}",
                )
                self.retry_at[candidate.definition] = time.monotonic() + _RETRY_SECONDS
                continue
            del self.retry_at[candidate.definition]
            self.listeners[candidate.definition] = listener
            self.selector.register(listener, selectors.EVENT_READ, self._accept)

    def reload(self) -> None:
        """SIGHUP: read the file again."""
        self.log("info", "main: configuration update requested")
        try:
            self.apply(read(self.path))
        except ConfigurationError as error:
            self.log("error", f"main: configuration update failed: {error}")

    def log(self, level: str, message: str) -> None:
        """One line in the broker's own log; errors also go to the journal."""
        line = f"[{time.strftime('%Y-%m-%dT%H:%M:%S%z')}] [core] [{level}] {message}"
        with self.configuration.log.open("a") as log:
            print(line, file=log)
        if level == "error":
            print(line, file=sys.stderr, flush=True)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        self.selector.register(connection, selectors.EVENT_READ, self._discard)

    def _discard(self, connection: socket.socket) -> None:
        try:
            received = connection.recv(65536)
        except ConnectionError:
            received = b""
        if not received:
            self.selector.unregister(connection)
            connection.close()


def serve(path: Path) -> int:
    """Run until SIGTERM; the exit code."""
    try:
        configuration = read(path)
    except ConfigurationError as error:
        print(f"[core] [error] Error during cbd exit: {error}", file=sys.stderr)
        return 1
    with selectors.DefaultSelector() as selector:
        broker = Broker(path, configuration, selector)
        signals = _signals_as_bytes()
        selector.register(signals, selectors.EVENT_READ)
        broker.log("info", f"Centreon Broker started with {path}")
        broker.apply(configuration)
        while _step(broker, signals):
            pass
    return 0


def _signals_as_bytes() -> socket.socket:
    """A socket on which each signal arrives as a byte."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach())
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    return reader


def _step(broker: Broker, signals: socket.socket) -> bool:
    """Handle what has happened; False when it's time to end."""
    for key, _ in broker.selector.select(timeout=1):
        if key.fileobj is not signals:
            key.data(key.fileobj)
            continue
        received = set(signals.recv(64))
        if received & {signal.SIGTERM, signal.SIGINT}:
            broker.log("info", "main: termination request received by process")
            return False
        broker.reload()
    broker.open_waiting()
    return True


def run() -> None:
    """The command's entry point: `cbd FILE`, or `cbd -c FILE` to check it only."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["-c"] and len(arguments) == 2:
        try:
            read(Path(arguments[1]))
        except ConfigurationError as error:
            print(f"[core] [error] Error during cbd exit: {error}", file=sys.stderr)
            sys.exit(1)
        sys.exit(0)
    if len(arguments) != 1:
        print("USAGE: cbd [-c] [<configfile>]", file=sys.stderr)
        sys.exit(1)
    sys.exit(serve(Path(arguments[0])))
