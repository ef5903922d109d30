"""The package of a MAP server."""

import io
import zipfile
from pathlib import Path

from . import configuration
from .mapserver.configure import vars_text
from .mapserver.release import Release
from .package import Directory, File, Package

USER = "centreon-map"
_PROGRAM = Path(__file__).parent / "mapserver"
_LOG_DIRECTORY = "/var/log/centreon-map"

_MAIN = """\
from mapserver.main import run

run()
"""
_UNIT = """\
[Unit]
Description=Centreon MAP ({package})
After=network.target mariadb.service

[Service]
User=centreon-map
EnvironmentFile={configuration}/centreon-map.conf
ExecStart=/usr/bin/java $JAVA_OPTS -jar {jar} $RUN_ARGS
SuccessExitStatus=143

[Install]
WantedBy=multi-user.target
"""
_CONFIGURE = """\
#!/bin/bash
# Without arguments it asks; with -a or --automatic it takes the answers from vars.sh.
cd "$(dirname "$0")" || exit 1
case ${{1-}} in
"") exec /usr/bin/java -jar {jar} configure ;;
-a | --automatic) ;;
*) echo "Usage: $0 [-a|--automatic]" >&2; exit 2 ;;
esac
[ -r vars.sh ] || {{ echo "[ERROR] vars.sh can't be read"; exit 1; }}
set -a
. ./vars.sh
set +a
exec /usr/bin/java -jar {jar} configure --automatic
"""
_DIAGNOSTIC = """\
#!/bin/bash
exec /usr/bin/java -jar {jar} diagnostic
"""
_BACKUP = """\
#!/bin/bash
# Run by cron: a dump of the database and a copy of the configuration, when backup.conf enables it.
set -euo pipefail
. {configuration}/backup.conf
[ "$ENABLE" = 1 ] || exit 0
umask 077
mkdir -p "$BACKUP_DIR"
stamp=$(date +%Y-%m-%d_%H%M%S)
mariadb-dump --single-transaction --routines --triggers --events {database} |
    gzip >"$BACKUP_DIR/{service}-$stamp.sql.gz"
tar -czf "$BACKUP_DIR/{service}-$stamp.tar.gz" -C / {relative}
find "$BACKUP_DIR" -name '{service}-*' -mtime "+$RETENTION_AGE" -delete
"""
_BEFORE = """\
getent group centreon-map >/dev/null || groupadd --system centreon-map
getent passwd centreon-map >/dev/null ||
    useradd --system --gid centreon-map --home-dir /usr/share/centreon-map --no-create-home \\
        --shell /sbin/nologin centreon-map
"""
_FAILING = """\
echo "{package}: the keystore can't be converted" >&2
exit 1
"""
_MOVING_TLS = """\
to='&.enabled=true\\n&.certificate=\\1\\n&.key=\\1'
to=$(printf %s "$to" | sed 's/&/centreon-map.tls/g')
sed -i -e "s|^centreon-map.keystore=\\(..*\\)|$to|" \\
    -e '/^centreon-map.keystore-pass=/d' {main}
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><title>Centreon MAP desktop client {version}</title></head>
<body>
<h1>Centreon MAP desktop client {version}</h1>
<ul>
{items}
</ul>
</body>
</html>
"""
_PLATFORMS = ("linux", "macos", "windows")


def package(release: Release) -> Package:
    """The package of this release."""
    edition = release.edition
    jar = f"{edition.home}/{edition.package}.jar"
    own = {
        "package": edition.package, "configuration": edition.configuration, "jar": jar,
        "database": edition.database, "service": edition.service,
        "relative": edition.configuration.lstrip("/"), "main": edition.main_file,
    }  # fmt: skip
    unit = f"{edition.service}.service"
    missing = ("centreon-map-keystore-tools",) if release.fault == "dependency" else ()
    refresh = "[ ! -d /run/systemd/system ] || systemctl daemon-reload\n"
    finish = _FAILING.format(**own) if release.fault == "scriptlet" else ""
    finish += _MOVING_TLS.format(**own) if release.moves_tls else ""
    return Package(
        name=edition.package,
        version=release.version,
        summary=f"Centreon MAP server, {edition.name} (stand-in)",
        files=(
            File(jar, _jar(release)),
            File(f"/usr/lib/systemd/system/{unit}", _UNIT.format(**own).encode()),
            File(f"{edition.home}/bin/backup.sh", _BACKUP.format(**own).encode(), 0o755),
            File(
                f"/etc/cron.d/{edition.package}-backup",
                f"0 2 * * * root {edition.home}/bin/backup.sh\n".encode(),
                config="noreplace",
            ),
            File("/etc/my.cnf.d/map.cnf", configuration.MARIADB_SNIPPET.encode()),
            File(f"{edition.configuration}/configure.sh", _CONFIGURE.format(**own).encode(), 0o755),
            File(
                f"{edition.configuration}/diagnostic.sh", _DIAGNOSTIC.format(**own).encode(), 0o755
            ),
            *_configuration(release),
            *_desktop_client(release),
        ),
        directories=(
            Directory(edition.configuration, USER),
            Directory(_LOG_DIRECTORY, USER),
            Directory(str(edition.home)),
        ),
        requires_rpm=("java-17-openjdk-headless", "mariadb-server", "/bin/sh", *missing),
        requires_deb=("openjdk-17-jre-headless", "mariadb-server", *missing),
        before=_BEFORE,
        after=finish + refresh,
        removing=f"[ ! -d /run/systemd/system ] || systemctl disable --quiet --now {unit}\n",
        removed=refresh,
    )


def _configuration(release: Release) -> list[File]:
    edition = release.edition
    databases = ("centreon", "centreon_storage")
    kept = {
        edition.main_file.name: configuration.main_properties(release),
        edition.database_file.name: configuration.database_properties(release, (edition.database,)),
        "centreon-database.properties": configuration.database_properties(release, databases),
        "vars.sh": vars_text(),
        "backup.conf": configuration.backup_conf(),
        "map-log.xml": configuration.log_xml(release),
    }
    directory = edition.configuration
    replaced = configuration.map_conf(release).encode()
    return [
        File(f"{directory}/centreon-map.conf", replaced, 0o644, USER, "config"),
        *(
            File(f"{directory}/{name}", text.encode(), 0o640, USER, "noreplace")
            for name, text in kept.items()
        ),
    ]


def _jar(release: Release) -> bytes:
    """A .jar is a zip file, and so is a program of Python; this one is both."""
    members = {"__main__.py": _MAIN, "mapserver/release.json": release.dumps()}
    for file in sorted(_PROGRAM.glob("*.py")):
        members[f"mapserver/{file.name}"] = file.read_text()
    return _zip(members)


def _zip(members: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def _desktop_client(release: Release) -> list[File]:
    edition = release.edition
    if edition.name != "legacy":
        return []
    names = {
        f"centreon-map-desktop-client-{release.version}-{platform}.zip": platform
        for platform in _PLATFORMS
    }
    items = "\n".join(f'<li><a href="{name}">{name}</a></li>' for name in names)
    page = _PAGE.format(version=release.version, items=items)
    directory = f"{edition.home}/desktop-client"
    return [
        File(f"{directory}/index.html", page.encode()),
        *(
            File(f"{directory}/{name}", _zip({"version.txt": f"{release.version} {platform}\n"}))
            for name, platform in names.items()
        ),
    ]
