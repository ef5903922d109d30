"""A run killed at every write: the state is the old or the new one, and the next run goes on."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mapinfra.engine.backend import StackFiles
from tests.unit.engine.sandbox import Sandbox

KILLED = 137
WRITES = ("fsync", "replace", "unlink")
WANTED = {"a": "new", "b": "new", "c": "three"}


@pytest.fixture
def edited(quick: None, sandbox: Sandbox) -> Sandbox:
    """A stack of which one file is to be updated, one made and one deleted."""
    sandbox.program(
        folders={"f": "label"}, files={"a": {"text": "old"}, "d": {"text": "four", "folder": "f"}}
    )
    sandbox.up()
    sandbox.program(
        files={"a": {"text": "new"}, "b": {"text_of": "a"}, "c": {"text": "three"}},
        exports={"said": "b"},
    )
    return sandbox


def killed_at(number: int, sandbox: Sandbox, written: Path) -> None:
    """Run `up` in this process, which ends like a killed one before its write of that number."""
    left, fsync = iter(range(number)), os.fsync

    def counted(real: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        if next(left, None) is None:
            if real is fsync:
                lose_half(*arguments)
            os._exit(KILLED)
        return real(*arguments, **more)

    write = StackFiles.write

    def noted(self: StackFiles, content: bytes) -> None:
        written.write_bytes(written.read_bytes() + content + b"\n")
        write(self, content)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StackFiles, "write", noted)
        for name in WRITES:
            patch.setattr(os, name, partial(counted, getattr(os, name)))
        sandbox.up(parallel=1)
    os._exit(0)


def lose_half(handle: int) -> None:
    """Let half of a file be lost, as what isn't synced may be; a lock's few bytes are spared."""
    file = Path(f"/proc/self/fd/{handle}").readlink()
    if file.is_file() and "locks" not in file.parts:
        os.ftruncate(handle, file.stat().st_size // 2)


def ended(sandbox: Sandbox, number: int, written: Path) -> int | None:
    child = multiprocessing.get_context("fork").Process(
        target=killed_at, args=(number, sandbox, written)
    )
    child.start()
    child.join()
    return child.exitcode


def kept(sandbox: Sandbox) -> dict[str, Any]:
    """Return what the state says, without what a killed run leaves to tell of: times and plans."""
    found = sandbox.resources()
    for one in found.values():
        for volatile in ("created", "modified"):
            one.pop(volatile, None)
        one.get("inputs", {}).pop("plan", None)
    return found


def litter(sandbox: Sandbox) -> list[str]:
    """Return what no finished run leaves in the backend: locks, and files half written."""
    files = [one for one in sandbox.backend.rglob("*") if one.is_file()]
    return [one.name for one in files if one.name.startswith(".") or "locks" in one.parts]


def test_a_run_killed_at_any_write_leaves_a_whole_state_and_is_completed(
    edited: Sandbox, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    folders = {"backend": edited.backend, "world": edited.world}
    for name, folder in folders.items():
        shutil.copytree(folder, before / name)
    old = edited.state_file.read_bytes()
    reference: dict[str, Any] | None = None
    pending = 0
    number = 0
    while True:
        written = tmp_path / "written"
        written.write_bytes(old + b"\n")
        code = ended(edited, number, written)
        *_, last, now = [b"", *written.read_bytes().splitlines()]
        found = edited.state_file.read_bytes()
        assert found in (last, now)
        assert json.loads(edited.state_file.with_name("dev.json.bak").read_bytes())
        if code == 0:
            break
        assert code == KILLED
        cut_off = json.loads(found)["checkpoint"]["latest"].get("pending_operations", [])
        done = edited.up()
        assert done.summary.succeeded, done.events
        assert len([line for line in done.log if "was cut off while" in line]) == len(cut_off)
        pending += len(cut_off)
        assert edited.live() == WANTED
        assert "pending_operations" not in edited.state()
        reference = reference or kept(edited)
        assert kept(edited) == reference
        assert litter(edited) == []
        for name, folder in folders.items():
            shutil.rmtree(folder)
            shutil.copytree(before / name, folder)
        number += 1
    assert kept(edited) == reference
    assert number > 60
    assert pending > 20
