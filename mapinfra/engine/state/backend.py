"""Pulumi's file backend: a folder with the state, the history and the locks of its stacks.

.pulumi/meta.yaml                                    version: 1
.pulumi/stacks/<project>/<stack>.json, .json.bak     the state, and the one before
.pulumi/history/<project>/<stack>/<stack>-<ns>.history.json, .checkpoint.json
.pulumi/backups/<project>/<stack>/<stack>.<ns>.json  the state after each run
.pulumi/locks/organization/<project>/<stack>/<uuid>.json
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from mapinfra.engine.state import lock
from mapinfra.engine.state.files import sweep, write_atomically
from mapinfra.errors import Interrupted, StateError
from mapinfra.signals import stopped_by_signals

_META = "version: 1\n"


class NoSuchStack(StateError):
    """The backend has no stack of that name."""


@dataclass(frozen=True)
class HistoryEntry:
    """One finished run. Times are seconds since 1970; `config` is as StackConfig.held has it."""

    kind: Literal["update", "refresh", "destroy", "import"]
    started: int
    ended: int
    succeeded: bool
    changes: Mapping[str, int]
    config: Mapping[str, Any]


@dataclass(frozen=True)
class StackFiles:
    """The files of one stack in a backend folder."""

    root: Path
    project: str
    stack: str

    @property
    def full_name(self) -> str:
        """The stack's name as the state file has it."""
        return f"organization/{self.project}/{self.stack}"

    @property
    def state(self) -> Path:
        """The state file."""
        return self.root / "stacks" / self.project / f"{self.stack}.json"

    @property
    def locks(self) -> Path:
        """The folder of the stack's locks."""
        return self.root / "locks" / "organization" / self.project / self.stack

    def read(self) -> bytes:
        """Return the state file's content; raise NoSuchStack or StateError."""
        self._check_layout()
        try:
            return self.state.read_bytes()
        except FileNotFoundError:
            raise NoSuchStack(
                f"no stack named {self.stack!r} in {self.root.parent}",
                remedy=f"create it with: mapinfra stack init {self.stack}",
            ) from None
        except OSError as error:
            raise StateError(f"can't be read ({error.strerror})", where=str(self.state)) from None

    def write(self, content: bytes) -> None:
        """Replace the state, keeping the one before as .bak; raise StateError when it can't be."""
        if self.state.is_file():
            write_atomically(self._beside(".bak"), self.read())
        write_atomically(self.state, content)
        # The CLI keeps a checksum of what it wrote in a file beside; it's outdated now.
        for stale in (".attrs", ".bak.attrs"):
            self._beside(stale).unlink(missing_ok=True)

    def expect_new(self) -> None:
        """Raise StateError when the stack is there already, or the backend can't be used."""
        self._check_layout()
        if self.state.exists():
            raise StateError("is there already", where=f"stack {self.stack}")

    def create(self, content: bytes) -> None:
        """Make a new stack; raise StateError when it is there already."""
        self.expect_new()
        meta = self.root / "meta.yaml"
        if not meta.exists():
            sweep(meta)
            write_atomically(meta, _META.encode())
        self.write(content)

    @contextmanager
    def locked(self, stop: threading.Event, warn: Callable[[str], None]) -> Iterator[None]:
        """Hold the stack's lock; raise StackLocked when another run has it.

        Meanwhile the first SIGINT, SIGTERM or SIGHUP sets `stop` and is told to `warn`: it doesn't
        end the process with the lock still there.
        """
        with stopped_by_signals(stop, warn), lock.held(self.locks, self.stack):
            self._sweep()
            yield

    @contextmanager
    def locked_for_edit(self) -> Iterator[Callable[[], None]]:
        """Hold the stack's lock for a moment; raise StackLocked when another run has it.

        What it yields is to be called before the first write: it raises Interrupted when SIGINT,
        SIGTERM or SIGHUP has come.
        """
        stop = threading.Event()

        def expect_wanted() -> None:
            if stop.is_set():
                raise Interrupted("interrupted; nothing was changed", where=f"stack {self.stack}")

        with self.locked(stop, lambda _line: None):
            yield expect_wanted

    def holders(self) -> list[lock.LockHolder]:
        """Return who holds the stack's lock, dead or alive."""
        return lock.holders(self.locks)

    def remember(self, entry: HistoryEntry) -> None:
        """Add a finished run to the history, and keep a copy of the state it left."""
        state, stamp = self.read(), time.time_ns()
        history, backups = self._folder("history"), self._folder("backups")
        write_atomically(history / f"{self.stack}-{stamp}.history.json", _history(entry))
        write_atomically(history / f"{self.stack}-{stamp}.checkpoint.json", state)
        write_atomically(backups / f"{self.stack}.{stamp}.json", state)

    def _sweep(self) -> None:
        """Remove what killed runs have left half written."""
        written = (self.state, self._beside(".bak"), self.locks, self._folder("history") / "*")
        for path in (*written, self._folder("backups") / "*"):
            sweep(path)

    def _folder(self, kind: str) -> Path:
        return self.root / kind / self.project / self.stack

    def _beside(self, suffix: str) -> Path:
        return self.state.with_name(self.state.name + suffix)

    def _check_layout(self) -> None:
        for ending in (".gz", ".zst"):
            if self._beside(ending).exists():
                raise StateError(
                    "the state is compressed, which isn't supported in process",
                    where=str(self._beside(ending)),
                    remedy="use the Pulumi CLI with this stack",
                )
        old = self.root / "stacks" / f"{self.stack}.json"
        if old.is_file() and not (self.root / "meta.yaml").exists():
            raise StateError(
                "the backend has the layout of an old Pulumi",
                where=str(self.root),
                remedy="run once: pulumi state upgrade",
            )


def _history(entry: HistoryEntry) -> bytes:
    found = {
        "kind": entry.kind,
        "startTime": entry.started,
        "message": "",
        "environment": {"exec.kind": "mapinfra"},
        "config": dict(entry.config),
        "version": 0,
        "result": "succeeded" if entry.succeeded else "failed",
        "endTime": entry.ended,
        "resourceChanges": {op: count for op, count in entry.changes.items() if count},
    }
    return json.dumps(found, separators=(",", ":")).encode()


def stack_files(environment: Mapping[str, str], project: str, stack: str) -> StackFiles:
    """Return a stack's files in the backend that PULUMI_BACKEND_URL names.

    Raises StateError when that isn't a `file://` URL of a folder.
    """
    url = environment.get("PULUMI_BACKEND_URL", "")
    if not url:
        raise StateError(
            "is not set, so there is nowhere to keep the state",
            where="PULUMI_BACKEND_URL",
            remedy=_EXAMPLE,
        )
    if not url.startswith("file://"):
        scheme = urlsplit(url).scheme or "that"
        raise StateError(
            f"{scheme} backends need the Pulumi CLI; in process it must be a file:// URL",
            where="PULUMI_BACKEND_URL",
            remedy=_EXAMPLE,
        )
    folder = _folder(url, environment)
    if not folder.is_dir():
        raise StateError(
            f"there is no folder {folder}", where="PULUMI_BACKEND_URL", remedy=f"mkdir -p {folder}"
        )
    return StackFiles(folder / ".pulumi", project, stack)


_EXAMPLE = "export PULUMI_BACKEND_URL=file:///path/to/folder"


def _folder(url: str, environment: Mapping[str, str]) -> Path:
    path = unquote(url.removeprefix("file://").partition("?")[0])
    if path == "~" or path.startswith("~/"):
        return Path(environment.get("HOME", "/")) / path[2:]
    return Path(path).resolve()
