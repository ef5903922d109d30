"""Records stacks: `python -m tests.golden pulumi` or `python -m tests.golden mapinfra`.

The first records what the Pulumi CLI on PATH writes, the second what this version of mapinfra
does; it is made once for a release.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import Lab
from mapinfra.engine.project.stacks import set_config
from mapinfra.engine.run.events import OperationKind
from tests.golden import (
    FOLDER,
    PASSPHRASE,
    SECRET,
    SECRET_KEY,
    STACK,
    addresses,
    expect_replaceable,
    prepared,
    scrubbed,
)
from tests.golden.moments import MOMENTS, before_its_edit, kind_of
from tests.lab.engines import Engine
from tests.lab.project import CHECKOUT, Project, Result, query
from tests.unit.engine.realcli import FAILED, run
from tests.unit.engine.sandbox import Sandbox

HIDE = "UPDATE topology SET topology_show='0' WHERE topology_name='Images'"


def main() -> None:
    """Make a lab, record on it, take it down."""
    engine = Engine(sys.argv[1])
    kept = FOLDER / ("pulumi" if engine is Engine.PULUMI else _of_this_version())
    with TemporaryDirectory() as folder:
        if engine is Engine.PULUMI:
            _record_moments(Path(folder))
        _record_on_a_lab(engine, Path(folder) / "lab", kept)


def _of_this_version() -> str:
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    name = f"mapinfra-{version('mapinfra')}"
    expect_replaceable(FOLDER / name, version("mapinfra"), declared)
    return name


def _record_on_a_lab(engine: Engine, folder: Path, kept: Path) -> None:
    name = f"test-{os.getpid()}"
    folder.mkdir()
    try:
        _record(engine, prepared(Lab.up(name), folder).project, kept)
    finally:
        Lab.remove(name)


def _record(engine: Engine, project: Project, kept: Path) -> None:
    """Play a stack's life: made, drifted, refreshed, repaired, in part destroyed and made again."""
    _own_stack(engine, project)
    lab, backend, locks = project.lab, project.folder / "state" / ".pulumi", project.folder / "lock"
    shown = {"preview": _previewed(engine, project, "plan.json")}
    _up(engine, project, locks)
    query(lab.host("paris"), HIDE)
    shown["preview-of-drift"] = _previewed(engine, project, "plan-of-drift.json")
    _done(engine.run(project, "refresh", "--yes", *_at_once(engine)))
    _up(engine, project)
    urn = "**lyon-Images"
    _done(engine.run(project, "destroy", "--yes", *_at_once(engine), "--target", urn))
    _up(engine, project)
    shutil.copytree(locks, backend / "locks", dirs_exist_ok=True)
    _only_last(backend)
    varying = (*addresses(lab), (str(project.folder), "/project"))
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for what, text in shown.items():
        (kept / f"{what}.json").write_text(slim(scrubbed(text, *varying)))
    for file in (
        project.folder / "stacks" / f"Pulumi.{STACK}.yaml",
        *project.folder.glob("plan*.json"),
    ):
        (kept / file.name).write_text(scrubbed(file.read_text(), *varying))
    for file in backend.rglob("*"):
        if file.is_file() and file.suffix != ".attrs":
            target = kept / "backend" / file.relative_to(backend)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(scrubbed(file.read_text(), *varying))
    _expect_no_secret(lab, kept)


def _expect_no_secret(lab: Lab, kept: Path) -> None:
    known = [file.read_text().strip() for file in (lab.directory / "secrets").iterdir()]
    for file in kept.rglob("*"):
        if file.is_file() and any(secret in file.read_text() for secret in (SECRET, *known)):
            raise SystemExit(f"{file} holds a secret")


def _only_last(backend: Path) -> None:
    """Keep of every run what it tells of itself, and the state of the last alone."""
    for copies in ("history/mapinfra/lab/*.checkpoint.json", "backups/mapinfra/lab/*.json"):
        for file in sorted(backend.glob(copies))[:-1]:
            file.unlink()


def _previewed(engine: Engine, project: Project, plan: str) -> str:
    if engine is Engine.MAPINFRA:
        _done(engine.run(project, "preview", "--save-plan", plan))
    sames = ("--show-sames",) if engine is Engine.PULUMI else ()
    return _done(engine.run(project, "preview", "--json", *sames)).out


def _at_once(engine: Engine) -> tuple[str, ...]:
    return ("--skip-preview",) if engine is Engine.PULUMI else ()


def _up(engine: Engine, project: Project, locks: Path | None = None) -> None:
    with engine.start(project, "up") as process:
        if locks is not None:
            _copy_lock(process, project.folder / "state" / ".pulumi" / "locks", locks)
        process.communicate()
    if process.returncode:
        raise SystemExit(f"{engine.value} up ended with {process.returncode}")


def _own_stack(engine: Engine, project: Project) -> None:
    """Make the stack anew, by the engine itself and under the recordings' passphrase."""
    shutil.rmtree(project.folder / "state")
    (project.folder / "state").mkdir()
    (project.folder / "stacks" / f"Pulumi.{STACK}.yaml").unlink()
    project.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    if engine is Engine.PULUMI:
        _done(project.pulumi("stack", "init"))
        _done(project.pulumi("config", "set", "--secret", SECRET_KEY, SECRET))
    else:
        _done(project.mapinfra("stack", "init", STACK, stack=False))
        set_config(project.folder, STACK, project.environment, SECRET_KEY, SECRET, secret=True)
    _done(engine.run(project, "config", "set", "mapinfra:spec", "stacks/lab.yaml"))


def _copy_lock(process: subprocess.Popen[str], locks: Path, target: Path) -> None:
    while process.poll() is None:
        for file in locks.rglob("*.json"):
            kept = target / file.relative_to(locks).with_name("lock.json")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, kept)
            process.communicate()


def _record_moments(folder: Path) -> None:
    """Record what the CLI writes at the moments that a lab's stack doesn't come to."""
    kept = FOLDER / "moments"
    shutil.rmtree(kept, ignore_errors=True)
    (kept / "history").mkdir(parents=True)
    for name, moment in MOMENTS.items():
        sandbox = Sandbox(folder / name)
        found = moment(sandbox, _by_the_cli).decode()
        (kept / f"{name}.json").write_text(scrubbed(found, *of(sandbox)))
        for file in sandbox.backend.rglob("*.history.json"):
            told = scrubbed(file.read_text(), *of(sandbox))
            (kept / "history" / f"{kind_of(json.loads(told))}.json").write_text(told)
        if moment is before_its_edit:
            shown = run(sandbox, "preview", "--json", "--show-sames")
            (kept / "preview.json").write_text(slim(scrubbed(shown.stdout, *of(sandbox))))


def of(sandbox: Sandbox) -> tuple[tuple[str, str], ...]:
    """Return what varies from sandbox to sandbox, and what stands for it in a recording."""
    return ((str(sandbox.project.parent), "/sandbox"),)


def slim(preview: str) -> str:
    """Return a preview without what it read, what stays, and which lines registered what."""
    found = json.loads(preview)
    found["steps"] = [step for step in found["steps"] if step["op"] != "refresh"]
    for step in found["steps"]:
        for state in ("oldState", "newState"):
            if step["op"] == "same":
                step.pop(state, None)
            for position in ("stackTrace", "sourcePosition"):
                step.get(state, {}).pop(position, None)
    return json.dumps(found, indent=1) + "\n"


def _by_the_cli(sandbox: Sandbox, kind: OperationKind) -> None:
    verb = "up" if kind == "update" else kind
    more = () if kind == "refresh" else ("--continue-on-error",)
    ended = run(sandbox, verb, "--yes", "--skip-preview", *more)
    if ended.returncode not in (0, FAILED):
        raise SystemExit(ended.stderr)


def _done(result: Result) -> Result:
    if result.code:
        raise SystemExit(str(result))
    return result


if __name__ == "__main__":
    main()
