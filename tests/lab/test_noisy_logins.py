"""Login shells, sudo and PAM that print before a command: nothing of it is taken for output."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import Lab
from tests.lab.map_world import (
    ENGINE_ON_DNF,
    LEGACY_ON_DNF,
    NEWER,
    OLD,
    World,
    make,
    make_bare,
)
from tests.lab.project import HOSTS, REMOTES, Project, images_shown, listens, reset

_NOISE = """\
echo '{"welcome": 1} to this host'
echo 'WARNING: this host is watched' >&2
printf 'no line end' && printf 'none here either' >&2
trap 'echo goodbye; echo goodbye >&2' EXIT
alias sudo=false
sudo() { echo "not so fast"; }
"""
_MAKE_NOISE = f"""\
home=$(getent passwd mapinfra | cut -d: -f6)
for file in "$home/.bashrc" /etc/profile.d/noise.sh; do
  cat >"$file" <<'.'
{_NOISE}.
done
echo 'Authorised use only' >/etc/motd
printf 'Defaults lecture=always\\nDefaults lecture_file=/etc/motd\\n' >/etc/sudoers.d/zz-lecture
"""


@pytest.fixture
def noisy(lab: Lab) -> Iterator[Lab]:
    reset(lab)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: lab.host(name).run(_MAKE_NOISE), (*HOSTS, "map")))
    yield lab
    with ThreadPoolExecutor() as pool:
        list(pool.map(lab.reset, (*HOSTS, "map")))


def test_remotes_with_noisy_logins_are_previewed_and_made_as_wanted(
    noisy: Lab, tmp_path: Path
) -> None:
    project = Project.make(noisy, tmp_path)
    result = project.mapinfra("preview")
    assert result.code == 0, result
    project.up()
    for remote in REMOTES:
        assert images_shown(noisy, remote)
        assert listens(noisy, remote)
    project.expect_nothing_to_do()
    result = project.mapinfra("destroy", "--yes")
    assert result.code == 0, result
    assert not images_shown(noisy, "paris")


def make_noise(world: World) -> None:
    """Let both hosts of a world print at each login, as those that were made before it did."""
    for name in {world.host.name, world.server.web.name}:
        world.project.lab.host(name).run(_MAKE_NOISE)


def test_map_is_installed_from_nothing_through_noisy_logins(noisy: Lab, tmp_path: Path) -> None:
    world = make_bare(noisy, tmp_path, *ENGINE_ON_DNF)
    make_noise(world)
    world.want_installed(OLD)
    world.expect_up()
    assert (world.version(), world.web_versions()) == (OLD, (OLD, OLD, OLD))
    assert world.service() == ("active", "enabled")


def test_desktop_clients_are_mirrored_through_noisy_logins(noisy: Lab, tmp_path: Path) -> None:
    world = make(noisy, tmp_path, *LEGACY_ON_DNF)
    make_noise(world)
    world.want(OLD, desktop_client={"mirror": "/srv/www/clients"})
    world.expect_up()
    held = world.host.run(["ls", "/srv/www/clients"]).stdout.split()
    assert len(held) == 3
    for name in held:
        served = f"{world.server.edition.home}/desktop-client/{name}"
        world.host.run(["cmp", served, f"/srv/www/clients/{name}"])


def test_a_map_server_with_noisy_logins_is_previewed_updated_and_restored(
    noisy: Lab, tmp_path: Path
) -> None:
    world = make(noisy, tmp_path, *ENGINE_ON_DNF)
    before = world.state()
    make_noise(world)
    world.want(NEWER)
    result = world.project.mapinfra("preview")
    assert result.code == 0, result
    assert "goodbye" not in result.out + result.err
    world.expect_up()
    assert world.version() == NEWER
    result = world.project.mapinfra("backups", "--verify")
    assert result.code == 0, result
    [id] = world.host.run(["ls", "/var/backups/mapinfra"]).stdout.split()
    result = world.project.mapinfra("restore", "--yes", "central/map", id)
    assert result.code == 0, result
    assert "goodbye" not in result.out + result.err
    assert world.state()[:-3] == before[:-3]
