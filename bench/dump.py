"""How fast a backup's dump is, against plain mariadb-dump to the same disk of the same host.

`.venv/bin/python -m bench.dump [MEGABYTES] [PAIRS]`, 1000 and 5 unless said otherwise. Both run in
turn, in changing order, on one lab host, so that their ratio holds on a noisy machine. What counts
for the backup is all of it: the unit, the connection, the wait for the end. Reading the dump back
comes on top, before the service is stopped; it is shown beside.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab import Host as LabHost
from lab import Lab
from mapinfra.backup import MariadbClient
from mapinfra.backup.dump import OPTIONS, PROGRAM
from mapinfra.backup.login import logged_in
from mapinfra.backup.taking import digest
from mapinfra.backup.working import work
from mapinfra.hosts import Fleet, Host, Ssh, Survey, Target
from mapinfra.secrets import Secrets

_NAME = "bench-dump"
_DATABASE = "bench_dump"
_FOLDER = "/var/backups/bench"
_OURS = f"{_FOLDER}/database.sql"
_NEEDED = 0.8
# Half pictures, which can't be packed, half text that can.
_FILL = """\
create or replace database bench_dump character set utf8mb4;
create table bench_dump.picture (id int auto_increment primary key, image longblob);
create table bench_dump.element (id int auto_increment primary key, name varchar(190), text text);
insert into bench_dump.picture (image)
  select concat({random}) from bench_dump_numbers;
insert into bench_dump.element (name, text)
  select concat('hôte ', seq), repeat(concat(md5(rand()), ' "style" '), 25) from
  (select seq from bench_dump_numbers) n, (select 1 union select 2 union select 3 union select 4
   union select 5 union select 6 union select 7 union select 8 union select 9 union select 10
   union select 11 union select 12 union select 13 union select 14 union select 15
   union select 16) m;
"""


@dataclass(frozen=True)
class Pair:
    """Seconds of one turn."""

    plain: float
    ours: float
    read_back: float

    @property
    def ratio(self) -> float:
        """The backup's speed in that of plain mariadb-dump."""
        return self.plain / self.ours


def main() -> int:
    """Measure and print; 1 when the backup is slower than it may be."""
    given = [int(value) for value in sys.argv[1:]]
    megabytes, pairs = [*given, *(1000, 5)[len(given) :]]
    lab = Lab.up(_NAME)
    try:
        measured, size = _measure(lab, megabytes, pairs)
    finally:
        lab.down()
    return _print(measured, size)


def _measure(lab: Lab, megabytes: int, pairs: int) -> tuple[list[Pair], int]:
    machine = lab.host("map")
    _fill(machine, megabytes)
    target = Target(name="map", ssh=Ssh(config=str(lab.directory / "ssh_config"), become="sudo"))
    folder = Path(tempfile.gettempdir())
    with Fleet(Secrets({}, folder), lambda _: Survey(), folder=folder) as fleet:
        host = fleet.host(target)
        _plain(host)  # fills the caches
        measured = [_pair(host, turn) for turn in range(pairs)]
    return measured, int(machine.run(["stat", "-c", "%s", _OURS]).stdout)


def _fill(machine: LabHost, megabytes: int) -> None:
    random = ", ".join(["random_bytes(1024)"] * 12)
    sql = _FILL.format(random=random)
    numbers = f"seq_1_to_{max(1, megabytes * 1000 // 30)}"
    machine.run(["mkdir", "-p", _FOLDER])
    machine.run(
        ["mariadb", "mysql"], input=sql.replace("bench_dump_numbers", numbers), timeout=3600
    )


def _pair(host: Host, turn: int) -> Pair:
    if turn % 2:
        ours, read_back = _backup(host)
        return Pair(_plain(host), ours, read_back)
    plain = _plain(host)
    return Pair(plain, *_backup(host))


def _plain(host: Host) -> float:
    command = f"exec mariadb-dump {' '.join(OPTIONS)} {_DATABASE} >{_FOLDER}/plain.sql"
    return _seconds(lambda: host.run(["sh", "-c", command], timeout=3600))


def _backup(host: Host) -> tuple[float, float]:
    with logged_in(host, MariadbClient(), "bench") as login:
        argv = ("bash", "-c", PROGRAM, "bash", login, _DATABASE, _OURS)
        dumping = _seconds(lambda: work(host, "bench-dump", argv, "the dump"))
    reading = _seconds(lambda: digest(host, "bench-digest", _FOLDER, _OURS, _DATABASE))
    return dumping, reading


def _seconds(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def _print(pairs: list[Pair], size: int) -> int:
    table = Table("pair", "mariadb-dump, s", "backup, s", "speed of it", "read back, s")
    for number, pair in enumerate(pairs, start=1):
        figures = (pair.plain, pair.ours, pair.ratio, pair.read_back)
        table.add_row(str(number), *(f"{figure:.2f}" for figure in figures))
    ratio = statistics.median(pair.ratio for pair in pairs)
    console = Console()
    console.print(table)
    console.print(
        f"A dump of {size / 1e6:.0f} MB runs at {ratio:.2f} of the speed of mariadb-dump (median "
        f"of pairs; at least {_NEEDED} is asked for)."
    )
    return 0 if ratio >= _NEEDED else 1


if __name__ == "__main__":
    sys.exit(main())
