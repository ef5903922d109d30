"""Records that mapinfra keeps on a host: what it found when it took over a thing, and what is due.

They outlive a lost state file and a run that was killed between a change and its state.
"""

import json
from typing import Any

from mapinfra.centreon.facts import files, json_object
from mapinfra.centreon.survey import RECORD_FOLDER, RECORDS
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts, Host

Record = dict[str, Any]

# Written beside, then renamed: a record is whole or not there.
_WRITE = 'umask 077 && mkdir -p "${1%/*}" && cat > "$1.new" && mv -f "$1.new" "$1"'


def read(facts: Facts, name: str) -> Record | None:
    """Return a record, None when there is none; raise CentreonError when it isn't readable."""
    content = files(facts.text(RECORDS.name)).get(f"{name}.json")
    record = json_object(content)
    if content is not None and record is None:
        raise CentreonError(
            "mapinfra's record of what it found is damaged",
            where=f"{facts.host}: {RECORD_FOLDER}/{name}.json",
            remedy="restore the file, or delete it to take what is there now as found",
        )
    return record


def write(host: Host, name: str, record: Record) -> None:
    """Write a record; raise HostError."""
    content = json.dumps(record, indent=1, sort_keys=True).encode()
    host.run(["sh", "-c", _WRITE, "sh", f"{RECORD_FOLDER}/{name}.json"], stdin=content)


def remove(host: Host, name: str) -> None:
    """Remove a record; raise HostError."""
    host.run(["rm", "-f", f"{RECORD_FOLDER}/{name}.json"])
