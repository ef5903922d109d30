"""A MAP installation as the passes over its hosts found it."""

from mapinfra.backup import Standing, journal
from mapinfra.centreon import extensions, health, map_host, web_options
from mapinfra.centreon.survey import PLATFORM_VERSION
from mapinfra.centreon.version import Version
from mapinfra.hosts import Facts, packages
from mapinfra.resources.map_plan import Desired, Live


def observed(desired: Desired, map_facts: Facts, web_facts: Facts) -> Live:
    """Return what was found; raise HostError, and CentreonError for what can't be understood."""
    edition = desired.edition
    found = journal.read(map_facts, edition.service)
    installed = packages.read_installed(map_facts.text(packages.INSTALLED))
    interrupted = None
    if found.entry is not None and found.standing is Standing.ABANDONED:
        interrupted = map_host.manifests(map_facts).get(found.entry.backup)
    return Live(
        journal=found,
        interrupted=interrupted,
        installed=installed,
        offered=packages.read_offered(map_facts.text(packages.OFFERED)),
        health=health.observed(map_facts, edition),
        configuration=map_host.configuration(map_facts, edition),
        system=map_host.system(map_facts, installed),
        web_installed=packages.read_installed(web_facts.text(packages.INSTALLED)),
        web_offered=packages.read_offered(web_facts.text(packages.OFFERED)),
        extensions=extensions.observed(web_facts),
        options=web_options.read(web_facts.rows(web_options.OPTIONS.name)),
        central=_platform_version(web_facts),
    )


def _platform_version(facts: Facts) -> Version | None:
    rows = facts.rows(PLATFORM_VERSION.name)
    return Version.of_package(str(rows[0]["value"])) if rows else None
