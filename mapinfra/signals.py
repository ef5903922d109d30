"""SIGINT, SIGTERM and SIGHUP as a wish to end; a second one as the end."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

from mapinfra import interruption

INTERRUPTED = 8
"""Exit code of what a signal has ended, as Pulumi's."""


@contextmanager
def stopped_by_signals(stop: threading.Event, warn: Callable[[str], None]) -> Iterator[None]:
    """On SIGINT, SIGTERM or SIGHUP set `stop`: no new step is to begin; those under way end.

    What is long and has changed nothing yet, such as a dump, is broken off: see `interruption`.

    A second SIGINT or SIGTERM ends the process at once, and leaves what a killed one leaves.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if number == signal.SIGHUP:
            _expect_no_terminal()
        if not stop.is_set():
            stop.set()
            interruption.want()
            warn(
                f"{name}: stopping after the running operations; press Ctrl-C again to stop at once"
            )
        elif number != signal.SIGHUP:  # a shell and the kernel may both tell of a closed terminal
            _end(name)

    before = {number: signal.signal(number, note) for number in _wanted()}
    try:
        yield
    finally:
        interruption.forget()
        for number, handler in before.items():
            signal.signal(number, handler)


def _wanted() -> tuple[signal.Signals, ...]:
    """Return the signals to listen to; SIGHUP not under nohup, which ignores it."""
    hung_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hung_up else []))


def _expect_no_terminal() -> None:
    """Let nothing fail because it writes to a terminal that is closed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        try:
            os.write(output, b"")
        except OSError:
            os.dup2(nowhere, output)
    os.close(nowhere)


def _end(name: str) -> NoReturn:
    """End the process without waiting for its threads, any of which may hang."""
    shown_again = "\r\x1b[K\x1b[?25h" if os.isatty(2) else ""  # the cursor, behind a moving line
    line = f"{shown_again}error: {name} again: stopped at once; run again to finish\n"
    with suppress(OSError):
        os.write(2, line.encode())
    os._exit(INTERRUPTED)
