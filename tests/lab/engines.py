"""The two engines as a user types them, and what a preview of either says in one shape."""

import json
import subprocess
from enum import Enum
from typing import Any

from tests.lab.project import Project, Result, ended

# What may differ between two previews of one state: when, from which line, to which new id.
_VOLATILE = frozenset(
    {"created", "modified", "sourcePosition", "stackTrace", "provider", "propertyDependencies"}
)


class Engine(Enum):
    """Who runs the program."""

    MAPINFRA = "mapinfra"
    PULUMI = "pulumi"

    @property
    def other(self) -> "Engine":
        """The engine that goes on."""
        return Engine.PULUMI if self is Engine.MAPINFRA else Engine.MAPINFRA

    def run(self, project: Project, *arguments: str) -> Result:
        """Run a command that both have."""
        return (
            project.mapinfra(*arguments) if self is Engine.MAPINFRA else project.pulumi(*arguments)
        )

    def start(self, project: Project, verb: str) -> subprocess.Popen[str]:
        """Start `up` or `destroy` without asking, going on after a failure."""
        if self is Engine.MAPINFRA:
            return project.start(verb, "--yes")
        return project.start_pulumi(verb, "--yes", "--skip-preview", "--continue-on-error")

    def change(self, project: Project, verb: str) -> Result:
        """Run `up` or `destroy` to its end."""
        return ended(self.start(project, verb))

    def succeed(self, project: Project, verb: str) -> Result:
        """Run `up` or `destroy`, which must succeed."""
        result = self.change(project, verb)
        assert result.code == 0, result
        return result

    def preview(self, project: Project, verb: str = "up") -> "Preview":
        """Return what `up` or `destroy` would do."""
        arguments = ("preview",) if verb == "up" else (verb, "--preview-only")
        sames = ("--show-sames",) if (self, verb) == (Engine.PULUMI, "up") else ()
        result = self.run(project, *arguments, "--json", *sames)
        assert result.code == 0, result
        return Preview(json.loads(result.out))

    def expect_nothing_to_do(self, project: Project) -> None:
        """Run a preview that must find no change."""
        result = self.run(project, "preview", "--expect-no-changes")
        assert result.code == 0, result


class Preview:
    """A preview's JSON, less what is of no meaning to who reviews it."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.summary: dict[str, int] = found.get("changeSummary", {})
        self.steps = {
            step["urn"]: _step(step) for step in found.get("steps", ()) if step["op"] != "refresh"
        }

    def operations(self) -> dict[str, str]:
        """Map the names of the resources that change, components left out, to the operation."""
        return {
            urn.rpartition("::")[2]: step["op"]
            for urn, step in self.steps.items()
            if step["op"] != "same" and "dynamic" in urn
        }

    def said(self) -> tuple[dict[str, int], dict[str, Any]]:
        """Return all of it, to be compared."""
        return self.summary, self.steps


def _step(step: dict[str, Any]) -> dict[str, Any]:
    if step["op"] == "same":
        return {"op": "same"}  # without values: the CLI gives them for some alone
    return {
        "op": step["op"],
        "old": _state(step.get("oldState")),
        "new": _state(step.get("newState")),
        "reasons": step.get("diffReasons"),
        "detail": step.get("detailedDiff"),
    }


def _state(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found and {key: value for key, value in found.items() if key not in _VOLATILE}


def agreed(project: Project, verb: str = "up") -> Preview:
    """Return what both engines' previews say, which must be the same."""
    ours, theirs = (engine.preview(project, verb) for engine in Engine)
    assert ours.said() == theirs.said()
    return ours
