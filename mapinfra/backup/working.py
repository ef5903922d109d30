"""Work of minutes or hours on a host: told now and then, and broken off when the user wants that.

It runs as a unit, so a lost connection doesn't end it.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from mapinfra import interruption
from mapinfra.backup.remote import succeeded
from mapinfra.errors import HostError
from mapinfra.hosts import Completed, Host
from mapinfra.hosts.units import end_unit, run_unit
from mapinfra.interruption import WorkInterrupted

LONGEST = 6 * 3600.0
"""Seconds that such work may take."""

Tell = Callable[[str], None]
"""Takes a line of progress."""

_TOLD_EVERY = 30.0  # seconds between lines on how far something is
_WRITTEN = 'stat -c %s "$1"'
# How far whoever reads the file has come; of several, the furthest.
_READ = """\
file=$(readlink -f "$1") || exit 0
find /proc/[0-9]*/fd -lname "$file" 2>/dev/null | while read -r fd; do
  sed -n 's/^pos:[[:space:]]*//p' "${fd%/fd/*}/fdinfo/${fd##*/}" 2>/dev/null
done | sort -n | tail -n 1
"""


class CopyProgress:
    """Tells now and then how many megabytes of a file are done; `words` have a place for them."""

    def __init__(self, host: Host, script: str, path: str, words: str, tell: Tell) -> None:
        self._host = host
        self._argv = ("sh", "-c", script, "sh", path)
        self._words = words
        self._tell = tell
        self._told = time.monotonic()

    @classmethod
    def writing(cls, host: Host, path: str, words: str, tell: Tell) -> "CopyProgress":
        """Return what tells how much of a file is written."""
        return cls(host, _WRITTEN, path, words, tell)

    @classmethod
    def reading(cls, host: Host, path: str, words: str, tell: Tell) -> "CopyProgress":
        """Return what tells how much of a file is read, while somebody reads it."""
        return cls(host, _READ, path, words, tell)

    def __call__(self) -> None:
        """Tell, unless it was told of late, or nothing is known."""
        if time.monotonic() - self._told < _TOLD_EVERY:
            return
        self._told = time.monotonic()
        with suppress(HostError):  # the work goes on, and whoever waits for it connects anew
            done = self._host.run(self._argv, check=False).text.strip()
            if done.isdecimal():
                self._tell(f"{self._host.name}: {self._words.format(f'{int(done) / 1e6:.0f} MB')}")


def finished_work(
    host: Host,
    unit: str,
    argv: tuple[str, ...],
    doing: str,
    progress: CopyProgress | None = None,
) -> Completed:
    """Run a command that may outlive the connection; return it however it ended.

    When the user wants the run to end it is ended, and Interrupted raised.
    """

    def meanwhile() -> None:
        interruption.expect_none(host.name)
        if progress is not None:
            progress()

    interruption.expect_none(host.name)
    try:
        return run_unit(
            host,
            unit,
            argv,
            timeout=LONGEST,
            description=doing,
            check=False,
            meanwhile=meanwhile,
        )
    except (WorkInterrupted, KeyboardInterrupt):
        end_unit(host, unit)
        raise


def work(
    host: Host,
    unit: str,
    argv: tuple[str, ...],
    doing: str,
    progress: CopyProgress | None = None,
) -> None:
    """Run a command as `finished_work` does; raise BackupFailed when it fails."""
    succeeded(host, doing, finished_work(host, unit, argv, doing, progress))
