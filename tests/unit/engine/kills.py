"""An operation on a sandbox's stack, killed before any write of its own choosing."""

import io
import json
import multiprocessing
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from mapinfra.engine.state.backend import StackFiles
from tests.unit.engine.realcli import settled
from tests.unit.engine.sandbox import Sandbox

Operation = Callable[[Sandbox], object]

_CALLS = ("fsync", "replace", "rename", "unlink")
_TEMPORARY = re.compile(r"((?:^|/)\.[^/]*\.)[0-9a-f]{8}$")
_CIPHERTEXT = re.compile(r"v1:\S+")
_UNIQUE = re.compile(r"\d{19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Killing:
    """Runs an operation in a process of its own, which is killed at one of its writes.

    A write is whatever changes a file of the sandbox: opening it to write, syncing, renaming,
    removing it. What wasn't synced yet is half lost then, as after a crash of the machine.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.folder = sandbox.project.parent
        self.written = self.folder.with_name(f"{self.folder.name}-written")
        self.struck = self.folder.with_name(f"{self.folder.name}-struck")

    def at(self, number: int, operation: Operation) -> bool:
        """Kill the operation at its write of that number; tell whether it had that many."""
        self.written.write_bytes(b"")
        child = multiprocessing.get_context("fork").Process(
            target=self._run, args=(number, operation)
        )
        child.start()
        child.join()
        assert child.exitcode in (0, -signal.SIGKILL)
        return child.exitcode != 0

    def _run(self, number: int, operation: Operation) -> None:
        left = iter(range(number))
        write = StackFiles.write

        def noted(files: StackFiles, content: bytes) -> None:
            with self.written.open("ab") as log:
                log.write(content + b"\n")
            write(files, content)

        def struck(what: str, path: Path) -> bool:
            if not self._counts(path) or next(left, None) is not None:
                return False
            self.struck.write_text(f"{what} {path.relative_to(self.folder)}")
            return True

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(StackFiles, "write", noted)
            patch.setattr(io, "open", partial(_opened, io.open, struck))
            for name in _CALLS:
                patch.setattr(os, name, partial(_called, getattr(os, name), name, struck))
            operation(self.sandbox)
        os._exit(0)

    def _counts(self, path: Path) -> bool:
        return path.is_relative_to(self.folder) and path.name != "calls.log"


class Kills:
    """Plays an operation from its beginning, again and again, to be killed at another write."""

    def __init__(self, sandbox: Sandbox, operation: Operation) -> None:
        self.sandbox = sandbox
        self.operation = operation
        self.folder = sandbox.project.parent
        self.begun = self.folder.with_name(f"{self.folder.name}-begun")
        self._killing = Killing(sandbox)
        shutil.copytree(self.folder, self.begun)

    def each(self) -> Iterator[str]:
        """Yield at every write, once the operation was killed there: what was to be written."""
        number = 0
        while self._killing.at(number, self.operation):
            yield self._killing.struck.read_text()
            self.restore()
            number += 1

    def restore(self) -> None:
        """Bring the files back to where the operation begins."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.begun, self.folder)

    def state_is_old_or_new(self) -> bool:
        """Tell whether the state is the last that was to be written, or the one before."""
        file = self.sandbox.state_file
        old = _content(self.begun / file.relative_to(self.folder))
        return _content(file) in [old, *self._killing.written.read_bytes().splitlines()][-2:]


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _opened(real: Callable[..., Any], struck: Callable[..., bool], *given: Any, **more: Any) -> Any:
    mode = more.get("mode", given[1] if len(given) > 1 else "r")
    opened = real(*given, **more)
    if set(mode) & set("wxa+") and struck("open", Path(given[0])):
        _die()
    return opened


def _called(
    real: Callable[..., Any], name: str, struck: Callable[..., bool], *given: Any, **more: Any
) -> Any:
    path = Path(f"/proc/self/fd/{given[0]}").readlink() if name == "fsync" else Path(given[0])
    if struck(name, path):
        if name == "fsync" and path.is_file():
            os.truncate(path, path.stat().st_size // 2)
        _die()
    return real(*given, **more)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def expect_whole(sandbox: Sandbox) -> None:
    """Expect every file that goes by its own name to be whole."""
    for file in (*sandbox.backend.rglob("*"), *sandbox.project.glob("stacks/*")):
        if file.is_file() and not _TEMPORARY.search(file.name):
            found = (yaml.safe_load if file.suffix == ".yaml" else json.loads)(file.read_bytes())
            assert isinstance(found, dict), file


def litter(sandbox: Sandbox) -> list[str]:
    """Return what no finished run leaves in the backend: locks, and files half written."""
    files = [one for one in sandbox.project.parent.rglob("*") if one.is_file()]
    return [one.name for one in files if _TEMPORARY.search(one.name) or "locks" in one.parts]


def state(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return what the state says, less what a killed run leaves to tell of: times and plans."""
    found = settled(sandbox) if sandbox.state_file.exists() else []
    for one in found:
        one.get("inputs", {}).pop("plan", None)
    return found


def pending(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the steps that the state says are under way."""
    found = sandbox.state() if sandbox.state_file.exists() else {}
    begun: list[dict[str, Any]] = found.get("pending_operations", [])
    return begun


def consequences(sandbox: Sandbox) -> str:
    """Return what a kill left that the next run has to go on from."""
    left = [(one["type"], one["resource"]["urn"]) for one in pending(sandbox)]
    config = sandbox.config_file.read_text() if sandbox.config_file.exists() else ""
    config = _CIPHERTEXT.sub("…", config)
    locked = any(sandbox.locks.glob("*"))
    return json.dumps([state(sandbox), left, sandbox.live(), config, locked])


def aftermath(sandbox: Sandbox) -> str:
    """Return all that a kill left, less what is by chance."""
    root = sandbox.project.parent
    names = sorted(
        _UNIQUE.sub("…", _TEMPORARY.sub(r"\1…", str(file.relative_to(root))))
        for file in root.rglob("*")
        if file.is_file()
    )
    return json.dumps([names, consequences(sandbox)])
