"""The real Pulumi CLI on a sandbox's project and backend."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mapinfra.engine.state.urn import name
from tests.unit.engine.sandbox import Sandbox

NO_CHANGES = ("--expect-no-changes",)
UNEXPECTED = 7
FAILED = 1

_REPOSITORY = Path(__file__).parents[3]


def environment(sandbox: Sandbox) -> dict[str, str]:
    return {
        **os.environ,
        **sandbox.environment,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(_REPOSITORY),
        "PULUMI_HOME": str(sandbox.project.parent / "pulumi-home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def line(*arguments: str) -> list[str]:
    return ["pulumi", *arguments, "--stack", "dev", "--non-interactive"]


def run(sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `pulumi … --stack dev`."""
    return subprocess.run(
        line(*arguments),
        cwd=sandbox.project,
        env=environment(sandbox),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def pulumi(sandbox: Sandbox, *arguments: str, code: int = 0) -> str:
    ended = run(sandbox, *arguments)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout


def pulumi_up(sandbox: Sandbox, *arguments: str, code: int = 0) -> str:
    return pulumi(sandbox, "up", "--yes", "--skip-preview", *arguments, code=code)


def pulumi_preview(sandbox: Sandbox, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Return the preview as JSON."""
    found: dict[str, Any] = json.loads(pulumi(sandbox, "preview", "--json", *arguments, code=code))
    return found


def planned(shown: dict[str, Any]) -> dict[str, set[str]]:
    """Map the custom resources of a preview in JSON to the ops on them, without `same`."""
    found: dict[str, set[str]] = {}
    for step in shown["steps"]:
        state = step.get("newState") or step["oldState"]
        if state["custom"] and step["op"] not in ("same", "refresh"):
            found.setdefault(name(step["urn"]), set()).add(step["op"])
    return found


def settled(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the resources of the state without what differs from run to run."""
    volatile = {"sourcePosition", "stackTrace", "created", "modified", "provider"}
    volatile.add("propertyDependencies")  # Pulumi sometimes leaves empty ones out
    found = [
        {
            **{key: value for key, value in one.items() if key not in volatile},
            "needs": {
                key: urns for key, urns in one.get("propertyDependencies", {}).items() if urns
            },
        }
        for one in sandbox.state().get("resources", [])
        if name(one["urn"]) != "default"
    ]
    return sorted(found, key=lambda one: (one["urn"], one.get("id", "")))
