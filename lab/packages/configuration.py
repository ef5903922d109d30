"""The configuration files that a server's package ships; their defaults change with the versions.

Keys come from the documentation; which default came with which version is the lab's invention.
"""

from .mapserver.release import Release

_SIGNING_KEY = "s4mpl3" * 10 + "key0"

MARIADB_SNIPPET = """\
[server]
max_allowed_packet = 20M
innodb_log_file_size = 200M
"""


def map_conf(release: Release) -> str:
    """centreon-map.conf: how Java is started."""
    version = release.number
    lines = [
        f"# Centreon MAP ({release.edition.package}): how its Java process is started.",
        "# Restart the service after an edit.",
        "",
        "# Spring profiles: prod, or prod,tls, or prod,tls_broker",
        'RUN_ARGS="--spring.profiles.active=prod"',
        "",
    ]
    if version >= (22, 10, 5):
        lines.append("# Up to 1000 hosts -Xmx4G, up to 2500 -Xmx10G, up to 10000 -Xmx18G.")
    if version >= (23, 10, 3):
        lines.append("# A host's memory must hold -Xmx and MariaDB.")
    lines.append(f'JAVA_OPTS="{" ".join(_java_options(version))}"')
    if version >= (24, 4):
        lines += ["", "# Where temporary files go", 'TMPDIR="/tmp"']
    return "\n".join(lines) + "\n"


def _java_options(version: tuple[int, ...]) -> list[str]:
    validity = 7776000 if version >= (23, 10) else 15552000
    options = ["-XX:+HeapDumpOnOutOfMemoryError", "-XX:HeapDumpPath=/var/log/centreon-map"]
    if version >= (23, 4):
        options.append("-XX:+ExitOnOutOfMemoryError")
    options.append(f"-Dcentreon-map.signing-key={_SIGNING_KEY}")
    options.append(f"-Dcentreon-map.access-token-validity-seconds={validity}")
    if version >= (24, 10):
        options.append("-XX:MaxMetaspaceSize=512m")
    return [*options, "-Xms512m", "-Xmx4G"]


def main_properties(release: Release) -> str:
    """studio-config.properties or map-config.properties."""
    version = release.number
    lines = [
        "# The Centreon central or remote server that this server belongs to",
        "centreon.url=http://localhost",
        "centreon.path=/centreon",
        "centreon.user=",
        "centreon.pwd=",
        "",
        "# Its broker",
        "broker.address=localhost",
        "broker.port=5758",
        "broker.tls=false",
    ]
    if release.edition.name == "legacy":
        lines.append("broker.pb.message.enabled=true")
    if version >= (23, 4):
        lines.append("broker.reconnection.delay=2")
    lines += ["", "# This server", f"centreon-map.port={release.edition.port}"]
    if version >= (23, 10):
        lines += [
            "# With the profile tls",
            "#centreon-map.keystore=",
            "#centreon-map.keystore-pass=",
        ]
    if version >= (24, 4):
        lines.append("centreon-map.compression.enabled=true")
    return "\n".join(lines) + "\n"


def database_properties(release: Release, names: tuple[str, ...]) -> str:
    """centreon-database.properties, or that of its own database."""
    lines = []
    for name in names:
        lines += [
            f"{name}.connection.url=jdbc:mariadb://localhost:3306/{name}",
            f"{name}.connection.username=centreon_map",
            f"{name}.connection.password=",
            "",
        ]
    dialect = "MariaDBDialect" if release.number >= (24, 10) else "MariaDB10Dialect"
    lines.append(f"hibernate.dialect=org.hibernate.dialect.{dialect}")
    if release.number >= (23, 10):
        lines.append("hibernate.connection.pool_size=10")
    return "\n".join(lines) + "\n"


def log_xml(release: Release) -> str:
    """map-log.xml."""
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<configuration>
  <appender name="FILE" class="ch.qos.logback.core.rolling.RollingFileAppender">
    <file>{release.edition.log}</file>
  </appender>
  <root level="INFO">
    <appender-ref ref="FILE"/>
  </root>
</configuration>
"""


def backup_conf() -> str:
    """backup.conf, with the documented defaults."""
    return "ENABLE=0\nBACKUP_DIR=/var/backup\nRETENTION_AGE=8\n"
