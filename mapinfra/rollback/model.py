"""Who is at work on a MAP server, and what that means to a run that wants to be."""

import getpass
import json
import os
import socket
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Any

from mapinfra import jsontext, processes
from mapinfra.backup import Back, Manifest

_TOLERANCE = 60  # seconds that clocks may differ without a word


@dataclass(frozen=True)
class Holder:
    """Who runs: a person, a machine, a process there."""

    user: str
    host: str
    pid: int
    machine: str
    """Tells machines of one name apart; empty where that can't be told."""
    started: str = ""
    """When the process began, in ticks since the machine's boot; empty in earlier journals."""

    @classmethod
    def myself(cls) -> "Holder":
        """Return this process."""
        pid = os.getpid()
        started = processes.started(pid)
        return cls(getpass.getuser(), socket.gethostname(), pid, processes.machine(), started)

    @property
    def has_ended(self) -> bool:
        """Whether it surely runs no more; only known on its own machine."""
        here = bool(self.machine) and self.machine == processes.machine()
        return here and processes.has_ended(self.pid, self.started)

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (process {self.pid})"


@dataclass(frozen=True)
class Entry:
    """The journal."""

    service: str
    operation: str
    """What is done, such as `upgrade`."""
    target: str
    """The version it is to end with."""
    holder: Holder
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    backup: str = ""
    """Directory of the backup to go back to; empty as long as there is none."""
    step: str = ""
    """The last step that was done; empty before the first."""
    since: int = 0
    """When it began, in seconds since 1970 by the host's clock; nothing goes by it."""
    until: int = 0
    """When it counts as abandoned, unless prolonged: seconds since the host's start `boot`.

    Of earlier versions, without `boot`: seconds since 1970.
    """
    boot: str = ""
    span: int = 0
    """Seconds for which it was last prolonged."""

    def dumps(self, *, new: bool) -> str:
        """Return the file's text; the host puts its own clock in the place of words."""
        words = {"until": "until", "boot": "boot", **({"since": "now"} if new else {})}
        return json.dumps({**asdict(self), **words}, indent=1) + "\n"

    @classmethod
    def loads(cls, text: str) -> "Entry":
        """Read the file; raise ValueError when it isn't a journal."""
        try:
            given: dict[str, Any] = jsontext.loads(text)
            return cls(**{**given, "holder": Holder(**given["holder"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"no journal: {error}") from None

    @property
    def began(self) -> str:
        """When the operation began, in words."""
        return datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def __str__(self) -> str:
        what = f"{self.operation} of {self.service} to {self.target}"
        return f"{what} by {self.holder} since {self.began}"


class Standing(Enum):
    """What the journal means to a run that wants the lock."""

    FREE = "free"
    HELD = "held"
    ABANDONED = "abandoned"
    """The holder's run ended without a word, the lease may still be armed."""
    WENT_BACK = "went back"
    """The host has gone back to the old state by itself."""
    STUCK = "stuck"
    """As ABANDONED, and the host can't go back: its backup is gone, damaged or not safe."""


@dataclass(frozen=True)
class Found:
    """The journal as read: its entry, if any, and what the host does about it by itself."""

    now: int
    """Seconds since 1970 by the host's clock."""
    entry: Entry | None = None
    back: Back | None = None
    going_back: bool = False
    boot: str = ""
    up: int = 0
    """Seconds since the host's start `boot`."""
    manifest: Manifest | None = None
    """Of the backup to go back to."""
    armed: bool = False
    """Whether the host would go back to it by itself."""
    blocked: str = ""
    """Why nobody can go back to it."""

    @cached_property
    def standing(self) -> Standing:
        """Who may go on; asked once, as all facts of a pass are what they were when it was made."""
        if self.entry is None:
            return Standing.FREE
        if self.back is not None and self.back.state == "done" and not self.going_back:
            return Standing.WENT_BACK
        ended = self.entry.holder.has_ended or self._is_over(self.entry)
        if self.blocked and (self.going_back or (self.armed and ended)):
            return Standing.STUCK
        if self.going_back or not ended:
            return Standing.HELD
        return Standing.ABANDONED

    @property
    def interrupted(self) -> Manifest | None:
        """The backup that an abandoned run has left to go back to."""
        is_left = self.standing is Standing.ABANDONED and not self.blocked
        return self.manifest if is_left else None

    @property
    def remedy(self) -> str:
        """What to do while it is held."""
        if self.going_back and self.back is not None and self.back.state == "failed":
            return "repair what it says; the host tries again every minute"
        return "wait until it has ended"

    def _is_over(self, entry: Entry) -> bool:
        if not entry.boot:
            return self.now > entry.until
        # Started since: how long the host was off is known to no one.
        return self.up > (entry.until if entry.boot == self.boot else entry.span)

    @property
    def reason(self) -> str:
        """Say in words who holds it, or what became of it."""
        if self.entry is None:
            return ""
        trouble = f" ({self.back})" if self.back is not None else ""
        words = {
            Standing.HELD: f"the host is going back{trouble}" if self.going_back else "still on",
            Standing.ABANDONED: f"its run ended after: {self.entry.step or 'nothing'}",
            Standing.WENT_BACK: "the host has gone back by itself",
            Standing.STUCK: f"its run ended, and the host can't go back: {self.blocked}",
        }
        future = self.entry.since - self.now > _TOLERANCE
        clock = " (which is in the future by the host's clock)" if future else ""
        return f"{self.entry}{clock}: {words[self.standing]}"
