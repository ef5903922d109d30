"""One command's conversation over its channel: input, both outputs, sudo, the end."""

import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import paramiko

from mapinfra.hosts.connection import sending_on
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.failures import Flooded
from mapinfra.hosts.framing import Frame
from mapinfra.hosts.sudo import Escalation

_CHUNK = 1 << 16
_WINDOW_PAUSE = 0.05  # seconds between looks at a full send window, which signals nothing


OUTPUT_LIMIT = 32 << 20
"""Bytes of both outputs together that one command may print."""


@dataclass(frozen=True)
class CommandOutcome:
    """How a command ended; `status` is None when it was killed, or the connection was.

    Unless it has `begun`, `preface` is what was printed in its place: by sudo when the login shell
    has `handed_over`, else by sshd and the login shell. `seconds` is how long all of it took.
    """

    status: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    begun: bool = True
    handed_over: bool = True
    preface: bytes = b""


class Overrun(TimeoutError):
    """The deadline passed; `outcome` is what there was until then."""

    def __init__(self, outcome: CommandOutcome) -> None:
        super().__init__("timed out")
        self.outcome = outcome


def converse(
    channel: paramiko.Channel,
    argv: Sequence[str],
    *,
    stdin: bytes,
    deadline: Deadline,
    escalation: Escalation | None,
) -> CommandOutcome:
    """Run a command to its end.

    Raises Overrun when the deadline passes, Flooded when more than OUTPUT_LIMIT is printed,
    SudoRefused, and paramiko's SSHException or an OSError when it could not be started.
    """
    frame = Frame(escalation)
    conversation = _Conversation(channel, stdin, deadline, frame)
    try:
        with _closed_when(channel, deadline):
            channel.exec_command(frame.command(argv))
        return conversation.hold()
    except TimeoutError:
        raise Overrun(conversation.outcome(None)) from None


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
        frame: Frame,
    ) -> None:
        self._channel = channel
        self._stdin = memoryview(stdin)
        self._deadline = deadline
        self._frame = frame
        self._left = OUTPUT_LIMIT
        self._outgoing = memoryview(b"")
        self._input_released = False
        self._stdout: list[bytes] = []
        self._stderr: list[bytes] = []

    def hold(self) -> CommandOutcome:
        channel = self._channel
        channel.settimeout(0.0)
        poller = select.poll()
        poller.register(channel.fileno(), select.POLLIN)
        while True:
            over = channel.closed or bool(channel.eof_received)
            self._receive()
            if over:
                return self.outcome(self._status())
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
            self._stdout.append(self._frame.stdout(self._counted(channel.recv(_CHUNK))))
        while channel.recv_stderr_ready():
            self._hear(self._counted(channel.recv_stderr(_CHUNK)))

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise Flooded(OUTPUT_LIMIT)
        if self._deadline.passed:  # whoever prints without end is given no time beyond it
            raise TimeoutError
        return data

    def _hear(self, stderr: bytes) -> None:
        answer, own = self._frame.stderr(stderr)
        self._stderr.append(own)
        if answer:
            self._outgoing = memoryview(answer)

    def _send(self) -> None:
        if not self._input_released and self._frame.begun:
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

    def _status(self) -> int | None:
        if not self._channel.status_event.wait(self._deadline.remaining()):
            raise TimeoutError
        status = self._channel.exit_status
        return None if status == -1 else status

    def outcome(self, status: int | None) -> CommandOutcome:
        frame = self._frame
        return CommandOutcome(
            status,
            frame.own(b"".join(self._stdout)),
            frame.own(b"".join(self._stderr)),
            self._deadline.spent,
            frame.begun,
            frame.handed_over,
            frame.preface,
        )
