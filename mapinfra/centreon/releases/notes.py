"""What the vendor's release notes and upgrade pages ask for at each change of line.

"Be sure to read the release notes for an explanation of features, fixes and custom procedures" is
part of the manual ("Update the extension"); a change of line waits until somebody has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mapinfra.centreon.releases.editions import ENGINE, LEGACY, Edition
from mapinfra.centreon.releases.sources import page, release_notes
from mapinfra.centreon.releases.version import Line, Version

_BOTH = frozenset({LEGACY.name, ENGINE.name})
_LEGACY = frozenset({LEGACY.name})
_ENGINE = frozenset({ENGINE.name})


@dataclass(frozen=True)
class Procedure:
    """One thing that a line's notes or pages ask for, or a change that its users will meet."""

    text: str
    source: str
    editions: frozenset[str] = _BOTH
    """Names of the editions it holds for."""
    since: Version | None = None
    """The version that brought it; None: the whole line."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class LineNotes:
    """The custom procedures of one line."""

    line: Line
    procedures: tuple[Procedure, ...]


_TOMCAT = "stop and disable the tomcat service of earlier versions"
_MARIADB = page("24.10", "upgrade/upgrade-mariadb")
_LEGACY_END = page("24.10", "graph-views/map-legacy-eol")

_NOTES: Mapping[str, tuple[Procedure, ...]] = MappingProxyType(
    {
        "4.1": (
            Procedure(
                "a server of 4.0.x has to be upgraded to 4.1.x and run there before it goes on",
                page("20.10", "graph-views/upgrade"),
                _LEGACY,
            ),
        ),
        "20.10": (
            Procedure(_TOMCAT, page("20.10", "graph-views/upgrade"), _LEGACY),
            Procedure(
                "metric links may turn black, as quotes are no longer part of a metric's name: "
                "take them off once in element_property (metricName1, metricName2)",
                page("20.10", "graph-views/troubleshooter"),
                _LEGACY,
                Version(20, 10, 6),
            ),
        ),
        "21.04": (
            Procedure(_TOMCAT, page("21.04", "graph-views/upgrade"), _LEGACY),
            Procedure("upgrade MariaDB to 10.5 on every database server", _MARIADB),
        ),
        "21.10": (
            Procedure(_TOMCAT, page("21.10", "graph-views/upgrade"), _LEGACY),
            Procedure(
                "replace the keys of the packages where they were imported before October 14, 2021",
                page("21.10", "graph-views/upgrade: Update the RPM signing key"),
            ),
            Procedure(
                "replace MySQL5Dialect by MariaDB10Dialect in both *-database.properties",
                page("21.10", "graph-views/upgrade"),
                _LEGACY,
            ),
        ),
        "22.04": (
            Procedure(
                "install and activate Java 17 (or 18), and generate the keystore anew for HTTPS",
                page("22.04", "graph-views/upgrade"),
            ),
            Procedure(
                "the platform speaks BBDO v3: set broker.pb.message.enabled=true in "
                "studio-config.properties",
                page("22.04", "graph-views/upgrade"),
                _LEGACY,
            ),
        ),
        "22.10": (
            Procedure(
                "the MAP of earlier lines is called MAP Legacy; MAP is a new server beside it, and "
                "views move to it by a migration",
                release_notes("22.10"),
                since=Version(22, 10, 1),
            ),
            Procedure(
                "actuator endpoints are off, except health and metrics",
                release_notes("22.10"),
                _LEGACY,
                Version(22, 10, 1),
            ),
            Procedure(
                "run configure.sh again: the broker's output gains the storage events",
                release_notes("22.10"),
                _ENGINE,
                Version(22, 10, 5),
            ),
            # Pages disagree: an early update page of 22.10 drops MAP's database at each update,
            # later ones and all other lines keep it. mapinfra keeps it.
            Procedure(
                "an early update page has centreon_map emptied at each update; later pages, and "
                "mapinfra, keep it",
                page("22.10", "graph-views/map-web-update"),
                _ENGINE,
            ),
        ),
        "23.04": (
            Procedure(
                "no more CentOS 7 and no RHEL or Oracle Linux 7: EL 8, EL 9 or Debian 11",
                page("22.04", "installation/prerequisites"),
            ),
        ),
        "23.10": (
            Procedure(
                "the modes of MAP's configuration files are set by the package",
                release_notes("23.10"),
                _ENGINE,
                Version(23, 10, 9),
            ),
        ),
        "24.04": (
            Procedure("upgrade MariaDB to 10.11 on every database server", _MARIADB),
            Procedure(
                "the keys of Debian's repository changed on April 12, 2024",
                page("24.10", "security/key-rotation"),
            ),
        ),
        "24.10": (
            Procedure("no more Debian 11", page("24.10", "installation/compatibility")),
            Procedure(
                "MAP Legacy ends: back up, upgrade the platform, install or upgrade MAP, upgrade "
                "MAP Legacy, migrate once into an empty MAP, then remove MAP Legacy",
                _LEGACY_END,
            ),
            Procedure(
                "replace MySQL5Dialect by MariaDBDialect in both *-database.properties",
                page("24.10", "graph-views/upgrading-map-legacy"),
                _LEGACY,
            ),
            Procedure("the server logs at level INFO", release_notes("24.10"), _ENGINE),
        ),
        "25.10": (
            Procedure("BBDO v2 is no longer understood", release_notes("25.10"), _ENGINE),
            Procedure(
                "actuator endpoints, health among them, ask for authentication",
                release_notes("25.10"),
                _ENGINE,
            ),
            Procedure(
                "configuration files change their owner to the service's user",
                release_notes("25.10"),
                _ENGINE,
            ),
            Procedure(
                "the API is at .../api/latest; .../api/beta redirects there",
                release_notes("25.10"),
                _ENGINE,
                Version(25, 10, 3),
            ),
        ),
    }
)
NOTES: tuple[LineNotes, ...] = tuple(
    LineNotes(Line.parse(text), procedures) for text, procedures in _NOTES.items()
)
"""What is known of every line, the oldest first."""


def _holds(procedure: Procedure, target: Version, edition: Edition | None) -> bool:
    reached = procedure.since is None or target >= procedure.since
    return reached and (edition is None or edition.name in procedure.editions)


def notes_between(
    installed: Version | None, target: Version, edition: Edition | None = None
) -> tuple[LineNotes, ...]:
    """Return the notes of each line after the installed one, up to and with the target's.

    Only the procedures that `target` has reached and that hold for `edition` (None: for either);
    a line without any is left out. Empty for a first installation and within a line.
    """
    if installed is None:
        return ()
    between = (held for held in NOTES if installed.line < held.line <= target.line)
    chosen = (
        LineNotes(held.line, tuple(p for p in held.procedures if _holds(p, target, edition)))
        for held in between
    )
    return tuple(held for held in chosen if held.procedures)
