"""The repositories on the hosts: where they are, and how dnf and apt are told of them.

As at Centreon there is one per line of versions, and a host has only those it was given: at first
that of 22.10. Broken versions are in repositories of their own.
"""

from pathlib import Path
from typing import Literal

from .catalogue import OS, VERSIONS

ROOT = Path("/srv/centreon-repository")
KEY = ROOT / "RPM-GPG-KEY-CES"
KEYRING = Path("/etc/apt/trusted.gpg.d/centreon.gpg")
NAMES = (OS, *dict.fromkeys(version.repository for version in VERSIONS))

_FIRST_LINE = "22.10"
_MY_CNF_D = "!includedir /etc/my.cnf.d/\n"

Family = Literal["rpm", "deb"]


def definition_path(family: Family, name: str) -> Path:
    """The file that tells dnf or apt of a repository."""
    file = OS if name == OS else f"centreon-business-{name}"
    if family == "rpm":
        return Path("/etc/yum.repos.d", f"{file}.repo")
    return Path("/etc/apt/sources.list.d", f"{file}.list")


def definition(family: Family, name: str) -> str:
    """What that file says."""
    if family == "deb":
        return f"deb file:{ROOT}/deb {name} main\n"
    file = OS if name == OS else f"centreon-business-{name}"
    return (
        f"[{file}]\n"
        f"name={'System' if name == OS else f'Centreon Business {name}'}\n"
        f"baseurl=file://{ROOT}/rpm/{name}\n"
        "enabled=1\n"
        "gpgcheck=1\n"
        f"gpgkey=file://{KEY}\n"
        "module_hotfixes=1\n"
    )


def host_files(family: Family) -> dict[str, str]:
    """What a fresh host of this family has: path to text."""
    files = {
        str(definition_path(family, name)): definition(family, name) for name in (OS, _FIRST_LINE)
    }
    if family == "rpm":
        files["/etc/mysql/mariadb.conf.d/90-my.cnf.d.cnf"] = _MY_CNF_D
        files["/etc/my.cnf.d/server.cnf"] = "[server]\n"
    return files
