"""What a backup holds, as MANIFEST.json beside it says; written last, so that it means "whole"."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from mapinfra.backup.subject import MariadbClient
from mapinfra.hosts.packages import Family

MANIFEST = "MANIFEST.json"
SUMS = "SHA256SUMS"
"""The same checksums once more, as `sha256sum -c` reads them."""


# What of it the way back puts into SQL, or makes a path or the name of a unit of.
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]*$")]
_Database = Annotated[str, Field(pattern=r"^[A-Za-z0-9_$-]+$")]
_Collation = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
_Path = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$")]
_AnyPath = Annotated[str, Field(pattern=r"^(/[^\x00-\x1f\x7f]*)?$")]
_Unit = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.@\\-]*$")]
_FileName = Annotated[
    str,
    Field(
        pattern=r"^(config\.tar|database\.sql(\.zst)?|packages/[A-Za-z0-9][A-Za-z0-9_.+~:%^-]*)$"
    ),
]


def _moment(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return text


_Moment = Annotated[str, AfterValidator(_moment)]


@dataclass(frozen=True)
class File:
    """One file of the backup: bytes, and SHA-256 in hexadecimal."""

    size: int
    sha256: _Sha256


@dataclass(frozen=True)
class Table:
    """One table as it is in the dump: its rows, and a digest of its definition and rows."""

    rows: int
    sha256: _Sha256


@dataclass(frozen=True)
class Manifest:
    """One backup. Times are the host's own clock, in UTC as ISO 8601; nothing goes by them."""

    id: _Name
    directory: _Path
    """Where it lies. What the file says of it counts for nothing: it is given by who read it."""
    service: _Name
    taken_at: _Moment
    who: str
    family: Family
    packages: Mapping[str, str]
    config_folder: _Path
    database: _Database
    character_set: _Collation
    collation: _Collation
    mariadb: str
    active: bool
    """Whether the service ran."""
    enablement: str
    """What `systemctl is-enabled` said of it."""
    dump: _FileName
    """Name of the dump's file."""
    files: Mapping[_FileName, File]
    """By path relative to the directory."""
    tables: Mapping[str, Table]
    others: Mapping[str, str]
    """Digests of views, routines and events."""
    socket: _AnyPath = ""
    """By which MariaDB's root reaches the server that has the database; empty: the usual one."""
    unit: _Unit = ""
    """That server's unit, without its ending."""
    datadir: _AnyPath = ""
    """Where that server keeps its data."""
    machine: str = ""
    """How the host named itself, with its machine-id; empty: an earlier version didn't note it."""
    elsewhere: tuple[_Path, ...] = ()
    """Files in config.tar that lie outside that folder; earlier versions saved none."""

    @property
    def client(self) -> MariadbClient:
        """How MariaDB's root logs in to the server that has the database."""
        return MariadbClient(socket=self.socket or None, unit=self.unit, datadir=self.datadir)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files.values())

    @property
    def taken(self) -> float:
        """When it was taken, in seconds since 1970."""
        return datetime.fromisoformat(self.taken_at).timestamp()

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
    def loads(cls, text: str, directory: str) -> "Manifest":
        """Read MANIFEST.json of the backup in `directory`; raise ValueError when it isn't one."""
        id = directory.rpartition("/")[2]
        try:
            given: dict[str, Any] = json.loads(text)
            if given["id"] != id:
                raise ValueError(f"it is the manifest of {given['id']!r}")
            text = json.dumps({**given, "directory": directory})
            return _manifests().validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(word) for word in first["loc"])
            raise ValueError(f"no manifest of a backup: {place}: {first['msg']}") from None
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"no manifest of a backup: {error}") from None


@cache
def _manifests() -> TypeAdapter[Manifest]:
    return TypeAdapter(Manifest)
