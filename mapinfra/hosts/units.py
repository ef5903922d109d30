"""Commands that outlive the connection: transient systemd units on a host.

What a unit does goes on when the SSH connection drops or this process is killed; whoever asks for
the same unit again is given the one that runs. Facts from systemd.service(5) and systemd-run(1).
"""

import hashlib
import re
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mapinfra.errors import CommandFailed, CommandTimeout, HostUnreachable
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.failures import last_line
from mapinfra.hosts.host import Completed, Host

_T = TypeVar("_T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}")
_OUTPUTS = "/run/mapinfra"  # gone with the units at a reboot
_KEPT = 256 * 1024  # bytes of each output that are read
_LOOK_SECONDS = 10  # that one look waits on the host for the end
_WATCHED_SECONDS = 2  # the same, where something else is looked at in between
_GRACE = 20.0  # seconds a look, or a start, may take beyond that
_PAUSE = 0.5  # seconds between tries to reach the host again
_EXITED = "1"  # CLD_EXITED of wait(2), as ExecMainCode shows it

# A unit remains after its end, so that its result can be read. Stopping it, as a shutdown does,
# only waits: SIGCONT does nothing to a running transaction, and what its scripts started is left
# alone.
_PROPERTIES = (
    "Type=exec",
    "RemainAfterExit=yes",
    "KillMode=process",
    "KillSignal=SIGCONT",
    "TimeoutStopSec=900",
)
_REDIRECT = 'exec >"$1" 2>"$2" </dev/null && shift 2 && exec "$@"'
_FORGET = """
systemctl stop "$1.service" 2>/dev/null
systemctl reset-failed "$1.service" 2>/dev/null
rm -f "$2/$1.out" "$2/$1.err"
"""
_END = f"""
systemctl kill --signal=KILL "$1.service" 2>/dev/null
{_FORGET}
"""
# `--no-block`: otherwise a command that fails at once makes the start itself look failed.
_START = (
    _FORGET
    + """
umask 077
mkdir -p "$2" || exit
unit=$1
shift 2
exec systemd-run --quiet --no-block --unit="$unit" "$@"
"""
)
_LOOK = """
tries=0
while :; do
  shown=$(systemctl show --property=LoadState,SubState,ExecMainCode,ExecMainStatus,Environment \
    -- "$1.service") || exit
  case $shown in *LoadState=not-found* | *SubState=exited* | *SubState=failed*) break ;; esac
  tries=$((tries + 1))
  [ $tries -lt "$2" ] || break
  sleep 0.2
done
printf 'Boot=%s\\n%s\\n' "$(cat /proc/sys/kernel/random/boot_id)" "$shown"
"""
_SWEEP = f"""
forget() {{{_FORGET}}}
for file in "$1"/*.out; do
  name=${{file##*/}} name=${{name%.out}}
  case $name in $2 | $3) ;; *) continue ;; esac
  case $(systemctl show --property=SubState --value -- "$name.service") in
    exited | failed | dead) forget "$name" "$1" ;;
  esac
done
true
"""
_READ = 'tail -c "$3" "$2/$1.out"; tail -c "$3" "$2/$1.err" >&2'


@dataclass(frozen=True)
class _Seen:
    """A unit as systemd shows it; `boot` tells one run of the host from the next."""

    boot: str
    loaded: bool
    ended: bool
    status: int | None
    mark: str

    @classmethod
    def parse(cls, text: str) -> "_Seen":
        shown = dict(line.partition("=")[::2] for line in text.splitlines())
        exited = shown.get("ExecMainCode") == _EXITED
        return cls(
            boot=shown["Boot"],
            loaded=shown.get("LoadState") != "not-found",
            ended=shown.get("SubState") in {"exited", "failed"},
            status=int(shown["ExecMainStatus"]) if exited else None,
            mark=shown.get("Environment", "").removeprefix("MAPINFRA_COMMAND="),
        )

    @property
    def runs(self) -> bool:
        return self.loaded and not self.ended


def run_unit(
    host: Host,
    name: str,
    argv: Sequence[str],
    *,
    timeout: float,
    description: str,
    check: bool = True,
    meanwhile: Callable[[], None] | None = None,
) -> Completed:
    """Run a command as the transient unit `name`.service and return how it ended.

    A lost connection is made anew and the unit waited for by its name. A unit of that name that
    runs this same command already, left by a process that was killed, is waited for instead of
    started; one that runs another command is waited for first. What a former unit left is dropped.
    After `timeout` seconds the wait ends, not the unit. The last 256 KiB of both outputs are kept.
    `meanwhile` is called every few seconds while it runs; what it raises ends the wait, too.

    Raises CommandFailed for a status other than 0 (unless `check` is off), for a signal, and when
    the host was rebooted meanwhile; CommandTimeout; HostUnreachable when there was no connection
    until the timeout; what Host.run raises.
    """
    run = _Run(host, name, argv, description, Deadline.after(timeout), meanwhile)
    done = run.completed()
    if check and done.status != 0:
        complaint = last_line(done.stderr) or last_line(done.stdout) or "no output"
        raise CommandFailed(f"{description}: exit {done.status}: {complaint}", where=host.name)
    return done


def resume_unit(
    host: Host, name: str, argv: Sequence[str], *, timeout: float, description: str
) -> Completed | None:
    """Wait for the unit `name`.service, if it runs this command; None, at once, if it doesn't.

    Raises what `run_unit` raises, but nothing for a status other than 0.
    """
    return _Run(host, name, argv, description, Deadline.after(timeout)).resumed()


def end_unit(host: Host, name: str) -> None:
    """End a unit at once with all its processes, and drop what it has left."""
    argv = ("sh", "-c", _END, "sh", name, _OUTPUTS)
    host.run(argv, timeout=_GRACE)


def sweep_units(host: Host, pattern: str, other: str) -> None:
    """Drop what units have left that ended unseen: those of a process that was killed.

    Both are patterns of the shell, for names of units.
    """
    argv = ("sh", "-c", _SWEEP, "sh", _OUTPUTS, pattern, other)
    host.run(argv, timeout=_GRACE)


def _mark(argv: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(argv).encode()).hexdigest()


class _Run:
    """One unit from its start, or from where it was found, to its result."""

    def __init__(
        self,
        host: Host,
        name: str,
        argv: Sequence[str],
        description: str,
        deadline: Deadline,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a unit")
        self._host = host
        self._name = name
        self._argv = tuple(argv)
        self._description = description
        self._deadline = deadline
        self._meanwhile = meanwhile
        self._mark = _mark(argv)

    def completed(self) -> Completed:
        seen = self._look(0)
        while seen.runs and seen.mark != self._mark:
            seen = self._look()
        if not seen.runs:
            self._start(seen.boot)
        return self._result(self._ended(seen.boot))

    def resumed(self) -> Completed | None:
        seen = self._look(0)
        if not seen.runs or seen.mark != self._mark:
            return None
        return self._result(self._ended(seen.boot))

    def _start(self, boot: str) -> None:
        """Start the unit; after a lost connection, only if it hadn't been started."""
        while True:
            try:
                self._host.run(self._starting(), timeout=_GRACE)
                return
            except (HostUnreachable, CommandTimeout):
                seen = self._look(0)
            if seen.boot != boot:
                raise self._rebooted()
            if seen.loaded and seen.mark == self._mark:
                return

    def _starting(self) -> list[str]:
        options = [f"--property={one}" for one in _PROPERTIES]
        options += [f"--description={self._description}", f"--setenv=MAPINFRA_COMMAND={self._mark}"]
        outputs = [f"{_OUTPUTS}/{self._name}.{kind}" for kind in ("out", "err")]
        command = ["/bin/sh", "-c", _REDIRECT, "sh", *outputs, *self._argv]
        escaped = [word.replace("$", "$$") for word in command]  # systemd fills in variables
        words = [self._name, _OUTPUTS, *options, "--", *escaped]
        return ["sh", "-c", _START, "sh", *words]

    def _ended(self, boot: str) -> _Seen:
        while True:
            seen = self._look(_WATCHED_SECONDS if self._meanwhile else _LOOK_SECONDS)
            if seen.boot != boot or not seen.loaded:
                raise self._rebooted()
            if seen.ended:
                return seen
            if self._meanwhile is not None:
                self._meanwhile()

    def _look(self, seconds: float = _LOOK_SECONDS) -> _Seen:
        """See the unit, waiting up to so many seconds for its end."""
        tries = int(5 * min(seconds, self._deadline.remaining())) + 1
        argv = ("sh", "-c", _LOOK, "sh", self._name, str(tries))
        done = self._reached(lambda: self._host.run(argv, timeout=seconds + _GRACE))
        return _Seen.parse(done.text)

    def _result(self, seen: _Seen) -> Completed:
        argv = ("sh", "-c", _READ, "sh", self._name, _OUTPUTS, str(_KEPT))
        read = self._reached(lambda: self._host.run(argv, timeout=_GRACE))
        forget = ("sh", "-c", _FORGET, "sh", self._name, _OUTPUTS)
        self._reached(lambda: self._host.run(forget, timeout=_GRACE))
        if seen.status is None:
            raise CommandFailed(
                f"{self._description} was killed by a signal: "
                f"{last_line(read.stderr) or last_line(read.stdout) or 'no output'}",
                where=self._host.name,
                remedy="look for who ended it, or for a lack of memory, in the host's journal",
            )
        return Completed(self._argv, seen.status, read.stdout, read.stderr)

    def _reached(self, action: Callable[[], _T]) -> _T:
        """Do what can be done twice, again and again while the host can't be reached."""
        while True:
            if self._deadline.passed:
                raise self._too_long()
            try:
                return action()
            except (HostUnreachable, CommandTimeout):
                if self._deadline.remaining() <= _PAUSE:
                    raise
            time.sleep(_PAUSE)

    def _too_long(self) -> CommandTimeout:
        return CommandTimeout(
            f"{self._description} took longer than {self._deadline.seconds:g} s",
            where=self._host.name,
            remedy=f"it goes on there as {self._name}.service: "
            f"`systemctl status {shlex.quote(self._name)}`",
        )

    def _rebooted(self) -> CommandFailed:
        return CommandFailed(
            f"{self._description} was cut short: the host was rebooted, or "
            f"{self._name}.service was stopped",
            where=self._host.name,
            remedy="look at what it left, then run again",
        )
