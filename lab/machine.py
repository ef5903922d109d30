"""One systemd-nspawn machine: started detached, found again, entered, killed.

Every process of a machine is in a cgroup named after it, in each hierarchy that systemd uses.
That is how a machine is found by a later command and how it is killed whole, half-started ones
included: no process id is written down, so none can be taken for another.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lab.errors import LabError
from lab.network import delete_interface, set_interface

_CGROUP = "mapinfra-lab"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_ENTER_CGROUPS = """
for group in $1; do echo $$ >"$group/cgroup.procs"; done
shift
exec setsid --fork "$@"
"""

_SUPERVISE = """
if [ -n "$1" ]; then
    mount -t tmpfs -o "size=$1,mode=755" lab "$2" && mkdir -m 755 "$2/upper" "$2/work" || exit
fi
mount -t overlay lab -o "$3" "$4"
shift 4
while :; do
    "$@"
    [ $? -eq 133 ] || exit 0
done
"""
"""Runs in a mount namespace of its own, so the overlay goes when the machine does, and a limited
disk, too. Arguments: the limit in bytes, if any, and where that disk is to be; the overlay's
options and root; the command.

With --keep-unit, systemd-nspawn exits with 133 when the host reboots itself (systemd-nspawn(1)).
"""


@dataclass(frozen=True)
class Machine:
    """A machine by its name, which is unique on this host of hosts and at most 12 characters."""

    name: str
    hostname: str
    bridge: str
    directory: Path
    """Holds its overlay's parts, and what it wrote to its console."""

    @property
    def upper(self) -> Path:
        """The part of its file system that is its own; everything else is shared and read-only."""
        return self.directory / "upper"

    @property
    def console(self) -> Path:
        """What systemd-nspawn and the machine's console said since it was started."""
        return self.directory / "console.log"

    @property
    def interface(self) -> str:
        """This side of its cable: systemd-nspawn names it so."""
        return f"vb-{self.name}"

    def start(self, layers: Sequence[Path], limit: int | None = None) -> None:
        """Start it, detached from this process and its terminal; it isn't ready by then.

        With a `limit` in bytes its disk is a fresh one of that size, in memory: lost with power.
        """
        for group in self._cgroups:
            group.mkdir(parents=True, exist_ok=True)
        small, root = self.directory / "small", self.directory / "root"
        upper, work = self.upper, self.directory / "work"
        if limit is not None:
            upper, work = small / "upper", small / "work"
        # A volatile overlay (no sync to disk) refuses the work directory of an earlier mount.
        subprocess.run(["rm", "-rf", str(self.directory / "work")], check=True)
        for directory in (self.directory / "work", small, root):
            directory.mkdir(exist_ok=True)
        lower = ":".join(map(str, layers))
        options = f"lowerdir={lower},upperdir={upper},workdir={work},volatile"
        groups = " ".join(map(str, self._cgroups))
        with self.console.open("ab") as console:
            subprocess.run(
                [
                    *("sh", "-c", _ENTER_CGROUPS, "sh", groups),
                    *("unshare", "--mount", "--propagation", "private"),
                    *("sh", "-c", _SUPERVISE, "sh", str(limit or ""), str(small)),
                    *(options, str(root)),
                    *("systemd-nspawn", "--boot", "--register=no", "--keep-unit", "--quiet"),
                    *(f"--directory={root}", f"--machine={self.name}"),
                    *(f"--hostname={self.hostname}", f"--network-bridge={self.bridge}"),
                    *("--resolv-conf=off", "--timezone=off", "--link-journal=no"),
                    "--console=pipe",
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": _PATH},
                check=True,
            )

    def kill(self, seconds: float = 10) -> None:
        """Pull the plug and take every trace of the running machine away; nothing when it is off.

        Its disk stays. The machine's first process goes first, so that systemd-nspawn ends by
        itself and cleans up; what is left after a moment is killed too.
        """
        started = time.monotonic()
        leader = self.leader()
        if leader:
            _kill({leader})
        while pids := self.pids():
            elapsed = time.monotonic() - started
            if elapsed > seconds:
                raise LabError(f"{self.name}: processes {sorted(pids)} don't end")
            if elapsed > 1 or leader is None:
                _kill(pids)
            time.sleep(0.02)
        for group in self._cgroups:
            _remove_cgroup(group)
        delete_interface(self.interface)
        leftover = Path("/run/systemd/nspawn/propagate", self.name)
        if leftover.exists():
            leftover.rmdir()

    def cut(self) -> None:
        """Pull its network cable: packets vanish, connections hang."""
        set_interface(self.interface, up=False)

    def mend(self) -> None:
        """Plug its network cable in again."""
        set_interface(self.interface, up=True)

    def pids(self) -> set[int]:
        """Every process of the machine, and of what runs it, as numbered on this side."""
        found: set[int] = set()
        for group in self._cgroups:
            for directory, _, _ in os.walk(group):
                found |= _members(Path(directory))
        return found

    def leader(self) -> int | None:
        """The machine's process 1 as numbered on this side; None when there is none."""
        return next((pid for pid in self.pids() if _is_first_in_its_namespace(pid)), None)

    def enter(self) -> list[str]:
        """The start of a command line that runs a command as root on the machine, without ssh."""
        leader = self.leader()
        if leader is None:
            raise LabError(f"{self.hostname}: the host is off")
        return [
            *("nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid"),
            *(
                "--cgroup",
                "--root",
                "--wd",
                "--",
                "env",
                "-i",
                f"PATH={_PATH}",
                "HOME=/root",
                "LANG=C.UTF-8",
            ),
        ]

    def memory(self) -> int:
        """Bytes of memory that are the machine's: shared pages count in part (PSS)."""
        return sum(map(_proportional_set_size, self.pids()))

    @cached_property
    def _cgroups(self) -> tuple[Path, ...]:
        return tuple(mount / _CGROUP / self.name for mount in cgroup_hierarchies())


def cgroup_hierarchies() -> tuple[Path, ...]:
    """Where the cgroup hierarchies are mounted that systemd puts processes in.

    That is cgroup v2, and in a hybrid or old set-up the v1 hierarchy ``name=systemd``.
    """
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, kind = line.partition(" - ")
        filesystem, _, options = kind.split(" ", 2)
        if filesystem == "cgroup2" or (filesystem == "cgroup" and "name=systemd" in options):
            found.append(Path(mount.split()[4]))
    return tuple(found)


def started_at(pid: int) -> float:
    """When a process started, in seconds since the epoch (proc(5))."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    boot = next(
        line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime")
    )
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")


def _kill(pids: set[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _members(group: Path) -> set[int]:
    try:
        return {int(pid) for pid in (group / "cgroup.procs").read_text().split()}
    except OSError:  # gone meanwhile
        return set()


def _remove_cgroup(group: Path) -> None:
    for directory, _, _ in os.walk(group, topdown=False):
        Path(directory).rmdir()
    try:
        group.parent.rmdir()
    except OSError:  # other machines are in it, or another command has just removed it
        return


def _is_first_in_its_namespace(pid: int) -> bool:
    for line in _proc(pid, "status"):
        if line.startswith("NSpid:"):
            return line.split()[2:] == ["1"]
    return False


def _proportional_set_size(pid: int) -> int:
    for line in _proc(pid, "smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _proc(pid: int, name: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/{name}").read_text().splitlines()
    except OSError:  # ended meanwhile
        return []
