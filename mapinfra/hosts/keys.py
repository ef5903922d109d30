"""The keys that a login is tried with, in order: the spec's own, the agent's, the files'."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.pkey import UnknownKeyType

from mapinfra.errors import AuthenticationRefused
from mapinfra.hosts.endpoint import Endpoint, Identity
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
        self._keys: dict[Identity, paramiko.PKey] = {}

    def log_in(self, transport: paramiko.Transport, endpoint: Endpoint) -> None:
        """Log in with the first key the server takes; raise AuthenticationRefused if none is."""
        tried: list[str] = []
        with _agent_keys() as agent_keys:
            for key in self._candidates(endpoint, agent_keys):
                if _accepted(transport, endpoint, key):
                    return
                tried.append(key.fingerprint)
        raise _refused(endpoint, tried)

    def _candidates(
        self, endpoint: Endpoint, agent_keys: Sequence[paramiko.AgentKey]
    ) -> Iterator[paramiko.PKey]:
        """In ssh(1)'s order: few tries are allowed, so the keys that were named come first."""
        held = {
            identity: key
            for identity in endpoint.identities
            if (key := _held_by_agent(identity.path, agent_keys)) is not None
        }
        yield from held.values()
        if not endpoint.identities_only:
            yield from (key for key in agent_keys if key not in held.values())
        for identity in endpoint.identities:
            if identity not in held:
                yield from self._usable(identity, endpoint)

    def _usable(self, identity: Identity, endpoint: Endpoint) -> Iterator[paramiko.PKey]:
        """The file's key; a file that wasn't chosen by the spec may be missing or unusable."""
        try:
            yield self._load(identity)
        except _Unusable as error:
            if identity.chosen:
                raise AuthenticationRefused(
                    f"identity file {identity.path} {error.what}",
                    where=endpoint.name,
                    remedy=error.remedy,
                ) from None

    def _load(self, identity: Identity) -> paramiko.PKey:
        with self._lock:
            if identity not in self._keys:
                self._keys[identity] = _read(identity, self._secrets)
            return self._keys[identity]


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
        raise AuthenticationRefused(
            f"{endpoint.address} closed the connection while {endpoint.user} logged in",
            where=endpoint.name,
            remedy="set ssh.identity_file, so that fewer keys are tried",
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


@contextmanager
def _agent_keys() -> Iterator[Sequence[paramiko.AgentKey]]:
    """The keys of the running agent, if one runs; they sign as long as the context lasts."""
    try:
        agent = paramiko.Agent()
    except (paramiko.SSHException, OSError):
        yield ()
        return
    try:
        yield agent.get_keys()
    finally:
        agent.close()


def _held_by_agent(path: Path, agent_keys: Sequence[paramiko.AgentKey]) -> paramiko.AgentKey | None:
    """The agent's key that belongs to a private key's file, told by the `.pub` file beside it."""
    try:
        public = HostKey.parse(Path(f"{path}.pub").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return next((key for key in agent_keys if key.asbytes() == public.blob), None)


class _Unusable(Exception):
    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def _read(identity: Identity, secrets: SecretResolver) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(identity.path)
    except (TypeError, paramiko.PasswordRequiredException):
        return _unlock(identity, secrets)  # TypeError: cryptography's "Password was not given"
    except OSError as error:
        raise _Unusable(f"can't be read ({error.strerror})", "correct ssh.identity_file") from None
    except (ValueError, UnsupportedAlgorithm, paramiko.SSHException, UnknownKeyType):
        raise _Unusable(
            "is no private key that can be used", "use an Ed25519, ECDSA or RSA key"
        ) from None


def _unlock(identity: Identity, secrets: SecretResolver) -> paramiko.PKey:
    if identity.passphrase is None:
        raise _Unusable(
            "has a passphrase", "set ssh.identity_passphrase, or add the key to the agent"
        )
    # cryptography wants bytes, paramiko's annotation says text: both take bytes.
    passphrase = secrets(identity.passphrase).encode()
    try:
        return paramiko.PKey.from_path(identity.path, passphrase)  # type: ignore[arg-type]
    except (ValueError, paramiko.SSHException):
        raise _Unusable("has another passphrase", "correct ssh.identity_passphrase") from None
