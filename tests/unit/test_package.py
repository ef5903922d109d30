"""The wheel and the sdist, as somebody gets them: an empty folder, and no checkout."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.marks import needs_pulumi

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of wheel and sdist, made as `./dev build` makes them."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--no-build-isolation", "--python", sys.executable, "--out-dir", str(folder))
    return folder


def uv(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--offline", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


class Installed:
    """A fresh virtual environment with the wheel, and an empty folder to use it in.

    Its dependencies are those of this environment, by a line in its path: installing them anew
    takes minutes and a network, and shows nothing of the wheel. mapinfra itself comes first there,
    from the wheel.
    """

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.home = folder / "work"
        self.home.mkdir()
        state = folder / "state"
        state.mkdir()
        environment = folder / "venv"
        venv.create(environment, symlinks=True)
        self.scripts = environment / "bin"
        python = self.scripts / "python"
        uv("pip", "install", "--quiet", "--no-deps", "--python", str(python), str(wheel))
        (site,) = environment.glob("lib/python*/site-packages")
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.environment = {
            "HOME": str(self.home),
            "PATH": f"{self.scripts}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": "of a test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "DATABASE_PASSWORD": "of no use",
            "API_PASSWORD": "of no use",
        }

    def run(self, *command: str, within: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.home / within, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    (wheel,) = built.glob("*.whl")
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


@pytest.fixture(scope="module")
def project(installed: Installed) -> Installed:
    """Make a project there, for hosts where nobody listens, and its stack."""
    new = ("--central", "127.0.0.1", "--remote", "paris=127.0.0.2")
    done = installed.run("mapinfra", "new", "maps", *new)
    assert done.returncode == 0, done
    spec = installed.home / "maps" / "stacks" / "dev.yaml"
    text = spec.read_text().replace("{secret: databasePassword}", "{env: DATABASE_PASSWORD}")
    text = text.replace("{secret: apiPassword}", "{env: API_PASSWORD}")
    spec.write_text(
        text.replace("become: sudo", "become: sudo\n    port: 1\n    connect_timeout: 1")
    )
    done = installed.run("mapinfra", "stack", "init", "dev", within="maps")
    assert done.returncode == 0, done
    return installed


def test_the_wheel_has_what_it_needs_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("mapinfra-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
        metadata = next(name for name in names if name.endswith("/METADATA"))
        told = opened.read(metadata).decode()
    assert {"mapinfra/py.typed", "mapinfra/cli/templates/spec.yaml"} <= names
    assert {name.split("/")[0] for name in names} == {"mapinfra", metadata.split("/")[0]}
    sources = {str(one.relative_to(ROOT)) for one in (ROOT / "mapinfra").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == sources
    assert "License-Expression: Apache-2.0" in told
    assert metadata.replace("METADATA", "licenses/LICENSE") in names


def test_the_sdist_has_the_papers(built: Path) -> None:
    (sdist,) = built.glob("mapinfra-*.tar.gz")
    with tarfile.open(sdist) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"LICENSE", "CHANGELOG.md", "README.md", "pyproject.toml"} <= names
    assert not [name for name in names if name.startswith(("tests", "lab", "bench"))]


def test_what_is_imported_there_is_the_wheel(installed: Installed) -> None:
    command = "import mapinfra; print(mapinfra.__file__); from mapinfra import *"
    done = installed.run("python", "-c", command)
    assert done.returncode == 0, done
    assert Path(done.stdout.strip()).is_relative_to(installed.scripts.parent)


def test_a_preview_of_a_new_project_says_which_host_cant_be_reached(project: Installed) -> None:
    done = project.run("mapinfra", "preview", "--stack", "dev", within="maps")
    assert done.returncode == 1, done
    assert done.stdout.count("paris: no SSH connection to 127.0.0.2:1 ") == 1
    assert done.stderr == "error: 2 failed\n"
    assert "Traceback" not in done.stdout + done.stderr


@needs_pulumi
def test_the_pulumi_cli_previews_it_as_well(project: Installed) -> None:
    done = project.run(
        "pulumi", "preview", "--stack", "dev", "--diff", "--non-interactive", within="maps"
    )
    assert done.returncode == 0, done
    assert "mapinfra:TopologyFlag" in done.stdout
    assert "paris: no SSH connection to 127.0.0.2:1 " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
