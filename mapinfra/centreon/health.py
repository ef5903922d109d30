"""Whether a MAP server is healthy: its unit, what it answers, its connection to the broker."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mapinfra.centreon import map_servers
from mapinfra.centreon.editions import EDITIONS, Edition
from mapinfra.centreon.map_servers import Answer, Report
from mapinfra.errors import CommandTimeout, HostError
from mapinfra.hosts import Facts, Host, Probe

_SHOW = (
    "systemctl show --no-pager --property=Id,LoadState,ActiveState,SubState,UnitFileState,Result,"
    "ExecMainStatus,NRestarts,ExecMainStartTimestamp"
)
UNITS = Probe(
    "map-units",
    f"{_SHOW} {' '.join(f'{edition.service}.service' for edition in EDITIONS.values())}",
)
_PAUSE = 0.5  # seconds between looks at a server that starts; it takes 30 to 60 s
_PROTECTED = (401, 403)


class State(StrEnum):
    """What a MAP server does."""

    ABSENT = "not installed"
    STOPPED = "stopped"
    FAILED = "failed"
    STARTING = "starting"
    DOWN = "down"
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

    @property
    def exists(self) -> bool:
        """Whether there is such a unit, be it masked."""
        return self.load != "not-found"


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
        if answer.code in _PROTECTED:
            return State.PROTECTED
        return State.UP if answer.status == "UP" and answer.code == 200 else State.DOWN

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
    def is_connected(self) -> bool:
        """Whether the host has a connection to the broker's output."""
        return bool(self.report and self.report.broker)

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
            State.PROTECTED: lambda: f"{answer and answer.url} answers, but wants a login",
            State.UP: lambda: f"{answer and answer.url} says UP",
        }

    def _silence(self) -> str:
        """Say what there was instead of an answer on its health."""
        if self.report is None:
            return "but it has no configuration"
        tried = (f"{a.url}: {a.error or f'HTTP {a.code}'}" for a in self.report.answers)
        return f"but gives no health ({', '.join(tried)})"


def observed(facts: Facts, edition: Edition) -> Health:
    """Return the health that the one pass found; raise HostError."""
    unit = units(facts.text(UNITS.name))[edition.service]
    return Health(edition, unit, map_servers.observed(facts).get(edition.name))


def look(host: Host, edition: Edition) -> Health:
    """Ask now; raise HostError."""
    shown = host.run([*_SHOW.split(), f"{edition.service}.service"]).text
    unit = units(shown)[edition.service]
    report = map_servers.ask(host, edition) if unit.active == "active" else None
    return Health(edition, unit, report)


def units(text: str) -> dict[str, Unit]:
    """Return what `systemctl show` printed of several units, by their names."""
    blocks = (
        dict(line.partition("=")[::2] for line in block.splitlines())
        for block in text.strip().split("\n\n")
    )
    return {unit.name: unit for unit in map(_unit, blocks)}


def _unit(shown: dict[str, str]) -> Unit:
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
    )


def wait(host: Host, edition: Edition, *, seconds: float) -> Health:
    """Wait until a started server is healthy.

    Raises HostError at once when the service ends or is started anew by systemd, CommandTimeout
    when it isn't healthy within `seconds`; both name the cause where the server's log tells one of
    the known ones.
    """
    deadline = time.monotonic() + seconds
    first = health = look(host, edition)
    while not health.is_healthy:
        if _is_over(health, first):
            raise _told(HostError, str(health), host, health)
        if time.monotonic() >= deadline:
            what = f"the MAP server isn't healthy within {seconds:g} s: {health}"
            raise _told(CommandTimeout, what, host, health)
        time.sleep(_PAUSE)
        health = look(host, edition)
    return health


def _is_over(health: Health, first: Health) -> bool:
    crashed = health.unit.restarts > first.unit.restarts
    return crashed or health.state in (State.ABSENT, State.STOPPED, State.FAILED)


def _told(kind: type[HostError], what: str, host: Host, health: Health) -> HostError:
    """Return the error, with the cause where it is a known one."""
    log = health.edition.log_files[0]
    cause = known_cause(_log(host, health), health.edition)
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
