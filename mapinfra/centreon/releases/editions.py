"""The two editions of the MAP server, and the web client that both are used with.

Every field has its source in `sources` of the edition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mapinfra.centreon.releases.sources import inferred, page, release_notes
from mapinfra.errors import CentreonError


@dataclass(frozen=True)
class Edition:
    """One edition of the MAP server: its names, places and ports. `sources` tells where from."""

    name: str
    """What a spec calls it."""
    title: str
    """What the vendor calls it."""
    server_package: str
    service: str
    os_user: str
    config_dir: str
    conf_file: str
    """Shell-like: RUN_ARGS and JAVA_OPTS."""
    main_file: str
    """Java properties: the central, its broker, the server's own port and keystore."""
    centreon_database_file: str
    """Java properties: how to reach the databases of Centreon."""
    own_database_file: str
    """Java properties: how to reach MAP's own database."""
    vars_file: str
    """What `configure_script` reads with --automatic."""
    configure_script: str
    diagnostic_script: str
    backup_file: str
    """Settings of the vendor's own nightly backup."""
    backup_crons: tuple[str, ...]
    """That backup's cron file; its name depends on the version."""
    database: str
    http_port: int
    https_port: int
    health_paths: tuple[str, ...]
    """To be tried in this order; one that says UP is enough."""
    log_files: tuple[str, ...]
    """The log of the current versions first, then those of older ones."""
    address_option: str
    """Row of centreon.options that holds the server's URL, with protocol and port."""
    using_engine: str
    """Value of the option `WEB_CLIENT.switch_option` when this edition is the one used."""
    sources: Mapping[str, str]

    @property
    def config_files(self) -> tuple[str, ...]:
        """The files that settings are in, as full paths."""
        names = (
            self.conf_file,
            self.main_file,
            self.centreon_database_file,
            self.own_database_file,
        )
        return tuple(f"{self.config_dir}/{name}" for name in names)

    @property
    def database_files(self) -> tuple[str, str]:
        """The names of both *-database.properties."""
        return self.centreon_database_file, self.own_database_file


_LEGACY_INSTALL = page("22.10", "graph-views/install")
_LEGACY_UPDATE = page("22.10", "graph-views/update")
_LEGACY_UPGRADE = page("22.10", "graph-views/upgrade")
_LEGACY_HEALTH = page("20.10", "graph-views/troubleshooter")
_LEGACY_END = page("24.10", "graph-views/map-legacy-eol")
# This page of the engine still has the script and the cron file of the legacy edition.
_LEGACY_BACKUP = page("24.10", "graph-views/map-web-backup-restore")
_ENGINE_INSTALL = page("24.10", "graph-views/map-web-install")
_ENGINE_UPDATE = page("24.10", "graph-views/map-web-update")
_ENGINE_TROUBLE = page("24.10", "graph-views/map-web-troubleshooting")
_ENGINE_BACKUP = page("25.10", "graph-views/map-web-backup-restore")
_USERS = page("24.10", "installation/technical: Users and groups")
_OPTIONS = inferred("public configurations of the web client's options page")
_WORDING = inferred("the vendor's name for it")

LEGACY = Edition(
    name="legacy",
    title="MAP Legacy",
    server_package="centreon-map-server",
    service="centreon-map",
    os_user="centreon-map",
    config_dir="/etc/centreon-studio",
    conf_file="centreon-map.conf",
    main_file="studio-config.properties",
    centreon_database_file="centreon-database.properties",
    own_database_file="studio-database.properties",
    vars_file="vars.sh",
    configure_script="configure.sh",
    diagnostic_script="diagnostic.sh",
    backup_file="backup.conf",
    backup_crons=("/etc/cron.d/centreon-map-server-backup",),
    database="centreon_studio",
    http_port=8080,
    https_port=8443,
    # Only `beta`: the edition ended before the engine's path changed to `latest`.
    health_paths=("/centreon-studio/api/beta/actuator/health",),
    log_files=(
        "/var/log/centreon-map/centreon-map.log",
        "/var/log/centreon-studio/centreon-map.log",
    ),
    address_option="map_light_server_address",
    using_engine="0",
    sources=MappingProxyType(
        {
            "name": _WORDING,
            "title": release_notes("22.10"),
            "server_package": _LEGACY_INSTALL,
            "service": _LEGACY_INSTALL,
            "os_user": _USERS,
            "config_dir": _LEGACY_INSTALL,
            "conf_file": _LEGACY_UPDATE,
            "main_file": _LEGACY_INSTALL,
            "centreon_database_file": _LEGACY_UPGRADE,
            "own_database_file": _LEGACY_UPGRADE,
            "vars_file": _LEGACY_INSTALL,
            "configure_script": _LEGACY_INSTALL,
            "diagnostic_script": _LEGACY_INSTALL,
            "backup_file": _LEGACY_BACKUP,
            "backup_crons": _LEGACY_BACKUP,
            "database": _LEGACY_UPDATE,
            "http_port": _LEGACY_INSTALL,
            "https_port": _LEGACY_INSTALL,
            "health_paths": _LEGACY_HEALTH,
            "log_files": f"{_LEGACY_END}; older: {page('21.10', 'graph-views/upgrade')}",
            "address_option": _OPTIONS,
            "using_engine": _OPTIONS,
        }
    ),
)

ENGINE = Edition(
    name="engine",
    title="MAP",
    server_package="centreon-map-engine",
    service="centreon-map-engine",
    os_user="centreon-map",
    config_dir="/etc/centreon-map",
    conf_file="centreon-map.conf",
    main_file="map-config.properties",
    centreon_database_file="centreon-database.properties",
    own_database_file="map-database.properties",
    vars_file="vars.sh",
    configure_script="configure.sh",
    diagnostic_script="diagnostic.sh",
    backup_file="backup.conf",
    # Pages disagree: that of 24.10 has the legacy edition's cron file, that of 25.10 its own.
    backup_crons=(
        "/etc/cron.d/centreon-map-engine-backup",
        "/etc/cron.d/centreon-map-server-backup",
    ),
    database="centreon_map",
    # Pages disagree: map-web-advanced-configuration says 8080/8443, the installation page and its
    # table of flows 8081/9443. The latter, since both editions may share a host.
    http_port=8081,
    https_port=9443,
    # 25.10.3 replaced `beta` by `latest` and redirects the one to the other; older ones have
    # `beta` alone. Trying `latest` first needs no redirection anywhere. From 25.10.0 on the
    # endpoints below actuator ask for authentication (release notes of 25.10).
    health_paths=(
        "/centreon-map/api/latest/actuator/health",
        "/centreon-map/api/beta/actuator/health",
    ),
    log_files=("/var/log/centreon-map/centreon-map-engine.log",),
    address_option="map_light_server_address_ng",
    using_engine="1",
    sources=MappingProxyType(
        {
            "name": _WORDING,
            "title": release_notes("22.10"),
            # map-web-troubleshooting of 24.10 says centreon-map-server-engine in one place and
            # centreon-map-engine in another; every other page has the latter.
            "server_package": _ENGINE_INSTALL,
            "service": _ENGINE_UPDATE,
            "os_user": _USERS,
            "config_dir": _ENGINE_INSTALL,
            "conf_file": _ENGINE_TROUBLE,
            "main_file": _ENGINE_TROUBLE,
            "centreon_database_file": _ENGINE_BACKUP,
            "own_database_file": _ENGINE_BACKUP,
            "vars_file": _ENGINE_INSTALL,
            "configure_script": _ENGINE_INSTALL,
            "diagnostic_script": _ENGINE_TROUBLE,
            "backup_file": _ENGINE_BACKUP,
            "backup_crons": _ENGINE_BACKUP,
            "database": _ENGINE_BACKUP,
            "http_port": _ENGINE_INSTALL,
            "https_port": _ENGINE_INSTALL,
            "health_paths": f"{_ENGINE_TROUBLE}; latest: {release_notes('25.10')}, 25.10.3",
            "log_files": _ENGINE_TROUBLE,
            "address_option": _OPTIONS,
            "using_engine": _OPTIONS,
        }
    ),
)

EDITIONS: Mapping[str, Edition] = MappingProxyType({held.name: held for held in (LEGACY, ENGINE)})
"""Both editions, by the name that a spec uses."""


def edition(name: str) -> Edition:
    """Return the edition of this name; raises CentreonError, naming both, when it is neither."""
    if name not in EDITIONS:
        raise CentreonError(
            f"{name!r} is no edition of MAP", remedy=f"write {' or '.join(EDITIONS)}"
        )
    return EDITIONS[name]


@dataclass(frozen=True)
class WebClient:
    """MAP's part in Centreon Web: one package that brings a module and a widget."""

    package: str
    module: str
    """Id of the module in Extensions > Manager."""
    widget_title: str
    """Title of the widget there; its id isn't documented, so it is found by this."""
    needed_module: str
    """Id of the module that has to be installed first."""
    switch_option: str
    """Row of centreon.options that tells which edition is used."""
    sources: Mapping[str, str]


WEB_CLIENT = WebClient(
    package="centreon-map-web-client",
    module="centreon-map4-web-client",
    widget_title="MAP - Display views",
    needed_module="centreon-license-manager",
    switch_option="map_light_server_using_ng",
    sources=MappingProxyType(
        {
            "package": _LEGACY_UPDATE,
            "module": inferred("public listings of installed modules"),
            "widget_title": inferred("public listings of installed widgets"),
            "needed_module": page("24.10", "graph-views/map-web-install: MAP web client"),
            "switch_option": _OPTIONS,
        }
    ),
)

MARIADB_SNIPPETS = ("/etc/my.cnf.d/map.cnf", "/etc/mysql/map.cnf")
"""MAP's settings for MariaDB; both editions' packages own the file, so on one host they collide.

Pages disagree on Debian: the installation page (22.10, graph-views/map-web-install) has
/etc/mysql/map.cnf, the update pages (24.10, graph-views/map-web-update) /etc/my.cnf.d/map.cnf.
Whichever is there is the one.
"""
