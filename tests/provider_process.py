"""The Pulumi CLI's processes for dynamic providers, as tests find them and see them end."""

import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from mapinfra.processes import has_ended


def providers_of(cli: int) -> tuple[int, ...]:
    """Return the processes for dynamic providers in which mapinfra works for a Pulumi CLI.

    The engine may have started another one, to which it has given nothing to do yet: in that there
    is no code but Pulumi's own.
    """
    listed = ["ps", "-e", "-ww", "-o", "pid=,ppid=,args="]
    shown = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    parents, providers = {}, []
    for line in shown.splitlines():
        child, parent, command = line.split(None, 2)
        parents[int(child)] = int(parent)
        if "python" in command.split()[0] and "-m pulumi.dynamic" in command:
            providers.append(int(child))
    found = tuple(one for one in providers if cli in _above(one, parents) and _at_work(one))
    assert found, shown
    return found


def end_within(processes: Iterable[int], seconds: float) -> bool:
    """Wait for the end of any processes."""
    deadline = time.monotonic() + seconds
    while not all(map(has_ended, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _at_work(pid: int) -> bool:
    """Tell whether a provider listens for the end of its engine, whose address is its last word."""
    engine = Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").rpartition("\0")[2]
    asked = ["ss", "-Htnp", "state", "established", "dst", engine]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return f"pid={pid}," in lines


def _above(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid
