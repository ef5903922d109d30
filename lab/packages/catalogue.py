"""Which versions there are, and in which repository each is."""

from dataclasses import dataclass

from .mapserver.release import EDITIONS, Fault, Release


@dataclass(frozen=True)
class Version:
    """A version of MAP: the editions it was made for, its schema, and what is wrong with it."""

    number: str
    editions: tuple[str, ...]
    schema: int
    fault: Fault = ""
    moves_tls: bool = False
    """Whether its scripts move TLS settings, as those of the vendor's newest line do."""

    @property
    def repository(self) -> str:
        """The repository it is in: its line's, or one of its own when it is unlike that."""
        if self.moves_tls:
            return "moving-tls"
        return f"broken-{self.fault}" if self.fault else ".".join(self.number.split(".")[:2])

    def releases(self) -> list[Release]:
        """The servers of this version."""
        return [
            Release(EDITIONS[name], self.number, self.schema, self.fault, self.moves_tls)
            for name in self.editions
        ]


_BOTH = ("legacy", "engine")
_ENGINE = ("engine",)

VERSIONS = (
    Version("22.10.1", _BOTH, 2210),
    Version("22.10.5", _BOTH, 2210),
    Version("23.04.1", _BOTH, 2304),
    Version("23.10.1", _BOTH, 2310),
    Version("23.10.3", _BOTH, 2310),
    Version("24.04.1", _ENGINE, 2404),
    Version("24.10.1", _ENGINE, 2410),
    Version("23.10.90", _BOTH, 2311, "start"),
    Version("23.10.91", _BOTH, 2311, "health"),
    Version("23.10.92", _BOTH, 2311, "scriptlet"),
    Version("23.10.93", _BOTH, 2311, "dependency"),
    Version("23.10.94", _BOTH, 2310, moves_tls=True),
)
OS = "os"
"""The repository of what the system itself would bring: Java."""
