"""Keeping lock and lease alive while work goes on: a thread that prolongs both.

That a process lives proves nothing of its work. So there is a keeper only as long as steps are
run, and it prolongs for no longer than the step at hand may take: one that hangs is given up too.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from mapinfra.errors import HostError
from mapinfra.hosts import Host
from mapinfra.rollback import journal, lease
from mapinfra.rollback.journal import Held
from mapinfra.rollback.lease import Lease, LeaseLost
from mapinfra.rollback.model import Entry

_TIMES = 4  # prolonged this often in its time, so that a lost connection isn't its end


class Keeper:
    """Holds what is kept; `note` and `arm` go through it, since they change what it prolongs."""

    def __init__(self, host: Host, entry: Entry, minutes: float) -> None:
        self._host = host
        self._minutes = minutes
        self._lock = threading.Lock()
        self._entry = entry
        self._lease: Lease | None = None
        self._lost: Held | LeaseLost | None = None
        self._over = threading.Event()
        self._given_up = float("inf")

    def expect(self, seconds: float) -> None:
        """Prolong for so long at most from now on, the longest that the step at hand may take."""
        self._given_up = time.monotonic() + seconds

    @property
    def entry(self) -> Entry:
        """The journal's entry as last written."""
        return self._entry

    def note(self, *, step: str = "", backup: str = "") -> None:
        """Note in the journal, see `journal.note`; also raises what `check` raises."""
        with self._lock:
            self._check()
            self._entry = journal.note(
                self._host, self._entry, self._minutes, step=step, backup=backup
            )

    def keep(self, armed: Lease | None) -> None:
        """Prolong this lease from now on, or none; with none, a lost one is no fault any more."""
        with self._lock:
            self._lease = armed
            if armed is None and isinstance(self._lost, LeaseLost):
                self._lost = None

    def check(self) -> None:
        """Raise Held or LeaseLost when the lock or the lease was lost meanwhile.

        The host itself is asked for its lease: after a reboot it has gone back, and whoever doesn't
        notice would change what is whole again.
        """
        with self._lock:
            self._check()
            if self._lease is not None:
                lease.prolong(self._host, self._lease)

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _prolong(self) -> None:
        with self._lock:
            if self._lease is not None:
                lease.prolong(self._host, self._lease)
            self._entry = journal.note(self._host, self._entry, self._minutes)

    def _run(self) -> None:
        while not self._over.wait(self._minutes * 60 / _TIMES):
            if time.monotonic() > self._given_up:
                continue
            try:
                self._prolong()
            except LeaseLost as error:
                self._lost, self._lease = error, None  # the lock is still ours, for the way back
            except Held as error:
                self._lost = error
                return
            except HostError:
                continue  # the connection may come back before the time is over

    @contextmanager
    def _running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


@contextmanager
def kept(host: Host, entry: Entry, minutes: float) -> Iterator[Keeper]:
    """Keep the lock, and the lease that is given to it, until the end of the context.

    It then neither disarms nor releases: that is for the run that knows how it ended.
    """
    keeper = Keeper(host, entry, minutes)
    with keeper._running():
        yield keeper
