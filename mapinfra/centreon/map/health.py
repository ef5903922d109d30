"""Whether a MAP server is healthy: its unit, what it answers, its connection to the broker."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mapinfra.centreon.map import answers
from mapinfra.centreon.map.answers import Answer, Report
from mapinfra.centreon.releases.editions import EDITIONS, Edition
from mapinfra.hosts import Facts, Probe

STEADY = 6.0
"""Seconds that a server has to stay healthy before it counts as such: one answer isn't enough."""
_LONGEST_SPAN = 180.0  # an end after more seconds than these isn't waited for
SHOW = (
    "systemctl show --no-pager --property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,"
    "ExecMainStatus,NRestarts,MainPID,ExecMainStartTimestamp,ExecMainStartTimestampMonotonic,"
    "ExecMainExitTimestampMonotonic"
)
UPTIME = r"printf '\n'; sed 's/ .*//; s/^/Uptime=/' /proc/uptime"
UNITS = Probe(
    "map-units",
    f"{SHOW} {' '.join(f'{edition.service}.service' for edition in EDITIONS.values())}; {UPTIME}",
)
_PROTECTED = (401, 403)


class HealthState(StrEnum):
    """What a MAP server does."""

    ABSENT = "not installed"
    STOPPED = "stopped"
    FAILED = "failed"
    STARTING = "starting"
    DOWN = "down"
    UNPROVEN = "just started anew by systemd"
    CUT_OFF = "cut off from its broker"
    PROTECTED = "protected"
    UP = "up"


@dataclass(frozen=True)
class Unit:
    """A service as `systemctl show` tells it."""

    name: str
    load: str
    active: str
    sub: str
    enablement: str
    """UnitFileState: enabled, disabled, masked…; '' where there is no unit."""
    result: str
    exit_status: int
    restarts: int
    started: str
    """Local time of the main process's last start, `YYYY-MM-DD hh:mm:ss`; '' if never."""
    main_pid: int = 0
    """0: no main process runs."""
    lived: float | None = None
    """Seconds that the main process has run, or had when it ended; None: it never ran."""

    @property
    def exists(self) -> bool:
        """Whether there is such a unit, be it masked."""
        return self.load != "not-found"

    @property
    def is_unproven(self) -> bool:
        """Whether systemd itself has started it anew of late: it may be about to end again."""
        return self.restarts > 0 and self.lived is not None and self.lived < _LONGEST_SPAN


@dataclass(frozen=True)
class Expected:
    """What a server has to show beyond saying that it is up."""

    tls: bool | None = None
    """Whether it has to speak TLS; None: as its configuration says."""
    broker: bool = False
    """Whether it has to have a connection to its broker, should its configuration name one."""
    span: float = STEADY
    """Seconds that it has to stay so."""


@dataclass(frozen=True)
class Health:
    """One edition's server on a host; `report` None: it has no configuration there."""

    edition: Edition
    unit: Unit
    report: Report | None

    @property
    def state(self) -> HealthState:
        """What the server does; an answer counts only while the unit is active."""
        unit = self.unit
        if not unit.exists:
            return HealthState.ABSENT
        if unit.active in ("failed", "inactive"):
            return HealthState.FAILED if unit.active == "failed" else HealthState.STOPPED
        answer = self.answer
        if unit.active != "active" or answer is None:
            return HealthState.STARTING
        if answer.code not in _PROTECTED and (answer.status != "UP" or answer.code != 200):
            return HealthState.DOWN
        if self.is_cut_off or unit.is_unproven:
            return HealthState.CUT_OFF if self.is_cut_off else HealthState.UNPROVEN
        return HealthState.PROTECTED if answer.code in _PROTECTED else HealthState.UP

    @property
    def answer(self) -> Answer | None:
        """The answer that counts: one on its health, else one that wants a login."""
        answers = self.report.answers if self.report else ()
        telling = [one for one in answers if one.status]
        return next(iter(telling or [one for one in answers if one.code in _PROTECTED]), None)

    @property
    def is_healthy(self) -> bool:
        """Whether it works as far as it tells: 25.10.0 and later may want a login for more."""
        return self.state in (HealthState.UP, HealthState.PROTECTED)

    @property
    def serves(self) -> bool:
        """Whether it is up at the moment, with a connection to its broker or without one."""
        return self.state in (
            HealthState.UP,
            HealthState.PROTECTED,
            HealthState.CUT_OFF,
            HealthState.UNPROVEN,
        )

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection to the broker's output."""
        return bool(self.report and self.report.broker)

    @property
    def is_cut_off(self) -> bool:
        """Whether its configuration names a broker, and it has no connection there."""
        return bool(self.report and self.report.broker_address) and not self.is_connected

    @property
    def expected(self) -> Expected:
        """What it has to show again after a change: no less than now.

        One that isn't up has to speak TLS as its configuration says, to reach its broker, and to
        stay up for longer than it last did: what it could before isn't known.
        """
        tls = self.answer.is_tls if self.serves and self.answer else None
        broker = self.is_connected or not self.serves
        return Expected(tls, broker, STEADY + self._lived_last)

    @property
    def _lived_last(self) -> float:
        """Seconds that it lived before it ended by itself; 0.0 where it did not, or much later."""
        ended = self.unit.active == "failed" or self.unit.is_unproven
        lived = self.unit.lived if ended else None
        return lived if lived is not None and lived < _LONGEST_SPAN else 0.0

    def lacks(self, expected: Expected) -> str:
        """Return in words what keeps it from being healthy as expected; '' when nothing does."""
        answer = self.answer
        if answer is None or not self.serves:
            return str(self)
        configured = expected.tls is None and self.report is not None and self.report.tls
        if not answer.is_tls and (expected.tls or configured):
            why = "its configuration says" if configured else "it did before"
            return f"{answer.url} answers, but not over TLS, as {why}"
        return str(self) if self.is_cut_off and expected.broker else ""

    def __str__(self) -> str:
        return self._told[self.state]()

    @property
    def _told(self) -> dict[HealthState, Callable[[], str]]:
        unit, answer = self.unit, self.answer
        return {
            HealthState.ABSENT: lambda: f"there is no service {unit.name}",
            HealthState.STOPPED: lambda: f"{unit.name} is stopped",
            HealthState.FAILED: lambda: (
                f"{unit.name} failed ({unit.result}, exit {unit.exit_status})"
            ),
            HealthState.STARTING: lambda: f"{unit.name} is {unit.active}, {self._silence()}",
            HealthState.DOWN: lambda: f"{answer and answer.url} says {answer and answer.status}",
            HealthState.UNPROVEN: lambda: f"{unit.name} is up, {self._restarted}",
            HealthState.CUT_OFF: lambda: (
                f"{unit.name} has no connection to its broker {self.broker}"
            ),
            HealthState.PROTECTED: lambda: f"{answer and answer.url} answers, but wants a login",
            HealthState.UP: lambda: f"{answer and answer.url} says UP",
        }

    @property
    def broker(self) -> str:
        """Where its configuration has the broker."""
        return f"{self.report.broker_address}:{self.report.broker_port}" if self.report else ""

    @property
    def _restarted(self) -> str:
        return f"but systemd has just started it anew (restart {self.unit.restarts})"

    def _silence(self) -> str:
        """Say what there was instead of an answer on its health."""
        if self.report is None:
            return "but it has no configuration"
        tried = (f"{a.url}: {a.error or f'HTTP {a.code}'}" for a in self.report.answers)
        return f"but gives no health ({', '.join(tried)})"


def observed(facts: Facts, edition: Edition) -> Health:
    """Return the health that the one pass found; raise HostError."""
    unit = units(facts.text(UNITS.name))[edition.service]
    return Health(edition, unit, answers.observed(facts).get(edition.name))


def units(text: str) -> dict[str, Unit]:
    """Return what `systemctl show` printed of several units, by their names."""
    blocks = [
        dict(line.partition("=")[::2] for line in block.splitlines())
        for block in text.strip().split("\n\n")
    ]
    uptime = next((float(block["Uptime"]) for block in blocks if "Uptime" in block), None)
    found = (_unit(block, uptime) for block in blocks if "Id" in block)
    return {unit.name: unit for unit in found}


def _unit(shown: dict[str, str], uptime: float | None) -> Unit:
    return Unit(
        name=shown["Id"].removesuffix(".service"),
        load=shown["LoadState"],
        active=shown["ActiveState"],
        sub=shown["SubState"],
        enablement=shown["UnitFileState"],
        result=shown["Result"],
        exit_status=int(shown["ExecMainStatus"]),
        restarts=int(shown["NRestarts"]),
        started=" ".join(shown["ExecMainStartTimestamp"].split()[1:3]),
        main_pid=int(shown["MainPID"]),
        lived=_lived(shown, uptime),
    )


def _lived(shown: dict[str, str], uptime: float | None) -> float | None:
    """Return how long the main process has run; systemd counts microseconds since the boot."""
    start, end = (int(shown[f"ExecMain{at}TimestampMonotonic"]) / 1e6 for at in ("Start", "Exit"))
    if not start:
        return None
    return end - start if end > start else uptime and max(0.0, uptime - start)
