"""ssh_config as ssh(1) reads it: judged by ssh itself, and refused where mapinfra can't do so."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mapinfra.hosts.ssh_config import Asked, ConfigFault, Options, options_of, words
from mapinfra.hosts.ssh_keywords import IGNORED, REFUSED, USED

# ssh_config(5) of OpenSSH 9.2, and after the semicolon what came until 10.2.
KEYWORDS = """
AddKeysToAgent AddressFamily BatchMode BindAddress BindInterface CanonicalDomains
CanonicalizeFallbackLocal CanonicalizeHostname CanonicalizeMaxDots CanonicalizePermittedCNAMEs
CASignatureAlgorithms CertificateFile CheckHostIP Ciphers ClearAllForwardings Compression
ConnectionAttempts ConnectTimeout ControlMaster ControlPath ControlPersist DynamicForward
EnableEscapeCommandline EnableSSHKeysign EscapeChar ExitOnForwardFailure FingerprintHash
ForkAfterAuthentication ForwardAgent ForwardX11 ForwardX11Timeout ForwardX11Trusted GatewayPorts
GlobalKnownHostsFile GSSAPIAuthentication GSSAPIClientIdentity GSSAPIDelegateCredentials
GSSAPIKeyExchange GSSAPIRenewalForcesRekey GSSAPIServerIdentity GSSAPITrustDns GSSAPIKexAlgorithms
HashKnownHosts Host HostbasedAcceptedAlgorithms HostbasedAuthentication HostKeyAlgorithms
HostKeyAlias Hostname IdentitiesOnly IdentityAgent IdentityFile IgnoreUnknown Include IPQoS
KbdInteractiveAuthentication KbdInteractiveDevices KexAlgorithms KnownHostsCommand LocalCommand
LocalForward LogLevel LogVerbose MACs Match NoHostAuthenticationForLocalhost
NumberOfPasswordPrompts PasswordAuthentication PermitLocalCommand PermitRemoteOpen PKCS11Provider
Port PreferredAuthentications ProxyCommand ProxyJump ProxyUseFdpass PubkeyAcceptedAlgorithms
PubkeyAuthentication RekeyLimit RemoteCommand RemoteForward RequestTTY RequiredRSASize
RevokedHostKeys SecurityKeyProvider SendEnv ServerAliveCountMax ServerAliveInterval SessionType
SetEnv StdinNull StreamLocalBindMask StreamLocalBindUnlink StrictHostKeyChecking SyslogFacility
TCPKeepAlive Tunnel TunnelDevice UpdateHostKeys User UserKnownHostsFile VerifyHostKeyDNS
VisualHostKey XAuthLocation
; ChannelTimeout ObscureKeystrokeTiming RefuseConnection Tag VersionAddendum WarnWeakCrypto
"""

needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH's client isn't there")


def read(folder: Path, text: str, alias: str = "paris", **asked: object) -> Options:
    (folder / "config").write_text(text)
    return options_of([folder / "config"], Asked(alias, **asked))  # type: ignore[arg-type]


def fault(folder: Path, text: str, alias: str = "paris") -> ConfigFault:
    with pytest.raises(ConfigFault) as caught:
        read(folder, text, alias)
    assert caught.value.remedy
    return caught.value


def test_each_keyword_of_ssh_config_is_used_refused_or_ignored_on_purpose() -> None:
    known = {word.lower() for word in KEYWORDS.replace(";", "").split()}
    assert known <= USED | IGNORED | REFUSED.keys()
    assert not USED & IGNORED
    assert not (USED | IGNORED) & REFUSED.keys()


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("CanonicalizeHostname yes", "whole name"),
        ("CanonicalizeHostname always", "whole name"),
        ("KnownHostsCommand /usr/bin/keys %H", "host_key"),
        ("ProxyCommand nc %h %p", "ProxyJump"),
        ("PKCS11Provider /usr/lib/opensc.so", "ssh-add -s"),
        ("PubkeyAuthentication no", "by key"),
        ("PreferredAuthentications password,keyboard-interactive", "publickey"),
        ("RevokedHostKeys /etc/ssh/revoked", "@revoked"),
        ("BindAddress 192.0.2.1", "ProxyJump"),
        ("BindInterface eth1", "ProxyJump"),
        ("RefuseConnection not-from-here", "take it out"),
    ],
)
def test_what_mapinfra_cant_do_as_ssh_does_is_refused_for_that_host_only(
    tmp_path: Path, line: str, remedy: str
) -> None:
    refused = fault(tmp_path, f"Host paris\n  {line}\n")
    assert line.split()[0].lower() in refused.what
    assert remedy in refused.remedy
    assert read(tmp_path, f"Host lyon\n  {line}\n")["hostname"] == ("paris",)


@pytest.mark.parametrize(
    "line",
    [
        "ProxyCommand none",
        "KnownHostsCommand none",
        "CanonicalizeHostname no",
        "RevokedHostKeys none",
    ],
)
def test_a_keyword_that_is_switched_off_is_no_hindrance(tmp_path: Path, line: str) -> None:
    read(tmp_path, f"{line}\n")


@pytest.mark.parametrize(
    "criterion",
    ["localnetwork 10.0.0.0/8", "tagged work", "sessiontype shell", "version *", "new x"],
)
def test_a_match_that_cant_be_judged_is_refused_and_not_taken_for_true(
    tmp_path: Path, criterion: str
) -> None:
    refused = fault(tmp_path, f"User bob\nMatch {criterion}\n  User eve\n")
    assert criterion.split()[0] in refused.what
    assert refused.where.endswith("config:2")
    # Where it doesn't matter, it doesn't hinder.
    assert read(tmp_path, f"Match originalhost lyon {criterion}\n  User eve\n").get("user") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hots paris\n", "no keyword"),
        ("Match host\n", "no value"),
        ("Match\n", "no criterion"),
        ("Port\n", "no value"),
        ('User "bob\n', "a quote isn't closed"),
        ("HostName %z.example.net\n", "token `%z`"),
    ],
)
def test_what_ssh_would_refuse_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault(tmp_path, text).what


def test_unknown_keywords_may_be_ignored_by_name(tmp_path: Path) -> None:
    assert read(tmp_path, "IgnoreUnknown Use*,Hots\nHots x\nUser bob\n")["user"] == ("bob",)


def test_comments_after_values_are_no_part_of_them(tmp_path: Path) -> None:
    found = read(tmp_path, 'HostName 192.0.2.1 # old: 192.0.2.2\nUser "a b" #x\nPort=22#2\n')
    assert (found["hostname"], found["user"]) == (("192.0.2.1",), ("a b",))


def test_an_include_in_a_block_of_another_host_doesnt_count(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("User eve\nHost *\n  Port 99\n")
    found = read(tmp_path, f"Host lyon\n  Include {tmp_path}/more\nHost paris\n  Port 2200\n")
    assert (found.get("user"), found["port"]) == (None, ("2200",))


@needs_ssh
@pytest.mark.parametrize("first", ["Match final all\n", ""])
def test_a_last_pass_counts_as_canonical_as_for_ssh(tmp_path: Path, first: str) -> None:
    text = f"{first}Match canonical all\n  Port 99\n"
    (tmp_path / "config").write_text(text)
    found = read(tmp_path, text).get("port", ("22",))
    assert list(found) == ssh_says(tmp_path / "config", "paris")["port"]


def test_match_exec_asks_the_command_and_waits_for_it_no_longer_than_told(tmp_path: Path) -> None:
    text = 'Match exec "test %n = paris"\n  User bob\nMatch !exec true\n  Port 9\n'
    found = read(tmp_path, text)
    assert (found["user"], found.get("port")) == (("bob",), None)
    with pytest.raises(ConfigFault, match=r"took longer than 0\.1 s"):
        read(tmp_path, 'Match exec "sleep 20"\n  User bob\n', seconds=0.1)


def test_words_are_split_as_ssh_does() -> None:
    assert words(r"""a "b c" 'd "e' f\ g h\"i j#k \x #l m""") == [
        "a", "b c", 'd "e', "f g", 'h"i', "j#k", r"\x",
    ]  # fmt: skip


NAMES = st.sampled_from(["paris", "lyon", "paris.example.net", "p*", "*", "l?on", "!paris", "!l*"])
LINES = st.one_of(
    st.lists(NAMES, min_size=1, max_size=3).map(lambda some: f"Host {' '.join(some)}"),
    st.tuples(st.sampled_from(["host", "originalhost", "user"]), NAMES).map(
        lambda pair: f"Match {pair[0]} {pair[1]}"
    ),
    st.sampled_from(
        [
            "Match all", "Match final all", "Match final host paris", "Match !final user root",
            "Match canonical all", "Match localuser root", "Match host=paris user=bob",
            "User bob", "User=lyon", 'user "paris"', "Port 2201 # not 22", "port = 2202",
            "HostName %h.example.net", "Hostname 192.0.2.7", "HostName lyon # gone",
            "ProxyJump bob@lyon:2200", "ProxyJump none", "IdentityFile ~/one",
            "IdentityFile ~/two", "IdentityFile '~/a b'", "UserKnownHostsFile /a /b",
            "HostKeyAlias paris", "IdentitiesOnly yes", "Include INNER", "   # nothing", "",
        ]
    ),
)  # fmt: skip
COMPARED = (
    "user", "port", "hostname", "proxyjump", "identityfile", "userknownhostsfile",
    "identitiesonly", "hostkeyalias",
)  # fmt: skip
FILES = ("identityfile", "userknownhostsfile")  # where none is named, ssh tells its usual ones
DEFAULTS = {"user": ["root"], "port": ["22"], "identitiesonly": ["no"]}


def ssh_says(config: Path, alias: str) -> dict[str, list[str]]:
    done = subprocess.run(
        ["ssh", "-G", "-F", str(config), alias], capture_output=True, text=True, check=True
    )
    said: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        if keyword in COMPARED:
            said.setdefault(keyword, []).append(value)
    return said


@needs_ssh
@example(lines=("Host lyon", "User bob", "Match !final user root", "HostName lyon"), inner=())
@given(lines=st.lists(LINES, max_size=9), inner=st.lists(LINES, max_size=4))
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_what_is_read_is_what_ssh_itself_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: Sequence[str], inner: Sequence[str]
) -> None:
    (tmp_path / "inner").write_text("\n".join(line for line in inner if "INNER" not in line))
    text = "\n".join(lines).replace("INNER", str(tmp_path / "inner")) + "\n"
    (tmp_path / "config").write_text(text)
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    said = ssh_says(tmp_path / "config", "paris")
    found = read(tmp_path, text)
    for keyword in COMPARED:
        mine = list(found.get(keyword, DEFAULTS.get(keyword, ())))
        if keyword == "proxyjump" and mine == ["none"]:
            mine = []
        if keyword == "userknownhostsfile":
            mine = [" ".join(mine)] if mine else []
        if keyword in found or keyword not in FILES:
            assert said.get(keyword, []) == mine, text
