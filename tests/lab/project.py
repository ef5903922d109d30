"""A project folder of a test's own, its stack, and the commands a user would type there."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from lab import Host, Lab
from tests.lab import warm

CHECKOUT = Path(__file__).resolve().parents[2]
MAPINFRA = Path(sys.executable).with_name("mapinfra")
STACK = "lab"
REMOTES = ("paris", "lyon")
HOSTS = ("central", *REMOTES)
_PASSPHRASE = secrets.token_urlsafe(16)
_EMPTY: dict[Path, bytes] = {}
"""The files of an empty stack, once the first of this process was made."""


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def spec_of(lab: Lab) -> dict[str, Any]:
    """Return a spec of the lab's remotes: Images shown, an output for MAP on each."""
    secret = lab.directory / "secrets"
    return {
        "defaults": {
            "ssh": {
                "config": str(lab.directory / "ssh_config"),
                "become": "sudo",
                "connect_timeout": 5,
                "command_timeout": 20,
            },
            "database": {
                "user": "mapinfra",
                "password": {"file": str(secret / "database_password")},
            },
        },
        "central": {
            "ssh": {"host": "central"},
            "api": {
                "url": f"http://{lab.host('central').address}/centreon",
                "user": "admin",
                "password": {"file": str(secret / "api_password")},
            },
        },
        "remotes": {
            "paris": _remote(
                {"host": "paris", "sudo_password": {"file": str(secret / "sudo_password")}}
            ),
            "lyon": _remote({"host": "lyon"}),
        },
    }


def _remote(ssh: dict[str, Any]) -> dict[str, Any]:
    return {"ssh": ssh, "pages": {"Images": "shown"}, "broker_outputs": {"Centreon-Map": {}}}


@dataclass
class Project:
    """A folder with the program, one stack and its spec; commands run in it."""

    lab: Lab
    folder: Path
    spec: dict[str, Any]
    environment: dict[str, str] = field(default_factory=dict)
    stack: str = STACK

    @classmethod
    def make(cls, lab: Lab, folder: Path) -> "Project":
        """Make the folder and the stack, as a user would from the README."""
        for name in ("__main__.py", ".venv"):
            (folder / name).symlink_to(CHECKOUT / name)
        shutil.copy(CHECKOUT / "Pulumi.yaml", folder)
        (folder / "stacks").mkdir()
        (folder / "state").mkdir()
        project = cls(lab, folder, spec_of(lab))
        project.environment = {
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
        }
        project.write_config({"mapinfra:spec": "stacks/lab.yaml"})
        project.write_spec()
        project._init_stack()
        return project

    def beside(self, stack: str) -> "Project":
        """Make another stack of the same project, with the same spec."""
        other = replace(self, stack=stack)
        other.write_config({"mapinfra:spec": "stacks/lab.yaml"})
        made = other.mapinfra("stack", "init", stack, stack=False)
        assert made.code == 0, made
        return other

    def _init_stack(self) -> None:
        """Make the stack; an empty one is like another, and each takes seconds of computing."""
        parts = [Path("state"), Path("stacks", f"Pulumi.{STACK}.yaml")]
        if not _EMPTY:
            result = self.mapinfra("stack", "init", STACK, stack=False)
            assert result.code == 0, result
            for part in parts:
                files = [self.folder / part, *(self.folder / part).rglob("*")]
                _EMPTY.update(
                    {
                        one.relative_to(self.folder): one.read_bytes()
                        for one in files
                        if one.is_file()
                    }
                )
        for name, content in _EMPTY.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_bytes(content)

    def write_spec(self, text: str | None = None) -> None:
        """Write the spec, or in its place any text."""
        text = yaml.safe_dump(self.spec, sort_keys=False) if text is None else text
        (self.folder / "stacks" / "lab.yaml").write_text(text)

    def write_config(self, config: dict[str, Any]) -> None:
        """Write the stack's config."""
        path = self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"
        path.write_text(yaml.safe_dump({"config": config}))

    def start(self, *arguments: str, stack: bool = True) -> subprocess.Popen[str]:
        """Start mapinfra and return at once."""
        return self._start(str(MAPINFRA), *arguments, *(("--stack", self.stack) if stack else ()))

    def start_pulumi(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the real CLI, with its plugins in a session of their own, and return at once."""
        return self._start("pulumi", *arguments, "--stack", self.stack, "--non-interactive")

    def _environment(self) -> dict[str, str]:
        more = {
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_HOME": str(self.folder / "pulumi-home"),
            "NO_COLOR": "1",
        }
        return {**os.environ, **more, **self.environment}

    def _start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=command[0] == "pulumi",
        )

    def mapinfra(self, *arguments: str, stack: bool = True) -> Result:
        """Run mapinfra to its end."""
        words = (*arguments, *(("--stack", self.stack) if stack else ()))
        return Result(*warm.run(words, self.folder, self._environment()))

    def pulumi(self, *arguments: str) -> Result:
        """Run the real CLI in the same project, on the same stack, to its end."""
        return ended(self.start_pulumi(*arguments))

    def up(self) -> Result:
        """Run `mapinfra up --yes`, which must succeed."""
        result = self.mapinfra("up", "--yes")
        assert result.code == 0, result
        return result

    @property
    def state_file(self) -> Path:
        """The stack's state, as both engines keep it."""
        (file,) = (self.folder / "state").glob(f".pulumi/stacks/*/{self.stack}.json")
        return file

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources in the stack's state."""
        latest = json.loads(self.state_file.read_bytes())["checkpoint"]["latest"]
        found: list[dict[str, Any]] = latest.get("resources", [])
        return found

    def expect_nothing_to_do(self) -> Result:
        """Run a preview that must find no change."""
        result = self.mapinfra("preview", "--expect-no-changes")
        assert result.code == 0, result
        return result

    def preview(self) -> dict[str, Any]:
        """Return a preview as JSON."""
        result = self.mapinfra("preview", "--json")
        assert result.code == 0, result
        preview: dict[str, Any] = json.loads(result.out)
        return preview


def ended(started: subprocess.Popen[str]) -> Result:
    """Wait for a command's end."""
    with started as process:
        out, err = process.communicate(timeout=300)
    return Result(process.returncode, out, err)


def reset(lab: Lab, hosts: Sequence[str] = HOSTS) -> None:
    """Give hosts fresh disks, all at once."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, hosts))


def query(host: Host, sql: str) -> list[list[str]]:
    """Run SQL on a host's Centreon database as root, not through mapinfra's way in."""
    out = host.run(["mysql", "-N", "-B", "centreon", "-e", sql]).stdout
    return [line.split("\t") for line in out.splitlines()]


def output_rows(lab: Lab, remote: str, port: int = 5758) -> list[list[str]]:
    """Return, from the central, the rows of a remote's output on a port, sorted."""
    sql = (
        "SELECT i.config_key, i.config_value, i.grp_level, i.subgrp_id, i.parent_grp_id "
        "FROM cfg_centreonbroker_info i JOIN cfg_centreonbroker c USING (config_id) "
        "JOIN cfg_centreonbroker_info p USING (config_id, config_group, config_group_id) "
        f"WHERE c.config_name = '{remote}-broker' AND i.config_group = 'output' "
        f"AND p.config_key = 'port' AND p.config_value = '{port}'"
    )
    return sorted(query(lab.host("central"), sql))


def images_shown(lab: Lab, remote: str) -> bool:
    """Tell whether a remote's Images page is shown."""
    sql = "SELECT topology_show FROM topology WHERE topology_name = 'Images'"
    return query(lab.host(remote), sql) == [["1"]]


def serve_nothing(host: Host) -> None:
    """Let the host's cbd be one that stays and listens nowhere; the real one is kept beside it."""
    host.run(["mv", "/usr/sbin/cbd", "/usr/sbin/cbd.away"])
    host.run(["tee", "/usr/sbin/cbd"], input="#!/bin/sh\nexec sleep infinity\n")
    host.run(["chmod", "+x", "/usr/sbin/cbd"])


def listens(lab: Lab, remote: str, port: int = 5758) -> bool:
    """Tell whether a port of a remote listens."""
    return bool(lab.host(remote).run(["ss", "-Hltn", f"sport = :{port}"]).stdout)


def logins(lab: Lab) -> int:
    """Return how often a login was asked of the central's API since its disk was fresh."""
    log = ["journalctl", "--unit", "apache2", "--output=cat", "--no-pager"]
    return lab.host("central").run(log).stdout.count("action=authenticate")


def break_poller(lab: Lab, remote: str) -> None:
    """Give the poller a host without an address, which centengine refuses."""
    sql = (
        "INSERT INTO host (host_name, host_register, host_activate) VALUES ('noaddress','1','1');"
        "INSERT INTO ns_host_relation (nagios_server_id, host_host_id) SELECT s.id, h.host_id FROM "
        f"nagios_server s, host h WHERE s.name='{remote}' AND h.host_name='noaddress'"
    )
    query(lab.host("central"), sql)


def mend_poller(lab: Lab) -> None:
    """Take that host away again."""
    query(lab.host("central"), "DELETE FROM host WHERE host_name='noaddress'")
