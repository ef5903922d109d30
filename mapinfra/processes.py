"""Processes of this machine, so that a recorded one is known again, and known to have ended."""

import os
from pathlib import Path

# Killed, and its parent hasn't asked how it ended: in containers, which often have no init, never.
_ENDED = ("Z", "X")


def machine() -> str:
    """Name this boot of this machine, and the space of its process ids; empty if that can't be."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def started(pid: int) -> str:
    """Return when a process began, in ticks since boot; empty when it's no more."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The command's name, in brackets, may hold blanks; the 20th field after it is the start time.
    state, *others = stat.rpartition(")")[2].split()
    return "" if state in _ENDED else others[18]


def has_ended(pid: int, began: str = "") -> bool:
    """Tell whether a process is surely no more; one of another user may show nothing but that.

    `began` is what `started` said of it: ids are given anew, on a busy machine within minutes.
    """
    try:
        os.kill(pid, 0)
        is_mine = True
    except ProcessLookupError:
        return True
    except PermissionError:
        is_mine = False
    now = started(pid)
    if not now:
        return is_mine
    return bool(began) and now != began
