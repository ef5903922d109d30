"""Where the lab keeps its things: on this machine, and in the checkout."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STATE = Path("/var/lib/mapinfra-lab")
LAYERS = STATE / "base"
LABS = STATE / "labs"
LOCKS = STATE / "locks"

SOURCES = Path(__file__).resolve().parent
CHECKOUT = SOURCES.parent


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the lock `name` against every other process; wait for it as long as it takes.

    The kernel lets go of it when this process ends, however it ends.
    """
    LOCKS.mkdir(parents=True, exist_ok=True)
    path = LOCKS / name
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_still(path, file.fileno()):
                continue
            try:
                yield
            finally:
                path.unlink()
            return


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the file is still at its path: the one before us may just have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
