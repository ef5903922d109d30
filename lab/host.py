"""One host of a lab: its power, its cable, its disk, and commands run on it without ssh."""

import re
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lab import disk, layers
from lab.errors import LabError
from lab.hosts import HostSpec
from lab.layout import locked
from lab.machine import Machine, started_at
from lab.record import Record

_BOOT_SECONDS = 60.0
_PROVISION = "lab-provision.service"
_ACCEPTED = re.compile(r"^Accepted \S+ for ", re.MULTILINE)
"""What sshd logs once per connection that got in; "Accepted key" says only that a key would do."""


@dataclass(frozen=True)
class RecordedCommand:
    """A command that came in by ssh; an empty one is a login shell."""

    time: datetime
    user: str
    command: str


class Host:
    """A host as seen from this machine; cheap to make, every question is answered afresh."""

    def __init__(self, record: Record, spec: HostSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self.address = record.addresses[spec.name]
        self._record = record
        self._machine = Machine(
            name=record.machine_name(spec),
            hostname=spec.name,
            bridge=record.network.bridge,
            directory=record.host_directory(spec),
        )

    def run(
        self,
        command: str | Sequence[str],
        *,
        input: str | None = None,
        check: bool = True,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run an argument list, or a text by sh, on the host as root, not by ssh: unrecorded.

        Raises `LabError` when the host is off, when `timeout` seconds are over, and with `check`
        when the command fails.
        """
        arguments = ["sh", "-c", command] if isinstance(command, str) else list(command)
        shown = command if isinstance(command, str) else shlex.join(command)
        try:
            result = subprocess.run(
                [*self._machine.enter(), *arguments],
                input=input,
                stdin=subprocess.DEVNULL if input is None else None,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name}: not done after {timeout:.0f} s: {shown}") from None
        if check and result.returncode:
            raise LabError(
                f"{self.name}: exit code {result.returncode} from {shown}: "
                f"{(result.stderr or result.stdout).strip()}"
            )
        return result

    def power_off(self) -> None:
        """Pull the plug: no shutdown, the disk stays as it is."""
        self._machine.kill()

    def power_on(self) -> None:
        """Boot from the disk as it was left, and wait until the host is ready."""
        if not self._machine.pids():
            self._machine.start(self._record.layers_of(self.spec))
        self._wait_until_ready()

    def reset(self) -> None:
        """Throw the disk away and boot a fresh one; address and host key stay.

        It stands on the layers of today's recipe, made first if the recipe has changed.
        """
        self._machine.kill()
        self._ready_mark.unlink(missing_ok=True)
        for directory in (self._machine.upper, self._saved):
            shutil.rmtree(directory, ignore_errors=True)
        with locked("machine"):
            lower = layers.ensure()
            self._record.note_layers(self.spec, lower)
        disk.prepare(self._record, self.spec, self._machine.upper)
        self._machine.console.write_text("")
        self._machine.start(lower)
        self._wait_until_ready()
        self._ready_mark.touch()

    def save(self) -> None:
        """Shut the host down, and keep its disk as what `restore` goes back to; it stays off.

        `reset` throws it away. Raises `LabError` when one was saved already.
        """
        if self._saved.exists():
            raise LabError(f"{self.name}: its disk was saved already: reset it first")
        self.run(["systemctl", "poweroff"])
        deadline = time.monotonic() + _BOOT_SECONDS
        while self._machine.pids() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._machine.kill()
        self._machine.upper.rename(self._saved)
        self._record.note_layers(self.spec, (self._saved, *self._record.layers_of(self.spec)))

    def restore(self, limit: int | None = None) -> None:
        """Pull the plug and boot from the disk as it was saved.

        With a `limit`, only so many bytes can be written to it, and all are lost with power.
        """
        self._machine.kill()
        shutil.rmtree(self._machine.upper, ignore_errors=True)
        self._machine.upper.mkdir()
        self._machine.upper.chmod(0o755)
        self._machine.start(self._record.layers_of(self.spec), limit)
        self._wait_until_ready()

    def bring_up(self) -> None:
        """Make the host ready from whatever state it is in; its disk stays if it was ever ready."""
        if self._ready_mark.exists():
            self.power_on()
        else:
            self.reset()

    def cut(self) -> None:
        """Pull the network cable: packets vanish, connections hang."""
        self._machine.cut()

    def mend(self) -> None:
        """Plug the network cable in again."""
        self._machine.mend()

    def clock(self, offset: int) -> None:
        """Make the host's `date` tell a time that is `offset` seconds off; 0: right again.

        All hosts have the machine's one clock: what asks the kernel itself is told the right time.
        """
        right = "/usr/bin/date.right"
        self.run(f"[ ! -e {right} ] || mv {right} /usr/bin/date")
        if offset:
            now = f"$(($({right} +%s) + {offset}))"
            self.run(f"mv /usr/bin/date {right}")
            self.run(
                "cat >/usr/bin/date && chmod 755 /usr/bin/date",
                input=f'#!/bin/sh\nexec {right} -d "@{now}" "$@"\n',
            )

    @property
    def is_running(self) -> bool:
        """Whether the host is powered on, ready or not."""
        return self._machine.leader() is not None

    @property
    def since(self) -> datetime | None:
        """When the host was last booted; None when it is off."""
        leader = self._machine.leader()
        return datetime.fromtimestamp(started_at(leader)).astimezone() if leader else None

    @property
    def memory(self) -> int:
        """Bytes of memory in use by the host."""
        return self._machine.memory()

    @property
    def state(self) -> str:
        """``up``, ``off``, or what systemd says: ``starting``, ``degraded``, …."""
        if not self.is_running:
            return "off"
        said = self.run(["systemctl", "is-system-running"], check=False).stdout.strip()
        return {"running": "up", "": "starting"}.get(said, said)

    def commands_log(self) -> list[RecordedCommand]:
        """The commands that came in by ssh since the disk was fresh, oldest first."""
        lines = self.run(["cat", "/var/log/lab/ssh-commands.log"]).stdout.splitlines()
        return [_recorded(line) for line in lines]

    def connections(self) -> int:
        """How many SSH connections were accepted since the disk was fresh."""
        text = self.run(
            "journalctl --sync && journalctl --quiet --identifier=sshd --output=cat"
        ).stdout
        return len(_ACCEPTED.findall(text))

    @property
    def _saved(self) -> Path:
        return self._machine.directory / "saved"

    @property
    def _ready_mark(self) -> Path:
        return self._machine.directory / "ready"

    def _wait_until_ready(self) -> None:
        """Return when the host has booted, its stand-ins are provisioned and sshd answers."""
        deadline = time.monotonic() + _BOOT_SECONDS
        while not self._has_booted(deadline):
            if time.monotonic() > deadline:
                raise LabError(f"{self.name}: not ready after {_BOOT_SECONDS:.0f} s{self._why()}")
            time.sleep(0.03)
        if self.run(["systemctl", "is-failed", "--quiet", _PROVISION], check=False).returncode == 0:
            log = self.run(["journalctl", "--unit", _PROVISION, "--output=cat", "--lines=5"]).stdout
            raise LabError(f"{self.name}: {_PROVISION} failed: {' / '.join(log.splitlines())}")
        self._wait_until_sshd_answers(deadline)

    def _wait_until_sshd_answers(self, deadline: float) -> None:
        """Return when sshd answers; while the address was dead, the kernel may remember it so."""
        while True:
            try:
                with socket.create_connection((self.address, 22), timeout=5) as connection:
                    if connection.recv(4) == b"SSH-":
                        return
                raise LabError(f"{self.name}: what answers on port 22 is not sshd")
            except OSError as error:
                if time.monotonic() > deadline:
                    raise LabError(f"{self.name}: sshd doesn't answer: {error}") from error
                time.sleep(0.1)

    def _has_booted(self, deadline: float) -> bool:
        if not self._machine.pids():
            raise LabError(f"{self.name}: the machine ended while booting{self._why()}")
        leader = self._machine.leader()
        if leader is None or not Path(f"/proc/{leader}/root/run/systemd/private").exists():
            return False
        remaining = max(1.0, deadline - time.monotonic())
        waited = self.run(
            ["systemctl", "is-system-running", "--wait"], check=False, timeout=remaining
        )
        return waited.stdout.strip() in {"running", "degraded"}

    def _why(self) -> str:
        said = self._machine.console.read_text(errors="replace").strip().splitlines()
        return f" ({' / '.join(said[-3:])})" if said else ""


def _recorded(line: str) -> RecordedCommand:
    when, user, noted = line.split("\t", 2)
    command = noted.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t")
    return RecordedCommand(
        datetime.strptime(when, "%Y-%m-%dT%H:%M:%S%z"), user, command.replace("\0", "\\")
    )
