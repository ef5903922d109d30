"""The desktop client of the legacy edition: what users get from their server, and a mirror of it.

A client that is online brings itself to its server's version (22.10, graph-views/update); what a
site without a way to the internet has is what the server offers for download.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mapinfra.centreon.editions import LEGACY
from mapinfra.centreon.map_servers import Offer, Report
from mapinfra.centreon.version import Version
from mapinfra.hosts import Host, Probe

_VERSION = re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?![\d])")
_PLATFORMS = ("linux", "macos", "windows")
_NAME = re.compile(r"\w[\w.+~-]*")


@dataclass(frozen=True)
class Client:
    """One file for download; `size` in bytes, None where the server doesn't say."""

    name: str
    size: int | None

    @property
    def version(self) -> str:
        """The version in its name, '' without one."""
        found = _VERSION.search(self.name)
        return found[0] if found else ""

    @property
    def platform(self) -> str:
        """The system in its name, or the whole name."""
        return next((one for one in _PLATFORMS if one in self.name.lower()), self.name)


def clients(offer: Offer) -> tuple[Client, ...]:
    """Return the files that a server offers, without names that would lead out of a folder."""
    named = sorted(item for item in offer.sizes.items() if _NAME.fullmatch(item[0]))
    return tuple(Client(name, size) for name, size in named)


def told(report: Report | None, server: Version) -> str:
    """Return in one line what users get once the server has this version."""
    if report is None or report.edition is not LEGACY:
        return "no desktop client: MAP is used in the browser"
    if report.offer is None:
        return "the server doesn't answer: what it offers for download isn't known"
    offered = clients(report.offer)
    fitting = [client.platform for client in offered if client.version == str(server)]
    if fitting:
        return f"users get desktop client {server} from the server ({', '.join(fitting)})"
    if not offered:
        why = report.offer.error or f"HTTP {report.offer.code}"
        return f"{report.offer.url} offers no desktop client ({why})"
    versions = ", ".join(sorted({client.version or client.name for client in offered}))
    return f"the server offers desktop client {versions}, not {server}: it is updated with it"


_LIST = 'cd {folder} 2>/dev/null || exit 0; find . -maxdepth 1 -type f -printf "%s %f\\\\n"'


def mirror_probe(folder: str) -> Probe:
    """Return the probe that lists a mirror: size and name of each file, if there are any."""
    return Probe("desktop-mirror", _LIST.format(folder=shlex.quote(folder)))


def read_mirror(text: str) -> dict[str, int]:
    """Return the sizes of a mirror's files, by name."""
    pairs = (line.split(" ", 1) for line in text.splitlines() if line)
    return {name: int(size) for size, name in pairs}


@dataclass(frozen=True)
class MirrorChange:
    """What makes a mirror hold the server's clients and no older ones."""

    fetch: tuple[Client, ...]
    delete: tuple[str, ...]


def mirror_change(offer: Offer, mirror: Mapping[str, int]) -> MirrorChange:
    """Return what differs; a file is another one when its size is. An empty offer changes nothing.

    Only files that look like clients, with a version and an offered ending, are ever deleted.
    """
    offered = clients(offer)
    names = {client.name for client in offered}
    stems = {_VERSION.sub("*", name) for name in names}
    return MirrorChange(
        tuple(c for c in offered if c.name not in mirror or c.size not in (None, mirror[c.name])),
        tuple(n for n in sorted(mirror) if n not in names and _VERSION.sub("*", n) in stems),
    )


# A file is whole or not there: fetched beside, its size compared, then renamed.
_FETCH = """\
import os, shutil, ssl, sys, urllib.request
url, path, size = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
os.makedirs(os.path.dirname(path), exist_ok=True)
with opener.open(url, timeout=30) as reply, open(path + ".new", "wb") as file:
    shutil.copyfileobj(reply, file)
    file.flush()
    os.fsync(file.fileno())
if size and os.path.getsize(path + ".new") != int(size):
    sys.exit("it came with %d bytes, not %s" % (os.path.getsize(path + ".new"), size))
os.chmod(path + ".new", 0o644)
os.rename(path + ".new", path)
"""
_PYTHON = 'exec "$(command -v python3 || echo /usr/libexec/platform-python)" -I - "$@"'


def fetch(host: Host, offer: Offer, client: Client, folder: str, *, seconds: float) -> None:
    """Bring one client from the server on this host into a folder there; raise HostError."""
    path = f"{folder.rstrip('/')}/{client.name}"
    size = "" if client.size is None else str(client.size)
    host.run(
        ["sh", "-c", _PYTHON, "sh", f"{offer.url}{client.name}", path, size],
        stdin=_FETCH.encode(),
        timeout=seconds,
    )


def delete(host: Host, folder: str, name: str) -> None:
    """Delete one file of a mirror; raise HostError."""
    host.run(["rm", "-f", "--", f"{folder.rstrip('/')}/{name}"])
