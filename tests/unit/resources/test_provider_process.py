"""The Pulumi CLI's process for dynamic providers ends with the CLI."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

PROVIDER = """\
import sys, threading
from mapinfra.resources.provider_process import settle_in
settle_in()
print("settled", flush=True)
threading.Event().wait()
"""


@pytest.fixture
def engine() -> Iterator[socket.socket]:
    """What an engine listens with."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def provider(engine: socket.socket) -> Iterator[subprocess.Popen[str]]:
    host, port = engine.getsockname()
    command = [sys.executable, "-c", PROVIDER, f"{host}:{port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "settled\n"
        yield process
        process.kill()


def test_a_provider_ends_with_its_engine(
    engine: socket.socket, provider: subprocess.Popen[str]
) -> None:
    line, _ = engine.accept()
    engine.close()
    line.close()
    assert provider.wait(timeout=30) == 1


def test_an_engine_that_closes_a_silent_connection_is_there_all_the_same(
    engine: socket.socket, provider: subprocess.Popen[str]
) -> None:
    for _ in range(2):
        line, _ = engine.accept()
        assert provider.poll() is None
        line.close()
    line, _ = engine.accept()
    assert provider.poll() is None
    line.close()


def test_a_provider_ends_when_it_is_told_to(provider: subprocess.Popen[str]) -> None:
    provider.terminate()
    assert provider.wait(timeout=30) != 0
