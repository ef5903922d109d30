"""The SSH agent: asked only when it is needed, and never waited for without end."""

import socket
from collections.abc import Sequence

import paramiko
from paramiko.agent import AgentSSH

from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import AgentSocket


class AgentFault(Exception):
    """An agent that runs and can't be used; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class Agent(AgentSSH):
    """The agent at a socket; its keys sign until `close`.

    `fault` is what it did wrong, also while a key of it signed: paramiko tells that as the end of
    the connection.
    """

    def __init__(self, at: AgentSocket | None, deadline: Deadline) -> None:
        super().__init__()
        self._at = at
        self._deadline = deadline
        self._asked = False
        self.fault: AgentFault | None = None

    def keys(self) -> Sequence[paramiko.AgentKey]:
        """The keys it holds, none when no agent runs; raise AgentFault."""
        if not self._asked:
            self._asked = True
            self._ask()
        return self.get_keys()

    def close(self) -> None:
        """End the conversation."""
        self._close()  # type: ignore[attr-defined]

    def _ask(self) -> None:
        if self._at is None:
            return
        conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            conn.settimeout(max(self._deadline.remaining(), 0.001))
            conn.connect(str(self._at.path))
        except OSError:  # nobody is there any more, as ssh(1) takes it
            conn.close()
            return
        try:
            self._connect(conn)  # type: ignore[attr-defined]
        except (OSError, paramiko.SSHException) as error:
            raise self.fault or self._told(f"gave no list of keys ({error})") from None

    def _send_message(self, message: object) -> tuple[int, paramiko.Message]:
        """Ask something; what goes wrong is noted, since paramiko's own thread gets the error."""
        try:
            kind, answer = super()._send_message(message)  # type: ignore[misc]
        except TimeoutError:
            self.fault = self._told(f"gave no answer within {self._deadline.seconds:g} s")
            raise paramiko.SSHException("no answer of the agent") from None
        if kind == _FAILURE:
            self.fault = self._told("doesn't sign with its key")
        return kind, answer

    def _told(self, what: str) -> AgentFault:
        is_usual = self._at is not None and self._at.is_usual
        other = (
            "unset SSH_AUTH_SOCK" if is_usual else "correct IdentityAgent in the SSH configuration"
        )
        return AgentFault(
            f"the SSH agent at {self._at} {what}",
            f"unlock or restart it, or {other}, or set ssh.identity_file",
        )


_FAILURE = 5  # SSH_AGENT_FAILURE, draft-ietf-sshm-ssh-agent
