"""Records that mapinfra keeps on a host: what it found when it took over a thing, and what is due.

They outlive a lost state file and a run that was killed between a change and its state. Each says
which stack wrote it last: the thing is that stack's. One without an owner is nobody's.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from mapinfra.centreon.facts import files, json_object
from mapinfra.centreon.reads import RECORD_FOLDER, RECORDS
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts, Host

Record = dict[str, Any]
T = TypeVar("T")

_OWNER, _RECORDED = "owner", "recorded"

# Written beside, then renamed: a record is whole or not there. Its length is checked since a run
# that is killed ends the input early, and the host goes on with what came.
_WRITE = (
    'umask 077 && mkdir -p "${1%/*}" && cat > "$1.new" && '
    'test "$(wc -c < "$1.new")" -eq "$2" && mv -f "$1.new" "$1"'
)


@dataclass(frozen=True)
class Owner:
    """The stack that wrote a record, as project/stack, and when."""

    stack: str
    recorded: str

    def __str__(self) -> str:
        project, _, stack = self.stack.rpartition("/")
        return f"stack {stack} of project {project} (recorded {self.recorded})"


def path(name: str) -> str:
    """Return where a record is."""
    return f"{RECORD_FOLDER}/{name}.json"


def owner(facts: Facts, name: str) -> Owner | None:
    """Return whose a record is; None when there is none, or it is of an earlier version."""
    record = json_object(_contents(facts, name)) or {}
    stack = record.get(_OWNER)
    return Owner(str(stack), str(record.get(_RECORDED))) if stack else None


def read(facts: Facts, name: str, parse: Callable[[Record], T]) -> T | None:
    """Return what `parse` makes of a record, None when there is none.

    Raises CentreonError when it isn't readable, or `parse` finds a key missing or a value wrong.
    """
    content = _contents(facts, name)
    if content is None:
        return None
    record = json_object(content)
    if record is not None:
        record = {key: record[key] for key in record if key not in (_OWNER, _RECORDED)}
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            return parse(record)
    raise CentreonError(
        "mapinfra's record of what it found is damaged",
        where=f"{facts.host}: {path(name)}",
        remedy="restore the file, or delete it to take what is there now as found",
    )


def write(host: Host, name: str, record: Record, stack: str | None) -> None:
    """Write a record, a stack's from now on if one is named; raise HostError."""
    content = _content(record, stack)
    host.run(["sh", "-c", _WRITE, "sh", path(name), str(len(content))], stdin=content)


def remove(host: Host, name: str) -> None:
    """Remove a record; raise HostError."""
    host.run(["rm", "-f", path(name)])


def _contents(facts: Facts, name: str) -> bytes | None:
    return files(facts.text(RECORDS.name)).get(f"{name}.json")


def _content(record: Record, stack: str | None) -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whose = {_OWNER: stack, _RECORDED: now} if stack else {}
    return json.dumps({**record, **whose}, indent=1, sort_keys=True).encode()
