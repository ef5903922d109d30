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
    return Installed(family, system, versions, tuple(faults), held=apt.held(rest))


def read_offered(text: str) -> Offered:
    """Read what `offered_probe` printed."""
    lines = text.splitlines()
    errors = "\n".join(line[1:] for line in lines if line.startswith("!"))
    family = _family(lines)
    read = dnf if family == "rpm" else apt
    kept = set(read.withheld_lines(text))
    free = [one for one in read.offered_lines(text) if family == "rpm" or one not in kept]
    return Offered(
        versions=_by_name(free),
        unreadable=tuple(read.unreadable(errors)),
        withheld=_by_name(one for one in read.withheld_lines(text) if one not in free),
        withheld_by=tuple(line[4:] for line in lines if line.startswith("~by ")),
    )


def _by_name(found: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    versions: dict[str, dict[str, None]] = {}
    for name, version in found:
        versions.setdefault(name, {})[version] = None
    return {name: tuple(of_name) for name, of_name in versions.items()}


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
