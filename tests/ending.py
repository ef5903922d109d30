"""SIGTERM ends a test run for certain, whatever it is waiting for and whoever else handles it."""

import os
import signal
import socket
import threading
from contextlib import suppress

_GRACE = 120.0
"""Seconds that teardown may take, with labs to remove."""


def end_for_certain() -> None:
    """End this process some time after SIGTERM, or at the second one.

    An exception in a signal handler isn't enough: what a test runs in process has a handler of its
    own, which takes the signal for itself, and what waits for threads goes on waiting.
    """
    told, tell = socket.socketpair()
    tell.setblocking(False)
    signal.set_wakeup_fd(tell.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(told, tell), name="ending", daemon=True).start()


def _watch(told: socket.socket, _kept_open: socket.socket) -> None:
    _await_sigterm(told)
    told.settimeout(_GRACE)
    with suppress(TimeoutError):
        _await_sigterm(told)
    os._exit(128 + signal.SIGTERM)


def _await_sigterm(told: socket.socket) -> None:
    while signal.SIGTERM not in told.recv(1):
        pass
