"""The Pulumi CLI's process for dynamic providers, as far as it needs help.

It has a process group of its own, and nothing in it notices that the CLI is gone: killed with its
group, or hung up with its terminal. Whatever still went on there would keep lease and lock of a
host for nobody.
"""

import os
import socket
import sys
import threading
import time
from functools import cache

_PATIENCE = 10.0  # seconds for a connection on this very machine
_PAUSE = 1.0  # seconds before the next look


def is_provider_process() -> bool:
    """Tell whether this is that process."""
    main = sys.modules["__main__"].__spec__
    return main is not None and main.name == "pulumi.dynamic.__main__"


@cache
def settle_in() -> None:
    """Tell errors without the lines of a traceback, and end as soon as the CLI has ended."""
    # Pulumi shows the whole traceback of an error otherwise.
    sys.tracebacklimit = 0
    host, _, port = sys.argv[-1].rpartition(":")
    if port.isdecimal():
        engine = (host, int(port))
        threading.Thread(target=_end_with, args=(engine,), name="engine", daemon=True).start()


def _end_with(engine: tuple[str, int]) -> None:
    """End this process once nobody listens at the engine's address any more.

    At once, as if it were killed: hosts that were being changed go back by themselves when their
    lease has run out, which needs no more than that nobody renews it.
    """
    while _listens(engine):
        time.sleep(_PAUSE)
    os._exit(1)


def _listens(engine: tuple[str, int]) -> bool:
    """Wait as long as a connection to the engine lives; return False when none can be made.

    The kernel closes it together with the engine. The engine itself closes one that says nothing,
    after two minutes.
    """
    try:
        with socket.create_connection(engine, timeout=_PATIENCE) as line:
            line.settimeout(None)
            while line.recv(4096):
                pass
    except ConnectionRefusedError:
        return False
    except OSError:
        pass  # closed, or too busy to answer: the next look tells
    return True
