"""The table of lines: what each runs on, with its sources."""

from contextlib import suppress
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.releases.lines import (
    LINES,
    Dbms,
    EditionOffer,
    Family,
    OperatingSystem,
    Product,
    Requirements,
    java_major,
    span,
)
from mapinfra.centreon.releases.version import Line
from mapinfra.errors import CentreonError

SUPPORTED, MIGRATION = EditionOffer.SUPPORTED, EditionOffer.MIGRATION_ONLY


@pytest.mark.parametrize("facts", LINES.values(), ids=map(str, LINES))
def test_every_fact_of_a_line_has_its_source(facts: Requirements) -> None:
    assert set(facts.sources) == {field.name for field in fields(facts)} - {"line", "sources"}
    assert all(
        source.startswith(("Centreon documentation ", "not documented, concluded from "))
        for source in facts.sources.values()
    )


@pytest.mark.parametrize(
    ("line", "runs_on", "mariadb", "java", "offers"),
    [
        ("20.10", "EL 7, EL 8", "10.3", "11", {"legacy": SUPPORTED}),
        ("21.04", "EL 7, EL 8", "10.5", "11", {"legacy": SUPPORTED}),
        ("21.10", "EL 7, EL 8", "10.5", "11", {"legacy": SUPPORTED}),
        (
            "22.04",
            "EL 7, EL 8, Debian 11",
            "10.5",
            "17 or 18",
            {"legacy": SUPPORTED, "engine": SUPPORTED},
        ),
        (
            "22.10",
            "EL 7, EL 8, Debian 11",
            "10.5",
            "17 or 18",
            {"legacy": SUPPORTED, "engine": SUPPORTED},
        ),
        (
            "23.04",
            "EL 8, EL 9, Debian 11",
            "10.5",
            "17 or 18",
            {"legacy": SUPPORTED, "engine": SUPPORTED},
        ),
        (
            "23.10",
            "EL 8, EL 9, Debian 11",
            "10.5",
            "17 or 18",
            {"legacy": SUPPORTED, "engine": SUPPORTED},
        ),
        (
            "24.04",
            "EL 8, EL 9, Debian 11, Debian 12",
            "10.11",
            "17 or 18",
            {"legacy": SUPPORTED, "engine": SUPPORTED},
        ),
        (
            "24.10",
            "EL 8, EL 9, Debian 12",
            "10.11",
            "17 or 18",
            {"legacy": MIGRATION, "engine": SUPPORTED},
        ),
        ("25.10", "EL 8, EL 9, Debian 12", "10.11", "17 or 18", {"engine": SUPPORTED}),
    ],
)
def test_a_line_runs_on_what_the_vendor_lists(
    line: str, runs_on: str, mariadb: str, java: str, offers: dict[str, EditionOffer]
) -> None:
    facts = LINES[Line.parse(line)]
    assert (facts.runs_on, facts.mariadb_text, facts.java_text) == (runs_on, mariadb, java)
    assert facts.offers == offers


def test_lines_are_listed_from_the_oldest_on() -> None:
    assert list(LINES) == sorted(LINES)
    assert span() == "20.10 to 25.10"


@pytest.mark.parametrize(
    ("system", "family"),
    [
        (OperatingSystem("rhel", 8), Family.EL),
        (OperatingSystem("almalinux", 9), Family.EL),
        (OperatingSystem("ol", 8), Family.EL),
        (OperatingSystem("centos", 7), Family.EL),
        (OperatingSystem("debian", 12), Family.DEBIAN),
        (OperatingSystem("ubuntu", 22), None),
        (OperatingSystem("fedora", 40), None),
    ],
)
def test_a_system_has_the_family_of_its_packages(
    system: OperatingSystem, family: Family | None
) -> None:
    assert system.family is family


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.11.6-MariaDB-0+deb12u1", "MariaDB 10.11"),
        ("5.5.5-10.5.22-MariaDB", "MariaDB 10.5"),
        ("1:10.11.6-0+deb12u1", "MariaDB 10.11"),
        ("10.5.22-1.el8", "MariaDB 10.5"),
        ("5.5.68-MariaDB", "MariaDB 5.5"),
        ("11.4.2-MariaDB", "MariaDB 11.4"),
        ("8.0.36", "MySQL 8.0"),
        ("8.4.0-commercial", "MySQL 8.4"),
    ],
)
def test_a_database_server_is_told_from_its_version(text: str, expected: str) -> None:
    assert str(Dbms.parse(text)) == expected


def test_a_series_is_no_decimal_number() -> None:
    assert Dbms.parse("10.5.1-MariaDB").series < Dbms.parse("10.11.1-MariaDB").series
    assert Dbms(Product.MARIADB, 10, 11) == Dbms.parse("10.11.2-MariaDB")


def test_a_server_without_a_version_is_refused_in_one_line() -> None:
    with pytest.raises(CentreonError) as refused:
        Dbms.parse("MariaDB")
    assert str(refused.value) == (
        "'MariaDB' is no version of a database server; look at what SELECT VERSION() says"
    )


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ("17.0.9", 17),
        ("1.8.0_372", 8),
        ('openjdk version "11.0.21" 2023-10-17', 11),
        ('java version "1.8.0_211"', 8),
        ("18", 18),
    ],
)
def test_java_is_known_by_its_major_number(text: str, major: int) -> None:
    assert java_major(text) == major


def test_a_java_without_a_version_is_refused_in_one_line() -> None:
    with pytest.raises(CentreonError) as refused:
        java_major("java: command not found")
    assert str(refused.value) == (
        "'java: command not found' is no version of Java; look at what java -version says"
    )


@given(st.one_of(st.text(), st.text("0123456789.:-")))
def test_any_text_is_a_server_or_refused(text: str) -> None:
    server = None
    with suppress(CentreonError):
        server = Dbms.parse(text)
    assert server is None or all(str(number) in text for number in server.series)
