"""What the Pulumi CLI wrote and what mapinfra writes, less what is by chance, to be compared."""

import json
import re
from pathlib import Path
from typing import Any

_BY_CHANCE = (
    (re.compile(r"v1:[\w+/]{16}:[\w+/]+=*"), "v1:…"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
)


def state_text(content: bytes, folder: Path) -> str:
    """Return a state as text, its resources by name; `folder` is that of the sandbox."""
    latest = json.loads(content)["checkpoint"]["latest"]
    del latest["manifest"]
    latest.get("secrets_providers", {}).get("state", {}).pop("salt", None)
    for one in (*latest.get("resources", []), *_pending(latest)):
        _without_positions(one)
    latest.get("resources", []).sort(key=lambda one: (one["urn"], one.get("id", "")))
    return settled_text(latest, folder, in_order=True)


def settled_text(found: object, folder: Path, *, in_order: bool = False) -> str:
    """Return what was found as text, the same whoever wrote it when, and in which sandbox."""
    text = json.dumps(found, indent=1, sort_keys=not in_order).replace(str(folder), "/sandbox")
    for pattern, put in _BY_CHANCE:
        text = pattern.sub(put, text)
    return text


def _pending(latest: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["resource"] for one in latest.get("pending_operations", [])]


def _without_positions(one: dict[str, Any]) -> None:
    """Take out which lines registered it, and dependencies that Pulumi sometimes leaves empty."""
    for position in ("sourcePosition", "stackTrace"):
        one.pop(position, None)
    needs = {key: urns for key, urns in one.get("propertyDependencies", {}).items() if urns}
    if needs:
        one["propertyDependencies"] = needs
    else:
        one.pop("propertyDependencies", None)
