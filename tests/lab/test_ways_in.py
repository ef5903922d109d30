"""SSH as people have it: agents, public key files, certificates, odd key files, against sshd."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab import Lab
from mapinfra.errors import AuthenticationRefused, HostKeyRefused, HostUnreachable
from mapinfra.hosts import Ssh, Target
from tests.lab.test_hosts import World, agent, authorized, home, make_key, world

__all__ = ["home", "world"]  # fixtures


def alone(world: World, name: str = "lyon", **ssh: Any) -> Target:
    """A host reached without the lab's configuration."""
    given = {"host": world.lab.host(name).address, "user": "mapinfra", **ssh}
    return Target(name=name, ssh=Ssh(**{"host_key": world.public_key(name), **given}))


def user_is(world: World, target: Target) -> bool:
    return world.facts(target).text("user") == "mapinfra\n"


def silent(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    return listener


def test_an_agent_that_never_answers_is_given_up_within_the_connect_timeout(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "silent"))
    with closing(silent(home / "silent")):
        target = alone(world, connect_timeout=1)
        message = world.refused(AuthenticationRefused, lambda: world.facts(target), by="lyon")
    assert f"the SSH agent at {home / 'silent'} (SSH_AUTH_SOCK) gave no answer" in message


def test_the_agent_isnt_asked_where_named_files_will_do(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(home / "key")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "silent"))
    (home / ".ssh").mkdir()
    (home / ".ssh/config").write_text(f"IdentitiesOnly yes\nIdentityFile {key} # mine\n")
    with closing(silent(home / "silent")) as agent_socket, authorized(world.lab, "lyon", key):
        agent_socket.settimeout(0)
        assert user_is(world, alone(world))
        assert user_is(world, alone(world, identity_file=str(key)))
        with pytest.raises(BlockingIOError):
            agent_socket.accept()


def test_a_public_key_file_names_the_agents_key(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for a token's keys, or a password manager's: no file has the private one."""
    key, other = make_key(home / "held"), make_key(home / "other")
    public = Path(f"{key}.pub")
    (home / ".ssh").mkdir()
    (home / ".ssh/config").write_text(f"IdentitiesOnly yes\nIdentityFile {public}\n")
    with authorized(world.lab, "lyon", key), agent(key, monkeypatch):
        key.unlink()
        assert user_is(world, alone(world))
        assert user_is(world, alone(world, identity_file=str(public)))
        message = world.refused(
            AuthenticationRefused,
            lambda: world.facts(alone(world, identity_file=f"{other}.pub")),
            by="lyon",
        )
    assert "is a public key, whose private one the agent doesn't hold" in message


def test_the_agent_of_identity_agent_is_the_one_that_is_asked(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key(home / "held")
    (home / ".ssh").mkdir()
    (home / ".ssh/config").write_text("IdentityAgent ${MY_HOME}/agent.sock\n")
    with authorized(world.lab, "lyon", key), agent(key, monkeypatch):
        key.unlink()
        monkeypatch.delenv("SSH_AUTH_SOCK")
        monkeypatch.setenv("MY_HOME", str(home))
        assert user_is(world, alone(world))
        (home / ".ssh/config").write_text("IdentityAgent none\n")
        monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent.sock"))
        assert "there is no key" in world.refused(
            AuthenticationRefused, lambda: world.facts(alone(world)), by="lyon"
        )


@pytest.mark.parametrize("place", ["CertificateFile", "beside the key", "beside the agent's key"])
def test_a_key_that_only_its_certificate_lets_in(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    key, authority = make_key(home / "key"), make_key(home / "authority")
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "me", "-n", "mapinfra", f"{key}.pub"]
    subprocess.run(sign, check=True)
    certificate = home / "key-cert.pub"
    (home / ".ssh").mkdir()
    config = f"IdentitiesOnly yes\nIdentityFile {key}\n"
    if place == "CertificateFile":
        certificate = certificate.rename(home / "elsewhere.pub")
        config += f"CertificateFile {certificate}\n"
    (home / ".ssh/config").write_text(config)
    lyon, file = world.lab.host("lyon"), "/etc/ssh/sshd_config.d/00-authority.conf"
    lyon.run(["tee", "/etc/ssh/authority.pub"], input=Path(f"{authority}.pub").read_text())
    lyon.run(f"echo TrustedUserCAKeys /etc/ssh/authority.pub >{file} && systemctl reload ssh")
    try:
        if place == "beside the agent's key":
            with agent(key, monkeypatch):
                key.unlink()
                assert user_is(world, alone(world))
        else:
            assert user_is(world, alone(world))
            certificate.unlink()
            assert "refuses user mapinfra" in world.refused(
                AuthenticationRefused, lambda: world.facts(alone(world)), by="lyon"
            )
    finally:
        lyon.run(f"rm {file} && systemctl reload ssh")


def test_a_key_in_another_format_is_taken(world: World, home: Path) -> None:
    key = home / "pkcs8"
    make = ["ssh-keygen", "-q", "-t", "ecdsa", "-m", "PKCS8", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True)
    with authorized(world.lab, "lyon", key):
        assert user_is(world, alone(world, identity_file=str(key)))


def test_a_damaged_key_says_how_to_see_what_is_wrong(world: World, home: Path) -> None:
    key = home / "damaged"
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(key)], check=True)
    lines = key.read_text().splitlines()
    key.write_text("\n".join((lines[0], *lines[2:])))
    Path(f"{key}.pub").unlink()
    target = alone(world, identity_file=str(key))
    message = world.refused(AuthenticationRefused, lambda: world.facts(target), by="lyon")
    assert f"ssh-keygen -y -f {key}" in message


def test_the_jump_host_has_a_pin_of_its_own(world: World, home: Path) -> None:
    central = world.lab.host("central").address
    key = str(world.lab.directory / "id_ed25519")
    ways = {"jump": f"mapinfra@{central}", "identity_file": key}
    right = alone(world, **ways, jump_host_key=world.public_key("central"))
    assert user_is(world, right)
    wrong = alone(world, **ways, jump_host_key=world.public_key("paris"))
    message = world.refused(HostKeyRefused, lambda: world.facts(wrong), by="lyon")
    assert message.startswith("lyon via jump host")


@contextmanager
def sshd_with(lab: Lab, name: str, lines: str) -> Iterator[None]:
    """An sshd that was started anew with some lines of configuration more."""
    host, file = lab.host(name), "/etc/ssh/sshd_config.d/00-ways.conf"
    anew = "systemctl reset-failed ssh; systemctl restart ssh"
    host.run(f"cat >{file}; {anew}", input=f"{lines}\n")
    try:
        yield
    finally:
        host.run(f"rm {file}; {anew}")


def test_a_key_exchange_of_ietf_name_is_known(world: World) -> None:
    with sshd_with(world.lab, "lyon", "KexAlgorithms curve25519-sha256"):
        assert user_is(world, world.target("lyon"))


@pytest.mark.parametrize(
    ("lines", "told", "ours"),
    [
        (
            "KexAlgorithms diffie-hellman-group18-sha512",
            "no key exchange in common; it offers diffie-hellman-group18-sha512",
            "curve25519-sha256",
        ),
        (
            "Ciphers chacha20-poly1305@openssh.com",
            "no cipher in common; it offers chacha20-poly1305@openssh.com",
            "aes256-ctr",
        ),
        (
            "Ciphers aes256-ctr\nMACs umac-64@openssh.com",
            "no MAC in common; it offers umac-64@openssh.com",
            "hmac-sha2-256",
        ),
        (
            "HostKey /etc/ssh/old\nHostKeyAlgorithms ssh-dss",
            "no type of host key in common; it offers ssh-dss",
            "ssh-ed25519",
        ),
    ],
    ids=["key exchange", "cipher", "MAC", "host key"],
)
def test_no_algorithm_in_common_says_what_the_server_offers(
    world: World, lines: str, told: str, ours: str
) -> None:
    lyon = world.lab.host("lyon")
    lyon.run("[ -e /etc/ssh/old ] || ssh-keygen -q -t dsa -N '' -f /etc/ssh/old")
    with sshd_with(world.lab, "lyon", lines):
        message = world.refused(
            HostUnreachable, lambda: world.facts(world.target("lyon")), by="lyon"
        )
    assert told in message
    assert ours in message.partition("allow one of these in its sshd_config: ")[2]
