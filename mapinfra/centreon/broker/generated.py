"""What Centreon's generator makes of the rows of an input or output; that alone reaches a broker.

Source: www/class/config-generate/broker.class.php of 22.10, which newer lines agree with: empty
values are dropped, of a key that is there twice the last row counts, categories are gathered.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Stream = Mapping[str, Any]
"""An input or output as it stands in a broker's file."""

LISTENING_TYPES = ("ipv4", "ipv6", "bbdo_server")
"""Types of streams that may take connections."""

_NEVER = "blockId"
_EVEN_EMPTY = "db_password"
_BLANK = " \t\n\r\0\x0b"
"""What PHP's trim() takes away."""


@dataclass(frozen=True)
class BrokerRow:
    """One row of `cfg_centreonbroker_info`, without the configuration and group it belongs to."""

    key: str
    value: str
    level: int = 0
    subgroup: int | None = None
    parent: int | None = None
    index: int | None = None

    def __str__(self) -> str:
        return f"{self.key}={self.value}" if self.value else self.key


def generated(rows: Iterable[BrokerRow]) -> dict[str, Any]:
    """Return what the broker's file has of one input or output, from its rows in their order.

    Values that the generator takes from elsewhere (cb_field.external) are none of MAP's outputs.
    """
    made: dict[str, Any] = {}
    lists: dict[str, dict[int, dict[str, str]]] = {}
    passing: list[str] = []
    for row in rows:
        name, _, inner = row.key.partition("__")
        if row.index is not None and inner:
            lists.setdefault(name, {}).setdefault(row.index, {})[inner] = row.value
        elif row.key == _NEVER or (not row.value.strip(_BLANK) and row.key != _EVEN_EMPTY):
            continue
        elif row.key == "category":
            passing.append(row.value)
        else:
            made[row.key] = row.value
    made |= {name: list(entries.values()) for name, entries in lists.items()}
    return made | {"filters": {"category": passing}} if passing else made


def categories(stream: Stream) -> tuple[str, ...]:
    """Return the categories of events that pass; none: all of them."""
    filters = stream.get("filters")
    held = filters.get("category", []) if isinstance(filters, Mapping) else []
    listed = [held] if isinstance(held, str) else held if isinstance(held, list) else []
    return tuple(sorted({str(value) for value in listed}))


def listens_on(stream: Stream) -> int | None:
    """Return the TCP port that a stream takes connections on; None where it connects.

    The host of a `bbdo_server` is the address that it listens on.
    """
    kind, port = stream.get("type"), str(stream.get("port", ""))
    connects = kind != "bbdo_server" and stream.get("host")
    return int(port) if kind in LISTENING_TYPES and not connects and _is_port(port) else None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def file_outputs(content: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the outputs of a generated file (`centreonBroker.output[]`)."""
    broker = (content or {}).get("centreonBroker")
    outputs = broker.get("output") if isinstance(broker, dict) else None
    return [one for one in outputs if isinstance(one, dict)] if isinstance(outputs, list) else []
