"""Parsers of what the survey's probes print."""

import base64
import json
from pathlib import PurePosixPath
from typing import Any


def files(text: str) -> dict[str, bytes]:
    """Return the content of each file by its name, from `path base64` lines."""
    found = {}
    for line in text.splitlines():
        path, _, encoded = line.rpartition(" ")
        found[PurePosixPath(path).name] = base64.b64decode(encoded)
    return found


def json_object(content: bytes | None) -> dict[str, Any] | None:
    """Return a JSON object, or None where there is no file or it isn't one."""
    try:
        value = json.loads(content or b"")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def listening_ports(text: str) -> frozenset[int]:
    """Return the TCP ports that listen, from `ss -Hltn`."""
    ports = set()
    for line in text.splitlines():
        fields = line.split()
        port = fields[3].rpartition(":")[2] if len(fields) > 3 else ""
        if port.isdigit():
            ports.add(int(port))
    return frozenset(ports)
