"""A server, a backup of it, and what is there now."""

from dataclasses import replace
from typing import Any

from mapinfra.backup import DatabaseContent, Present
from mapinfra.restore import Observed, RestorableServer
from mapinfra.rollback import Found
from tests.unit.backup.samples import MANIFEST
from tests.unit.resources.map.cases import wanted

SERVER = RestorableServer(wanted("22.10.5"))
PACKAGE = "centreon-map-engine"
PRESENT = Present(
    packages={PACKAGE: "22.10.5-1.el8"},
    database=DatabaseContent(2_500_000, {"map_view": 7, "new": 1, "empty": 0}),
    files={"/etc/centreon-map/x.conf": "content"},
    active="active",
    enablement="enabled",
    family="rpm",
)
SAME = Present(
    packages=MANIFEST.packages,
    database=DatabaseContent(1000, {"map_view": 3, "empty": 0}),
    files={},
    active="active",
    enablement="enabled",
    family="rpm",
)


def observed(present: Present = PRESENT, found: Found | None = None, **changed: Any) -> Observed:
    interrupted, own = changed.pop("interrupted", None), changed.pop("own", None)
    return Observed(found or Found(0), interrupted, replace(present, **changed), own=own)
