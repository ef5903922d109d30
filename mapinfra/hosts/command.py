"""One command's conversation over its channel: input, both outputs, sudo, the end."""

import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko

from mapinfra.hosts.connection import sending_on
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.sudo import Escalation

_CHUNK = 1 << 16
_WINDOW_PAUSE = 0.05  # seconds between looks at a full send window, which signals nothing


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `status` is None when it was killed, or the connection was."""

    status: int | None
    stdout: bytes
    stderr: bytes


def converse(
    channel: paramiko.Channel,
    command: str,
    *,
    stdin: bytes,
    deadline: Deadline,
    escalation: Escalation | None,
) -> Outcome:
    """Run a command to its end.

    Raises TimeoutError when the deadline passes, SudoRefused, and paramiko's SSHException or an
    OSError when the command could not be started.
    """
    with _closed_when(channel, deadline):
        channel.exec_command(command)
    return _Conversation(channel, stdin, deadline, escalation).hold()


@contextmanager
def _closed_when(channel: paramiko.Channel, deadline: Deadline) -> Iterator[None]:
    """Close the channel at the deadline: paramiko waits for the start without any limit."""
    watch = threading.Timer(deadline.remaining(), channel.close)
    watch.daemon = True
    watch.start()
    try:
        yield
    except paramiko.SSHException:
        if deadline.passed:
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()


class _Conversation:
    """Moves bytes both ways in one thread, so that neither side can block the other."""

    def __init__(
        self,
        channel: paramiko.Channel,
        stdin: bytes,
        deadline: Deadline,
        escalation: Escalation | None,
    ) -> None:
        self._channel = channel
        self._stdin = memoryview(stdin)
        self._deadline = deadline
        self._escalation = escalation
        self._outgoing = memoryview(b"")
        self._input_released = False
        self._stdout: list[bytes] = []
        self._stderr: list[bytes] = []

    def hold(self) -> Outcome:
        channel = self._channel
        channel.settimeout(0.0)
        poller = select.poll()
        poller.register(channel.fileno(), select.POLLIN)
        while True:
            over = channel.closed or bool(channel.eof_received)
            self._receive()
            if over:
                return self._outcome()
            self._send()
            if self._deadline.passed:
                raise TimeoutError
            poller.poll(1000 * self._patience())

    def _patience(self) -> float:
        left = self._deadline.remaining()
        return min(left, _WINDOW_PAUSE) if self._outgoing else left

    def _receive(self) -> None:
        channel = self._channel
        while channel.recv_ready():
            self._stdout.append(channel.recv(_CHUNK))
        while channel.recv_stderr_ready():
            self._hear(channel.recv_stderr(_CHUNK))

    def _hear(self, stderr: bytes) -> None:
        if self._escalation is None:
            self._stderr.append(stderr)
            return
        answer, own = self._escalation.feed(stderr)
        self._stderr.append(own)
        if answer:
            self._outgoing = memoryview(answer)

    def _send(self) -> None:
        if not self._input_released and (self._escalation is None or self._escalation.started):
            self._input_released = True
            self._outgoing = self._stdin
        try:
            with sending_on(self._channel):
                self._send_waiting()
        except OSError:
            # The command ended without reading all of its input: the outcome tells the rest.
            self._outgoing = memoryview(b"")

    def _send_waiting(self) -> None:
        channel = self._channel
        while self._outgoing and channel.send_ready():
            sent = channel.send(bytes(self._outgoing[:_CHUNK]))
            self._outgoing = self._outgoing[sent:]
        if self._input_released and not self._outgoing and not channel.eof_sent:
            channel.shutdown_write()

    def _outcome(self) -> Outcome:
        if not self._channel.status_event.wait(self._deadline.remaining()):
            raise TimeoutError
        if self._escalation is not None and self._channel.exit_status != -1:
            self._escalation.ended()
        status = self._channel.exit_status
        return Outcome(
            None if status == -1 else status, b"".join(self._stdout), b"".join(self._stderr)
        )
