"""Records that mapinfra keeps on a host: what it found when it took over a thing, and what is due.

They outlive a lost state file and a run that was killed between a change and its state.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from mapinfra.centreon.facts import files, json_object
from mapinfra.centreon.survey import RECORD_FOLDER, RECORDS
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts, Host

Record = dict[str, Any]
T = TypeVar("T")

# Written beside, then renamed: a record is whole or not there. Its length is checked since a run
# that is killed ends the input early, and the host goes on with what came.
_WRITE = (
    'umask 077 && mkdir -p "${1%/*}" && cat > "$1.new" && '
    'test "$(wc -c < "$1.new")" -eq "$2" && mv -f "$1.new" "$1"'
)


def read(facts: Facts, name: str, parse: Callable[[Record], T]) -> T | None:
    """Return what `parse` makes of a record, None when there is none.

    Raises CentreonError when it isn't readable, or `parse` finds a key missing or a value wrong.
    """
    content = files(facts.text(RECORDS.name)).get(f"{name}.json")
    if content is None:
        return None
    record = json_object(content)
    if record is not None:
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            return parse(record)
    raise CentreonError(
        "mapinfra's record of what it found is damaged",
        where=f"{facts.host}: {RECORD_FOLDER}/{name}.json",
        remedy="restore the file, or delete it to take what is there now as found",
    )


def write(host: Host, name: str, record: Record) -> None:
    """Write a record; raise HostError."""
    content = json.dumps(record, indent=1, sort_keys=True).encode()
    path, length = f"{RECORD_FOLDER}/{name}.json", str(len(content))
    host.run(["sh", "-c", _WRITE, "sh", path, length], stdin=content)


def remove(host: Host, name: str) -> None:
    """Remove a record; raise HostError."""
    host.run(["rm", "-f", f"{RECORD_FOLDER}/{name}.json"])
