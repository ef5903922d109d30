"""Versions are read from what people and package managers write, and ordered as the vendor does."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.releases.version import Line, Version
from mapinfra.errors import CentreonError

lines = st.one_of(
    st.builds(Line, st.integers(0, 17), st.integers(0, 9)),
    st.builds(Line, st.integers(18, 99), st.integers(1, 12)),
)
pres = st.builds(
    "{}{}".format,
    st.sampled_from(["alpha", "beta", "dev", "pre", "rc"]),
    st.one_of(st.just(""), st.integers(0, 999)),
)
versions = st.builds(
    lambda line, patch, pre: Version(line.major, line.minor, patch, pre),
    lines,
    st.integers(0, 999),
    st.one_of(st.just(""), pres),
)


@pytest.mark.parametrize(
    ("text", "version", "line"),
    [
        ("22.10.5", Version(22, 10, 5), "22.10"),
        ("22.04.0", Version(22, 4, 0), "22.04"),
        ("4.0.3", Version(4, 0, 3), "4.0"),
        ("18.10.12", Version(18, 10, 12), "18.10"),
        ("18.04.0", Version(18, 4, 0), "18.04"),
        ("24.10.1", Version(24, 10, 1), "24.10"),
        ("22.10.5~rc1", Version(22, 10, 5, "rc1"), "22.10"),
    ],
)
def test_a_written_version_is_read_with_its_line(text: str, version: Version, line: str) -> None:
    assert Version.parse(text) == version
    assert str(Version.parse(text).line) == line
    assert Line.parse(line) == version.line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "22.10",
        "22",
        "latest",
        "22.4.0",
        "4.00.3",
        "22.10.05",
        "v22.10.5",
        " 22.10.5",
        "22.10.5\n",
        "22.10.5.1",
        "22.10.5-1.el8",
        "22.10.5~rc01",
        "22.10.5~",
        "1:22.10.5",
        "٢٢.10.5",
        "-1.10.5",
    ],
)
def test_nonsense_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CentreonError) as refused:
        Version.parse(text)
    expected = f"{text!r} is no version of Centreon; write it in full, like 22.10.5"
    assert str(refused.value) == " ".join(expected.split())


@pytest.mark.parametrize("text", ["", "22", "22.4", "22.10.5", "4.00", "next", "22.10 "])
def test_a_line_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CentreonError) as refused:
        Line.parse(text)
    expected = f"{text!r} is no line of Centreon; write it like 22.10"
    assert str(refused.value) == " ".join(expected.split())


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("22.10.5-1.el8", "22.10.5"),
        ("22.10.5-1-deb11u1", "22.10.5"),
        ("22.10.5-1.el7.centos", "22.10.5"),
        ("1:22.10.5~rc1", "22.10.5~rc1"),
        ("22.10.5~rc.10-2", "22.10.5~rc10"),
        ("22.10.5~beta", "22.10.5~beta"),
        ("0:4.1.2-1.el7", "4.1.2"),
        ("24.10.0-1730216054.5a3b1b2.el8", "24.10.0"),
        ("24.10.0+deb12u1", "24.10.0"),
        ("24.10.4-1~bookworm", "24.10.4"),
        ("24.10.4~bookworm", "24.10.4"),
        ("24.10.4", "24.10.4"),
    ],
)
def test_a_package_version_is_read_without_the_distributions_part(text: str, version: str) -> None:
    assert str(Version.of_package(text)) == version


@pytest.mark.parametrize("text", ["", "(none)", "22.10-1.el8", "22.4.5-1.el8", "a:22.10.5-1"])
def test_a_package_without_a_version_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(CentreonError) as refused:
        Version.of_package(text)
    assert str(refused.value) == (
        f"{text!r} is no version of a Centreon package; look at what the package manager says of it"
    )


def test_versions_come_in_the_vendors_order() -> None:
    texts = [
        "4.0.3",
        "4.1.0",
        "18.10.0",
        "21.10.9",
        "22.04.0",
        "22.10.5~alpha1",
        "22.10.5~rc",
        "22.10.5~rc2",
        "22.10.5~rc10",
        "22.10.5",
        "22.10.11",
        "24.10.0",
    ]
    read = [Version.parse(text) for text in texts]
    assert all(one < other for one, other in pairwise(read))


@given(versions)
def test_a_version_is_read_back_from_its_text(version: Version) -> None:
    assert Version.parse(str(version)) == version
    assert Version.of_package(f"1:{version}-3.el9") == version


@given(versions, versions, versions)
def test_versions_have_one_order(one: Version, other: Version, third: Version) -> None:
    assert (one < other) + (one == other) + (one > other) == 1
    assert (one <= other) == (not other < one)
    if one <= other and other <= third:
        assert one <= third


@given(versions, versions)
def test_a_later_line_is_a_later_version(one: Version, other: Version) -> None:
    if one.line < other.line:
        assert one < other


@given(lines, st.integers(0, 999), pres)
def test_a_pre_release_comes_just_before_its_release(line: Line, patch: int, pre: str) -> None:
    early = Version(line.major, line.minor, patch, pre)
    release = Version(line.major, line.minor, patch)
    assert early < release
    if patch:
        assert Version(line.major, line.minor, patch - 1) < early


@given(st.one_of(st.text(), st.text("0123456789.~rc")))
def test_any_text_is_a_version_or_refused(text: str) -> None:
    version = None
    with suppress(CentreonError):
        version = Version.parse(text)
    assert version is None or str(version) == text
