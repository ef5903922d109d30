"""The desktop client of the legacy edition: what users get from their server.

A client that is online brings itself to its server's version (22.10, graph-views/update); what a
site without a way to the internet has is what the server offers for download.
"""

import re
from dataclasses import dataclass

from mapinfra.centreon.map.answers import Downloads
from mapinfra.centreon.releases.version import Version

VERSION = re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?![\d])")
_PLATFORMS = ("linux", "macos", "windows")
_NAME = re.compile(r"\w[\w.+~-]*")


@dataclass(frozen=True)
class Download:
    """One file for download; `size` in bytes, None where the server doesn't say."""

    name: str
    size: int | None

    @property
    def version(self) -> str:
        """The version in its name, '' without one."""
        found = VERSION.search(self.name)
        return found[0] if found else ""

    @property
    def platform(self) -> str:
        """The system in its name, or the whole name."""
        return next((one for one in _PLATFORMS if one in self.name.lower()), self.name)


def clients(offer: Downloads) -> tuple[Download, ...]:
    """Return the files that a server offers, without names that would lead out of a folder."""
    named = sorted(item for item in offer.sizes.items() if _NAME.fullmatch(item[0]))
    return tuple(Download(name, size) for name, size in named)


def fitting(offer: Downloads, server: Version) -> tuple[Download, ...]:
    """Return the offered clients of the server's version."""
    return tuple(client for client in clients(offer) if client.version == str(server))


def platforms(offer: Downloads | None) -> dict[str, str]:
    """Return the version that is offered for each system; nothing where that isn't known."""
    found: dict[str, set[str]] = {}
    for client in clients(offer) if offer else ():
        found.setdefault(client.platform, set()).add(client.version)
    return {system: ", ".join(sorted(versions)) for system, versions in found.items()}


def told(offer: Downloads | None, server: Version) -> str:
    """Return in one line what users get from a legacy server of this version."""
    if offer is None:
        return "the server doesn't answer: what it offers for download isn't known"
    if fitting(offer, server):
        systems = ", ".join(client.platform for client in fitting(offer, server))
        return (
            f"users get desktop client {server} from the server ({systems}); one that is online "
            "brings itself to it"
        )
    offered = platforms(offer)
    if not offered:
        return f"{offer.url} offers no desktop client ({offer.error or f'HTTP {offer.code}'})"
    versions = ", ".join(sorted(set(offered.values())))
    return f"{offer.url} offers desktop client {versions or 'of no version'}, not {server}"
