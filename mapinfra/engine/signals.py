"""SIGINT and SIGTERM as a wish to end, not as an end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopped_by_signals(stop: threading.Event, warn: Callable[[str], None]) -> Iterator[None]:
    """On SIGINT or SIGTERM set `stop`: no new step is to begin; those under way end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if not stop.is_set():
            stop.set()
            warn(f"{signal.Signals(number).name}: ending after the steps under way")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
