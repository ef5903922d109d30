"""From a spec's `ssh` block and an SSH configuration to the way in."""

from pathlib import Path
from typing import Any

import pytest

from mapinfra.errors import HostError
from mapinfra.hosts import Ssh, Target
from mapinfra.hosts.endpoint import Endpoint, resolve
from mapinfra.hosts.known_hosts import HostKey
from mapinfra.secrets import EnvironmentSecret

CONFIG = """\
Host paris
    HostName 192.0.2.11
    User alice
    Port 2200
    IdentityFile ~/keys/one
    IdentityFile keys/two
    UserKnownHostsFile ~/%h.known "second file" %%d
    HostKeyAlias paris-key
    IdentitiesOnly yes

Host map
    HostName %h.example.net
    ProxyJump bastion

Host far
    ProxyJump first,ops@last:2022

Host bastion
    User guard

Host command
    ProxyCommand nc %h %p

Host round
    ProxyJump round2

Host round2
    ProxyJump round

Host badport
    Port none
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "home"
    (path / ".ssh").mkdir(parents=True)
    (path / ".ssh/config").write_text(CONFIG)
    monkeypatch.setenv("HOME", str(path))
    return path


def endpoint(home: Path, name: str, **ssh: Any) -> Endpoint:
    return resolve(Target(name=name, ssh=Ssh(**ssh)), home.parent)


def fault(home: Path, name: str, **ssh: Any) -> str:
    with pytest.raises(HostError) as caught:
        endpoint(home, name, **ssh)
    message = str(caught.value)
    assert message.startswith(f"{name}: ")
    assert "\n" not in message
    return message


def test_an_alias_of_the_configuration_gives_everything(home: Path) -> None:
    found = endpoint(home, "remote", host="paris")
    assert (found.name, found.host, found.port, found.user) == (
        "remote", "192.0.2.11", 2200, "alice",
    )  # fmt: skip
    assert [identity.path for identity in found.identities] == [
        home / "keys/one",
        home.parent / "keys/two",
    ]
    assert found.known_hosts[:3] == (
        home / "192.0.2.11.known",
        home.parent / "second file",
        home.parent / "%d",
    )
    assert found.known_as == "paris-key"
    assert found.identities_only


def test_the_name_in_the_spec_is_the_host_by_default(home: Path) -> None:
    assert endpoint(home, "map").host == "map.example.net"
    assert endpoint(home, "unheard.of").host == "unheard.of"


def test_the_spec_wins_over_the_configuration(home: Path) -> None:
    reference = EnvironmentSecret(env="PASS")
    found = endpoint(
        home, "paris", user="bob", port=22, identity_file="id", identity_passphrase=reference
    )
    assert (found.user, found.port) == ("bob", 22)
    (identity,) = found.identities
    assert identity.path == home.parent / "id"
    assert identity.chosen
    assert identity.passphrase == reference


def test_usual_keys_and_files_without_any_configuration(home: Path) -> None:
    (home / ".ssh/config").unlink()
    found = endpoint(home, "x")
    assert home / ".ssh/id_ed25519" in [identity.path for identity in found.identities]
    assert home / ".ssh/known_hosts" in found.known_hosts
    assert Path("/etc/ssh/ssh_known_hosts") in found.known_hosts
    assert (found.port, found.via) == (22, None)


def test_jump_hosts_are_chained_in_order(home: Path) -> None:
    found = endpoint(home, "far")
    assert found.via is not None
    assert (found.via.host, found.via.user, found.via.port) == ("last", "ops", 2022)
    assert found.via.via is not None
    assert found.via.via.host == "first"
    assert found.via.via.via is None


def test_a_jump_of_the_spec_wins_and_uses_its_own_configuration(home: Path) -> None:
    found = endpoint(home, "map", jump="paris", host_key="ssh-ed25519 AAAA")
    assert found.via is not None
    assert (found.via.user, found.via.host, found.via.port) == ("alice", "192.0.2.11", 2200)
    assert found.host_key == HostKey("ssh-ed25519", b"\0\0\0")
    assert found.via.host_key is None


def test_jump_can_be_switched_off(home: Path) -> None:
    assert endpoint(home, "map", jump="none").via is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b", ("b", 22)),
        ("u@b", ("b", 22)),
        ("u@b:99", ("b", 99)),
        ("[2001:db8::1]:99", ("2001:db8::1", 99)),
        ("ssh://u@b:99", ("b", 99)),
    ],
)
def test_ways_to_write_a_jump_host(home: Path, text: str, expected: tuple[str, int]) -> None:
    via = endpoint(home, "x", jump=text).via
    assert via is not None
    assert (via.host, via.port) == expected


@pytest.mark.parametrize("text", ["", ",", "a b", "a:b", "a:0", "a:65536", "@a", "a,,b", "2001::1"])
def test_what_is_no_jump_host(home: Path, text: str) -> None:
    if text:
        assert "is no jump host" in fault(home, "x", jump=text)
    else:
        assert endpoint(home, "x", jump=text).via is None


def test_jump_hosts_in_a_circle_are_told(home: Path) -> None:
    assert "in a circle: round via round2 via round" in fault(home, "round")


def test_jump_hosts_without_end_are_told(home: Path) -> None:
    (home / ".ssh/config").write_text("Host *\n  ProxyJump %h-j\n")
    assert "more than 8 jump hosts" in fault(home, "x")


@pytest.mark.parametrize(
    "line", ["IdentityFile ~nobody-there/key", "Include ~nobody-there/config",
             "IdentityAgent ~nobody-there/agent", "UserKnownHostsFile ~nobody-there/hosts"],
)  # fmt: skip
def test_a_file_of_a_user_who_is_not_there_is_told(home: Path, line: str) -> None:
    (home / ".ssh/config").write_text(f"{line}\n")
    assert "there is no ~nobody-there" in fault(home, "x")
    (home / ".ssh/config").write_text("")
    assert "there is no ~nobody-there" in fault(home, "x", identity_file="~nobody-there/key")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("", "/run/usual (SSH_AUTH_SOCK)"),
        ("IdentityAgent SSH_AUTH_SOCK", "/run/usual (SSH_AUTH_SOCK)"),
        ("IdentityAgent $SSH_AUTH_SOCK", "/run/usual (SSH_AUTH_SOCK)"),
        ("IdentityAgent $OTHER", "/run/other (IdentityAgent)"),
        ("IdentityAgent /run/own", "/run/own (IdentityAgent)"),
        ("IdentityAgent none", "None"),
    ],
)
def test_the_agents_socket_is_known_with_what_named_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, line: str, named: str
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/usual")
    monkeypatch.setenv("OTHER", "/run/other")
    (home / ".ssh/config").write_text(f"{line}\n")
    assert str(endpoint(home, "x").agent) == named


@pytest.mark.parametrize(("value", "only"), [("yes", True), ("true", True), ("False", False)])
def test_a_switch_may_be_true_or_yes(home: Path, value: str, *, only: bool) -> None:
    (home / ".ssh/config").write_text(
        f"IdentitiesOnly {value}\nPubkeyAuthentication true\nCanonicalizeHostname false\n"
    )
    assert endpoint(home, "x").identities_only is only


def test_nothing_but_an_end_of_line_ends_a_line(home: Path) -> None:
    (home / ".ssh/config").write_text("# x\u2028User eve\n")
    assert endpoint(home, "x").user != "eve"


def test_two_ports_of_one_host_are_no_circle(home: Path) -> None:
    assert endpoint(home, "x", host="localhost", port=2201, jump="localhost:2200").via is not None


def test_a_proxy_command_is_refused_with_the_way_out(home: Path) -> None:
    assert "use ProxyJump" in fault(home, "command")


def test_a_port_that_is_none_is_told(home: Path) -> None:
    assert "`none` is no port" in fault(home, "badport")


def test_a_pinned_key_that_is_none_is_told(home: Path) -> None:
    assert "ssh.host_key is no public key" in fault(home, "x", host_key="ssh-ed25519 AAA")


def test_a_missing_or_broken_configuration_is_told(home: Path) -> None:
    assert "can't be read (No such file" in fault(home, "x", config="nowhere")
    (home.parent / "broken").write_text("Host 'a\n")
    assert "can't be read" in fault(home, "x", config="broken")


def test_included_files_count_and_end_where_they_are_included(home: Path) -> None:
    (home / ".ssh/conf.d").mkdir()
    (home / ".ssh/conf.d/one").write_text("Host berlin\n  HostName 192.0.2.30\n  Port 30\n")
    (home / ".ssh/conf.d/two").write_text("Host rome\n  HostName 192.0.2.31\n")
    (home / ".ssh/config").write_text("Include conf.d/*\nUser everyone\n" + CONFIG)
    assert (endpoint(home, "berlin").host, endpoint(home, "berlin").port) == ("192.0.2.30", 30)
    assert endpoint(home, "rome").host == "192.0.2.31"
    assert endpoint(home, "unheard.of").user == "everyone"
    assert endpoint(home, "unheard.of").port == 22


def test_a_file_that_includes_itself_is_told(home: Path) -> None:
    (home / ".ssh/config").write_text("Include config\n")
    assert "Include goes in a circle" in fault(home, "x")


def test_targets_that_lead_to_one_place_share_it(home: Path) -> None:
    one, other = endpoint(home, "one", host="paris"), endpoint(home, "two", host="paris")
    assert one == other
    assert hash(one) == hash(other)
    assert one != endpoint(home, "one", host="paris", user="someone")
