"""What is known of packages, and the errors; versions are the package manager's own words.

A version has epoch (when there is one) and release: `22.10.5-1.el8`, `1:10.11.6-0+deb12u1`.

PackageError            the package manager refused or failed
├── VersionNotOffered   no repository, and no cache, has this version
├── ManagerBusy         another program holds the package manager's lock
└── RemovalRefused      packages would go that nobody asked to remove
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mapinfra.errors import HostError

Family = Literal["rpm", "deb"]
Action = Literal["install", "change", "remove"]
Conffiles = Literal["keep", "replace"]
"""What dpkg does with an edited configuration file: keep it (the new one becomes .dpkg-dist), or
replace it (the old one becomes .dpkg-old). rpm does what the package says, and never asks."""


class PackageError(HostError):
    """The package manager refused or failed."""


class VersionNotOffered(PackageError):
    """A version isn't to be had; `offered` are those of the same name that are."""

    def __init__(
        self, what: str, *, where: str, remedy: str, offered: tuple[str, ...] = ()
    ) -> None:
        self.offered = offered
        super().__init__(what, where=where, remedy=remedy)


class ManagerBusy(PackageError):
    """Another program held the package manager's lock for longer than was waited."""


class RemovalRefused(PackageError):
    """The package manager would remove packages that nobody asked to remove."""


@dataclass(frozen=True)
class Installed:
    """What is installed, of the packages asked about.

    `faults` are transactions that were cut short, one line each: packages that dpkg has unpacked
    or half configured, packages that rpm holds twice. `signing_keys` are rpm's gpg-pubkey packages.
    """

    family: Family
    system: Mapping[str, str] = field(default_factory=dict)
    """/etc/os-release: ID, VERSION_ID and so on."""
    versions: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    signing_keys: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    """Those that `apt-mark hold` keeps as they are."""


@dataclass(frozen=True)
class Offered:
    """All versions that the configured repositories offer, oldest first as the host sorts them.

    `unreadable` says of each repository that couldn't be read which and why; then `versions` may
    lack some, or hold what that repository offered when it was last read. `withheld` are versions
    that are offered, and that the package manager is told to leave alone.
    """

    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    withheld_by: tuple[str, ...] = ()
    """The files that say so."""


@dataclass(frozen=True)
class PackageChange:
    """What a transaction does to one package; `version` is the one that comes, or goes."""

    action: Action
    name: str
    version: str

    def __str__(self) -> str:
        verbs = {"install": "install", "change": "change to", "remove": "remove"}
        return f"{verbs[self.action]} {self.name} {self.version}"


@dataclass(frozen=True)
class PackageFile:
    """A package's file on the host."""

    name: str
    version: str
    path: str
