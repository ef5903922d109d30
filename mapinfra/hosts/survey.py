"""What one pass asks a host, as a single shell script, and how its answer is read.

Pure: nothing here reaches a host. The script goes to `sh` on its standard input, and each probe's
output stands on stdout and stderr between two lines that begin with a random word made for this
pass, so output of any bytes, binary or unfinished, can't be mistaken for a frame.
"""

import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra.errors import CommandFailed, DatabaseError, MapinfraError
from mapinfra.hosts.failures import last_line, relocated
from mapinfra.hosts.machine import Machine

Rows = list[dict[str, object]]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

# A function, so that a script cut short by a lost connection runs nothing; `eval` in a subshell,
# so that a probe's exit, variables or syntax error stay its own.
_SCRIPT = """\
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH
probe() {{
  printf '{word} begin %s\\n' "$1"
  printf '{word} begin %s\\n' "$1" >&2
  ( eval "$2" ) </dev/null
  set -- "$1" "$?"
  printf '\\n{word} end %s %s\\n' "$1" "$2"
  printf '\\n{word} end %s %s\\n' "$1" "$2" >&2
}}
survey() {{
{calls}
}}
survey
exit 0
"""


@dataclass(frozen=True)
class Probe:
    """A snippet of POSIX sh that only reads; what it prints on stdout is the fact."""

    name: str
    script: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Query:
    """One SELECT, without parameters."""

    name: str
    sql: str

    def __post_init__(self) -> None:
        _check_name(self.name)


@dataclass(frozen=True)
class Survey:
    """All that a pass reads on a host."""

    probes: tuple[Probe, ...] = ()
    queries: tuple[Query, ...] = ()

    def __post_init__(self) -> None:
        for kind in (self.probes, self.queries):
            names = [one.name for one in kind]
            if len(set(names)) < len(names):
                raise ValueError(f"two of one name in a survey: {names}")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a probe or query")


@dataclass(frozen=True)
class Reading:
    """What one probe printed, and its exit status."""

    status: int
    stdout: bytes
    stderr: bytes


class Script:
    """The one command of a pass: its text, and the reading of what it printed."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._word = secrets.token_hex(16)

    @property
    def text(self) -> str:
        """The script, to be fed to `sh`."""
        calls = "\n".join(
            f"  probe {probe.name} {shlex.quote(probe.script)}" for probe in self._survey.probes
        )
        return _SCRIPT.format(word=self._word, calls=calls or "  :")

    def read(self, stdout: bytes, stderr: bytes) -> dict[str, Reading]:
        """Return the reading of each probe that came to its end."""
        printed, complained = self._frames(stdout), self._frames(stderr)
        return {
            name: Reading(status, output, complained.get(name, (0, b""))[1])
            for name, (status, output) in printed.items()
        }

    def running(self, stdout: bytes) -> str:
        """Return the name of the probe that this ends in, empty when there is none."""
        begun = stdout.rpartition(f"{self._word} begin ".encode())[2]
        name, newline, rest = begun.partition(b"\n")
        ended = f"{self._word} end ".encode() in rest
        return "" if ended or not newline or begun == stdout else name.decode()

    def _frames(self, stream: bytes) -> dict[str, tuple[int, bytes]]:
        frame = re.compile(
            rb"%(word)b begin (?P<name>\S+)\n"
            rb"(?P<output>.*?)"
            rb"\n%(word)b end (?P=name) (?P<status>\d+)\n" % {b"word": self._word.encode()},
            re.DOTALL,
        )
        return {
            found["name"].decode(): (int(found["status"]), found["output"])
            for found in frame.finditer(stream)
        }


class Facts:
    """What one pass found on one host."""

    def __init__(
        self,
        host: str,
        readings: Mapping[str, Reading],
        answers: "Mapping[str, Rows | DatabaseError] | MapinfraError",
        machine: Machine | None = None,
    ) -> None:
        self.host = host
        self.machine = machine
        self._readings = readings
        self._answers = answers

    def text(self, probe: str) -> str:
        """What a probe printed; bytes that are no UTF-8 become U+FFFD.

        Raises CommandFailed when the probe ended with another status than 0.
        """
        reading = self._readings.get(probe)
        if reading is None:
            raise CommandFailed(f"reading {probe} didn't come to its end", where=self.host)
        if reading.status != 0:
            complaint = last_line(reading.stderr) or "no message"
            raise CommandFailed(
                f"reading {probe} failed, exit {reading.status}: {complaint}", where=self.host
            )
        return reading.stdout.decode(errors="replace")

    def rows(self, query: str) -> Rows:
        """The rows of a query, as dicts by column.

        Raises DatabaseError when the database, or what this query reads in it, can't be read.
        """
        if isinstance(self._answers, MapinfraError):
            raise relocated(self._answers, self.host)
        answer = self._answers[query]
        if isinstance(answer, DatabaseError):
            raise relocated(answer, self.host)
        return answer
