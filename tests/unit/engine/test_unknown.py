"""Values of other resources that aren't known before `up`, in the inputs of mapinfra's own."""

import json
from typing import Any

import pytest

from mapinfra.engine.state.diff import LATER
from tests.marks import needs_pulumi
from tests.unit.engine.realcli import run
from tests.unit.engine.sandbox import Sandbox

PROGRAM = """
import json
import pulumi
from pathlib import Path
from plainfiles import File
from mapinfra.resources.types import (
    BrokerOutputs, DesktopClient, MapInstallation, TopologyFlag
)

made = File("a", {"text": "one", "reason": None})  # which is known once it is made

def with_output(value):
    if value == "UNKNOWN":
        return made.reason
    if isinstance(value, dict):
        return {key: with_output(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_output(item) for item in value]
    return value

for kind, inputs in json.loads(Path("kinds.json").read_text()):
    globals()[kind](kind, **with_output(inputs))
"""
TARGET = {
    "name": "paris",
    "ssh": {"host": "UNKNOWN", "port": 22},
    "database": {"user": "mapinfra", "password": {"file": "UNKNOWN"}},
}
API: dict[str, Any] = {"url": "UNKNOWN", "user": "admin", "password": {"env": "UNKNOWN"}}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("TopologyFlag", {"server": TARGET, "page": "UNKNOWN", "shown": "UNKNOWN"}),
    (
        "BrokerOutputs",
        {
            "central": TARGET,
            "remote": TARGET,
            "api": API,
            "poller": "UNKNOWN",
            "outputs": {"Centreon-Map": {"port": "UNKNOWN", "categories": ["UNKNOWN"]}},
        },
    ),
    (
        "MapInstallation",
        {
            "map": TARGET,
            "web": TARGET,
            "api": API,
            "edition": "UNKNOWN",
            "version": "UNKNOWN",
            "config": "UNKNOWN",
            "settings": {"centreon-map.conf": {"JAVA_OPTS": "UNKNOWN"}},
            "backup": {"folder": "UNKNOWN", "keep": 3},
            "lease_minutes": 15,
            "start_seconds": 300,
        },
    ),
    ("DesktopClient", {"map": TARGET, "version": "UNKNOWN", "mirror": "UNKNOWN"}),
]


@pytest.fixture
def dependent(sandbox: Sandbox) -> Sandbox:
    """A program whose resources need another's value wherever they can."""
    (sandbox.project / "__main__.py").write_text(PROGRAM)
    (sandbox.project / "kinds.json").write_text(json.dumps(KINDS))
    return sandbox


def test_unknown_values_in_any_input_will_be_read_in_up(dependent: Sandbox) -> None:
    preview = dependent.preview()
    assert preview.summary.succeeded, preview.events
    for kind, _ in KINDS:
        shown = preview.event(kind, "planned")
        assert (shown.op, shown.plan) == ("create", LATER)


@needs_pulumi
def test_the_cli_tells_what_is_not_known_and_plans_a_creation(dependent: Sandbox) -> None:
    preview = run(dependent, "preview", "--diff")
    shown = preview.stdout + preview.stderr
    assert preview.returncode == 0, shown
    assert "Traceback" not in shown
    for kind, _ in KINDS:
        assert f"{kind}: will be read in `up`; not known yet: " in shown
    assert "server.database.password.file, server.ssh.host, shown" in shown
