"""The programs of examples/, run with Pulumi's mocks, or as they are by the Pulumi CLI."""

import asyncio
import os
import runpy
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS

from tests import keys
from tests.marks import needs_pulumi

EXAMPLES = Path(__file__).parents[2] / "examples"
PASSPHRASE = "of a test"
NO_PULUMI = shutil.which("pulumi") is None


class Recorded(mocks.Mocks):
    """An engine that makes everything as it is asked for; the resources by their names."""

    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.inputs[f"{args.typ}::{args.name}"] = dict(args.inputs)
        # An engine of a preview doesn't know what a provider will say.
        is_made = "size" in args.inputs and not pulumi.runtime.is_dry_run()
        made = {"address": f"{args.name}.example.net"} if is_made else {}
        return f"{args.name}-id", {**args.inputs, "served": True, **made}

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(args.token)


def run(
    name: str, monkeypatch: pytest.MonkeyPatch, *, preview: bool = False
) -> tuple[Recorded, dict[str, Any]]:
    # What outputs of other tests have left waiting, in loops that are gone.
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    recorded = Recorded()
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    monkeypatch.syspath_prepend(str(EXAMPLES / name))
    monkeypatch.delitem(sys.modules, "machine", raising=False)

    async def program() -> None:
        mocks.set_mocks(recorded, project="example", stack="dev", preview=preview)
        runpy.run_path(str(EXAMPLES / name / "__main__.py"))
        await pulumi.runtime.stack.wait_for_rpcs()
        for key, value in exported.items():
            exported[key] = await pulumi.Output.from_input(value).future()

    asyncio.run(program())
    return recorded, exported


def test_a_machine_s_address_is_where_its_resources_go(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, exported = run("vm_and_map", monkeypatch)
    for name in ("mapinfra:TopologyFlag::paris-images", "mapinfra:BrokerOutputs::paris"):
        (inputs,) = [kept for key, kept in recorded.inputs.items() if key.endswith(name)]
        host = inputs["server"] if "server" in inputs else inputs["remote"]
        assert host["ssh"]["host"] == "paris.example.net"
    assert exported == {"served": True}


def test_a_component_of_ones_own_holds_the_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, exported = run("component", monkeypatch)
    assert exported == {"paris": "paris.example.net:5758", "lyon": "lyon.example.net:5758"}
    names = {key.rpartition("::")[2] for key in recorded.inputs}
    assert names >= {"paris", "paris-images", "lyon", "lyon-images"}


def test_an_address_that_is_not_known_yet_is_no_reason_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded, _ = run("vm_and_map", monkeypatch, preview=True)
    kinds = {key.partition("::")[0].rpartition(":")[2] for key in recorded.inputs}
    assert {"TopologyFlag", "BrokerOutputs"} <= kinds
    for inputs in recorded.inputs.values():
        if host := inputs.get("server"):
            assert host["name"] == "paris"
            assert isinstance(host["ssh"]["host"], Unknown)


class Project:
    """The project of an example, in a folder and with a stack of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder / "project"
        (self.folder / "stacks").mkdir(parents=True)
        (folder / "state").mkdir()
        for file in (EXAMPLES / name).glob("*.py"):
            shutil.copy(file, self.folder)
        settings = "name: example\nruntime: python\nstackConfigDir: stacks\n"
        (self.folder / "Pulumi.yaml").write_text(settings + "options: {refresh: always}\n")
        self.config = self.folder / "stacks" / "Pulumi.dev.yaml"
        self.config.write_text(f"encryptionsalt: {keys.salt(PASSPHRASE)}\n")
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        assert self.run("mapinfra", "stack", "init", "dev").returncode == 0
        with self.config.open("a") as config:
            config.write("config: {example:centreon-api: x, example:centreon-database: x}\n")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    def change(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))


def test_what_is_made_in_up_is_read_there_and_refused_by_its_name(tmp_path: Path) -> None:
    project = Project("vm_and_map", tmp_path)
    project.change("machine.py", "{props['name']}.example.net", "127.0.0.1")
    preview = project.run("mapinfra", "preview", "--stack", "dev")
    assert preview.returncode == 0, preview
    assert preview.stdout.count("will be read in `up`") == 2
    project.change("__main__.py", '"user": "mapinfra", "become"', '"port": paris.id, "become"')
    done = project.run("mapinfra", "up", "--yes", "--stack", "dev")
    assert done.returncode == 1, done
    told = 'server.ssh.port: "paris" is not a port; write a number from 1 to 65535'
    assert f"paris-images (mapinfra:TopologyFlag): {told}" in done.stdout
    project.change("__main__.py", '"port": paris.id', '"port": 1')
    project.change("__main__.py", '"sudo"}', '"sudo", "connect_timeout": 1}')
    done = project.run("mapinfra", "up", "--yes", "--stack", "dev")
    assert done.returncode == 1, done
    assert "paris: no SSH connection to 127.0.0.1:1 " in done.stdout
    if not NO_PULUMI:
        done = project.run("pulumi", "preview", "--diff", "--non-interactive", "--stack", "dev")
        assert done.returncode == 0, done
        assert "paris: no SSH connection to 127.0.0.1:1 " in done.stdout


def _cli(folder: Path) -> Path:
    """Make a `pulumi` that has a version: one built from source tells none, and the API asks."""
    real = shutil.which("pulumi")
    file = folder / "bin" / "pulumi"
    file.parent.mkdir()
    file.write_text(f"""\
#!/bin/sh
[ "$1" != version ] || [ -n "$({real} version)" ] || exec echo v{version("pulumi")}
exec {real} "$@"
""")
    file.chmod(0o755)
    return file.parent


@needs_pulumi
def test_an_inline_program_is_run_by_the_automation_api(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{_cli(tmp_path)}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "CENTREON_DATABASE_PASSWORD": "of no use",
    }
    (tmp_path / "state").mkdir()
    program = EXAMPLES / "automation" / "deploy.py"
    done = subprocess.run(
        [sys.executable, program, "paris.invalid"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mapinfra:TopologyFlag" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
