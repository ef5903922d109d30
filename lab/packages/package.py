"""A package before it is one of rpm or of deb."""

from dataclasses import dataclass, field
from typing import Literal

Config = Literal["", "config", "noreplace"]


@dataclass(frozen=True)
class File:
    """A file of a package. rpm distinguishes two kinds of configuration, deb has one."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root"
    config: Config = ""


@dataclass(frozen=True)
class Directory:
    """A directory that is the package's own."""

    path: str
    owner: str = "root"
    mode: int = 0o755


@dataclass(frozen=True)
class Package:
    """A package; the scripts are sh."""

    name: str
    version: str
    summary: str
    files: tuple[File, ...] = ()
    directories: tuple[Directory, ...] = ()
    requires_rpm: tuple[str, ...] = ()
    requires_deb: tuple[str, ...] = ()
    provides_rpm: tuple[str, ...] = ()
    before: str = ""
    """Before it is installed or upgraded."""
    after: str = ""
    """After it was installed or upgraded."""
    removing: str = ""
    """Before it is removed for good."""
    removed: str = ""
    """After it was removed or upgraded."""
    families: frozenset[str] = field(default_factory=lambda: frozenset({"rpm", "deb"}))
