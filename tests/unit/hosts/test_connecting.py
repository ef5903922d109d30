"""Connecting to what is no SSH server: within the time given, in one line, once for all askers."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from mapinfra.errors import HostUnreachable
from mapinfra.hosts import Fleet, Probe, Ssh, Survey, Target
from mapinfra.secrets import Secrets

TIMEOUT = 0.6
SURVEY = Survey((Probe("name", "hostname"),))


@contextmanager
def server(answer: Callable[[socket.socket], object]) -> Iterator[tuple[int, list[float]]]:
    """A TCP server that does `answer` with each connection; yields its port and when each came."""
    came: list[float] = []
    kept: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            came.append(time.monotonic())
            kept.append(connection)
            answer(connection)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], came
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in kept:
                connection.close()


def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with Fleet(Secrets({}, tmp_path), lambda _: SURVEY, folder=tmp_path) as fleet:
        yield fleet


def target(port: int, name: str = "paris") -> Target:
    return Target(name=name, ssh=Ssh(host="127.0.0.1", port=port, connect_timeout=TIMEOUT))


def refused(fleet: Fleet, subject: Target) -> str:
    started = time.monotonic()
    with pytest.raises(HostUnreachable) as caught:
        fleet.facts(subject)
    assert time.monotonic() - started < TIMEOUT + 0.5
    message = str(caught.value)
    assert message.startswith(f"{subject.name}: ")
    assert "\n" not in message
    return message


def test_nothing_listens(fleet: Fleet) -> None:
    assert "(Connection refused)" in refused(fleet, target(closed_port()))


def test_an_unknown_name_is_not_waited_for(fleet: Fleet) -> None:
    subject = Target(name="paris", ssh=Ssh(host="no.such.host.invalid", connect_timeout=30))
    started = time.monotonic()
    with pytest.raises(HostUnreachable, match="is unknown; correct"):
        fleet.facts(subject)
    assert time.monotonic() - started < 10


def test_a_silent_server_costs_the_connect_timeout(fleet: Fleet) -> None:
    with server(lambda connection: None) as (port, came):
        assert "(no answer)" in refused(fleet, target(port))
        assert len(came) == 1


def test_another_protocol_is_told(fleet: Fleet, capfd: pytest.CaptureFixture[str]) -> None:
    with server(lambda connection: connection.sendall(b"220 smtp\r\n" * 200)) as (port, _):
        assert "220 smtp" in refused(fleet, target(port))
    assert capfd.readouterr() == ("", "")


def test_connecting_is_retried_with_growing_pauses(
    fleet: Fleet, capfd: pytest.CaptureFixture[str]
) -> None:
    with server(lambda connection: connection.close()) as (port, came):
        refused(fleet, target(port))
    pauses = [later - sooner for sooner, later in pairwise(came)]
    assert len(pauses) >= 2
    assert pauses[1] > pauses[0]
    assert capfd.readouterr() == ("", "")


def test_a_failed_host_is_tried_once_for_all_who_ask(fleet: Fleet) -> None:
    with server(lambda connection: connection.close()) as (port, came):
        first = refused(fleet, target(port))
        tries = len(came)
        assert refused(fleet, target(port)) == first
        assert len(came) == tries
        fleet.stale(target(port))
        refused(fleet, target(port))
        assert len(came) > tries


def test_each_asker_gets_an_error_of_its_own(fleet: Fleet) -> None:
    errors = []
    for _ in range(2):
        with pytest.raises(HostUnreachable) as caught:
            fleet.facts(target(closed_port(), name="x"))
        errors.append(caught.value)
    assert errors[0] is not errors[1]


def test_dead_hosts_cost_one_timeout_together(fleet: Fleet) -> None:
    with server(lambda connection: None) as (port, _):
        targets = [target(port, name=f"host{number}") for number in range(3)]
        started = time.monotonic()
        fleet.prefetch(targets)
        for subject in targets:
            with pytest.raises(HostUnreachable):
                fleet.facts(subject)
        assert time.monotonic() - started < 2 * TIMEOUT


def test_closing_stops_connecting(fleet: Fleet) -> None:
    subject = Target(
        name="paris", ssh=Ssh(host="127.0.0.1", port=closed_port(), connect_timeout=600)
    )
    fleet.prefetch([subject])
    fleet.close()
    with pytest.raises(HostUnreachable):
        fleet.facts(subject)
