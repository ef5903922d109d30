"""A moment that a whole operation must not pass, however many waits it is made of."""

import time
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Deadline:
    """`seconds` is what was allowed, `at` the moment on the monotonic clock."""

    seconds: float
    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the moment `seconds` from now."""
        return cls(seconds, time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - time.monotonic())

    @property
    def spent(self) -> float:
        """Seconds since it was set."""
        return time.monotonic() - (self.at - self.seconds)

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.remaining() == 0.0
