"""One session for all providers of one configuration."""

from pathlib import Path

import pytest

from mapinfra.errors import CentreonError
from mapinfra.hosts import Ssh, Target
from mapinfra.resources.machines import address_of
from mapinfra.resources.sessions import Sessions, _wishes
from mapinfra.resources.wishes import comparable
from mapinfra.spec import locate
from tests.unit.resources.lamp import empty_session


def test_one_configuration_has_one_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sessions = Sessions()
    first = sessions.of({"a": "1"})
    assert sessions.of({"a": "1"}) is first
    assert sessions.of({"a": "2"}) is not first
    sessions.close()
    assert sessions.of({"a": "1"}) is not first
    sessions.close()


def test_a_spec_that_cant_be_read_is_left_to_the_program_to_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("central: [")
    sessions = Sessions()
    assert sessions.of({"maps:spec": "bad.yaml"}, "maps") is not sessions.of({}, "maps")
    sessions.close()


def test_the_spec_names_hosts_in_the_way_in_which_addresses_are_compared(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text("""\
central:
  ssh: {host: "2001:DB8::1"}
  database: {user: m}
  api: {url: "https://central.invalid/centreon/", user: admin, password: {file: pw}}
remotes:
  paris: {ssh: {host: Paris.example.net.}}
""")
    hosts = _wishes(locate(path)).hosts
    assert hosts[comparable("[2001:db8::1]")] == "central"
    assert hosts[comparable("paris.Example.net")] == "paris"


def test_a_thing_is_held_once(tmp_path: Path) -> None:
    session = empty_session(tmp_path)
    assert not session.claimed("page")
    session.claim("page", "a")
    session.claim("page", "a")
    assert session.claimed("page")
    with pytest.raises(CentreonError, match="two resources hold it"):
        session.claim("page", "b")


def test_an_address_is_that_of_the_host_whatever_it_is_called() -> None:
    one = Target(name="one", ssh=Ssh(host="Paris.example.net"))
    two = Target(name="two", ssh=Ssh(host="paris.example.net", port=22))
    assert address_of(one) == address_of(two) == "paris.example.net:22"
    assert address_of(Target(name="x", ssh=Ssh(jump="b"))) == "x:22 via b"
