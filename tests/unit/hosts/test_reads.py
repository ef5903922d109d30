"""What is read of a host follows from what it serves, in one pass all the same."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from socket import create_server

import pytest

from mapinfra.errors import HostUnreachable
from mapinfra.hosts import Fleet, Ssh, Survey, Target
from mapinfra.secrets import Secrets

Seen = list[tuple[str, ...]]


@pytest.fixture
def fleet(tmp_path: Path, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    def survey(target: Target) -> Survey:
        seen.append(target.reads)
        return Survey()

    monkeypatch.setenv("HOME", str(tmp_path))
    with Fleet(Secrets({}, tmp_path), survey, folder=tmp_path) as fleet:
        yield fleet


@pytest.fixture
def seen() -> Seen:
    return []


@pytest.fixture
def host() -> Target:
    """Nothing listens there: what is to be read is asked for before."""
    with closing(create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    return Target(name="lyon", ssh=Ssh(host="127.0.0.1", port=port, connect_timeout=0.3))


def read(fleet: Fleet, target: Target) -> None:
    with pytest.raises(HostUnreachable):
        fleet.facts(target)


def test_one_pass_serves_all_who_ask(fleet: Fleet, seen: Seen, host: Target) -> None:
    fleet.prefetch([host.reading("centreon", "map")])
    read(fleet, host.reading("map"))
    read(fleet, host)
    assert seen == [("centreon", "map")]


def test_targets_of_one_host_are_prefetched_as_one(fleet: Fleet, seen: Seen, host: Target) -> None:
    fleet.prefetch([host, host.reading("map")])
    read(fleet, host)
    assert seen == [("centreon", "map")]


def test_a_new_question_reads_the_host_anew_with_the_old_ones(
    fleet: Fleet, seen: Seen, host: Target
) -> None:
    read(fleet, host)
    read(fleet, host.reading("map"))
    read(fleet, host)
    assert seen == [("centreon",), ("centreon", "map")]


def test_what_was_asked_before_is_read_again_after_a_change(
    fleet: Fleet, seen: Seen, host: Target
) -> None:
    read(fleet, host.reading("map"))
    fleet.stale(host)
    read(fleet, host)
    assert seen == [("map",), ("centreon", "map")]


def test_what_is_read_is_no_part_of_a_resources_inputs(host: Target) -> None:
    assert "reads" not in host.reading("map").model_dump()
