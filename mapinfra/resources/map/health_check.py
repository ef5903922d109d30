"""A MAP server asked whether it is healthy, and waited for until it is."""

import shlex
import time
from dataclasses import dataclass

from mapinfra.centreon.map import answers
from mapinfra.centreon.map.health import SHOW, UPTIME, Expected, Health, HealthState, units
from mapinfra.centreon.map.known_failures import known_cause, since
from mapinfra.centreon.releases.editions import Edition
from mapinfra.errors import CommandTimeout, HostError
from mapinfra.hosts import Host

_PAUSE = 0.5  # seconds between looks at a server that starts; it takes 30 to 60 s


_CUT_OFF_REMEDY = "check that cbd listens there, and what blocks the way"


def look(host: Host, edition: Edition) -> Health:
    """Ask now; raise HostError."""
    service = shlex.quote(f"{edition.service}.service")
    shown = host.run(["sh", "-c", f"{SHOW} {service}; {UPTIME}"]).text
    unit = units(shown)[edition.service]
    report = answers.ask(host, edition) if unit.active == "active" else None
    return Health(edition, unit, report)


def wait(host: Host, edition: Edition, *, seconds: float, expected: Expected) -> Health:
    """Wait until a started server is healthy, and stays so with one process.

    Raises HostError at once when the service ends or is started anew by systemd, CommandTimeout
    when it isn't as expected within `seconds`, or not any more after them; both name the cause
    where the server's log tells one of the known ones.
    """
    began, steady = time.monotonic(), _Steadiness()
    first = health = look(host, edition)
    while True:
        lacking, waited = health.lacks(expected), time.monotonic() - began
        if _is_over(health, first):
            raise _told(HostError, f"{health}{steady.told()}", host, health)
        if lacking and waited >= seconds:
            what = f"the MAP server isn't healthy within {seconds:g} s: {lacking}"
            raise _told(CommandTimeout, what, host, health)
        if steady.seconds(health, lacking) >= expected.span:
            if health.unit.restarts:  # it is proven now, whatever it did before
                host.run(["systemctl", "reset-failed", f"{edition.service}.service"])
            return health
        time.sleep(_PAUSE)
        health = look(host, edition)


@dataclass
class _Steadiness:
    """Since when a server has been healthy with one process."""

    _process: int | None = None
    _since: float = 0.0
    _first_up: float | None = None

    def seconds(self, health: Health, lacking: str) -> float:
        """Return for how long it has been so; 0.0 where something is lacking now."""
        now, process = time.monotonic(), health.unit.main_pid
        if lacking:
            self._process = None
            return 0.0
        if process != self._process:
            self._process, self._since = process, now
        self._first_up = self._first_up or now
        return now - self._since

    def told(self) -> str:
        """Say when a server ended that had been up."""
        if self._first_up is None:
            return ""
        return f": it ended {time.monotonic() - self._first_up:.0f} s after its first UP"


def _is_over(health: Health, first: Health) -> bool:
    crashed = health.unit.restarts > first.unit.restarts
    return crashed or health.state in (HealthState.ABSENT, HealthState.STOPPED, HealthState.FAILED)


def _told(kind: type[HostError], what: str, host: Host, health: Health) -> HostError:
    """Return the error, with the cause where it is a known one."""
    log = health.edition.log_files[0]
    cause = known_cause(_log(host, health), health.edition)
    if cause is None and health.state is HealthState.CUT_OFF:
        return kind(what, where=host.name, remedy=_CUT_OFF_REMEDY)
    if cause is None:
        return kind(what, where=host.name, remedy=f"look at {log}")
    return kind(f"{what}: {cause[0]}", where=host.name, remedy=cause[1])


def _log(host: Host, health: Health) -> str:
    """Return what was logged since the last start, in the journal and in the server's file."""
    unit = health.unit
    if not unit.started:
        return ""
    journal = host.run(
        ["journalctl", "--quiet", "--output=cat", "--lines=300",
         f"--unit={unit.name}", f"--since={unit.started}"],
        check=False,
    )  # fmt: skip
    file = host.run(["tail", "-n", "500", health.edition.log_files[0]], check=False)
    return journal.text + since(file.text, unit.started)
