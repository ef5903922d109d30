"""Failures with one cause, which many resources can share: one dead host, one refused login."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mapinfra.engine import Event, ResourceEvent

# Where it happened, as an error of a host begins; the address of an API isn't taken apart.
_HOST = re.compile(r"[\w.-]+(?: via [\w.-]+)*: ")


@dataclass(frozen=True)
class Cause:
    """Why resources failed, in one line, and which they are."""

    message: str
    urns: tuple[str, ...]


def causes(events: Iterable[Event]) -> list[Cause]:
    """Return why resources failed, each cause once, in the order of the first of its resources.

    Messages that differ only in the host are one cause, shown without that name.
    """
    held: dict[str, list[ResourceEvent]] = {}
    for event in events:
        if isinstance(event, ResourceEvent) and event.status == "failed":
            held.setdefault(_without_host(event.message), []).append(event)
    return [
        Cause(_told(text, failed), tuple(one.urn for one in failed))
        for text, failed in held.items()
    ]


def _without_host(message: str) -> str:
    host = _HOST.match(message)
    return message[host.end() :] if host else message


def _told(text: str, failed: list[ResourceEvent]) -> str:
    messages = {one.message for one in failed}
    return messages.pop() if len(messages) == 1 else text
