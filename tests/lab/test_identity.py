"""A host under two names, or the wrong host, is refused in the preview; hosts alike are not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from tests.lab.engines import Engine
from tests.lab.project import HOSTS, Project, images_shown
from tests.marks import needs_pulumi

ENGINES = [
    pytest.param(Engine.MAPINFRA, id="mapinfra"),
    pytest.param(Engine.PULUMI, id="pulumi", marks=needs_pulumi),
]


@pytest.fixture
def spec(untouched: Project) -> Iterator[dict[str, Any]]:
    """The spec of a project whose hosts nothing may be written to."""
    before = untouched.spec
    commands = {name: len(_writing(untouched.lab, name)) for name in HOSTS}
    untouched.spec = {**before, "remotes": dict(before["remotes"])}
    yield untouched.spec
    untouched.spec = before
    assert commands == {name: len(_writing(untouched.lab, name)) for name in HOSTS}


def _writing(lab: Lab, name: str) -> list[str]:
    """The commands that came by ssh, but those of a pass."""
    said = [str(command) for command in lab.host(name).commands_log()]
    return [command for command in said if "timeout -k 5" not in command]


def _alias(project: Project, alias: str, of: str) -> None:
    """Give a host of the lab one more name in the SSH configuration."""
    config = (project.lab.directory / "ssh_config").read_text()
    path = project.folder / "ssh_config"
    path.write_text(config.replace(f"Host {of}\n", f"Host {of} {alias}\n"))
    assert alias in path.read_text()
    project.spec["defaults"] = {
        **project.spec["defaults"],
        "ssh": {**project.spec["defaults"]["ssh"], "config": str(path)},
    }


def _refused(project: Project, engine: Engine, *said: str) -> None:
    project.write_spec()
    result = engine.run(project, "preview")
    assert result.code not in (0, None), result
    for text in said:
        assert text in result.out + result.err, result


@pytest.mark.parametrize("engine", ENGINES)
def test_an_alias_of_another_remote_is_refused_by_both_names(
    untouched: Project, spec: dict[str, Any], engine: Engine
) -> None:
    _alias(untouched, "twin", "paris")
    paris = spec["remotes"]["paris"]
    spec["remotes"]["lyon"] = {**paris, "ssh": {**paris["ssh"], "host": "twin"}}
    address = untouched.lab.host("paris").address
    _refused(untouched, engine, "lyon and paris are one machine", f"{address}:22")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_alias_of_the_central_is_refused(
    untouched: Project, spec: dict[str, Any], engine: Engine
) -> None:
    _alias(untouched, "twin", "central")
    spec["remotes"] = {"paris": {**spec["remotes"]["paris"], "ssh": {"host": "twin"}}}
    _refused(untouched, engine, "central and paris are one machine")


@pytest.mark.parametrize("engine", ENGINES)
def test_the_host_of_another_poller_is_refused(
    untouched: Project, spec: dict[str, Any], engine: Engine
) -> None:
    spec["remotes"] = {"paris": {**spec["remotes"]["paris"], "ssh": {"host": "lyon"}}}
    said = "this host has the broker's files of poller lyon", "not of paris"
    _refused(untouched, engine, *said)
    # Nor is a page of its menu touched, with or without outputs.
    del spec["remotes"]["paris"]["broker_outputs"]
    _refused(untouched, engine, *said)
    assert untouched.mapinfra("up", "--yes").code == 1
    assert not images_shown(untouched.lab, "lyon")


def test_a_second_address_of_a_remote_is_the_same_machine(
    untouched: Project, spec: dict[str, Any]
) -> None:
    lab = untouched.lab
    paris = lab.host("paris")
    second = paris.address.rpartition(".")[0] + ".77"
    paris.run(f"ip address add {second}/24 dev host0")
    try:
        ssh = {
            **spec["remotes"]["paris"]["ssh"],
            "host": second,
            "user": "mapinfra",
            "identity_file": str(lab.directory / "id_ed25519"),
            "host_key": _public_key(lab.directory / "known_hosts", paris.address),
        }
        spec["remotes"]["lyon"] = {**spec["remotes"]["lyon"], "ssh": ssh}
        _refused(untouched, Engine.MAPINFRA, "lyon and paris are one machine", "machine-id")
    finally:
        paris.run(f"ip address del {second}/24 dev host0")


def test_clones_with_one_machine_id_and_one_name_are_two_machines(
    untouched: Project, spec: dict[str, Any]
) -> None:
    """A VM that was copied, as its administrator left it."""
    lab = untouched.lab
    lyon, before = lab.host("lyon"), lab.host("lyon").run("cat /etc/machine-id").stdout
    copied = lab.host("paris").run("cat /etc/machine-id").stdout
    lyon.run("cat > /tmp/id && cp /tmp/id /etc/machine-id && hostname paris", input=copied)
    try:
        assert lyon.run("cat /etc/machine-id; uname -n").stdout == f"{copied}paris\n"
        untouched.write_spec()
        untouched.preview()
    finally:
        lyon.run("cat > /tmp/id && cp /tmp/id /etc/machine-id && hostname lyon", input=before)


def _public_key(known_hosts: Path, address: str) -> str:
    lines = [line.split() for line in known_hosts.read_text().splitlines()]
    return next(" ".join(words[1:3]) for words in lines if address in words[0].split(","))
