"""Packages in the one pass over a host: what is installed and what is offered. Writes nothing."""

import shlex
from collections.abc import Iterable, Sequence

from mapinfra.hosts.packages import apt, dnf
from mapinfra.hosts.packages.aside import ASIDE
from mapinfra.hosts.packages.manager import FIND_FAMILY, manager
from mapinfra.hosts.packages.model import Family, Installed, Offered
from mapinfra.hosts.survey import Probe

INSTALLED = "packages.installed"
OFFERED = "packages.offered"
_KEYS = "gpg-pubkey"


def installed_probe(names: Iterable[str]) -> Probe:
    """Ask what is installed of these packages, what system it is, and rpm's signing keys."""
    return Probe(INSTALLED, installed_script(names))


def offered_probe(names: Iterable[str]) -> Probe:
    """Ask what the repositories offer of these packages, as they are now and without a trace.

    What is read comes into a private directory that is removed; it takes up to 40 s when a
    repository doesn't answer, each of its tries up to 10 s.
    """
    return Probe(OFFERED, offered_script(names))


def installed_script(names: Iterable[str]) -> str:
    """Return the probe's script, for a host that is asked outside of a pass."""
    scripts = {
        "rpm": _with(manager("rpm").installed_script, (*names, _KEYS)),
        "deb": _with(manager("deb").installed_script, names),
    }
    head = "\necho \"family $family\"\nsed 's/^/os /' /etc/os-release\n"
    return FIND_FAMILY + head + _by_family(scripts)


def offered_script(names: Iterable[str]) -> str:
    """Return the probe's script, for a host that is asked outside of a pass."""
    wanted = tuple(names)
    families: tuple[Family, Family] = ("rpm", "deb")
    scripts = {
        str(family): _with(ASIDE + tool.repositories_script + tool.offered_script, wanted)
        for family in families
        for tool in (manager(family),)
    }
    return FIND_FAMILY + '\necho "family $family"\n' + _by_family(scripts)


def read_installed(text: str) -> Installed:
    """Read what `installed_probe` printed."""
    lines = text.splitlines()
    family = _family(lines)
    system = dict(_assignment(line) for line in lines if line.startswith("os ") and "=" in line)
    rest = [line for line in lines if line and not line.startswith(("family ", "os "))]
    if family == "rpm":
        versions, faults, keys = dnf.installed(rest)
        return Installed(family, system, versions, tuple(faults), tuple(keys))
    versions, faults = apt.installed(rest)
    return Installed(family, system, versions, tuple(faults))


def read_offered(text: str) -> Offered:
    """Read what `offered_probe` printed."""
    lines = text.splitlines()
    errors = "\n".join(line[1:] for line in lines if line.startswith("!"))
    read = dnf if _family(lines) == "rpm" else apt
    versions: dict[str, list[str]] = {}
    for name, version in read.offered_lines(text):
        of_name = versions.setdefault(name, [])
        if version not in of_name:
            of_name.append(version)
    return Offered(
        {name: tuple(found) for name, found in versions.items()}, tuple(read.unreadable(errors))
    )


def _with(script: str, names: Iterable[str]) -> str:
    return f"set -- {shlex.join(names)}\n{script}"


def _by_family(scripts: dict[str, str]) -> str:
    cases = "".join(f"{family})\n{script}\n;;\n" for family, script in scripts.items())
    return f"case $family in\n{cases}esac\n"


def _family(lines: Sequence[str]) -> Family:
    return "rpm" if "family rpm" in lines else "deb"


def _assignment(line: str) -> tuple[str, str]:
    key, _, value = line.removeprefix("os ").partition("=")
    return key, "".join(shlex.split(value))
