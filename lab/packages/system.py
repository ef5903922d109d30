"""What the hosts' operating systems would bring themselves."""

from .package import File, Package

JAVA_VERSION = "17.0.13"

_JAVA = """\
#!/bin/bash
# As much of Java as starts the stand-in of the MAP server: its options are checked, then dropped.
fail() {
    printf '%s\\n' "$@" "Error: Could not create the Java Virtual Machine." \\
        "Error: A fatal exception has occurred. Program will exit." >&2
    exit 1
}
while [ $# -gt 0 ]; do
    case $1 in
    -version)
        echo 'openjdk version "VERSION" 2024-10-15' >&2
        echo 'OpenJDK Runtime Environment (build VERSION+11)' >&2
        echo 'OpenJDK 64-Bit Server VM (build VERSION+11, mixed mode, sharing)' >&2
        exit 0
        ;;
    -Xms* | -Xmx*)
        [[ ${1:4} =~ ^[0-9]+[kKmMgG]?$ ]] || fail "Invalid heap size: $1"
        ;;
    -XX:[+-]?* | -XX:?*=* | -D?*) ;;
    -jar)
        [ -r "${2-}" ] || { echo "Error: Unable to access jarfile ${2-}" >&2; exit 1; }
        exec -a /usr/bin/java /usr/bin/python3 -I "${@:2}"
        ;;
    *) fail "Unrecognized option: $1" ;;
    esac
    shift
done
echo "Usage: java [options] -jar <jarfile> [args...]" >&2
exit 1
"""


def java() -> list[Package]:
    """Java 17, under each family's own name."""
    file = File("/usr/bin/java", _JAVA.replace("VERSION", JAVA_VERSION).encode(), 0o755)
    names = {"rpm": "java-17-openjdk-headless", "deb": "openjdk-17-jre-headless"}
    return [
        Package(
            name=name,
            version=JAVA_VERSION,
            summary="OpenJDK 17 (stand-in)",
            files=(file,),
            families=frozenset({family}),
        )
        for family, name in names.items()
    ]


def installed(mariadb_version: str) -> list[Package]:
    """What rpm must believe to be there: the base system is Debian's, and rpm knows none of it."""
    only_rpm = frozenset({"rpm"})
    return [
        Package(
            name="almalinux-release",
            version="8.10",
            summary="The base system (stand-in)",
            provides_rpm=(
                "/bin/sh",
                "bash",
                "python3",
                "shadow-utils",
                "system-release",
                "systemd",
            ),
            families=only_rpm,
        ),
        Package(
            name="MariaDB-server",
            version=mariadb_version,
            summary="MariaDB (stand-in for rpm's database: Debian's is running)",
            provides_rpm=("mariadb-server",),
            families=only_rpm,
        ),
    ]
