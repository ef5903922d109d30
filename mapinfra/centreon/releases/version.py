"""Versions of Centreon and of its MAP extension, and the lines that they belong to.

A version is `line.patch`: 22.10.5 is patch 5 of line 22.10, 4.0.3 is patch 3 of line 4.0. Since
18.10 a line is the year and the month of its first release, the month in two digits.
"""

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Self

from mapinfra.errors import CentreonError

_FIRST_YEAR = 18
_LINE = r"(0|[1-9]\d{0,3})\.(\d{1,4})"
_PRE = r"(alpha|beta|dev|pre|rc)\.?(\d{0,6})"
_VERSION = rf"{_LINE}\.(0|[1-9]\d{{0,8}})"
# What a distribution adds to a version, such as +deb12u1 or ~bookworm, is no part of it.
_PACKAGE = re.compile(
    rf"(?:\d+:)?(?P<version>{_VERSION})(?:~(?P<pre>{_PRE})(?![A-Za-z]))?(?:[-+~][\w.+~-]*)?",
    re.ASCII,
)


@dataclass(frozen=True, order=True)
class Line:
    """A line of releases, such as 22.10 or 4.0; `str()` writes it as the vendor does."""

    major: int
    minor: int

    def __str__(self) -> str:
        digits = 2 if self.major >= _FIRST_YEAR else 1
        return f"{self.major}.{self.minor:0{digits}}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the line that `text` names; raises CentreonError when it names none."""
        found = re.fullmatch(_LINE, text, re.ASCII)
        line = cls(int(found[1]), int(found[2])) if found else None
        if line is None or str(line) != text:
            raise CentreonError(f"{text!r} is no line of Centreon", remedy="write it like 22.10")
        return line


@total_ordering
@dataclass(frozen=True)
class Version:
    """A version of Centreon or MAP; a pre-release such as 22.10.5~rc1 comes before 22.10.5."""

    major: int
    minor: int
    patch: int
    pre: str = ""

    def __str__(self) -> str:
        return f"{self.line}.{self.patch}" + (f"~{self.pre}" if self.pre else "")

    def __lt__(self, other: object) -> bool:
        return self._rank < other._rank if isinstance(other, Version) else NotImplemented

    @property
    def line(self) -> Line:
        """The line that this version belongs to."""
        return Line(self.major, self.minor)

    @property
    def _rank(self) -> tuple[Line, int, bool, str, int]:
        word = self.pre.rstrip("0123456789")
        number = self.pre[len(word) :]
        return self.line, self.patch, not self.pre, word, int(number) if number else -1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the version that a person wrote: 22.10.5, 4.0.3, 22.10.5~rc1.

        Raises CentreonError when it is none, or not written as the vendor writes it.
        """
        version = cls._read(text)
        if version is None or str(version) != text:
            raise CentreonError(
                f"{text!r} is no version of Centreon", remedy="write it in full, like 22.10.5"
            )
        return version

    @classmethod
    def of_package(cls, text: str) -> Self:
        """Return the version in a package's version as rpm, dnf, dpkg or apt print it.

        Epoch, release and the distribution's own suffixes are left out: 22.10.5-1.el8,
        1:22.10.5~rc1-2, 24.10.1-1~bookworm. Raises CentreonError when there is no version in it.
        """
        version = cls._read(text)
        if version is None:
            raise CentreonError(
                f"{text!r} is no version of a Centreon package",
                remedy="look at what the package manager says of it",
            )
        return version

    @classmethod
    def _read(cls, text: str) -> Self | None:
        found = _PACKAGE.fullmatch(text)
        if found is None:
            return None
        major, minor, patch = found["version"].split(".")
        word = re.fullmatch(_PRE, found["pre"] or "", re.ASCII)
        number = word[2] and str(int(word[2])) if word else ""
        version = cls(int(major), int(minor), int(patch), f"{word[1]}{number}" if word else "")
        return version if str(version.line) == f"{major}.{minor}" else None
