"""The lock of a stack, as Pulumi's file backend keeps it: one small file per run.

A run writes its file and then looks for others, so of two that begin together at most one goes on.
Pulumi never removes a lock left behind by a killed run. One that mapinfra left behind on this very
machine is recognised as dead by its process, and removed.
"""

import getpass
import json
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mapinfra import jsontext
from mapinfra.engine.state.clock import now
from mapinfra.engine.state.files import write_new
from mapinfra.errors import StackLocked, StateError
from mapinfra.processes import machine, started


@dataclass(frozen=True)
class LockHolder:
    """Who holds a lock, as its file says."""

    file: Path
    user: str
    host: str
    pid: int
    since: str
    process: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since}"

    @property
    def alive(self) -> bool:
        """True when mapinfra wrote the lock here, and that process is at work."""
        return self._of_here and _alive(self)

    @property
    def dead(self) -> bool:
        """True when mapinfra wrote the lock here, and that process is no more."""
        return self._of_here and not _alive(self)

    @property
    def _of_here(self) -> bool:
        return bool(self.process) and self.process.startswith(_machine())


@contextmanager
def held(folder: Path, stack: str) -> Iterator[None]:
    """Hold the stack's lock; raise StackLocked, saying who has it, when it's taken."""
    mine = folder / f"{uuid.uuid4()}.json"
    _refuse_if_held(folder, stack, mine)
    write_new(mine, json.dumps(_content()).encode())
    try:
        _refuse_if_held(folder, stack, mine)
        yield
    finally:
        mine.unlink(missing_ok=True)


def remove_lock(holder: LockHolder) -> None:
    """Remove one lock, whoever holds it; it may be gone. Raises StateError when that can't be."""
    try:
        holder.file.unlink(missing_ok=True)
        holder.file.with_name(f"{holder.file.name}.attrs").unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"can't be removed ({error.strerror})", where=str(holder.file)) from None


def _refuse_if_held(folder: Path, stack: str, mine: Path) -> None:
    others = [holder for holder in holders(folder) if holder.file != mine]
    for holder in others:
        if holder.dead:
            remove_lock(holder)
    alive = [holder for holder in others if not holder.dead]
    if alive:
        raise StackLocked(
            f"locked by {', '.join(map(str, alive))}",
            where=f"stack {stack}",
            remedy=f"wait for that run to end; if it's gone: mapinfra cancel --stack {stack}",
        )


def holders(folder: Path) -> list[LockHolder]:
    """Return who holds the stack's lock, and whose lock was left there."""
    files = sorted(folder.glob("*.json"))
    return [
        LockHolder(
            file=file,
            user=str(found.get("username", "?")),
            host=str(found.get("hostname", "?")),
            pid=_number(found.get("pid")),
            since=str(found.get("timestamp", "?")),
            process=str(found.get("process", "")),
        )
        for file in files
        if (found := _read(file)) is not None
    ]


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = jsontext.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"can't be read ({error.strerror})", where=str(file)) from None
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _content() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "username": _user(),
        "hostname": socket.gethostname(),
        "timestamp": now(),
        "process": f"{_machine()}{os.getpid()} {started(os.getpid())}",
    }


def _user() -> str:
    """Return the user's name, or where nobody has given it one, as in containers, its number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _alive(holder: LockHolder) -> bool:
    return holder.process == f"{_machine()}{holder.pid} {started(holder.pid)}"


def _machine() -> str:
    """Name this machine so that a pid means one thing; where that can't be, none is the same."""
    return f"{machine() or uuid.uuid4()} "
