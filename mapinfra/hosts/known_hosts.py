"""Which key a host may show: known_hosts, as sshd(8) gives its format.

Own code, since paramiko's HostKeys knows neither wildcards nor @revoked, keeps one key per type,
and stops at a line it can't decode.
"""

import base64
import binascii
import fnmatch
import hmac
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha1, sha256

from mapinfra.errors import HostKeyRefused


@dataclass(frozen=True)
class HostKey:
    """A public key as it stands on the wire."""

    type: str
    blob: bytes

    @classmethod
    def parse(cls, text: str) -> "HostKey":
        """Read `type base64`; raise ValueError when it is no such thing."""
        key_type, encoded = text.split()[:2]
        return cls(key_type, base64.b64decode(encoded, validate=True))

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it."""
        digest = base64.b64encode(sha256(self.blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"

    def __str__(self) -> str:
        return f"{self.type} {self.fingerprint}"


@dataclass(frozen=True)
class KnownKeys:
    """What the files say about one host, in the order they say it.

    `authorities` sign certificates of hosts, which paramiko doesn't know.
    """

    trusted: tuple[HostKey, ...] = ()
    revoked: tuple[HostKey, ...] = ()
    authorities: tuple[HostKey, ...] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """Types of the trusted keys, so that the server can be asked for one of these."""
        return tuple(dict.fromkeys(key.type for key in self.trusted))


@dataclass(frozen=True)
class _Line:
    marker: str
    patterns: tuple[str, ...]
    key: HostKey


def known_keys(texts: Iterable[str], host: str, port: int) -> KnownKeys:
    """Return what the texts of known_hosts files say about `host` at `port`.

    As ssh(1) does, a host on another port than 22 is looked up as `[host]:port` first, and
    by its bare name when that isn't there.
    """
    lines = [line for text in texts for line in _lines(text)]
    names = [host] if port == 22 else [f"[{host}]:{port}", host]
    found = [_about(lines, name.lower()) for name in names]
    trusted = next((keys.trusted for keys in found if keys.trusted), ())
    return KnownKeys(
        trusted,
        tuple(key for keys in found for key in keys.revoked),
        tuple(key for keys in found for key in keys.authorities),
    )


def _about(lines: Iterable[_Line], name: str) -> KnownKeys:
    mine = [line for line in lines if _matches(line.patterns, name)]
    return KnownKeys(
        tuple(line.key for line in mine if not line.marker),
        tuple(line.key for line in mine if line.marker == "@revoked"),
        tuple(line.key for line in mine if line.marker == "@cert-authority"),
    )


def _lines(text: str) -> Iterator[_Line]:
    for raw in text.splitlines():
        fields = raw.split()
        if not fields or fields[0].startswith("#"):
            continue
        marker = fields.pop(0) if fields[0].startswith("@") else ""
        if len(fields) < 3:
            continue
        try:
            key = HostKey.parse(f"{fields[1]} {fields[2]}")
        except (ValueError, binascii.Error):
            continue  # ssh(1) passes over a line it can't read, too
        yield _Line(marker, tuple(fields[0].split(",")), key)


def _matches(patterns: Iterable[str], name: str) -> bool:
    wanted = False
    for pattern in patterns:
        if pattern.startswith("!") and _like(pattern[1:], name):
            return False
        wanted = wanted or _like(pattern, name)
    return wanted


def _like(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        return _hashed_like(pattern, name)
    # `[` opens no set in known_hosts: only * and ? are special.
    return fnmatch.fnmatchcase(name, re.sub(r"\[", "[[]", pattern.lower()))


def _hashed_like(pattern: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in pattern.split("|")[2:4])
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), sha1).digest(), digest)


def check_host_key(
    shown: HostKey, known: KnownKeys, *, pinned: HostKey | None, where: str, address: str
) -> None:
    """Raise HostKeyRefused unless `shown` is the pinned key or, with none pinned, a known one."""
    if shown in known.revoked:
        raise HostKeyRefused(
            f"{address} shows the revoked key {shown}",
            where=where,
            remedy="give the host a new key, or correct known_hosts",
        )
    trusted = (pinned,) if pinned else known.trusted
    if shown in trusted:
        return
    if known.authorities and not trusted:
        raise HostKeyRefused(
            f"{address} shows {shown}, and known_hosts has a certificate authority for it only "
            "(@cert-authority): host certificates aren't supported",
            where=where,
            remedy="add the host's own key to known_hosts, or set ssh.host_key",
        )
    raise _refusal(shown, trusted, pinned=pinned is not None, where=where, address=address)


def _refusal(
    shown: HostKey, trusted: tuple[HostKey, ...], *, pinned: bool, where: str, address: str
) -> HostKeyRefused:
    if not trusted:
        return HostKeyRefused(
            f"{address} shows {shown}, a key that isn't known",
            where=where,
            remedy="compare it on the host (ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub), then add "
            "it to known_hosts or set ssh.host_key",
        )
    source = "ssh.host_key" if pinned else "known_hosts"
    expected = ", ".join(str(key) for key in trusted)
    return HostKeyRefused(
        f"{address} shows {shown}, but {source} has {expected}",
        where=where,
        remedy=f"the host was installed anew, or it isn't that host: find out, then correct "
        f"{source}",
    )
