"""What a MAP server's host has beside its service: configuration, system, the backup in use."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra.backup import Manifest
from mapinfra.backup.journal import FOLDER
from mapinfra.centreon.editions import EDITIONS, Edition
from mapinfra.centreon.facts import contents
from mapinfra.centreon.lines import Dbms, OperatingSystem, java_major
from mapinfra.centreon.situation import ABSENT, Absent
from mapinfra.errors import CommandFailed
from mapinfra.hosts import Facts, Probe
from mapinfra.hosts.packages import Installed

LEFTOVERS = (".rpmsave", ".rpmnew", ".rpmorig", ".dpkg-old", ".dpkg-dist", ".dpkg-new")
"""How names end of what package managers leave beside a configuration file."""

_FOLDERS = " ".join(f"{edition.config_dir}/*" for edition in EDITIONS.values())
CONFIGURATION = Probe(
    "map-configuration",
    f'for file in {_FOLDERS}; do [ -f "$file" ] || continue; '
    """case $file in *.conf | *.properties | *.sh | *.rpm* | *.dpkg-*) ;; *) continue ;; esac; """
    """printf '%s ' "$file"; base64 -w 0 <"$file"; echo; done; true""",
)
SYSTEM = Probe(
    "map-system",
    """! command -v java >/dev/null || java -version 2>&1 | sed -n '1s/^/java /p'
client=$(command -v mariadb || command -v mysql)
[ -z "$client" ] || "$client" -N -B -e 'SELECT VERSION()' 2>/dev/null | sed 's/^/dbms /'
systemctl show -p ActiveState,UnitFileState tomcat.service | tr '\\n' ' ' | sed 's/^/tomcat /'
""",
)
BACKUPS = Probe(
    "map-backup",
    f"""for file in {FOLDER}/*.journal.json; do [ -e "$file" ] || continue
backup=$(sed -n 's/^ "backup": "\\(.*\\)",*$/\\1/p' "$file")
[ -e "$backup/MANIFEST.json" ] && base64 -w 0 "$backup/MANIFEST.json" && echo
done; true""",
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


def manifests(facts: Facts) -> dict[str, Manifest]:
    """Return the manifests of the backups that journals name, by their directory.

    Raises CommandFailed when one can't be read.
    """
    found = {}
    for line in facts.text(BACKUPS.name).splitlines():
        try:
            manifest = Manifest.loads(base64.b64decode(line).decode()) if line else None
        except ValueError as error:
            raise CommandFailed(
                f"the backup of an interrupted run can't be read: {error}", where=facts.host
            ) from None
        if manifest is not None:
            found[manifest.directory] = manifest
    return found


def _operating_system(release: Mapping[str, str]) -> OperatingSystem | None:
    major = release.get("VERSION_ID", "").partition(".")[0]
    return OperatingSystem(release["ID"], int(major)) if major.isdecimal() else None
