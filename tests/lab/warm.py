"""Commands in processes that have imported mapinfra already.

Importing it takes longer than most commands of a test: a process that has done so waits here, and
for each command a fork of it goes on as `mapinfra` does. Where a test is about the process itself,
its signals or its terminal, it starts one from the shell's own line instead.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

LONGEST = 300.0
"""Seconds that a command may take."""
_PART = 1 << 20


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[int, str, str]:
    """Run `mapinfra` with these arguments to its end; return exit code, output and errors.

    Raises TimeoutExpired after five minutes, with the command killed.
    """
    asked = json.dumps([list(arguments), str(folder), dict(environment)]).encode()
    line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with TemporaryFile() as out, TemporaryFile() as err, line:
        with theirs:
            files = [theirs.fileno(), out.fileno(), err.fileno()]
            socket.send_fds(_waiting(), [asked], files)
        line.settimeout(LONGEST)
        process = int(line.recv(20))
        try:
            code = int(line.recv(20))
        except TimeoutError:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(["mapinfra", *arguments], LONGEST) from None
        told = []
        for file in (out, err):
            file.seek(0)
            told.append(file.read().decode())
    return code, told[0], told[1]


@cache
def _waiting() -> socket.socket:
    """Start the process that waits, which ends with this one; return the line to it."""
    commands, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, "-P", __file__], stdin=theirs.fileno(), stdout=subprocess.DEVNULL
        )
    return commands


def _wait(commands: socket.socket) -> None:
    """Fork for each command, until whoever has started this is gone."""
    from mapinfra.cli import main

    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests import keys

    del sys.path[0]
    keys.share()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        asked, files, _, _ = socket.recv_fds(commands, _PART, 3)
        if not asked:
            return
        _, folder, environment = json.loads(asked)
        keys.prepare(Path(folder), environment)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _follow(asked, *files)
            main()
            sys.exit()
        for file in files:
            os.close(file)


def _follow(asked: bytes, answers: int, out: int, err: int) -> None:
    """Return in a process that is to run the command; another waits for it and tells its end."""
    line = socket.socket(fileno=answers)
    process = os.fork()
    if process:
        line.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        line.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    line.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, out, err)):
        os.dup2(file, number)
        os.close(file)
    arguments, folder, environment = json.loads(asked)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [str(Path(sys.executable).with_name("mapinfra")), *arguments]


if __name__ == "__main__":
    _wait(socket.socket(fileno=sys.stdin.fileno()))
