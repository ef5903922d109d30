"""A project of plain files in a folder of its own, run in process."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mapinfra.engine.project.stacks import init_stack, open_stack
from mapinfra.engine.run.events import Event, LogEvent, OperationKind, ResourceEvent, Summary
from mapinfra.engine.run.operations import Options, operate
from mapinfra.engine.state.urn import name
from tests import keys

PASSPHRASE = "correct horse"
SECRET = "hunter2-in-clear"

_PULUMI_YAML = """\
name: sandbox
runtime: python
stackConfigDir: stacks
options:
  refresh: always
"""


@dataclass
class Result:
    """What a run told."""

    summary: Summary
    events: list[Event] = field(default_factory=list)

    def told(self, status: str) -> dict[str, str]:
        """Map the resources told about with a status to the op."""
        return {
            name(one.urn): one.op
            for one in self.events
            if isinstance(one, ResourceEvent) and one.custom and one.status == status
        }

    def event(self, resource: str, status: str) -> ResourceEvent:
        """Return the one event of a resource with a status."""
        (found,) = (
            one
            for one in self.events
            if isinstance(one, ResourceEvent)
            and name(one.urn) == resource
            and one.status == status
            and one.op != "refresh"
        )
        return found

    def message(self, resource: str) -> str:
        """Return the one line told about a resource that failed or was skipped."""
        (found,) = (
            one.message
            for one in self.events
            if isinstance(one, ResourceEvent)
            and name(one.urn) == resource
            and one.status in ("failed", "skipped")
        )
        return found

    @property
    def log(self) -> list[str]:
        """The lines that belong to no resource."""
        return [one.message for one in self.events if isinstance(one, LogEvent)]


class Sandbox:
    """A project, a backend and a world of files, all in one folder."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.backend = folder / "backend"
        self.world = folder / "world"
        for one in (self.project / "stacks", self.backend, self.world):
            one.mkdir(parents=True)
        self.environment = {
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }
        (self.project / "Pulumi.yaml").write_text(_PULUMI_YAML)
        shutil.copy(Path(__file__).with_name("plainfiles.py"), self.project)
        (self.project / "__main__.py").write_text("from plainfiles import main\n\nmain()\n")
        self.program()
        self.config_file.write_text(f"encryptionsalt: {keys.salt(PASSPHRASE)}\n")
        init_stack(self.project, "dev", self.environment)
        self.configure({"world": str(self.world)})

    def program(self, **spec: Any) -> None:
        """Say what the program makes; see plainfiles.main."""
        (self.project / "program.json").write_text(json.dumps(spec))

    def files(self, **texts: str) -> None:
        """Let the program make files with these texts."""
        self.program(files={key: {"text": text} for key, text in texts.items()})

    def configure(self, values: dict[str, str], secrets: dict[str, str] | None = None) -> None:
        """Write the stack's config; `secrets` are given encrypted."""
        file = self.config_file
        salt = file.read_text().splitlines()[0]
        lines = [f"  sandbox:{key}: {json.dumps(value)}" for key, value in values.items()]
        for key, value in (secrets or {}).items():
            lines += [f"  sandbox:{key}:", f"    secure: {value}"]
        file.write_text("\n".join([salt, "config:", *lines, ""]))

    @property
    def config_file(self) -> Path:
        return self.project / "stacks" / "Pulumi.dev.yaml"

    @property
    def state_file(self) -> Path:
        return self.backend / ".pulumi" / "stacks" / "sandbox" / "dev.json"

    @property
    def locks(self) -> Path:
        return self.backend / ".pulumi" / "locks" / "organization" / "sandbox" / "dev"

    def state(self) -> dict[str, Any]:
        """Return the deployment in the state file."""
        found: dict[str, Any] = json.loads(self.state_file.read_bytes())["checkpoint"]["latest"]
        return found

    def resources(self) -> dict[str, dict[str, Any]]:
        """Map names to the resources of the state."""
        return {name(one["urn"]): one for one in self.state().get("resources", [])}

    def live(self) -> dict[str, str]:
        """Map names to the texts of the live files."""
        return {one.name: one.read_text() for one in self.world.iterdir() if not one.suffix}

    def calls(self) -> list[str]:
        """Return, and forget, what was done to the world."""
        log = self.world / "calls.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def steer(self, what: str, *, on: bool = True) -> None:
        """Put or remove a steering file: `a.off`, `a.broken`, `a.hold`."""
        if on:
            (self.world / what).touch()
        else:
            (self.world / what).unlink()

    def run(
        self,
        kind: OperationKind,
        *,
        preview: bool = False,
        parallel: int = 8,
        debug_file: Path | None = None,
        **more: Any,
    ) -> Result:
        """Run an operation in process; `more` are further options of the run."""
        stack = open_stack(self.project, "dev", self.environment)
        events: list[Event] = []
        options = Options(parallel=parallel, debug_file=debug_file, **more)
        summary = operate(stack, kind, events.append, options, preview=preview)
        return Result(summary, events)

    def up(self, **options: Any) -> Result:
        return self.run("update", **options)

    def preview(self, **options: Any) -> Result:
        return self.run("update", preview=True, **options)
