"""What would make a step fail on a host as it is: refused in the preview."""

from dataclasses import dataclass

import pytest

from tests.lab.project import Project

UNIT = "/etc/systemd/system/cbd.service"
RECORDS = "/var/lib/mapinfra"


@dataclass(frozen=True)
class Obstacle:
    """What is done to a host, how it is taken back, and what is said then."""

    name: str
    host: str
    spoilt: str
    mended: str
    said: str
    remedy: str


OBSTACLES = [
    Obstacle(
        "records read-only", "lyon", f"mkdir -p {RECORDS}; mount -t tmpfs -o ro lab {RECORDS}",
        f"umount {RECORDS}; rmdir {RECORDS}", f"{RECORDS} is read-only", "dmesg",
    ),
    Obstacle(
        "records full", "lyon",
        f"mkdir -p {RECORDS}; mount -t tmpfs -o size=8k lab {RECORDS}; "
        f"cat /dev/zero >{RECORDS}/full 2>/dev/null; true",
        f"umount {RECORDS}; rmdir {RECORDS}", "no room is left", "df -h",
    ),
    Obstacle(
        "cbd masked", "paris",
        f"mv {UNIT} {UNIT}.off; ln -s /dev/null {UNIT}; systemctl daemon-reload",
        f"mv {UNIT}.off {UNIT}; systemctl daemon-reload", "cbd is masked", "systemctl unmask cbd",
    ),
    Obstacle(
        "cbd renamed", "paris", f"mv {UNIT} {UNIT}.off; systemctl daemon-reload",
        f"mv {UNIT}.off {UNIT}; systemctl daemon-reload", "there is no service cbd", "install",
    ),
    Obstacle(
        "a central that is a replica", "central", "mariadb -e 'set global read_only = 1'",
        "mariadb -e 'set global read_only = 0'", "MariaDB takes no changes there", "primary",
    ),
    Obstacle(
        "a remote that is a replica", "lyon", "mariadb -e 'set global read_only = 1'",
        "mariadb -e 'set global read_only = 0'", "MariaDB takes no changes there", "primary",
    ),
]  # fmt: skip


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda one: one.name.replace(" ", "-"))
def test_what_stands_in_the_way_is_told_by_the_preview(
    untouched: Project, obstacle: Obstacle
) -> None:
    host = untouched.lab.host(obstacle.host)
    host.run(obstacle.spoilt)
    try:
        result = untouched.mapinfra("preview")
    finally:
        host.run(obstacle.mended)
    assert result.code == 1, result
    line = next(line for line in result.out.splitlines() if obstacle.said in line)
    assert f"{obstacle.host}: " in line
    assert obstacle.remedy in line
    assert untouched.preview()["changeSummary"]
