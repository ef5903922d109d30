"""What may happen to an update of MAP: each fault strikes in the middle of a run, and is lifted."""

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace

from lab.packages import repositories
from tests.lab.map_world import World, wait_until
from tests.lab.scene import SMALL_DISK, Begun, PlannedStep, hosts_of

_DROP = "pkill -KILL -f '^sshd: mapinfra' || :"
# What is left over goes in small pieces, until there is not even room for one byte.
_FILL = """\
fallocate -l "$(df -B1 --output=avail / | tail -n 1)" /full 2>/dev/null || :
dd if=/dev/zero bs=4k >>/full 2>/dev/null
dd if=/dev/zero bs=1 >>/full 2>/dev/null
[ "$(df -B1 --output=avail / | tail -n 1)" -eq 0 ]
"""
_LOCK = """\
import fcntl, subprocess, sys, time
files = [open(path, "a") for path in sys.argv[1:]]
for file in files:
    fcntl.lockf(file, fcntl.LOCK_EX)
subprocess.run(["systemd-notify", "--ready"], check=True)
time.sleep(3600)
"""
_EDIT = "MAP_EDITED_MEANWHILE=yes"
_HOLDER = "other-packages"
_LOCKED = {"rpm": ("$(rpm --eval %{_dbpath})/.rpm.lock",),
           "deb": ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")}  # fmt: skip
_HASTEN = """\
for timer in /etc/systemd/system/mapinfra-back.*.timer; do
  [ -e "$timer" ] || exit 0
  sed -i 's/^OnActiveSec=.*/OnActiveSec=1s/' "$timer"
  systemctl daemon-reload
  systemctl restart "${timer##*/}"
done
"""


@dataclass(frozen=True)
class Fault:
    """`strike` is called while the run is paused in its step; `wait` while it goes on."""

    name: str
    meaning: str
    strike: Callable[[World, PlannedStep, Begun], None]
    wait: Callable[[World, Begun], None] = lambda world, begun: None
    lift: Callable[[World], None] = lambda world: None
    alone: bool = True
    """Whether the host is left alone until no lease is armed, before the next run."""
    of_lease: bool = False
    """Whether it is `kill` as long as no lease is armed."""
    disk: int | None = None
    """How many bytes can be written to a host's disk."""
    judge: Callable[[World], list[str]] = lambda world: []
    """What isn't as it must be once it is over; takes back what the fault itself has changed."""


def lease_is_armed(world: World) -> bool:
    """Tell whether the host would go back, or is going back, by itself."""
    units = world.host.run("ls /etc/systemd/system | grep ^mapinfra-back", check=False)
    return units.returncode == 0


def let_the_lease_run_out(world: World) -> None:
    """Wait until the host has gone back by itself, its minute shortened to a second."""
    world.host.run(_HASTEN)
    wait_until(lambda: not lease_is_armed(world), 90)


def _kill(world: World, step: PlannedStep, begun: Begun) -> None:
    begun.kill()


def _drop(world: World, step: PlannedStep, begun: Begun) -> None:
    for host in hosts_of(world):
        host.run(_DROP)


def _cut(world: World, step: PlannedStep, begun: Begun) -> None:
    for host in hosts_of(world):
        host.cut()


def _until_given_up(world: World, begun: Begun) -> None:
    let_the_lease_run_out(world)
    begun.ends_within(60)
    _mend(world)


def _mend(world: World) -> None:
    for host in hosts_of(world):
        host.mend()


def _reboot(world: World, step: PlannedStep, begun: Begun) -> None:
    world.host.power_off()
    world.host.power_on()


def _stop_database(world: World, step: PlannedStep, begun: Begun) -> None:
    world.host.run(["systemctl", "stop", world.database_unit])


def _start_database(world: World) -> None:
    world.host.run(["systemctl", "start", world.database_unit])


def _fill(world: World, step: PlannedStep, begun: Begun) -> None:
    step.host.run(_FILL)


def _empty(world: World) -> None:
    for host in hosts_of(world):
        host.run(["rm", "-f", "/full"])


def _lock(world: World, step: PlannedStep, begun: Begun) -> None:
    for host in hosts_of(world):
        files = " ".join(_LOCKED[host.spec.family])
        unit = f"--unit={_HOLDER} --property=Type=notify --property=NotifyAccess=all"
        host.run(f"systemd-run --quiet {unit} python3 -c '{_LOCK}' {files}")


def _for_a_while(world: World, begun: Begun) -> None:
    begun.ends_within(12)
    _unlock(world)


def _unlock(world: World) -> None:
    for host in hosts_of(world):
        host.run(["systemctl", "stop", _HOLDER], check=False)


def _kill_database(world: World, step: PlannedStep, begun: Begun) -> None:
    world.host.run(["systemctl", "kill", "--signal=KILL", world.database_unit])


def _replace_repositories(world: World, step: PlannedStep, begun: Begun) -> None:
    for host in hosts_of(world):
        host.run(["mv", str(repositories.ROOT), f"{repositories.ROOT}.away"])


def _put_repositories_back(world: World) -> None:
    for host in hosts_of(world):
        host.run(f"[ ! -e {repositories.ROOT}.away ] || mv {repositories.ROOT}.away "
                 f"{repositories.ROOT}")  # fmt: skip


def _edit(world: World, step: PlannedStep, begun: Begun) -> None:
    conf = f"{world.server.edition.configuration}/centreon-map.conf"
    world.host.run(f"echo {_EDIT} >>{conf}")


def _is_kept(world: World) -> list[str]:
    """Another administrator's edit must be there; it is taken out, to compare all else."""
    lost = [] if _EDIT in world.conf().splitlines() else ["another administrator's edit is lost"]
    world.edit(f"/^{_EDIT}$/d")
    return lost


def _start_service(world: World, step: PlannedStep, begun: Begun) -> None:
    world.host.run(["systemctl", "start", "--no-block", world.server.edition.service])


def _second_run(world: World, step: PlannedStep, begun: Begun) -> None:
    """Another administrator, with a state of his own, types the same at the same time."""
    state = world.project.folder / "second-state"
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(world.project.folder / "saved-state", state)
    other = replace(world.project, environment={
        **world.project.environment, "PULUMI_BACKEND_URL": f"file://{state}"})  # fmt: skip
    other.mapinfra(*begun.words)


NOTHING = Fault("none", "nothing happens", lambda world, step, begun: None)


def _kill_workers(world: World, step: PlannedStep, begun: Begun) -> None:
    begun.kill_workers()


def _signalled(number: signal.Signals) -> Callable[[World, PlannedStep, Begun], None]:
    def strike(world: World, step: PlannedStep, begun: Begun) -> None:
        begun.signal_group(number)

    return strike


def _interrupt_twice(world: World, step: PlannedStep, begun: Begun) -> None:
    assert begun.process.stdout is not None
    begun.signal_group(signal.SIGINT)
    for line in begun.process.stdout:  # it has noticed the first: two at once count as one
        if "^C received" in line or "ancel" in line:
            break
    begun.signal_group(signal.SIGINT)


CLI_FAULTS = (
    Fault("cli", "SIGKILL of the CLI alone", _kill),
    Fault("group", "SIGKILL of the CLI's process group", _signalled(signal.SIGKILL), alone=False),
    Fault("provider", "SIGKILL of its process for dynamic providers", _kill_workers, alone=False),
    Fault("hang-up", "the terminal is closed (SIGHUP)", _signalled(signal.SIGHUP)),
    Fault("ctrl-c", "Ctrl-C once", _signalled(signal.SIGINT), alone=False),
    Fault("ctrl-c-twice", "Ctrl-C twice", _interrupt_twice, alone=False),
)
"""What may happen to an update of MAP by the Pulumi CLI, whose provider is another process."""

FAULTS = (
    Fault("kill", "SIGKILL of the run; the next `up` follows at once", _kill, alone=False),
    Fault("lease", "SIGKILL of the run; the host is left alone until its lease has run out", _kill,
          of_lease=True),
    Fault("reboot", "the MAP host loses power and boots, the run goes on", _reboot),
    Fault("disk", "the disk of the step's host is full to its last byte until the run has ended",
          _fill, lift=_empty, disk=SMALL_DISK),
    Fault("database", "MariaDB on the MAP host is stopped until the run has ended",
          _stop_database, lift=_start_database),
    Fault("cut", "the network is away until the run has given up (a minute at most), and the "
          "lease has run out", _cut, _until_given_up, _mend),
    Fault("packages", "another program holds the package manager's lock on both hosts for 12 s",
          _lock, _for_a_while, _unlock),
    Fault("crash", "MariaDB on the MAP host is killed; systemd starts it again", _kill_database),
    Fault("mirror", "the repositories are gone from both hosts until the run has ended",
          _replace_repositories, lift=_put_repositories_back),
    Fault("edit", "another administrator edits centreon-map.conf", _edit, judge=_is_kept),
    Fault("start", "another administrator starts the service", _start_service),
    Fault("second", "another administrator types the same meanwhile, with a state of his own",
          _second_run),
    Fault("drop", "every SSH session is ended; new ones are accepted at once", _drop),
)  # fmt: skip
