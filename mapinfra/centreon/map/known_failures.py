"""Why a MAP server failed, told by its log."""

import re
from dataclasses import dataclass

from mapinfra.centreon.releases.editions import Edition


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
