"""What a program imports from mapinfra: names, typed arguments, refusals by the argument's name."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pydantic import BaseModel

import mapinfra
from mapinfra.centreon.map.configure import Install
from mapinfra.centreon.web.access import Api
from mapinfra.hosts import Database, Ssh, Target
from mapinfra.resources import arguments, inputs, types
from mapinfra.secrets import ConfigSecret, EnvironmentSecret, FileSecret
from mapinfra.spec.model import Backup, BrokerOutput

PARIS: mapinfra.HostArgs = {
    "name": "paris",
    "ssh": {"host": "paris.example.net", "become": "sudo"},
    "database": {"user": "m", "password": {"env": "P"}},
}
MAP: mapinfra.HostArgs = {"name": "map", "ssh": {"host": "map.example.net"}}
ROOT = Path(mapinfra.__file__).parents[1]
API: mapinfra.ApiArgs = {
    "url": "https://central.example.net/centreon",
    "user": "admin",
    "password": {"secret": "centreon"},
}
UNKNOWN: pulumi.Output[Any] = pulumi.Output.from_input(pulumi.runtime.rpc.UNKNOWN)


@pytest.fixture(autouse=True)
def event_loop() -> Iterator[None]:
    """Outputs are made on the main thread's loop, which other tests have taken away."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def test_what_is_exported_is_sorted_and_there() -> None:
    assert mapinfra.__all__ == sorted(mapinfra.__all__)
    assert {name for names in mapinfra._PLACES.values() for name in names} == set(mapinfra.__all__)
    for name in mapinfra.__all__:
        assert getattr(mapinfra, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        getattr(mapinfra, "Nothing")  # noqa: B009


def test_the_manual_has_every_name() -> None:
    told = re.findall(r"^::: mapinfra\.(\w+)$", (ROOT / "docs/api.md").read_text(), re.MULTILINE)
    assert sorted(told) == mapinfra.__all__


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
    paris: dict[str, Any] = {**PARIS, "ssh": {"host": address}}
    given: dict[str, Any] = {"server": paris, "page": "Images"}
    made = inputs.topology_flag("x", given)
    assert made["server"]["ssh"]["host"] is address
    for wrong, told in (
        ({"page": ""}, "x: page: a page needs a name or an id"),
        ({"server": {**paris, "sssh": {}}}, "x: server.sssh: unknown key"),
        ({"server": {"ssh": {"host": address}}}, "x: server.name: missing; add it"),
        (
            {"server": {**PARIS, "ssh": {"host": address, "become": "su"}}},
            'x: server.ssh.become: "su" is not allowed; write none or sudo',
        ),
    ):
        with pytest.raises(mapinfra.ArgumentError) as refused:
            inputs.topology_flag("x", given | wrong)
        assert str(refused.value).startswith(told)
        assert len(refused.value.faults) == 1


@pytest.mark.parametrize("at", ["outputs", "Centreon-Map", "port"])
def test_outputs_of_which_a_part_is_not_known_wait_for_it(at: str) -> None:
    one: dict[str, Any] = {"port": UNKNOWN if at == "port" else 5758, "take_over": "Old"}
    outputs: Any = {"Centreon-Map": UNKNOWN if at == "Centreon-Map" else one, "Other": {}}
    given = {"central": PARIS, "remote": PARIS, "api": API, "poller": "paris"}
    made = inputs.broker_outputs("x", given | {"outputs": UNKNOWN if at == "outputs" else outputs})
    if at == "outputs":
        assert made["outputs"] is UNKNOWN
    else:
        assert made["outputs"]["Centreon-Map"] is outputs["Centreon-Map"]
        assert made["outputs"]["Other"]["port"] == "5758"
    known = inputs.broker_outputs("x", made | {"outputs": {"Centreon-Map": {**one, "port": 5759}}})
    assert known["outputs"]["Centreon-Map"]["port"] == "5759"
    assert known["take_over"] == {"Centreon-Map": "Old"}


MADE = [
    (inputs.topology_flag, {"server": PARIS, "page": 50102, "shown": False}),
    (
        inputs.broker_outputs,
        {
            "central": PARIS, "remote": PARIS, "api": API, "poller": "paris",
            "outputs": {
                "Centreon-Map": {"take_over": "Old", "categories": ["neb"]},
                "Events": {"type": "bbdo_server", "port": 5759, "transport": "gRPC"},
            },
        },
    ),
    (
        inputs.map_installation,
        {
            "map": MAP, "web": PARIS, "api": API, "edition": "engine", "version": "23.10.3",
            "settings": {"centreon-map.conf": {"RUN_ARGS": "x"}}, "removal": "uninstall",
        },
    ),
    (inputs.desktop_client, {"map": MAP, "version": "23.10.3", "mirror": "/srv/clients"}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "given"), MADE)
def test_inputs_are_arguments_again(make: Any, given: dict[str, Any]) -> None:
    """What a provider gets is what its resource has made, with facts that aren't known before."""
    made = make("x", given)
    assert make("x", made) == make("x", {**made, "served": None, "healthy": True}) == made


def test_an_output_is_refused_by_its_name_once_it_is_known() -> None:
    provider = types.TopologyFlagProvider("example/dev")
    server = {**PARIS, "ssh": {"host": "p", "port": 70000}, "database": {"usr": "m"}}
    result = provider.check({}, {"server": server, "page": "Images", "shown": True})
    assert [failure.reason for failure in result.failures] == [
        "server.ssh.port: 70000 is not a port; write a number from 1 to 65535",
        "server.database.user: missing; add it: MariaDB user",
        "server.database.usr: unknown key; did you mean user?",
    ]


def test_no_secret_is_taken_for_an_argument_nor_told() -> None:
    provider = types.TopologyFlagProvider("example/dev")
    server = {**PARIS, "database": {"user": "m", "password": "s3cret"}}
    (failure,) = provider.check({}, {"server": server, "page": "Images", "shown": True}).failures
    assert "a clear text password has no place" in str(failure.reason)
    assert "s3cret" not in str(failure.reason)


PROGRAM = """\
import mapinfra
import pulumi

address: pulumi.Output[str] = pulumi.Output.from_input("paris.example.net")
paris: mapinfra.HostArgs = {"name": "paris", "ssh": {"host": address}, "database": {"user": "m"}}
flag = mapinfra.TopologyFlag("images", server=paris, page="Images")
shown: pulumi.Output[bool] = flag.shown
"""
WRONG = {
    "name": ('page="Images"', 'page="Images", shwon=True', 'Unexpected keyword argument "shwon"'),
    "key": ('"user": "m"', '"usr": "m"', 'has type "DatabaseArgs |'),
    "value": ('page="Images"', "page=None", '"page" to "TopologyFlag" has incompatible type'),
    "missing": ("server=paris, ", "", 'Missing named argument "server"'),
    "output": ("Output[bool]", "Output[str]", 'expression has type "Output[bool]"'),
}


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `mypy --strict` says of each program, by its name; one run for all of them.

    It has the options and the cache of `./dev check`, so that only these programs are new to it.
    """
    folder = tmp_path_factory.mktemp("programs")
    (folder / "right.py").write_text(PROGRAM)
    for name, (right, wrong, _) in WRONG.items():
        assert right in PROGRAM
        (folder / f"wrong_{name}.py").write_text(PROGRAM.replace(right, wrong))
    for source in (ROOT / "examples").glob("*/*.py"):
        name = source.parent.name if source.stem == "__main__" else source.stem
        (folder / f"{name}.py").write_text(source.read_text())
    programs = sorted(folder.glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *programs], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    told = {one.stem: "" for one in programs}
    for line in done.stdout.splitlines()[:-1]:
        told[Path(line.partition(":")[0]).stem] += f"{line}\n"
    assert done.stdout.endswith("source files)\n"), done.stdout + done.stderr
    return told


def test_a_type_checker_passes_a_right_program_and_the_examples(checked: dict[str, str]) -> None:
    right = {name: told for name, told in checked.items() if not name.startswith("wrong_")}
    assert {"right", "vm_and_map", "component"} <= set(right)
    assert right == dict.fromkeys(right, "")


@pytest.mark.parametrize("name", WRONG)
def test_a_type_checker_finds_what_is_wrong(checked: dict[str, str], name: str) -> None:
    assert WRONG[name][2] in checked[f"wrong_{name}"]
