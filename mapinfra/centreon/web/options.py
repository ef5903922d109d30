"""Administration > Extensions > Map > Options: MAP's rows of table `options`.

The table has no key: a row may be missing, or be there twice (Centreon takes the last one).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from mapinfra.centreon.releases.editions import EDITIONS, WEB_CLIENT, Edition
from mapinfra.errors import CentreonError
from mapinfra.hosts import Query

Values = Mapping[str, str | None]
"""Values by key; None: no row."""

KEYS = (*(edition.address_option for edition in EDITIONS.values()), WEB_CLIENT.switch_option)
SELECT = "SELECT `key`, value FROM options WHERE `key` IN ({})"
OPTIONS = Query("map-options", SELECT.format(", ".join(f"'{key}'" for key in KEYS)))

_LOCAL = ("localhost", "127.", "::1", "0.0.0.0")  # noqa: S104 - nothing is bound to it


@dataclass(frozen=True)
class OptionDifference:
    """An option that isn't as wanted; `live` None: it has no row."""

    key: str
    live: str | None
    desired: str


def read(rows: Sequence[Mapping[str, object]]) -> dict[str, str | None]:
    """Return MAP's options of the rows; the last row of a key counts."""
    values: dict[str, str | None] = dict.fromkeys(KEYS)
    for row in rows:
        values[str(row["key"])] = str(row["value"] or "")
    return values


def address(edition: Edition, host: str, *, https: bool) -> str:
    """Return the address of a MAP server on its default port, as the options want it."""
    name = f"[{host}]" if ":" in host else host
    return f"https://{name}:{edition.https_port}" if https else f"http://{name}:{edition.http_port}"


def wanted(edition: Edition, url: str) -> dict[str, str]:
    """Return the options that make users get to this edition's server at `url`.

    Raises CentreonError for an address that browsers can't use: it needs protocol and port, and
    isn't localhost (24.10, graph-views/map-web-install).
    """
    _check(url)
    return {
        edition.address_option: url.rstrip("/"),
        WEB_CLIENT.switch_option: edition.using_engine,
    }


def differences(found: Values, desired: Mapping[str, str]) -> tuple[OptionDifference, ...]:
    """Return the options to write; without its row, the switch stands at the legacy edition."""
    live = dict(found)
    if live.get(WEB_CLIENT.switch_option) is None and desired.get(WEB_CLIENT.switch_option) == "0":
        live[WEB_CLIENT.switch_option] = "0"
    return tuple(
        OptionDifference(key, live.get(key), value)
        for key, value in desired.items()
        if live.get(key) != value
    )


def _check(url: str) -> None:
    if "@" in url:
        raise CentreonError(
            "the address of a MAP server has a user or a password in it",
            remedy="leave them out: every user of Centreon Web is given that address",
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or port is None:
        raise CentreonError(
            f"{url!r} is no address of a MAP server",
            remedy="write protocol and port, like http://192.0.2.7:8081",
        )
    if host.startswith(_LOCAL):
        raise CentreonError(
            f"{url!r} is where each browser itself is",
            remedy="write the address that users reach the MAP server at",
        )
