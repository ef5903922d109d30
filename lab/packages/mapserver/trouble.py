"""Trouble that a test asks for, beyond that of a whole version: /etc/lab/map.json on the host.

An object by version (`*`: any), whose keys may be

- `ends_after_up`: the server ends so many seconds after the first time that it says UP;
- `broker`: `lost`: it has no connection to the broker and makes none;
- `answer`: how health is answered instead: `redirect` (to port 9 of the host), `drip` (a byte every
  half second), `deep` JSON, `html`, `huge`.

It is read again each time, so a running server obeys it as well.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path("/etc/lab/map.json")

ANSWERS = {
    "deep": b'{"status":' + b"[" * 30000 + b"]" * 30000 + b"}",
    "html": b'<html><body>{"status":"UP"}</body></html>',
    "huge": b'{"status":"UP","details":"' + b"x" * (1 << 20) + b'"}',
    "drip": b'{"status":"UP"}' + b" " * 1000,
}


def of(version: str) -> dict[str, Any]:
    """Return what this version is asked for; nothing where there is no file."""
    try:
        asked = json.loads(FILE.read_text())
    except FileNotFoundError:
        return {}
    return {**asked.get("*", {}), **asked.get(version, {})}
