"""The keys that a login is tried with, in order: the spec's own, the agent's, the files'."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm

from mapinfra.errors import AuthenticationRefused
from mapinfra.hosts import private_keys, refusals
from mapinfra.hosts.agent import Agent, AgentFault
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import Endpoint, Identity
from mapinfra.hosts.failures import AgentUnusable
from mapinfra.hosts.known_hosts import HostKey
from mapinfra.secrets import SecretResolver


class Keyring:
    """Logs in with keys of the agent and of files; each file is read and unlocked once.

    Unlocking takes about 0.1 s of computing by design (bcrypt), so fifty hosts with one key
    mustn't each do it.
    """

    def __init__(self, secrets: SecretResolver) -> None:
        self._secrets = secrets
        self._lock = threading.Lock()
        self._keys: dict[tuple[Identity, Path | None], paramiko.PKey] = {}

    def log_in(self, transport: paramiko.Transport, endpoint: Endpoint, deadline: Deadline) -> None:
        """Log in with the first key the server takes; raise AuthenticationRefused if none is."""
        tried: list[str] = []
        with closing(Agent(endpoint.agent, deadline)) as agent:
            try:
                for key in self._candidates(endpoint, agent):
                    if _accepted(transport, endpoint, key):
                        return
                    tried.append(key.fingerprint)
            except (AgentFault, AuthenticationRefused, paramiko.SSHException) as error:
                fault = agent.fault or error
                if not isinstance(fault, AgentFault):
                    raise
                raise AgentUnusable(fault.what, where=endpoint.name, remedy=fault.remedy) from None
        raise _refused(endpoint, tried)

    def _candidates(self, endpoint: Endpoint, agent: Agent) -> Iterator[paramiko.PKey]:
        """In ssh(1)'s order: few tries are allowed, so the keys that were named come first.

        The agent isn't asked at all where only named keys count, and their files will do.
        """
        if endpoint.identities_only:
            for identity in endpoint.identities:
                yield from self._named(identity, endpoint, agent)
            return
        keys = agent.keys()
        held = {
            identity: key
            for identity in endpoint.identities
            if (key := _held_by_agent(identity.path, keys)) is not None
        }
        for identity, key in held.items():
            yield from _certified(key, (*endpoint.certificates, _certificate(identity.path)))
        yield from (key for key in keys if key not in held.values())
        for identity in endpoint.identities:
            if identity not in held:
                yield from self._usable(identity, endpoint)

    def _named(
        self, identity: Identity, endpoint: Endpoint, agent: Agent
    ) -> Iterator[paramiko.PKey]:
        """The key of a file, or the agent's that belongs to a file which can't be used alone."""
        try:
            keys = self._loaded(identity, endpoint)
        except _Unusable:
            key = _held_by_agent(identity.path, agent.keys())
            if key is None:
                yield from self._usable(identity, endpoint)
            else:
                yield from _certified(key, (*endpoint.certificates, _certificate(identity.path)))
        else:
            yield from keys

    def _usable(self, identity: Identity, endpoint: Endpoint) -> Iterator[paramiko.PKey]:
        """The file's key; a file that wasn't chosen by the spec may be missing or unusable."""
        try:
            yield from self._loaded(identity, endpoint)
        except _Unusable as error:
            if identity.chosen:
                raise AuthenticationRefused(
                    f"identity file {identity.path} {error.what}",
                    where=endpoint.name,
                    remedy=error.remedy,
                ) from None

    def _loaded(self, identity: Identity, endpoint: Endpoint) -> list[paramiko.PKey]:
        """The key of a file, before it the same one with a certificate that belongs to it."""
        plain = self._load(identity, None)
        files = (*endpoint.certificates, _certificate(identity.path))
        certificates = [file for file in files if _belongs(file, plain)]
        return [*(self._load(identity, file) for file in certificates), plain]

    def _load(self, identity: Identity, certificate: Path | None) -> paramiko.PKey:
        with self._lock:
            if (identity, certificate) not in self._keys:
                key = _read(identity, self._secrets)
                if certificate is not None:
                    key.load_certificate(str(certificate))
                self._keys[identity, certificate] = key
            return self._keys[identity, certificate]


def _certificate(path: Path) -> Path:
    """Where ssh(1) looks for the certificate of a key's file."""
    return Path(f"{str(path).removesuffix('.pub')}-cert.pub")


def _belongs(file: Path, key: paramiko.PKey) -> bool:
    """Whether a file holds a certificate of this key: its type, a nonce, then the key's fields."""
    try:
        certificate = paramiko.Message(HostKey.parse(file.read_text(encoding="utf-8")).blob)
        public = paramiko.Message(key.asbytes())
    except (OSError, ValueError):
        return False
    kind = public.get_text()
    if not certificate.get_text().startswith(f"{kind}-cert-v01@"):
        return False
    certificate.get_binary()
    return certificate.get_remainder().startswith(public.get_remainder())


def _certified(key: paramiko.AgentKey, files: Sequence[Path]) -> Iterator[paramiko.PKey]:
    """The agent's key, before it the same one with a certificate from a file."""
    for file in files:
        if _belongs(file, key):
            twin = paramiko.AgentKey(key.agent, key.blob)
            twin.load_certificate(str(file))
            yield twin
    yield key


def _accepted(transport: paramiko.Transport, endpoint: Endpoint, key: paramiko.PKey) -> bool:
    try:
        more = transport.auth_publickey(endpoint.user, key)
    except paramiko.BadAuthenticationType as error:
        raise AuthenticationRefused(
            f"{endpoint.address} takes no keys, only {', '.join(error.allowed_types)}",
            where=endpoint.name,
            remedy="allow PubkeyAuthentication in its sshd_config",
        ) from None
    except paramiko.AuthenticationException:
        if transport.is_active():
            return False
        banner = (transport.get_banner() or b"").decode(errors="replace")
        advice = refusals.of_login(endpoint.user, banner)
        raise AuthenticationRefused(
            f"{endpoint.address} closed the connection while {endpoint.user} logged in: "
            f"{advice.what}",
            where=endpoint.name,
            remedy=advice.remedy,
        ) from None
    if more:
        raise AuthenticationRefused(
            f"{endpoint.address} wants {' and '.join(more)} besides the key",
            where=endpoint.name,
            remedy="allow a login by key alone for this user",
        )
    return True


def _refused(endpoint: Endpoint, tried: list[str]) -> AuthenticationRefused:
    if not tried:
        return AuthenticationRefused(
            f"there is no key to log in to {endpoint.address} with",
            where=endpoint.name,
            remedy="set ssh.identity_file, or add a key to the agent",
        )
    return AuthenticationRefused(
        f"{endpoint.address} refuses user {endpoint.user} with {', '.join(tried)}",
        where=endpoint.name,
        remedy="check ssh.user and ssh.identity_file, and authorized_keys on the host",
    )


def _held_by_agent(path: Path, agent_keys: Sequence[paramiko.AgentKey]) -> paramiko.AgentKey | None:
    """The agent's key that belongs to an identity's file.

    That may be the public key itself (so for keys that no file has: a token's, a password
    manager's), or has it beside itself as `.pub`.
    """
    for file in (path, Path(f"{path}.pub")):
        public = _public(file)
        if public is not None:
            return next((key for key in agent_keys if key.asbytes() == public.blob), None)
    return None


def _public(path: Path) -> HostKey | None:
    try:
        return HostKey.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


class _Unusable(Exception):
    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def _read(identity: Identity, secrets: SecretResolver) -> paramiko.PKey:
    try:
        return private_keys.read(identity.path)
    except TypeError:  # cryptography's way to say that a passphrase is missing
        return _unlock(identity, secrets)
    except OSError as error:
        raise _Unusable(f"can't be read ({error.strerror})", "correct ssh.identity_file") from None
    except (ValueError, UnsupportedAlgorithm, paramiko.SSHException):
        raise _unknown(identity.path) from None


def _unknown(path: Path) -> "_Unusable":
    """What a file is that holds no key for us, with the way to another one."""
    if _public(path) is not None:
        return _Unusable(
            "is a public key, whose private one the agent doesn't hold",
            "add that to the agent (ssh-add), or name the private key's file",
        )
    if "PRIVATE KEY-----" in path.read_text(encoding="utf-8", errors="replace"):
        return _Unusable(
            "is a private key of a kind that can't be used, or damaged",
            f"see what ssh-keygen says (ssh-keygen -y -f {path}), "
            "and use an Ed25519, ECDSA or RSA key",
        )
    return _Unusable("is no private key that can be used", "use an Ed25519, ECDSA or RSA key")


def _unlock(identity: Identity, secrets: SecretResolver) -> paramiko.PKey:
    if identity.passphrase is None:
        raise _Unusable(
            "has a passphrase", "set ssh.identity_passphrase, or add the key to the agent"
        )
    try:
        return private_keys.read(identity.path, secrets(identity.passphrase).encode())
    except (ValueError, UnsupportedAlgorithm, paramiko.SSHException):
        raise _Unusable("has another passphrase", "correct ssh.identity_passphrase") from None
