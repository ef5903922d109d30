"""What a world may be like before an update of MAP begins: each is set, and taken back after it."""

from collections.abc import Callable
from dataclasses import dataclass

from lab.packages import repositories
from tests.lab.map_world import World
from tests.lab.scene import hosts_of

BACKUPS = "/var/backups/mapinfra"
_READER = "open-reader"
_READ = """\
systemd-run --quiet --unit=open-reader sh -c \
  "(echo 'begin; select * from map_view;'; exec sleep infinity) | mariadb --unbuffered $1"
until mariadb -N -e "select 1 from information_schema.processlist where db = '$1'" | grep -q 1
do [ "$(systemctl is-active open-reader)" = active ] || exit; done
"""
_SMALL = "mkdir -p $1 && mount -t tmpfs -o size=1m,mode=700 small $1"
_READ_ONLY = "mkdir -p -m 700 $1 && mount --bind $1 $1 && mount -o remount,bind,ro $1"


@dataclass(frozen=True)
class Condition:
    """`set` is called before the run begins; `lift` when it and what came of it are over."""

    name: str
    meaning: str
    set: Callable[[World], None]
    lift: Callable[[World], None]


def _sh(world: World, script: str, *words: str) -> None:
    world.host.run(["sh", "-ec", script, "sh", *words])


def _open_reader(world: World) -> None:
    _sh(world, _READ, world.server.edition.database)


def _close_reader(world: World) -> None:
    world.host.run(["systemctl", "stop", _READER], check=False)


def _small_disk(world: World) -> None:
    _sh(world, _SMALL, BACKUPS)


def _read_only_disk(world: World) -> None:
    _sh(world, _READ_ONLY, BACKUPS)


def _own_disk(world: World) -> None:
    world.host.run(["umount", "--lazy", BACKUPS], check=False)


def _take_keys(world: World) -> None:
    for host in hosts_of(world):
        if host.spec.family == "rpm":
            host.run("rpm -qa 'gpg-pubkey*' | xargs -r rpm -e --allmatches")
            host.run(["mv", str(repositories.KEY), f"{repositories.KEY}.away"])
        else:
            host.run(["mv", str(repositories.KEYRING), f"{repositories.KEYRING}.away"])
            host.run("rm -rf /var/lib/apt/lists/*")


def _give_keys(world: World) -> None:
    for host in hosts_of(world):
        key = repositories.KEY if host.spec.family == "rpm" else repositories.KEYRING
        host.run(["mv", f"{key}.away", str(key)])
        if host.spec.family == "deb":
            host.run(["apt-get", "--quiet=2", "update"])


def _off_by(seconds: int) -> Callable[[World], None]:
    def turn(world: World) -> None:
        for host in hosts_of(world):
            host.clock(seconds)

    return turn


CONDITIONS = (
    Condition("ahead", "the clock of both hosts is 400 days ahead",
              _off_by(400 * 86400), _off_by(0)),
    Condition("behind", "the clock of both hosts is five days behind",
              _off_by(-5 * 86400), _off_by(0)),
    Condition("reader", "a forgotten client has an open transaction on MAP's own database",
              _open_reader, _close_reader),
    Condition("small", "the disk of the backups has one megabyte", _small_disk, _own_disk),
    Condition("read-only", "the disk of the backups is mounted read-only",
              _read_only_disk, _own_disk),
    Condition("keys", "the keys of the repositories are missing on both hosts",
              _take_keys, _give_keys),
)  # fmt: skip
