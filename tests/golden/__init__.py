"""Stacks as programs other than this checkout's wrote them, and how tests take them up.

`pulumi/` was written by the Pulumi CLI, `mapinfra-VERSION/` by that version of mapinfra, each on
a lab whose remotes had Images shown and an output for MAP. `python -m tests.golden` records them.
What depends on the machine was replaced when they were recorded: see `scrubbed`.
"""

import re
import shutil
from pathlib import Path

from lab import Lab

FOLDER = Path(__file__).parent
PASSPHRASE = "golden"
SECRET_KEY, SECRET = "mapinfra:databasePassword", "kept in the config alone"
STACK = "lab"

LAB_FOLDER = "/lab"
CENTRAL = "http://198.18.0.10/"
HOST = "runner"


def recordings() -> list[Path]:
    """Return the recorded stacks, each a folder with `backend` and `Pulumi.lab.yaml`."""
    return sorted(path.parent for path in FOLDER.glob("*/backend"))


def state_file(recording: Path) -> Path:
    """Return the state file of a recorded stack."""
    return recording / "backend" / "stacks" / "mapinfra" / f"{STACK}.json"


def take_up(recording: Path, lab: Lab, folder: Path) -> None:
    """Put a recorded stack into a project's folder, as if it had been made on this lab."""
    shutil.copy(recording / f"Pulumi.{STACK}.yaml", folder / "stacks")
    shutil.rmtree(folder / "state")
    backend = folder / "state" / ".pulumi"
    shutil.copytree(recording / "backend", backend)
    shutil.rmtree(backend / "locks")
    state = backend / state_file(recording).relative_to(recording / "backend")
    text = state.read_text()
    text = text.replace(f'"{LAB_FOLDER}/', f'"{lab.directory}/')
    state.write_text(text.replace(CENTRAL, f"http://{lab.host('central').address}/"))


def scrubbed(text: str, lab: Lab, project: Path) -> str:
    """Replace what depends on the machine that recorded, and on its lab."""
    for pattern, put in (
        (re.escape(str(lab.directory)), LAB_FOLDER),
        (re.escape(f"http://{lab.host('central').address}/"), CENTRAL),
        (re.escape(str(project)), "/project"),
        (r"project:///\.\./[^\"#]*/(?=[^/\"#]+#)", "project:///../"),
        (r'"hostname": ?"[^"]*"', f'"hostname":"{HOST}"'),
        (r'"username": ?"[^"]*"', '"username":"root"'),
        (r'"process": ?"[^"]*"', '"process":""'),
        (r'"pid": ?\d+', '"pid":4711'),
    ):
        text = re.sub(pattern, put, text)
    return text
