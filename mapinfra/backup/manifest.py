"""What a backup holds, as MANIFEST.json beside it says; written last, so that it means "whole"."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mapinfra.hosts.packages import Family

MANIFEST = "MANIFEST.json"
SUMS = "SHA256SUMS"
"""The same checksums once more, as `sha256sum -c` reads them."""


@dataclass(frozen=True)
class File:
    """One file of the backup: bytes, and SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Table:
    """One table as it is in the dump: its rows, and a digest of its definition and rows."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """One backup. Times are the host's own clock, in UTC as ISO 8601."""

    id: str
    directory: str
    service: str
    taken_at: str
    who: str
    family: Family
    packages: Mapping[str, str]
    config_folder: str
    database: str
    character_set: str
    collation: str
    mariadb: str
    active: bool
    """Whether the service ran."""
    enablement: str
    """What `systemctl is-enabled` said of it."""
    dump: str
    """Name of the dump's file."""
    files: Mapping[str, File]
    """By path relative to the directory."""
    tables: Mapping[str, Table]
    others: Mapping[str, str]
    """Digests of views, routines and events."""

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files.values())

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())

    @property
    def package_files(self) -> tuple[str, ...]:
        """Full paths of the package files."""
        names = sorted(name for name in self.files if name.startswith("packages/"))
        return tuple(f"{self.directory}/{name}" for name in names)

    def dumps(self) -> str:
        """Return MANIFEST.json."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def loads(cls, text: str) -> "Manifest":
        """Read MANIFEST.json; raise ValueError when it isn't one."""
        try:
            given: dict[str, Any] = json.loads(text)
            given["files"] = {name: File(**file) for name, file in given["files"].items()}
            given["tables"] = {name: Table(**table) for name, table in given["tables"].items()}
            return cls(**given)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no manifest of a backup: {error}") from None
