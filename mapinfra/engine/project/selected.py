"""The stack that `pulumi stack select` chose, as the Pulumi CLI keeps it for each project."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mapinfra.engine.project.project import load_project
from mapinfra.engine.state.backend import stack_files


def selected_stack(folder: Path, environment: Mapping[str, str]) -> str | None:
    """Return the name of the stack chosen for this project and backend; None if none is.

    Raises MapinfraError when there is no usable project or backend.
    """
    project = load_project(folder)
    backend = stack_files(environment, project.name, "").root.parent
    for file in _files(project.name, project.folder, environment):
        found = _read(file)
        chosen = found.get("stacks")
        name = chosen.get(f"file://{backend}") if isinstance(chosen, dict) else None
        name = name or found.get("stack")  # of CLIs that knew one backend at a time
        if isinstance(name, str) and name:
            return name.rpartition("/")[2]
    return None


def _files(project: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """Name the files that may say so: the CLI identifies a project by its unresolved path."""
    home = environment.get("PULUMI_HOME") or Path(environment.get("HOME", "/"), ".pulumi")
    shown = Path(environment.get("PWD") or folder)
    same = (one for one in (shown, *shown.parents) if one.resolve() == folder)
    for place in dict.fromkeys((next(same, folder), folder)):
        mark = hashlib.sha1(str(place / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
        yield Path(home, "workspaces", f"{project}-{mark}-workspace.json")


def _read(file: Path) -> dict[str, Any]:
    """Return what a file holds; nothing where it is missing, or another's."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
