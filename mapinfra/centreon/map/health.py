"""Whether a MAP server is healthy: its unit, what it answers, its connection to the broker."""

import re
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mapinfra.centreon.map import answers
from mapinfra.centreon.map.answers import Answer, Report
from mapinfra.centreon.releases.editions import EDITIONS, Edition
from mapinfra.errors import CommandTimeout, HostError
from mapinfra.hosts import Facts, Host, Probe

STEADY = 6.0
"""Seconds that a server has to stay healthy before it counts as such: one answer isn't enough."""
_LONGEST_SPAN = 180.0  # an end after more seconds than these isn't waited for
_SHOW = (
    "systemctl show --no-pager --property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,"
    "ExecMainStatus,NRestarts,MainPID,ExecMainStartTimestamp,ExecMainStartTimestampMonotonic,"
    "ExecMainExitTimestampMonotonic"
)
_UPTIME = r"printf '\n'; sed 's/ .*//; s/^/Uptime=/' /proc/uptime"
UNITS = Probe(
    "map-units",
    f"{_SHOW} {' '.join(f'{edition.service}.service' for edition in EDITIONS.values())}; {_UPTIME}",
)
_PAUSE = 0.5  # seconds between looks at a server that starts; it takes 30 to 60 s
_PROTECTED = (401, 403)
_CUT_OFF_REMEDY = "check that cbd listens there, and what blocks the way"


class State(StrEnum):
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
    def state(self) -> State:
        """What the server does; an answer counts only while the unit is active."""
        unit = self.unit
        if not unit.exists:
            return State.ABSENT
        if unit.active in ("failed", "inactive"):
            return State.FAILED if unit.active == "failed" else State.STOPPED
        answer = self.answer
        if unit.active != "active" or answer is None:
            return State.STARTING
        if answer.code not in _PROTECTED and (answer.status != "UP" or answer.code != 200):
            return State.DOWN
        if self.is_cut_off or unit.is_unproven:
            return State.CUT_OFF if self.is_cut_off else State.UNPROVEN
        return State.PROTECTED if answer.code in _PROTECTED else State.UP

    @property
    def answer(self) -> Answer | None:
        """The answer that counts: one on its health, else one that wants a login."""
        answers = self.report.answers if self.report else ()
        telling = [one for one in answers if one.status]
        return next(iter(telling or [one for one in answers if one.code in _PROTECTED]), None)

    @property
    def is_healthy(self) -> bool:
        """Whether it works as far as it tells: 25.10.0 and later may want a login for more."""
        return self.state in (State.UP, State.PROTECTED)

    @property
    def serves(self) -> bool:
        """Whether it is up at the moment, with a connection to its broker or without one."""
        return self.state in (State.UP, State.PROTECTED, State.CUT_OFF, State.UNPROVEN)

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
    def _told(self) -> dict[State, Callable[[], str]]:
        unit, answer = self.unit, self.answer
        return {
            State.ABSENT: lambda: f"there is no service {unit.name}",
            State.STOPPED: lambda: f"{unit.name} is stopped",
            State.FAILED: lambda: f"{unit.name} failed ({unit.result}, exit {unit.exit_status})",
            State.STARTING: lambda: f"{unit.name} is {unit.active}, {self._silence()}",
            State.DOWN: lambda: f"{answer and answer.url} says {answer and answer.status}",
            State.UNPROVEN: lambda: f"{unit.name} is up, {self._restarted}",
            State.CUT_OFF: lambda: f"{unit.name} has no connection to its broker {self.broker}",
            State.PROTECTED: lambda: f"{answer and answer.url} answers, but wants a login",
            State.UP: lambda: f"{answer and answer.url} says UP",
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


def look(host: Host, edition: Edition) -> Health:
    """Ask now; raise HostError."""
    service = shlex.quote(f"{edition.service}.service")
    shown = host.run(["sh", "-c", f"{_SHOW} {service}; {_UPTIME}"]).text
    unit = units(shown)[edition.service]
    report = answers.ask(host, edition) if unit.active == "active" else None
    return Health(edition, unit, report)


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
    return crashed or health.state in (State.ABSENT, State.STOPPED, State.FAILED)


def _told(kind: type[HostError], what: str, host: Host, health: Health) -> HostError:
    """Return the error, with the cause where it is a known one."""
    log = health.edition.log_files[0]
    cause = known_cause(_log(host, health), health.edition)
    if cause is None and health.state is State.CUT_OFF:
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


def since(log: str, start: str) -> str:
    """Return the end of a log, from its first line that is as late as `start`, to the second."""
    lines = log.splitlines(keepends=True)
    late = (n for n, line in enumerate(lines) if _TIME.match(line) and _time(line) >= start)
    return "".join(lines[next(late, len(lines)) :])


_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")


def _time(line: str) -> str:
    return line[:19].replace("T", " ")


@dataclass(frozen=True)
class _Known:
    """A failure that the documentation or Java itself has words for."""

    words: str
    cause: str
    remedy: str


# 22.10 graph-views/troubleshooter, known-issues; 24.10 graph-views/map-web-troubleshooting; the
# rest are the words of Java, Hibernate and MariaDB.
_KNOWN = (
    _Known(
        "Failed to authenticate",
        "Centreon Web refuses MAP's user",
        "correct centreon.user and centreon.pwd in {main}; the password may have expired",
    ),
    _Known(
        "Cannot authenticate user",
        "MAP's user may not read the real-time API",
        "turn on Reach API Realtime for that user in Centreon Web",
    ),
    _Known(
        "unable to find valid certification path",
        "a certificate isn't in MAP's truststore",
        "add it to the file that centreon-map.truststore in {main} names",
    ),
    _Known(
        "subject alternative names",
        "the certificate of Centreon Web doesn't have the name in centreon.url",
        "write the certificate's name, not an address, in {main}",
    ),
    _Known(
        "did not return a unique result",
        "a module was installed twice",
        "delete the surplus row of modules_informations on the central",
    ),
    _Known(
        "dialect",
        "the SQL dialect isn't one that this version knows",
        "correct the dialect in both *-database.properties of {folder}",
    ),
    _Known(
        "Access denied for user",
        "MariaDB refuses MAP's user",
        "correct user and password in both *-database.properties of {folder}, or the grants",
    ),
    _Known(
        "Could not create the Java Virtual Machine",
        "Java refuses its options",
        "correct JAVA_OPTS in {conf}",
    ),
    _Known(
        "Address already in use",
        "another program has its port",
        "stop that program, or change centreon-map.port in {main}",
    ),
)


def known_cause(log: str, edition: Edition) -> tuple[str, str] | None:
    """Return cause and remedy of the last known failure in a log; None: there is none.

    Nothing of the log itself is passed on: it isn't known what a server writes there.
    """
    found = [(log.rfind(known.words), known) for known in _KNOWN]
    at, known = max(found, key=lambda pair: pair[0])
    if at < 0:
        return None
    folder = edition.config_dir
    remedy = known.remedy.format(
        main=f"{folder}/{edition.main_file}", conf=f"{folder}/{edition.conf_file}", folder=folder
    )
    return known.cause, remedy
