"""What is read of a host in the one pass, by what it serves."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from mapinfra.backup import shelf
from mapinfra.centreon.map.answers import MAP_SERVERS
from mapinfra.centreon.map.environment import CONFIGURATION, SYSTEM
from mapinfra.centreon.map.health import UNITS
from mapinfra.centreon.map.prerequisites import ACCOUNTS, CONTACTS, GROUND
from mapinfra.centreon.reads import (
    BACKUP_READS,
    CENTREON,
    CENTREON_READS,
    DESKTOP_READS,
    MAP_READS,
    PLATFORM,
    RECORD_ROOM,
    RECORDS,
    WEB_READS,
)
from mapinfra.centreon.releases.editions import EDITIONS, WEB_CLIENT
from mapinfra.centreon.web.extensions import EXTENSIONS_ON_DISK, MODULE_ROWS, WIDGET_ROWS
from mapinfra.centreon.web.options import OPTIONS
from mapinfra.hosts import Probe, Survey, Target, packages
from mapinfra.resources.desktop import mirror
from mapinfra.rollback import journal

MAP = Survey(
    probes=(
        *(journal.probe(edition.service) for edition in EDITIONS.values()),
        UNITS,
        MAP_SERVERS,
        CONFIGURATION,
        SYSTEM,
        GROUND,
        RECORDS,
        RECORD_ROOM,
    )
)
"""Facts of a MAP server, without its packages; first who is at work there, without MariaDB."""


WEB = Survey(
    probes=(EXTENSIONS_ON_DISK, ACCOUNTS),
    queries=(MODULE_ROWS, WIDGET_ROWS, OPTIONS, PLATFORM, CONTACTS),
)
"""Facts of MAP's web client, without its packages."""


_SURVEYS: Mapping[str, Survey] = MappingProxyType(
    {
        CENTREON_READS: CENTREON,
        MAP_READS: MAP,
        WEB_READS: WEB,
        DESKTOP_READS: Survey(probes=(RECORDS, RECORD_ROOM)),
    }
)


_PACKAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        MAP_READS: tuple(edition.server_package for edition in EDITIONS.values()),
        WEB_READS: (WEB_CLIENT.package, WEB_CLIENT.needed_module),
    }
)


def survey_of(target: Target) -> Survey:
    """Return all that is read of a host: one survey, whatever parts of the platform it serves."""
    surveys = [_survey(name) for name in target.reads]
    names = [name for reads in target.reads for name in _PACKAGES.get(reads, ())]
    probes = dict.fromkeys(probe for survey in surveys for probe in survey.probes)
    return Survey(
        probes=(*probes, *_packages(names)),
        queries=tuple(query for survey in surveys for query in survey.queries),
    )


def _survey(name: str) -> Survey:
    kind, _, folder = name.partition(" ")
    if not folder:
        return _SURVEYS[kind]
    read = shelf.probe if kind == BACKUP_READS else mirror.probe
    return Survey(probes=(read(folder),))


def _packages(names: Iterable[str]) -> tuple[Probe, ...]:
    wanted = tuple(names)
    return (packages.installed_probe(wanted), packages.offered_probe(wanted)) if wanted else ()
