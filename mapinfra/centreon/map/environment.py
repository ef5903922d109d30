"""What a MAP server's host has beside its service: configuration, system, fitting backups."""

from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra.centreon.facts import FITS, contents
from mapinfra.centreon.releases.editions import EDITIONS, Edition
from mapinfra.centreon.releases.lines import Dbms, OperatingSystem, java_major
from mapinfra.centreon.rules.situation import ABSENT, Absent
from mapinfra.hosts import Facts, Probe
from mapinfra.hosts.packages import Installed

LEFTOVERS = (".rpmsave", ".rpmnew", ".rpmorig", ".dpkg-old", ".dpkg-dist", ".dpkg-new")
"""How names end of what package managers leave beside a configuration file."""

_FOLDERS = " ".join(f"{edition.config_dir}/*" for edition in EDITIONS.values())
CONFIGURATION = Probe(
    "map-configuration",
    f'for file in {_FOLDERS}; do [ -f "$file" ] || continue; '
    """case $file in *.conf | *.properties | *.sh | *.rpm* | *.dpkg-*) ;; *) continue ;; esac; """
    f"{FITS}"
    """printf '%s ' "$file"; base64 -w 0 <"$file"; echo; done; true""",
)
ASKED_BRIEFLY = (
    'timeout -k 1 4 "$client" --connect-timeout=3 '
    "--init-command='SET SESSION lock_wait_timeout = 2' -N -B"
)
"""MariaDB asked so that one that hangs, or a lock, doesn't stop the pass."""
SYSTEM = Probe(
    "map-system",
    f"""! command -v java >/dev/null || java -version 2>&1 | sed -n '1s/^/java /p'
client=$(command -v mariadb || command -v mysql)
[ -z "$client" ] || {ASKED_BRIEFLY} -e 'SELECT VERSION()' 2>/dev/null | sed 's/^/dbms /'
systemctl show -p ActiveState,UnitFileState tomcat.service | tr '\\n' ' ' | sed 's/^/tomcat /'
""",
)


@dataclass(frozen=True)
class System:
    """What the rules on versions ask of a host; None: not known."""

    system: OperatingSystem | None = None
    java: int | Absent | None = None
    dbms: Dbms | None = None
    tomcat: bool | None = None


def configuration(facts: Facts, edition: Edition) -> dict[str, bytes]:
    """Return the content of an edition's configuration files, by their full path."""
    return {
        path: content
        for path, content in contents(facts.text(CONFIGURATION.name))
        if path.startswith(f"{edition.config_dir}/")
    }


def system(facts: Facts, installed: Installed) -> System:
    """Return what the one pass found of the host's system."""
    told = dict(
        line.partition(" ")[::2] for line in facts.text(SYSTEM.name).splitlines() if line.strip()
    )
    return System(
        system=_operating_system(installed.system),
        java=java_major(told["java"]) if "java" in told else ABSENT,
        dbms=Dbms.parse(told["dbms"]) if "dbms" in told else None,
        tomcat=any(
            word in told.get("tomcat", "").split()
            for word in ("ActiveState=active", "UnitFileState=enabled")
        ),
    )


def _operating_system(release: Mapping[str, str]) -> OperatingSystem | None:
    major = release.get("VERSION_ID", "").partition(".")[0]
    return OperatingSystem(release["ID"], int(major)) if major.isdecimal() else None
