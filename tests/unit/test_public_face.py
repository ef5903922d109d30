"""What a program imports from mapinfra: names, typed arguments, refusals by the argument's name."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pydantic import BaseModel

import mapinfra
from mapinfra.centreon.access import Api
from mapinfra.centreon.map_setup import Install
from mapinfra.hosts import Database, Ssh, Target
from mapinfra.resources import arguments, inputs
from mapinfra.secrets import ConfigSecret, EnvironmentSecret, FileSecret
from mapinfra.spec.model import Backup, BrokerOutput

PARIS: mapinfra.HostArgs = {
    "name": "paris",
    "ssh": {"host": "paris.example.net", "become": "sudo"},
    "database": {"user": "m", "password": {"env": "P"}},
}
MAP: mapinfra.HostArgs = {"name": "map", "ssh": {"host": "map.example.net"}}
API: mapinfra.ApiArgs = {
    "url": "https://central.example.net/centreon",
    "user": "admin",
    "password": {"secret": "centreon"},
}
UNKNOWN: pulumi.Output[Any] = pulumi.Output.from_input(pulumi.runtime.rpc.UNKNOWN)


def test_what_is_exported_is_sorted_and_there() -> None:
    assert mapinfra.__all__ == sorted(mapinfra.__all__)
    assert {name for names in mapinfra._PLACES.values() for name in names} == set(mapinfra.__all__)
    for name in mapinfra.__all__:
        assert getattr(mapinfra, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(mapinfra, "Nothing")  # noqa: B009


@pytest.mark.parametrize(
    ("typed", "models"),
    [
        (arguments.SecretArgs, (ConfigSecret, EnvironmentSecret, FileSecret)),
        (arguments.SshArgs, (Ssh,)),
        (arguments.DatabaseArgs, (Database,)),
        (arguments.HostArgs, (Target,)),
        (arguments.ApiArgs, (Api,)),
        (arguments.BrokerOutputArgs, (BrokerOutput,)),
        (arguments.BackupArgs, (Backup,)),
        (arguments.InstallArgs, (Install,)),
    ],
)
def test_typed_arguments_are_those_of_the_models(
    typed: Any, models: tuple[type[BaseModel], ...]
) -> None:
    fields = {name: field for model in models for name, field in model.model_fields.items()}
    fields.pop("reads", None)
    assert set(typed.__annotations__) == set(fields)
    if len(models) == 1:
        needed = {name for name, field in fields.items() if field.is_required()}
        assert typed.__required_keys__ == needed


@pytest.mark.parametrize(
    ("make", "given", "told"),
    [
        (
            inputs.topology_flag,
            {"server": {**PARIS, "ssh": {"port": 70000}}, "page": "Images", "shown": True},
            "x: server.ssh.port: 70000 is not a port; write a number from 1 to 65535",
        ),
        (inputs.topology_flag, {"page": "Images"}, "x: server: missing; add it: The server whose"),
        (
            inputs.topology_flag,
            {"server": {**PARIS, "sssh": {}}, "page": "Images"},
            "x: server.sssh: unknown key; did you mean ssh?",
        ),
        (
            inputs.topology_flag,
            {
                "server": {**PARIS, "database": {"user": "m", "password": "s3cret"}},
                "page": "Images",
            },
            "x: server.database.password: a clear text password has no place",
        ),
        (
            inputs.broker_outputs,
            {
                "central": PARIS, "remote": PARIS, "api": API, "poller": "paris",
                "outputs": {"Centreon-Map": {"tls": "maybe"}},
            },
            'x: outputs.Centreon-Map.tls: "maybe" is not allowed; write no, yes or auto',
        ),
        (
            inputs.map_installation,
            {"map": MAP, "web": PARIS, "api": API, "edition": "engine", "version": 23.10},
            "x: version: read as a number; write a version such as 23.10.3 in quotes",
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_refused_at_once_with_its_name(
    make: Any, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(mapinfra.ArgumentError) as refused:
        make("x", given)
    assert str(refused.value).startswith(told)
    assert "s3cret" not in str(refused.value)
    assert isinstance(refused.value, pulumi.RunError)


def test_what_is_known_is_refused_beside_what_is_not() -> None:
    address: pulumi.Output[str] = pulumi.Output.from_input("paris.example.net")
    given = {"server": {**PARIS, "ssh": {"host": address}}, "page": ""}
    with pytest.raises(mapinfra.ArgumentError) as refused:
        inputs.topology_flag("x", given)
    assert str(refused.value).startswith("x: page: a page needs a name or an id")
    made = inputs.topology_flag("x", given | {"page": "Images"})
    assert made["server"]["ssh"]["host"] is address


def test_inputs_hold_no_default_and_every_form_of_a_value_is_one() -> None:
    given = {"server": {**PARIS, "ssh": {"host": "p", "port": None}}, "page": 50102, "shown": True}
    plain = {"server": {**PARIS, "ssh": {"host": "p"}}, "page": "50102", "shown": True}
    assert inputs.topology_flag("x", given) == inputs.topology_flag("x", plain) == plain


PROGRAM = """\
import mapinfra
import pulumi

address: pulumi.Output[str] = pulumi.Output.from_input("paris.example.net")
paris: mapinfra.HostArgs = {"name": "paris", "ssh": {"host": address}, "database": {"user": "m"}}
flag = mapinfra.TopologyFlag("images", server=paris, page="Images")
shown: pulumi.Output[bool] = flag.shown
"""
WRONG = {
    'page="Images"': ('page="Images", shwon=True', "shwon"),
    '"user": "m"': ('"usr": "m"', "DatabaseArgs"),
    "pulumi.Output[bool]": ("pulumi.Output[str]", "Output[bool]"),
}


ROOT = Path(mapinfra.__file__).parents[1]


def checked_by_mypy(folder: Path, *names: str) -> tuple[int, str]:
    cache = ROOT / ".mypy_cache"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache, *names],
        cwd=folder, env={**os.environ, "MYPYPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_type_checker_passes_a_right_program_and_finds_what_is_wrong(tmp_path: Path) -> None:
    wrong = PROGRAM
    for right, (written, _) in WRONG.items():
        wrong = wrong.replace(right, written)
    (tmp_path / "right.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text(wrong)
    code, told = checked_by_mypy(tmp_path, "right.py")
    assert code == 0, told
    code, told = checked_by_mypy(tmp_path, "wrong.py")
    assert code == 1
    for _, named in WRONG.values():
        assert named in told, told


@pytest.mark.parametrize("name", ["vm_and_map", "component"])
def test_the_examples_are_typed(name: str) -> None:
    code, told = checked_by_mypy(ROOT / "examples" / name, "__main__.py")
    assert code == 0, told
