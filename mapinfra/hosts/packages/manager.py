"""The seam between what is done with packages and the two package managers."""

from collections.abc import Sequence
from typing import Protocol

from mapinfra.hosts.host import Completed
from mapinfra.hosts.packages.apt import Apt
from mapinfra.hosts.packages.dnf import Dnf
from mapinfra.hosts.packages.model import Conffiles, Family, PackageChange

FIND_FAMILY = """
. /etc/os-release
case " $ID ${ID_LIKE-} " in
*" rhel "* | *" centos "* | *" fedora "*) family=rpm ;;
*" debian "* | *" ubuntu "*) family=deb ;;
*) echo "${PRETTY_NAME-this system} has packages of neither rpm nor deb" >&2; exit 65 ;;
esac
"""
"""Sets `family` by os-release(5): either family's tools may be installed on the other's hosts."""


class Manager(Protocol):
    """A package manager. Its scripts are POSIX sh; everything else is pure.

    `repositories_script` reads what the repositories offer now into the place set up by ASIDE;
    the scripts to see offers, foresee and fetch go on from there and leave the host as it is.
    """

    family: Family
    command: str
    repositories_script: str
    installed_script: str
    offered_script: str
    foresee_script: str
    fetch_script: str
    pristine_script: str
    locks_script: str
    update: tuple[str, ...]

    def spec(self, name: str, version: str) -> str:
        """Return how a package at a version is asked for."""
        ...

    def install(self, specs: Sequence[str], conffiles: Conffiles) -> list[str]:
        """Return the transaction that brings packages to versions, up or down."""
        ...

    def download(self, specs: Sequence[str]) -> list[str]:
        """Return what brings all that `install` needs into its own cache, and changes nothing."""
        ...

    def remove(self, names: Sequence[str], *, purge: bool) -> list[str]:
        """Return the transaction that removes packages and nothing else."""
        ...

    def foreseeing(self, verb: str, specs: Sequence[str]) -> list[str]:
        """Return the words for `foresee_script`."""
        ...

    def install_files(self, files: Sequence[str]) -> list[str]:
        """Return the command that installs package files without any repository."""
        ...

    def foreseen(self, done: Completed) -> list[PackageChange] | None:
        """Return what a dry run announced; None when it failed."""
        ...

    def is_busy(self, done: Completed) -> bool:
        """Whether a transaction wasn't begun because of another's lock."""
        ...

    def complaint(self, done: Completed) -> str:
        """Return why a command failed, in one line."""
        ...

    def script_faults(self, done: Completed) -> list[str]:
        """Return scripts of incoming packages that failed in a transaction that went through."""
        ...


def manager(family: Family) -> Manager:
    """Return the package manager of a family."""
    return Dnf() if family == "rpm" else Apt()
