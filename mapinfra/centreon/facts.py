"""Parsers of what the survey's probes print."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from mapinfra import jsontext

LISTENING_SCRIPT = """\
ss -Hltnp || exit
for dir in /proc/[0-9]*; do
  read -r name < "$dir/comm" && [ "$name" = cbd ] || continue
  printf 'cbd %s ' "${dir#/proc/}"
  tr '\\0' ' ' < "$dir/cmdline"
  echo
done 2>/dev/null
:
"""
"""Prints the TCP ports that listen, then each cbd's process id with its command line.

The watchdog starts `cbd FILE` for every configuration of a daemon (centreon-collect,
broker/watchdog/src/instance.cc).
"""

FITS = """\
[ "$(stat -L -c %s "$file")" -le 4194304 ] || { echo "$file has more than 4 MiB" >&2; exit 1; }
"""
"""Ends a probe at a file that is larger than any of Centreon's, and names it."""

_FILE = re.compile(
    r"(?P<path>/.*) "
    r"(?P<content>(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"
)
_HOLDER = re.compile(r'users:\(\("([^"]*)",pid=(\d+)')


def contents(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the full path and the content of each file, from `path base64` lines.

    A name that has line ends is none that mapinfra looks for, and what it makes of the lines isn't
    taken for one.
    """
    for line in text.split("\n"):
        if found := _FILE.fullmatch(line):
            yield found["path"], base64.b64decode(found["content"])


def files(text: str) -> dict[str, bytes]:
    """Return the content of each file by its name, from `path base64` lines."""
    return {PurePosixPath(path).name: content for path, content in contents(text)}


def json_object(content: bytes | None) -> dict[str, Any] | None:
    """Return a JSON object, or None where there is no file or it isn't one."""
    try:
        value = jsontext.loads(content or b"")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


@dataclass(frozen=True)
class Listener:
    """What listens on a port: the program, and of a cbd the file of its configuration.

    Each is '' where the user that asked may not know it.
    """

    program: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.program} with {self.file}" if self.file else self.program


def listening_ports(text: str) -> dict[int, tuple[Listener, ...]]:
    """Return the TCP ports that listen, with what does, from `LISTENING_SCRIPT`."""
    lines = [line.split() for line in text.splitlines()]
    brokers = {words[1]: words[-1] for words in lines if words[:1] == ["cbd"] and len(words) > 2}
    ports: dict[int, tuple[Listener, ...]] = {}
    for words in lines:
        port = words[3].rpartition(":")[2] if len(words) > 3 and words[0] == "LISTEN" else ""
        if port.isascii() and port.isdecimal():
            ports[int(port)] = (*ports.get(int(port), ()), _listener(" ".join(words), brokers))
    return ports


def _listener(line: str, brokers: dict[str, str]) -> Listener:
    holder = _HOLDER.search(line)
    if holder is None:
        return Listener("")
    return Listener(holder[1], PurePosixPath(brokers.get(holder[2], "")).name)
