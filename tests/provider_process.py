"""The Pulumi CLI's processes for dynamic providers, as tests find them and see them end."""

import subprocess
import time
from collections.abc import Iterable, Iterator

from mapinfra.processes import has_ended


def providers_of(cli: int) -> tuple[int, ...]:
    """Return the processes for dynamic providers that a Pulumi CLI works with.

    There is one more than the one that does the steps when the run began with a refresh.
    """
    listed = ["ps", "-e", "-ww", "-o", "pid=,ppid=,args="]
    shown = subprocess.run(listed, capture_output=True, text=True, check=True).stdout
    parents, providers = {}, []
    for line in shown.splitlines():
        child, parent, command = line.split(None, 2)
        parents[int(child)] = int(parent)
        if "python" in command.split()[0] and "-m pulumi.dynamic" in command:
            providers.append(int(child))
    found = tuple(one for one in providers if cli in _above(one, parents))
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


def _above(pid: int, parents: dict[int, int]) -> Iterator[int]:
    while pid in parents:
        pid = parents[pid]
        yield pid
