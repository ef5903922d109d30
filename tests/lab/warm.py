"""Commands in processes that have imported mapinfra already.

Importing it takes longer than most commands of a test: a process that has done so waits here, and
for each command a fork of it goes on as `mapinfra` does. Where a test is about the process itself,
its signals or its terminal, it starts one from the shell's own line instead.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile, mkdtemp

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
    with (
        TemporaryFile() as out,
        TemporaryFile() as err,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line,
    ):
        line.connect(_waiting())
        line.settimeout(LONGEST)
        socket.send_fds(line, [asked], [out.fileno(), err.fileno()])
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
def _waiting() -> str:
    """Start the process that waits, which ends with this one; return its address."""
    address = f"{mkdtemp(prefix='mapinfra-warm-')}/commands"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen(16)
    subprocess.Popen(
        [sys.executable, "-P", __file__, str(listener.fileno())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[listener.fileno()],
    )
    listener.close()
    return address


def _wait(listener: socket.socket) -> None:
    """Fork for each command, until whoever has started this is gone."""
    from mapinfra.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listener.fileno(), 0], [], [])
        if 0 in ready:
            return
        line, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _follow(line)
            main()
            sys.exit()
        line.close()


def _follow(line: socket.socket) -> None:
    """Return in a process that is to run the command; another waits for it and tells its end."""
    asked, files, _, _ = socket.recv_fds(line, _PART, 2)
    process = os.fork()
    if process:
        line.send(str(process).encode())
        _, status = os.waitpid(process, 0)
        line.send(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    line.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, file in enumerate((nothing, *files)):
        os.dup2(file, number)
        os.close(file)
    arguments, folder, environment = json.loads(asked)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [str(Path(sys.executable).with_name("mapinfra")), *arguments]


if __name__ == "__main__":
    _wait(socket.socket(fileno=int(sys.argv[1])))
