"""`mapinfra new`: a project that can be used at once, and nothing overwritten."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from mapinfra.cli.scaffold import Wanted, project_files, spec_path
from mapinfra.engine.project.project import load_project
from mapinfra.engine.project.stack_config import load_stack_config
from mapinfra.spec import Spec, load, locate_text
from tests.unit.cli.conftest import Command

ROOT = Path(__file__).parents[3]
FULL = (
    "--central", "central.example.net", "--remote", "paris=10.0.0.2", "--remote",
    "lyon.example.net", "--map", "map.example.net", "--map-version", "23.10.3",
)  # fmt: skip


def made(folder: Path, stack: str = "dev") -> Spec:
    """Read the project as the commands do, and return its spec."""
    project = load_project(folder)
    config = load_stack_config(project, stack).raw
    return load(folder / str(config["mapinfra:spec"]))


def test_a_project_is_made_for_the_hosts_that_are_named(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    code, out, err = command("new", str(folder), *FULL)
    assert (code, err) == (0, "")
    assert out.startswith("created project maps:\n")
    assert f"cd {folder}" in out
    spec = made(folder)
    assert spec.central.ssh.host == "central.example.net"
    assert spec.central.ssh.become == "sudo"
    assert spec.central.api.url == "https://central.example.net/centreon"
    assert spec.map is not None
    assert (spec.map.edition, spec.map.version) == ("engine", "23.10.3")
    assert spec.central.map_server is not None
    assert spec.central.map_server.ssh is not None
    assert spec.central.map_server.ssh.host == "map.example.net"
    hosts = {name: (remote.ssh.host, remote.poller) for name, remote in spec.remotes.items()}
    assert hosts == {"paris": ("10.0.0.2", "paris"), "lyon": ("lyon.example.net", "lyon")}
    assert all(remote.pages == {"Images": "shown"} for remote in spec.remotes.values())
    assert all(list(remote.broker_outputs) == ["Centreon-Map"] for remote in spec.remotes.values())


def test_the_folder_one_is_in_may_be_the_projects(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my maps").mkdir()
    monkeypatch.chdir(tmp_path / "my maps")
    code, out, _ = command("new", "--central", "10.0.0.1", "--user", "root", "-s", "prod")
    assert code == 0
    assert "cd " not in out
    spec = made(Path.cwd(), "prod")
    assert load_project(Path.cwd()).name == "my-maps"
    assert (spec.map, spec.remotes, spec.central.map_server) == (None, {}, None)
    assert spec.central.ssh.become == "none"


def test_nothing_is_overwritten_nor_half_written(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "maps"
    (folder / "stacks").mkdir(parents=True)
    spec = folder / "stacks" / "dev.yaml"
    spec.write_text("mine")
    code, out, err = command("new", str(folder), *FULL)
    assert (code, out) == (1, "")
    assert err == (
        f"error: {spec}: is there already; nothing is overwritten: name another folder\n"
    )
    assert [one for one in folder.rglob("*") if one.is_file()] == [spec]
    assert spec.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "there is no terminal to ask on: name the central with --central HOST"),
        (("--central", "a b"), 2, "'a b' isn't a host; write a name"),
        (("--central", "https://c"), 2, "'https://c' isn't a host"),
        (("--central", "c", "--remote", "10.0.0.2"), 2, "needs a name: write NAME=10.0.0.2"),
        (("--central", "c", "--remote", "::1"), 2, "::1 needs a name"),
        (("--central", "c", "--map", "m"), 2, "--map and --map-version belong together"),
        (("--central", "c", "--map-version", "23.10.3"), 2, "belong together"),
        (("--central", "c", "--remote", "a.x", "--remote", "a.y"), 2, "two remotes are named a"),
        (("--central", "c", "--name", "a/b"), 2, "'a/b' isn't a project name"),
        (("--central", "c", "--stack", "a b"), 1, "--stack 'a b': isn't a stack name"),
        (("--central", "c", "--remote", "central=h"), 1, "can't have the central's name"),
        (("--central", "c", "--remote", "a b=h"), 1, "not the name of a remote"),
        (("--central", "c", "--api-url", "ftp://c"), 1, "not the address of Centreon Web"),
        (("--central", "c", "--map", "c", "--map-version", "23"), 1, "map.version: "),
    ],
)
def test_what_can_not_be_used_is_told_in_one_line(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    folder = tmp_path / "maps"
    ended, out, err = command("new", str(folder), *arguments)
    assert (ended, out) == (code, "")
    assert told in err.splitlines()[-1]
    assert not folder.exists()


@pytest.mark.parametrize("map_server", [None, "central", "m.example.net"])
@pytest.mark.parametrize("host", ["central", "10.0.0.1", "2001:db8::1", "null", "1.5"])
def test_every_spec_passes_the_loader_and_says_what_was_wanted(
    host: str, map_server: str | None
) -> None:
    wanted = Wanted(
        "maps", "dev", host, "https://c/centreon", "true", {"paris": "yes", "12": "::1"},
        map_server=host if map_server == "central" else map_server, edition="legacy",
        map_version=map_server and "23.10.3",
    )  # fmt: skip
    spec = locate_text(project_files(wanted)[spec_path(wanted)], "dev.yaml").spec
    assert spec.central.ssh.host == host
    assert spec.central.ssh.user == "true"
    assert {name: one.ssh.host for name, one in spec.remotes.items()} == wanted.remotes
    assert (spec.map is None) == (map_server is None)
    assert spec.map is None or spec.map.edition == "legacy"


def test_a_virtual_environment_of_its_own_is_named_for_the_cli(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "maps" / ".venv"))
    assert command("new", str(tmp_path / "maps"), *FULL)[0] == 0
    assert "virtualenv: .venv" in (tmp_path / "maps" / "Pulumi.yaml").read_text()
    assert load_project(tmp_path / "maps").name == "maps"


def test_its_program_is_the_checkouts(command: Command, tmp_path: Path) -> None:
    assert command("new", str(tmp_path / "maps"), *FULL)[0] == 0
    assert (tmp_path / "maps" / "__main__.py").read_text() == (ROOT / "__main__.py").read_text()


def test_on_a_terminal_it_asks(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    answers = ["no host", "central.example.net", "map", "23.10.3", "10.0.0.2", "paris=10.0.0.2", ""]
    with subprocess.Popen(
        [sys.executable, "-c", "from mapinfra.cli import main; main()", "new", "maps"],
        cwd=tmp_path, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as asked:  # fmt: skip
        os.close(theirs)
        os.write(ours, "".join(f"{one}\n" for one in answers).encode())
        _, err = asked.communicate(timeout=60)
    os.close(ours)
    assert asked.returncode == 0, err
    assert "'no host' isn't a host" in err
    assert "10.0.0.2 needs a name" in err
    spec = made(tmp_path / "maps")
    assert spec.central.ssh.host == "central.example.net"
    assert list(spec.remotes) == ["paris"]
    assert spec.map is not None
