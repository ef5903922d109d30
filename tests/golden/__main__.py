"""Records a stack of the lab: `python -m tests.golden pulumi` or `python -m tests.golden mapinfra`.

The second names the recording after the version in pyproject.toml; it is made once for a release.
"""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import Lab
from mapinfra.engine.stacks import set_config
from tests.golden import FOLDER, PASSPHRASE, SECRET, SECRET_KEY, STACK, scrubbed
from tests.lab.engines import Engine
from tests.lab.project import HOSTS, Project, Result, reset


def main() -> None:
    """Make a lab, record on it, take it down."""
    engine = Engine(sys.argv[1])
    name = f"test-{os.getpid()}"
    try:
        lab = Lab.up(name)
        reset(lab, HOSTS)
        with TemporaryDirectory() as folder:
            _record(engine, lab, Path(folder))
    finally:
        Lab.remove(name)


def _record(engine: Engine, lab: Lab, folder: Path) -> None:
    project = Project.make(lab, folder)
    _own_stack(engine, project)
    _done(engine.run(project, "config", "set", "mapinfra:spec", "stacks/lab.yaml"))
    _set_secret(engine, project)
    backend, locks = folder / "state" / ".pulumi", folder / "locks"
    with engine.start(project, "up") as process:
        _copy_lock(process, backend / "locks", locks)
    if process.returncode:
        raise SystemExit(f"{engine.value} up ended with {process.returncode}")
    shutil.copytree(locks, backend / "locks", dirs_exist_ok=True)
    kept = FOLDER / ("pulumi" if engine is Engine.PULUMI else f"mapinfra-{version('mapinfra')}")
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    config = f"Pulumi.{STACK}.yaml"
    shutil.copy(folder / "stacks" / config, kept)
    for file in backend.rglob("*"):
        if file.is_file() and file.suffix != ".attrs":
            target = kept / "backend" / file.relative_to(backend)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(scrubbed(file.read_text(), lab, folder))


def _own_stack(engine: Engine, project: Project) -> None:
    """Make the stack anew, by the engine itself and under the recordings' passphrase."""
    shutil.rmtree(project.folder / "state")
    (project.folder / "state").mkdir()
    (project.folder / "stacks" / f"Pulumi.{STACK}.yaml").unlink()
    project.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    if engine is Engine.PULUMI:
        _done(project.pulumi("stack", "init"))
    else:
        _done(project.mapinfra("stack", "init", STACK, stack=False))


def _set_secret(engine: Engine, project: Project) -> None:
    if engine is Engine.PULUMI:
        _done(project.pulumi("config", "set", "--secret", SECRET_KEY, SECRET))
    else:
        set_config(project.folder, STACK, project.environment, SECRET_KEY, SECRET, secret=True)


def _copy_lock(process: subprocess.Popen[str], locks: Path, target: Path) -> None:
    while process.poll() is None:
        for file in locks.rglob("*.json"):
            kept = target / file.relative_to(locks).with_name("lock.json")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, kept)
            process.communicate()


def _done(result: Result) -> None:
    if result.code:
        raise SystemExit(str(result))


main()
