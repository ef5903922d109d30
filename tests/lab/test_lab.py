"""The lab itself: what the other tests stand on."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import Lab, LabError, LabUnavailableError
from lab.layout import CHECKOUT, LABS
from lab.machine import cgroup_hierarchies

NAMES = ("central", "paris", "lyon", "map")


@pytest.fixture
def second_name(lab: Lab) -> Iterator[str]:
    name = f"{lab.name}-second"
    try:
        yield name
    finally:
        Lab.remove(name)


def ssh(
    lab: Lab, host: str, *command: str, input: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ssh", "-F", str(lab.directory / "ssh_config"), "-o", "ConnectTimeout=2", host, *command],
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def traces(number: int, name: str) -> list[str]:
    """Everything on this machine that belongs to the lab: processes, mounts, interfaces, files."""
    groups = [
        str(group)
        for hierarchy in cgroup_hierarchies()
        for group in (hierarchy / "mapinfra-lab").glob(f"m{number}-*")
    ]
    interfaces = [
        interface
        for _, interface in socket.if_nameindex()
        if interface == f"mapinfra{number}" or interface.startswith(f"vb-m{number}-")
    ]
    directory = LABS / name
    mounts = [
        line
        for process in Path("/proc").glob("[0-9]*")
        for line in lines_of(process / "mountinfo")
        if f"{directory}/" in line
    ]
    processes = [
        str(process)
        for process in Path("/proc").glob("[0-9]*")
        if any(f"{directory}/" in line for line in lines_of(process / "cmdline"))
    ]
    files = [str(path) for path in (directory, CHECKOUT / ".lab" / name) if os.path.lexists(path)]
    return [*groups, *interfaces, *mounts, *processes, *files]


def lines_of(file: Path) -> list[str]:
    try:
        return file.read_text(errors="replace").splitlines()
    except OSError:  # the process has ended
        return []


def number_of(lab: Lab) -> int:
    return int(lab.host("central").address.split(".")[2])


@pytest.mark.parametrize("name", NAMES)
def test_a_host_is_up_and_reached_with_the_ssh_config(lab: Lab, name: str) -> None:
    assert lab.host(name).state == "up"
    assert ssh(lab, name, "hostname; id -un").stdout == f"{name}\nmapinfra\n"


def test_hosts_know_each_other_by_name(lab: Lab) -> None:
    answer = lab.host("paris").run(["getent", "hosts", "lyon"]).stdout
    assert answer.split() == [lab.host("lyon").address, "lyon"]
    lab.host("paris").run(["ping", "-c", "1", "-W", "2", "central"])


@pytest.mark.parametrize(
    ("name", "identity"),
    [("central", "debian"), ("lyon", "debian"), ("paris", "almalinux"), ("map", "almalinux")],
)
def test_both_families_are_there(lab: Lab, name: str, identity: str) -> None:
    assert lab.host(name).run(". /etc/os-release; echo $ID").stdout.strip() == identity


def test_a_host_has_no_way_out_of_its_lab(lab: Lab) -> None:
    routes = lab.host("central").run(["ip", "route"]).stdout.splitlines()
    assert len(routes) == 1
    assert routes[0].startswith(f"198.18.{number_of(lab)}.0/24 dev host0")


def test_sudo_asks_for_the_labs_password_on_paris_only(lab: Lab) -> None:
    for name in ("central", "lyon", "map"):
        assert ssh(lab, name, "sudo -n id -un").stdout == "root\n"
    assert ssh(lab, "paris", "sudo -n id -un").returncode == 1
    password = (lab.directory / "secrets" / "sudo_password").read_text()
    assert ssh(lab, "paris", "sudo -S -p '' id -un", input=password).stdout == "root\n"


def test_commands_by_ssh_are_recorded_and_those_of_the_test_are_not(lab: Lab) -> None:
    host = lab.host("lyon")
    before = len(host.commands_log())
    text = "printf '%s' 'one\ntwo\\n\tthree'"
    assert ssh(lab, "lyon", text).stdout == "one\ntwo\\n\tthree"
    host.run("true")
    recorded = host.commands_log()[before:]
    assert [(entry.user, entry.command) for entry in recorded] == [("mapinfra", text)]


def test_accepted_connections_are_counted(lab: Lab) -> None:
    host = lab.host("lyon")
    before = host.connections()
    ssh(lab, "lyon", "true")
    assert ssh(lab, "lyon", "-l", "root", "true").returncode == 255
    assert host.connections() == before + 1


def test_a_command_that_fails_says_where_and_why(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"map: exit code 3 from echo no >&2; exit 3: no"):
        lab.host("map").run("echo no >&2; exit 3")


def test_reset_gives_a_fresh_host_with_the_same_key_and_address(lab: Lab) -> None:
    host = lab.host("map")
    host.run("touch /root/spoiled; systemctl disable --now ssh")
    ssh(lab, "map", "true")
    lab.reset("map")
    assert host.run(["ls", "/root"]).stdout == ""
    assert host.connections() == 0
    assert ssh(lab, "map", "hostname").stdout == "map\n"


def test_a_host_without_power_keeps_its_disk(lab: Lab) -> None:
    host = lab.host("lyon")
    host.run("echo kept > /root/mark")
    host.power_off()
    assert host.state == "off"
    assert ssh(lab, "lyon", "true").returncode == 255
    host.power_on()
    assert host.run(["cat", "/root/mark"]).stdout == "kept\n"
    assert ssh(lab, "lyon", "hostname").stdout == "lyon\n"
    host.run("rm /root/mark")


def test_a_saved_disk_is_restored_as_often_as_wanted(lab: Lab) -> None:
    host = lab.host("map")
    host.run("echo kept >/root/file && rm /etc/motd && mariadb -e 'create database kept'")
    host.save()
    for limit in (None, 300_000_000, None):
        host.restore(limit)
        assert host.run("cat /root/file; ls /etc/motd", check=False).stdout == "kept\n"
        assert host.run(["mariadb", "-N", "-e", "show databases like '%kept'"]).stdout == "kept\n"
        host.run("echo changed >/root/file && mariadb -e 'drop database kept'")
        written = host.run("fallocate -l 400M /root/large", check=False)
        assert ("No space left on device" in written.stderr) == (limit is not None)
    with pytest.raises(LabError, match="saved already"):
        host.save()
    lab.reset("map")
    assert host.run("cat /root/file", check=False).returncode == 1


def test_a_host_comes_back_when_it_reboots_itself(lab: Lab) -> None:
    host = lab.host("lyon")
    before = host.since
    host.run(["systemctl", "reboot"], check=False)
    wait_until(lambda: host.since not in (None, before))
    host.power_on()
    assert ssh(lab, "lyon", "hostname").stdout == "lyon\n"


def test_a_cut_host_can_not_be_reached_until_it_is_mended(lab: Lab) -> None:
    host = lab.host("lyon")
    host.cut()
    try:
        assert ssh(lab, "lyon", "true").returncode == 255
        assert host.run("echo alive").stdout == "alive\n"
    finally:
        host.mend()
    assert ssh(lab, "lyon", "hostname").stdout == "lyon\n"


def test_status_says_by_its_exit_code_whether_all_hosts_are_up(lab: Lab) -> None:
    assert command("status", "--lab", lab.name).returncode == 0
    lab.host("lyon").power_off()
    status = command("status", "--lab", lab.name)
    assert status.returncode == 1
    assert next(line for line in status.stdout.splitlines() if "lyon" in line).split()[4] == "off"
    assert command("up", "--lab", lab.name).returncode == 0
    assert lab.host("lyon").state == "up"


def test_the_ssh_command_passes_a_command_on_as_it_is(lab: Lab) -> None:
    listing = command("ssh", "--lab", lab.name, "paris", "ls", "-d", "-h", "/etc")
    assert (listing.returncode, listing.stdout) == (0, "/etc\n")
    assert command("ssh", "--lab", lab.name, "paris", "exit 7").returncode == 7


def test_two_labs_stand_side_by_side_and_one_goes_without_a_trace(
    lab: Lab, second_name: str
) -> None:
    other = Lab.up(second_name)
    assert number_of(other) != number_of(lab)
    for name in ("database_password", "api_password", "sudo_password"):
        first, second = ((each.directory / "secrets" / name).read_text() for each in (lab, other))
        assert first != second
    assert ssh(other, "paris", "hostname").stdout == "paris\n"
    ping = ["ping", "-c", "1", "-W", "1", other.host("paris").address]
    assert lab.host("paris").run(ping, check=False).returncode != 0
    assert traces(number_of(other), second_name) != []
    other.down()
    assert traces(number_of(other), second_name) == []
    assert [host.state for host in lab.hosts.values()] == ["up"] * 4


def test_a_lab_whose_making_was_killed_goes_without_a_trace(lab: Lab, second_name: str) -> None:
    making = subprocess.Popen(
        [sys.executable, "-m", "lab", "up", "--lab", second_name],
        cwd=CHECKOUT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: (LABS / second_name / "lab.json").exists())
    half_made = Lab.open(second_name)
    wait_until(lambda: any(host.is_running for host in half_made.hosts.values()))
    making.send_signal(signal.SIGKILL)
    making.wait()
    assert traces(number_of(half_made), second_name) != []
    down = command("down", "--lab", second_name)
    assert (down.returncode, down.stdout) == (0, f"Lab {second_name} is down.\n")
    assert traces(number_of(half_made), second_name) == []
    assert lab.host("central").state == "up"


def test_down_is_done_again_without_harm(lab: Lab, second_name: str) -> None:
    assert command("down", "--lab", second_name).stdout == f"There is no lab {second_name}.\n"
    assert lab.host("central").state == "up"


def test_no_packet_for_a_lab_address_leaves_this_machine(lab: Lab) -> None:
    unused = ["ip", "route", "get", "198.19.255.1"]
    assert subprocess.run(unused, capture_output=True, check=False).returncode == 2
    routes = subprocess.run(
        ["ip", "route", "show", "type", "blackhole"], capture_output=True, text=True, check=True
    )
    assert routes.stdout.strip() == "blackhole 198.18.0.0/15"


@pytest.mark.parametrize(
    ("verb", "rest"), [("status", ()), ("ssh", ("central",)), ("reset", ("map",))]
)
def test_a_command_for_a_lab_that_is_not_there_says_so_in_a_line(
    verb: str, rest: tuple[str, ...]
) -> None:
    result = command(verb, "--lab", "nowhere", *rest)
    assert result.returncode == 1
    assert result.stderr == "there is no lab 'nowhere': make it with ./dev lab up --lab nowhere\n"


def test_an_unknown_host_is_named_with_the_known_ones(lab: Lab) -> None:
    with pytest.raises(LabError, match="no host 'rome' in a lab: central, paris, lyon, map"):
        lab.host("rome")


def test_without_root_one_sentence_says_what_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabUnavailableError) as caught:
        Lab.up("never")
    assert str(caught.value) == (
        "No lab on this machine: it needs root (sudo). The unit tests (./dev test) and mapinfra "
        "against real servers work without the lab."
    )


def test_without_its_tools_the_lab_names_them_and_their_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabUnavailableError, match=r"apt-get install .*systemd-container"):
        Lab.up("never")
