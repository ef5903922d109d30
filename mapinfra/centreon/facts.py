"""Parsers of what the survey's probes print."""

import base64
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from mapinfra import jsontext

_FILE = re.compile(
    r"(?P<path>/.*) "
    r"(?P<content>(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)"
)
_PROGRAM = re.compile(r'users:\(\("([^"]*)"')


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


def listening_ports(text: str) -> dict[int, str]:
    """Return the TCP ports that listen and the program that does, from `ss -Hltnp`.

    The program is '' where the user that asked may not know it.
    """
    ports = {}
    for line in text.splitlines():
        fields = line.split()
        port = fields[3].rpartition(":")[2] if len(fields) > 3 else ""
        if port.isdecimal():
            program = _PROGRAM.search(line)
            ports[int(port)] = program[1] if program else ""
    return ports
