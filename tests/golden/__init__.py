"""Stacks as programs other than this checkout's wrote them, and how tests take them up.

`pulumi/` was written by the Pulumi CLI, `mapinfra-VERSION/` by that version of mapinfra, each on
a lab whose remotes had Images shown and an output for MAP. `python -m tests.golden` records them.
What depends on the machine was replaced when they were recorded: see `scrubbed`.
"""

import json
import re
import shutil
from pathlib import Path

from lab import Lab
from tests.lab.map_world import LEGACY_ON_DNF, OLD, World, make
from tests.lab.project import reset, spec_of

FOLDER = Path(__file__).parent
PASSPHRASE = "golden"
SECRET_KEY, SECRET = "mapinfra:databasePassword", "kept in the config alone"
STACK = "lab"

LAB_FOLDER = "/lab"
CENTRAL = "198.18.0.10/"
HOST = "runner"


def recordings() -> list[Path]:
    """Return the recorded stacks, each a folder with `backend` and `Pulumi.lab.yaml`."""
    return sorted(path.parent for path in FOLDER.glob("*/backend"))


def state_file(recording: Path) -> Path:
    """Return the state file of a recorded stack."""
    return recording / "backend" / "stacks" / "mapinfra" / f"{STACK}.json"


def expect_replaceable(recording: Path, installed: str, declared: str) -> None:
    """Raise SystemExit unless what is recorded there is of the version that is installed."""
    if installed != declared:
        raise SystemExit(
            f"pyproject.toml says {declared}, and {installed} is installed: ./dev test"
        )
    if recording.exists():
        latest = json.loads(state_file(recording).read_bytes())["checkpoint"]["latest"]
        if latest["manifest"]["version"] != f"mapinfra-{installed}":
            raise SystemExit(f"{recording.name} was written by {latest['manifest']['version']}")


def prepared(lab: Lab, folder: Path) -> World:
    """Return a project with every type of resource: MAP with its desktop client, two remotes."""
    world = make(lab, folder, *LEGACY_ON_DNF)
    reset(lab, ("paris",))
    world.project.spec["remotes"] = spec_of(lab)["remotes"]
    world.want(OLD, desktop_client={"mirror": "/srv/www/clients"})
    return world


def take_up(recording: Path, lab: Lab, folder: Path) -> None:
    """Put a recorded stack into a project's folder, as if it had been made on this lab."""
    shutil.copy(recording / f"Pulumi.{STACK}.yaml", folder / "stacks")
    shutil.rmtree(folder / "state")
    backend = folder / "state" / ".pulumi"
    shutil.copytree(recording / "backend", backend)
    shutil.rmtree(backend / "locks")
    state = backend / state_file(recording).relative_to(recording / "backend")
    text = state.read_text()
    for here, put in addresses(lab):
        text = text.replace(put, here)
    state.write_text(text)


def addresses(lab: Lab) -> tuple[tuple[str, str], ...]:
    """Return what varies from lab to lab, and what stands for it in a recording."""
    return ((f"{lab.directory}/", f"{LAB_FOLDER}/"), (f"{lab.host('central').address}/", CENTRAL))


def scrubbed(text: str, *varying: tuple[str, str]) -> str:
    """Replace what depends on the machine that recorded."""
    for here, put in varying:
        text = text.replace(here, put)
    for pattern, put in (
        (r"project:///\.\./[^\"#]*/(?=[^/\"#]+#)", "project:///../"),
        (r'"runtime.executable": ?"[^"]*"', '"runtime.executable":"python"'),
        (r'"hostname": ?"[^"]*"', f'"hostname":"{HOST}"'),
        (r'"username": ?"[^"]*"', '"username":"root"'),
        (r'"process": ?"[^"]*"', '"process":""'),
        (r'"pid": ?\d+', '"pid":4711'),
    ):
        text = re.sub(pattern, put, text)
    return text
