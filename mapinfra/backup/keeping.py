"""Keeping lock and lease alive while a run is: a thread that prolongs both."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mapinfra.backup import journal, lease
from mapinfra.backup.journal import Entry, Held
from mapinfra.backup.lease import Lease, LeaseLost
from mapinfra.errors import HostError
from mapinfra.hosts import Host

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
