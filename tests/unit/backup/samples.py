"""A manifest to render, read and sort."""

from dataclasses import replace
from typing import Any

from mapinfra.backup import File, Manifest, Table

MANIFEST = Manifest(
    id="20240229T120000Z",
    directory="/var/backups/mapinfra/20240229T120000Z",
    service="centreon-map-engine",
    taken_at="2024-02-29T12:00:00Z",
    who="ada@console",
    family="rpm",
    packages={"centreon-map-engine": "22.10.1-1.el8"},
    config_folder="/etc/centreon-map",
    database="centreon_map",
    character_set="utf8mb4",
    collation="utf8mb4_general_ci",
    mariadb="10.5.22-MariaDB",
    active=True,
    enablement="enabled",
    dump="database.sql",
    files={
        "database.sql": File(1000, "a" * 64),
        "config.tar": File(10, "b" * 64),
        "packages/centreon-map-engine.rpm": File(5, "c" * 64),
    },
    tables={"map_view": Table(3, "d" * 64), "empty": Table(0, "e" * 64)},
    others={"routines": "f" * 64, "events": "0" * 64},
    elsewhere=("/etc/my.cnf.d/map.cnf",),
)


def manifest(**changed: Any) -> Manifest:
    return replace(MANIFEST, **changed)
