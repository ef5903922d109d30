"""A MAP installation as the passes over its hosts found it."""

from mapinfra.backup import shelf
from mapinfra.centreon.map import environment, health
from mapinfra.centreon.map.prerequisites import (
    ACCOUNTS,
    CONTACTS,
    GROUND,
    Broker,
    broker_of_central,
    read_accounts,
    read_ground,
)
from mapinfra.centreon.reads import BROKER_CONFIGURATIONS, BROKER_ROWS, PLATFORM, POLLERS
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.web import extensions, options
from mapinfra.hosts import Facts, packages
from mapinfra.resources.map.fitting import fitting
from mapinfra.resources.map.model import AccountScope, DesiredMap, LiveMap
from mapinfra.rollback import journal


def observed(desired: DesiredMap, map_facts: Facts, web_facts: Facts) -> LiveMap:
    """Return what was found; raise HostError, and CentreonError for what can't be understood."""
    edition = desired.edition
    found = fitting(journal.read(map_facts, edition.service), edition)
    installed = packages.read_installed(map_facts.text(packages.INSTALLED))
    platform = _platform(web_facts)
    is_central = platform.get("isCentral") == "yes"
    return LiveMap(
        journal=found,
        interrupted=found.interrupted,
        shelf=shelf.read(map_facts, desired.folder),
        installed=installed,
        offered=packages.read_offered(map_facts.text(packages.OFFERED)),
        health=health.observed(map_facts, edition),
        configuration=environment.configuration(map_facts, edition),
        system=environment.system(map_facts, installed),
        web_installed=packages.read_installed(web_facts.text(packages.INSTALLED)),
        web_offered=packages.read_offered(web_facts.text(packages.OFFERED)),
        extensions=extensions.observed(web_facts),
        options=options.read(web_facts.rows(options.OPTIONS.name)),
        central=_version(platform.get("version")),
        is_central=is_central,
        broker=_broker(web_facts) if is_central else None,
        ground=read_ground(map_facts.text(GROUND.name)),
        place=_place(web_facts) if desired.install is not None else None,
    )


def _version(text: str | None) -> Version | None:
    return Version.of_package(text) if text else None


def _platform(facts: Facts) -> dict[str, str]:
    return {str(row["key"]): str(row["value"]) for row in facts.rows(PLATFORM.name)}


def _broker(facts: Facts) -> Broker | None:
    return broker_of_central(
        facts.rows(POLLERS.name),
        facts.rows(BROKER_CONFIGURATIONS.name),
        facts.rows(BROKER_ROWS.name),
    )


def _place(web_facts: Facts) -> AccountScope:
    return AccountScope(
        accounts=read_accounts(web_facts.text(ACCOUNTS.name)),
        contacts={
            str(row["alias"]): str(row["admin"]) == "1" for row in web_facts.rows(CONTACTS.name)
        },
    )
