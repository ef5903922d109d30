"""What the MAP servers on a host answer, asked there by the host's own Python.

The question goes to a MAP server's port on the host itself: from elsewhere a firewall or a proxy
may stand between. Python is what dnf itself runs on, and what the vendor's installation brings to
apt hosts (software-properties-common).
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from mapinfra.centreon.releases.editions import EDITIONS, LEGACY, Edition
from mapinfra.errors import HostError
from mapinfra.hosts import Facts, Host, Probe

DOWNLOADS = "/centreon-studio/desktop-client/"
"""Where the legacy server offers the desktop client; not documented: users get there by the button
"Desktop client" of Monitoring > Map (22.10, graph-views/update)."""

_PROGRAM = files("mapinfra.centreon.map").joinpath("on_host.py").read_text(encoding="utf-8")
_NO_PYTHON = "no python"
_SCRIPT = """\
{guard} || exit 0
python=$(command -v python3 || echo /usr/libexec/platform-python)
[ -x "$python" ] || {{ echo '{no_python}'; exit 0; }}
"$python" -I - {editions} <<'END_OF_PROGRAM'
{program}
END_OF_PROGRAM
"""


@dataclass(frozen=True)
class Answer:
    """One question's answer: `code` None where there was none."""

    url: str
    code: int | None
    status: str
    """Spring's word on its health, UP or DOWN…; '' when the answer isn't one."""
    error: str
    """Why there was no answer, or what it is instead of one on health."""

    @property
    def is_tls(self) -> bool:
        """Whether it came over TLS."""
        return self.url.startswith("https:")


@dataclass(frozen=True)
class Downloads:
    """What the legacy server's page of downloads has: file sizes by name, None where unknown."""

    url: str
    code: int | None
    error: str
    sizes: Mapping[str, int | None]


@dataclass(frozen=True)
class Report:
    """What one edition's server on a host tells; `answers` ends with the best one."""

    edition: Edition
    answers: tuple[Answer, ...]
    tls: bool
    """Whether its configuration has it speak HTTPS."""
    broker_address: str
    """Where its configuration has the broker; '' where it names none."""
    broker_port: int
    broker: tuple[str, ...]
    """Broker addresses (`address:port`) that the server has a connection to."""
    offer: Downloads | None
    """None: not asked, or the server doesn't answer."""


def script(editions: Sequence[Edition], *, downloads: bool, patience: float = 0.0) -> str:
    """Return a snippet of POSIX sh that asks the servers of these editions and prints reports.

    `patience` is how many seconds a server that is up may take to connect to its broker.
    """
    asked = [
        {
            "name": edition.name,
            "service": edition.service,
            "main_file": f"{edition.config_dir}/{edition.main_file}",
            "conf_file": f"{edition.config_dir}/{edition.conf_file}",
            "ports": [edition.http_port, edition.https_port],
            "paths": edition.health_paths,
            "patience": patience,
            "page": DOWNLOADS if downloads and edition is LEGACY else None,
        }
        for edition in editions
    ]
    return _SCRIPT.format(
        guard=" || ".join(f"[ -e {one['main_file']} ]" for one in asked),
        no_python=_NO_PYTHON,
        editions=shlex.quote(json.dumps(asked)),
        program=_PROGRAM,
    )


MAP_SERVERS = Probe("map-servers", script(tuple(EDITIONS.values()), downloads=True, patience=5.0))


def observed(facts: Facts) -> dict[str, Report]:
    """Return the reports of the one pass, by the edition's name; raise HostError."""
    return reports(facts.text(MAP_SERVERS.name), facts.host)


def ask(host: Host, edition: Edition, *, downloads: bool = False) -> Report | None:
    """Ask one edition's server now; None where it has no configuration. Raises HostError."""
    asked = script((edition,), downloads=downloads)
    return reports(host.run(["sh"], stdin=asked.encode()).text, host.name).get(edition.name)


def reports(text: str, host: str) -> dict[str, Report]:
    """Return what a script printed, by the edition's name.

    Raises HostError where the host has no Python.
    """
    if text.strip() == _NO_PYTHON:
        raise HostError(
            "the MAP server can't be asked: there is no python3", where=host, remedy="install it"
        )
    found = (_report(json.loads(line)) for line in text.splitlines() if line)
    return {report.edition.name: report for report in found}


def _report(told: Mapping[str, Any]) -> Report:
    return Report(
        EDITIONS[told["edition"]],
        tuple(Answer(a["url"], a["code"], a["status"], a["error"]) for a in told["answers"]),
        told["tls"],
        told["broker_address"],
        told["broker_port"],
        tuple(told["broker"]),
        _offer(told["downloads"]),
    )


def _offer(told: Mapping[str, Any] | None) -> Downloads | None:
    if told is None:
        return None
    return Downloads(told["url"], told["code"], told["error"], dict(told["files"]))
