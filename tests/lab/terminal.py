"""Commands that ask, on a terminal of their own."""

import os
import pty
import subprocess
from collections.abc import Callable

from tests.lab.project import MAPINFRA, STACK, Project


def answered(
    project: Project, *arguments: str, meanwhile: Callable[[], object], answer: str = "y"
) -> tuple[int, str]:
    """Run mapinfra on a terminal, do something while it asks, then answer.

    Return exit code and all that was shown.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(MAPINFRA), *arguments, "--stack", STACK],
        cwd=project.folder,
        env={**os.environ, **project.environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = bytearray()
        while b"[y/N]" not in shown and (part := _read(ours)):
            shown += part
        meanwhile()
        os.write(ours, f"{answer}\n".encode())
        while part := _read(ours):
            shown += part
        os.close(ours)
        return process.wait(timeout=60), shown.decode()


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end of a terminal is closed: that's how Linux tells
        return b""
