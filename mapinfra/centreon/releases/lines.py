"""What each line of MAP runs on: systems, database servers, Java, and which editions it has.

Every field of a line has its source in `Requirements.sources`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from mapinfra.centreon.releases.editions import ENGINE, LEGACY
from mapinfra.centreon.releases.sources import inferred, page, release_notes
from mapinfra.centreon.releases.version import Line
from mapinfra.errors import CentreonError

_EL_IDS = frozenset({"almalinux", "centos", "ol", "rhel", "rocky"})
"""ID in /etc/os-release. Rocky isn't in the vendor's lists; it is the same system as AlmaLinux."""


class Family(StrEnum):
    """Systems that share their packages."""

    EL = "EL"
    DEBIAN = "Debian"


@dataclass(frozen=True)
class OperatingSystem:
    """A host's system: ID and the major number of VERSION_ID in /etc/os-release."""

    id: str
    major: int

    def __str__(self) -> str:
        return f"{self.id} {self.major}"

    @property
    def family(self) -> Family | None:
        """The family of its packages; None for a system that the vendor has none for."""
        if self.id in _EL_IDS:
            return Family.EL
        return Family.DEBIAN if self.id == "debian" else None


class Product(StrEnum):
    """Database servers that the vendor names."""

    MARIADB = "MariaDB"
    MYSQL = "MySQL"


@dataclass(frozen=True)
class Dbms:
    """A database server, as far as its series: MariaDB 10.11."""

    product: Product
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.product} {self.major}.{self.minor}"

    @property
    def series(self) -> tuple[int, int]:
        """Its series, to be compared with another of the same product."""
        return self.major, self.minor

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the server of what `SELECT VERSION()` or a package's version says.

        MariaDB says so in its version (10.11.6-MariaDB, 5.5.5-10.5.22-MariaDB on the wire), MySQL
        says nothing (8.0.36). Raises CentreonError when there is no version in it.
        """
        found = re.match(r"(?:\d+:)?(?:5\.5\.5-)?(\d{1,4})\.(\d{1,4})", text, re.ASCII)
        if found is None:
            raise CentreonError(
                f"{text!r} is no version of a database server",
                remedy="look at what SELECT VERSION() says",
            )
        ours = "maria" in text.lower() or int(found[1]) >= 10
        product = Product.MARIADB if ours else Product.MYSQL
        return cls(product, int(found[1]), int(found[2]))


def java_major(text: str) -> int:
    """Return the major number of a Java version: 17 of 17.0.9, 8 of 1.8.0_372.

    Raises CentreonError when there is no version in it.
    """
    found = re.search(r"(?:\b1\.)?\b(\d{1,4})\b", text, re.ASCII)
    if found is None:
        raise CentreonError(
            f"{text!r} is no version of Java", remedy="look at what java -version says"
        )
    return int(found[1])


class EditionOffer(StrEnum):
    """Whether a line has an edition."""

    SUPPORTED = "supported"
    MIGRATION_ONLY = "for the migration only"


@dataclass(frozen=True)
class Requirements:
    """What one line runs on. `sources` has the source of every field."""

    line: Line
    systems: Mapping[Family, frozenset[int]]
    """Major numbers of the systems that the line has packages for."""
    mariadb: tuple[int, int]
    """The line's own series of MariaDB."""
    mysql: frozenset[tuple[int, int]]
    """Series of MySQL that the vendor supports; empty: its users are on their own."""
    java: frozenset[int]
    """Major numbers of Java that it runs on."""
    offers: Mapping[str, EditionOffer]
    """Editions of this line, by their name."""
    sources: Mapping[str, str]

    @property
    def runs_on(self) -> str:
        """The systems, for a message: EL 8, EL 9, Debian 12."""
        return ", ".join(
            f"{family} {major}"
            for family, majors in self.systems.items()
            for major in sorted(majors)
        )

    @property
    def mariadb_text(self) -> str:
        """The series of MariaDB, for a message: 10.11."""
        return ".".join(map(str, self.mariadb))

    @property
    def java_text(self) -> str:
        """The versions of Java, for a message: 17 or 18."""
        return " or ".join(map(str, sorted(self.java)))


_BOTH = {LEGACY.name: EditionOffer.SUPPORTED, ENGINE.name: EditionOffer.SUPPORTED}
_LEGACY_ONLY = {LEGACY.name: EditionOffer.SUPPORTED}
_JAVA_17 = page("22.04", "graph-views/upgrade: Java 17 (or 18)")
_MARIADB = page("24.10", "upgrade/upgrade-mariadb")


def _line(
    text: str,
    *,
    el: set[int],
    debian: set[int],
    mariadb: tuple[int, int],
    java: set[int],
    offers: Mapping[str, EditionOffer],
    sources: Mapping[str, str],
    mysql: frozenset[tuple[int, int]] = frozenset(),
) -> Requirements:
    systems = {Family.EL: frozenset(el), Family.DEBIAN: frozenset(debian)}
    return Requirements(
        line=Line.parse(text),
        systems=MappingProxyType({family: held for family, held in systems.items() if held}),
        mariadb=mariadb,
        mysql=mysql,
        java=frozenset(java),
        offers=MappingProxyType(dict(offers)),
        sources=MappingProxyType(dict(sources)),
    )


def _sources(line: str, systems: str, offers: str, java: str) -> dict[str, str]:
    lists = page(line, systems)
    return {"systems": lists, "mariadb": _MARIADB, "mysql": lists, "java": java, "offers": offers}


_TABLE = (
    _line(
        "20.10",
        el={7, 8},
        debian=set(),
        mariadb=(10, 3),
        java={11},
        # MAP NG, the engine's ancestor, has a package of its own name and isn't kept by mapinfra.
        offers=_LEGACY_ONLY,
        sources=_sources(
            "20.10",
            "graph-views/install: Software",
            page("20.10", "graph-views/install"),
            page("20.10", "graph-views/install: OpenJDK 11"),
        ),
    ),
    _line(
        "21.04",
        el={7, 8},
        debian=set(),
        mariadb=(10, 5),
        java={11},
        offers=_LEGACY_ONLY,
        sources=_sources(
            "21.04",
            "graph-views/install: Software",
            page("21.04", "graph-views/install"),
            page("21.04", "graph-views/install: OpenJDK 11"),
        ),
    ),
    _line(
        "21.10",
        el={7, 8},
        debian=set(),
        mariadb=(10, 5),
        java={11},
        offers=_LEGACY_ONLY,
        sources=_sources(
            "21.10",
            "graph-views/install: Software",
            page("21.10", "graph-views/install"),
            page("21.10", "graph-views/install: OpenJDK 11"),
        ),
    ),
    _line(
        "22.04",
        el={7, 8},
        debian={11},
        mariadb=(10, 5),
        # Pages disagree: "Java 17 (or 18)" is in the upgrade page of 22.04, the installation page
        # still speaks of OpenJDK 11, and the release notes move to 17 in 22.10. 17 runs all.
        java={17, 18},
        offers=_BOTH,
        sources=_sources(
            "22.04",
            "installation/prerequisites: Operating Systems",
            page("22.04", "graph-views/install and graph-views/map-web-install"),
            _JAVA_17,
        ),
    ),
    _line(
        "22.10",
        el={7, 8},
        debian={11},
        mariadb=(10, 5),
        java={17, 18},
        offers=_BOTH,
        sources=_sources("22.10", "installation/compatibility", release_notes("22.10"), _JAVA_17),
    ),
    _line(
        "23.04",
        # Pages disagree: the MAP upgrade page of 23.04 once had a CentOS 7 tab, the
        # platform's list has none, and without the platform there is no MAP. So no EL 7.
        el={8, 9},
        debian={11},
        mariadb=(10, 5),
        mysql=frozenset({(8, 0)}),
        java={17, 18},
        offers=_BOTH,
        sources=_sources(
            "23.04",
            "installation/compatibility",
            page("23.04", "graph-views/upgrade and graph-views/map-web-upgrade"),
            _JAVA_17,
        ),
    ),
    _line(
        "23.10",
        el={8, 9},
        debian={11},
        mariadb=(10, 5),
        java={17, 18},
        offers=_BOTH,
        sources=_sources("23.10", "installation/compatibility", release_notes("23.10"), _JAVA_17),
    ),
    _line(
        "24.04",
        el={8, 9},
        debian={11, 12},
        # Pages disagree: the compatibility page of 24.04 still says 10.5, the pages on upgrading
        # MariaDB and MAP say 10.11 from 24.04 on. 10.11 satisfies both kinds of reader.
        mariadb=(10, 11),
        java={17, 18},
        offers=_BOTH,
        sources=_sources(
            "24.04",
            "installation/compatibility",
            page("24.04", "graph-views/upgrade and graph-views/map-web-upgrade"),
            _JAVA_17,
        ),
    ),
    _line(
        "24.10",
        # Pages disagree: an older MAP upgrade page of 24.10 has a tab "Debian 11 & 12", the
        # compatibility page and the newer MAP page say Debian 12 alone. So no Debian 11.
        el={8, 9},
        debian={12},
        mariadb=(10, 11),
        mysql=frozenset({(8, 0)}),
        java={17, 18},
        offers={LEGACY.name: EditionOffer.MIGRATION_ONLY, ENGINE.name: EditionOffer.SUPPORTED},
        sources=_sources(
            "24.10",
            "installation/compatibility",
            page("24.10", "graph-views/map-legacy-eol"),
            _JAVA_17,
        ),
    ),
    _line(
        "25.10",
        el={8, 9},
        debian={12},
        mariadb=(10, 11),
        mysql=frozenset({(8, 0), (8, 4)}),
        java={17, 18},
        offers={ENGINE.name: EditionOffer.SUPPORTED},
        sources=_sources(
            "25.10",
            "installation/compatibility",
            release_notes("25.10"),
            inferred("24.10, whose installation page the one of 25.10 repeats"),
        ),
    ),
)

LINES: Mapping[Line, Requirements] = MappingProxyType({held.line: held for held in _TABLE})
"""The lines that mapinfra knows, the oldest first."""


def span() -> str:
    """Return the lines that mapinfra knows, for a message: 20.10 to 25.10."""
    return f"{min(LINES)} to {max(LINES)}"
