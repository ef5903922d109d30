"""The option file by which MariaDB's tools log in: their password is never in an argument."""

from collections.abc import Iterator
from contextlib import contextmanager

from mapinfra.backup.remote import script
from mapinfra.backup.subject import MariadbClient
from mapinfra.hosts import Host

CLIENT_FILE = "client.cnf"
"""Its name in a backup's directory, where it lies while the host must find the way back alone."""

_RUN = "/run/mapinfra"  # in memory: gone with a reboot
_WRITE = """\
umask 077
mkdir -p "${1%/*}" && cat >"$1.new" && mv "$1.new" "$1" || { rm -f "$1.new"; exit 1; }
"""


@contextmanager
def logged_in(host: Host, client: MariadbClient, service: str) -> Iterator[str]:
    """Give the path of an option file on the host, removed at the end."""
    path = f"{_RUN}/{service}.cnf"
    content = client.option_file().encode()
    script(host, "writing how to log in to MariaDB", _WRITE, path, stdin=content)
    try:
        yield path
    finally:
        remove(host, path)


def remove(host: Host, path: str) -> None:
    """Remove the option file, if it is there."""
    host.run(("rm", "-f", path))
