"""/usr/sbin/centengine: checks its configuration (`-v FILE`), or runs, monitoring nothing.

Source: centreon-collect, engine/src/main.cc and the configuration parser: their messages and exit
codes for what is checked here: files that can be read, `key=value` lines, objects that are whole,
hosts that have a name (each its own) and an address.
"""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

Settings = list[tuple[str, str]]
Object = dict[str, str]


class ConfigurationError(Exception):
    """The configuration can't be used; the message is the engine's."""


def read_main_file(path: Path) -> Settings:
    """The settings of the main file, in order. Raises `ConfigurationError`."""
    settings = []
    for number, line in _lines(path):
        key, separator, value = line.partition("=")
        if not separator:
            raise ConfigurationError(
                f"Parsing of global properties failed in file '{path}' on line {number}:"
                " Missing '='"
            )
        settings.append((key.strip(), value.strip()))
    return settings


def read_objects(path: Path) -> list[tuple[str, Object]]:
    """The objects of a file, each with its kind. Raises `ConfigurationError`."""
    objects: list[tuple[str, Object]] = []
    inside: Object | None = None
    for number, line in _lines(path):
        if inside is not None and line == "}":
            inside = None
        elif inside is not None:
            key, *value = line.split(None, 1)
            inside[key] = value[0] if value else ""
        elif line.startswith("define ") and line.endswith("{"):
            inside = {}
            objects.append((line.removeprefix("define ").removesuffix("{").strip(), inside))
        else:
            raise ConfigurationError(
                f"Parsing of object definition failed in file '{path}' at line {number}:"
                " Unexpected start definition"
            )
    if inside is not None:
        raise ConfigurationError(f"Parsing of object definition failed in file '{path}'")
    return objects


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text()
    except OSError as error:
        raise ConfigurationError(
            f"Parsing of global file failed: Can't open file '{path}': {error.strerror}"
        ) from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith(("#", ";")):
            yield number, line.strip()


def check(main_file: Path) -> dict[str, int]:
    """How many objects of each kind a configuration has. Raises `ConfigurationError`."""
    settings = read_main_file(main_file)
    objects = [
        found for key, value in settings if key == "cfg_file" for found in read_objects(Path(value))
    ]
    for key, value in settings:
        if key == "resource_file":
            read_main_file(Path(value))
    _check_hosts([properties for kind, properties in objects if kind == "host"])
    kinds = [kind for kind, _ in objects]
    return {kind: kinds.count(kind) for kind in ("command", "contact", "host", "service")}


def _check_hosts(hosts: list[Object]) -> None:
    names = set()
    for host in hosts:
        name = host.get("host_name", "")
        if not name:
            raise ConfigurationError("Host has no name (property 'host_name')")
        if not host.get("address"):
            raise ConfigurationError(f"Host '{name}' has no address (property 'address')")
        if name in names:
            raise ConfigurationError(f"Parsing of host failed {name}: {name} already exists")
        names.add(name)


def verify(main_file: Path, out: TextIO) -> int:
    """`centengine -v`: say what was checked; the exit code."""
    print(f"Reading main configuration file '{main_file}'.", file=out)
    try:
        counts = check(main_file)
    except ConfigurationError as error:
        print(f"Error while processing a config file: {error}", file=out)
        print("One or more problems occurred while processing the config files.", file=out)
        return 1
    print(file=out)
    for kind, number in counts.items():
        print(f" Checked {number} {kind}s.", file=out)
    print("\n Total Warnings: 0\n Total Errors:   0", file=out)
    return 0


def serve(main_file: Path) -> int:
    """Run until SIGTERM; SIGHUP reads the configuration again and keeps the old if it's wrong."""
    awaited = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_SETMASK, awaited)
    try:
        check(main_file)
        print("Configuration loaded, main loop starting.", flush=True)
        while signal.sigwait(awaited) == signal.SIGHUP:
            _reload(main_file)
    except ConfigurationError as error:
        print(f"Error while processing a config file: {error}", file=sys.stderr)
        return 1
    return 0


def _reload(main_file: Path) -> None:
    try:
        check(main_file)
    except ConfigurationError as error:
        print(f"Error: could not reload configuration: {error}", file=sys.stderr)
    else:
        print("Configuration reloaded, main loop continuing.", flush=True)


def run() -> None:
    """The command's entry point."""
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "-v":
        sys.exit(verify(Path(arguments[1]), sys.stdout))
    if len(arguments) == 1:
        sys.exit(serve(Path(arguments[0])))
    print("Usage: centengine [-v] cfg_file")
    sys.exit(1)
