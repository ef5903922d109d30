"""MAP's config files: read, set and merged as text, each byte that isn't meant left alone."""

from pathlib import PurePosixPath

from mapinfra.config_files.concealment import names_a_secret, shown_value
from mapinfra.config_files.difference import Difference, MergeOutcome
from mapinfra.config_files.errors import ConfigFileUnreadable, SettingImpossible
from mapinfra.config_files.merging import Merged, Strategy, merge
from mapinfra.config_files.model import Format
from mapinfra.config_files.properties import Properties
from mapinfra.config_files.shell import Shell
from mapinfra.config_files.writing import settings, with_settings

__all__ = [
    "PROPERTIES",
    "SHELL",
    "ConfigFileUnreadable",
    "Difference",
    "Format",
    "MergeOutcome",
    "Merged",
    "SettingImpossible",
    "Strategy",
    "format_of",
    "merge",
    "names_a_secret",
    "settings",
    "shown_value",
    "with_settings",
]

PROPERTIES: Format = Properties()
SHELL: Format = Shell()


def format_of(path: str) -> Format | None:
    """Return the format of one of MAP's config files by its name, None for any other.

    `.conf` and `.sh` are sourced by a shell, `.properties` are Java's; a package manager's
    leftover (`.rpmsave`, `.rpmnew`, `.dpkg-old`, `.dpkg-dist`) is what it was before.
    """
    name = PurePosixPath(path)
    if name.suffix in (".rpmsave", ".rpmnew", ".rpmorig", ".dpkg-old", ".dpkg-dist", ".dpkg-new"):
        name = name.with_suffix("")
    by_suffix = {".conf": SHELL, ".sh": SHELL, ".properties": PROPERTIES}
    return by_suffix.get(name.suffix)
