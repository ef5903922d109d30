"""The agent: asked once, and not waited for without end."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mapinfra.hosts.agent import Agent, AgentFault
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import AgentSocket


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that accepts and says nothing."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as listener:
        listener.bind(str(path))
        listener.listen()
        yield listener


@pytest.mark.parametrize(
    ("is_usual", "named_by", "other"),
    [
        (True, "SSH_AUTH_SOCK", "unset SSH_AUTH_SOCK"),
        (False, "IdentityAgent", "correct IdentityAgent in the SSH configuration"),
    ],
)
def test_an_agent_that_never_answers_is_given_up_in_time_and_named(
    tmp_path: Path, named_by: str, other: str, *, is_usual: bool
) -> None:
    path = tmp_path / "agent"
    at = AgentSocket(path, is_usual)
    with listening(path), closing(Agent(at, Deadline.after(0.3))) as agent:
        started = time.monotonic()
        with pytest.raises(AgentFault) as caught:
            agent.keys()
        assert time.monotonic() - started < 3
    assert f"the SSH agent at {path} ({named_by}) gave no answer within 0.3 s" in caught.value.what
    assert f"or {other}, or" in caught.value.remedy


def test_an_agent_that_isnt_there_has_no_keys(tmp_path: Path) -> None:
    for at in (None, AgentSocket(tmp_path / "nowhere", is_usual=True)):
        with closing(Agent(at, Deadline.after(1))) as agent:
            assert agent.keys() == ()


def test_an_agent_that_speaks_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "agent"
    at = AgentSocket(path, is_usual=True)
    with listening(path) as listener, closing(Agent(at, Deadline.after(5))) as agent:

        def answer() -> None:
            other, _ = listener.accept()
            other.recv(5)
            other.sendall(b"\0\0\0\1\5")
            other.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(AgentFault, match=str(path)):
            agent.keys()
        thread.join()
