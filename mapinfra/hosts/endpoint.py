"""From a spec's `ssh` block and the user's SSH configuration to the one way into a host."""

import getpass
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko

from mapinfra.errors import HostError
from mapinfra.hosts.known_hosts import HostKey
from mapinfra.hosts.target import Target
from mapinfra.secrets import SecretReference

Options = Mapping[str, Any]  # as paramiko gives them: identityfile is a list, the others are text

_DEFAULT_IDENTITIES = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_DEFAULT_KNOWN_HOSTS = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
_GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"
_INCLUDE = re.compile(r"\s*include(?:\s+|\s*=\s*)(?P<patterns>\S.*)", re.IGNORECASE)
_HEADER = re.compile(r"\s*(?:host|match)\b", re.IGNORECASE)
_INCLUDE_DEPTH = 16  # as in ssh(1)
_HOP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s]+)@)?(?:\[(?P<literal>[^\]\s]+)\]|(?P<host>[^:@\s\[\]/]+))"
    r"(?::(?P<port>\d{1,5}))?"
)


@dataclass(frozen=True)
class Identity:
    """A private key's file. `chosen`: named by the spec, so it has to work."""

    path: Path
    chosen: bool = False
    passphrase: SecretReference | None = None


@dataclass(frozen=True)
class Endpoint:
    """One sshd and how to log in there; equal ones share a connection.

    `name` is what errors call it, `timeout` the seconds that connecting may take.
    """

    name: str = field(compare=False)
    host: str
    port: int
    user: str
    identities: tuple[Identity, ...]
    identities_only: bool
    known_hosts: tuple[Path, ...]
    known_as: str
    host_key: HostKey | None
    via: "Endpoint | None"
    timeout: float = field(compare=False)

    @property
    def address(self) -> str:
        """`host:port`, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def resolve(target: Target, folder: Path) -> Endpoint:
    """Return the way into a target; what the spec leaves open comes from the SSH configuration.

    Relative paths start from `folder`. Raises HostError for a configuration that can't be read
    or used.
    """
    return _Resolver(target, folder).target()


class _Resolver:
    def __init__(self, target: Target, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._config = self._read_config()

    def target(self) -> Endpoint:
        ssh = self._target.ssh
        alias = ssh.host or self._target.name
        options = self._options(alias)
        hop = Hop(alias, ssh.user, ssh.port)
        via = self._via(ssh.jump or options.get("proxyjump"), (hop,))
        return self._endpoint(self._target.name, options, hop, via)

    def _via(self, jump: str | None, passed: "tuple[Hop, ...]") -> Endpoint | None:
        """The last hop of `jump`; the hops before it are its own `via`, as in ssh_config(5)."""
        if jump is None or jump.lower() == "none":
            return None
        before, _, last = jump.rpartition(",")
        hop = self._hop(last.strip())
        if any((hop.host, hop.port) == (other.host, other.port) for other in passed):
            way = " via ".join(stop.host for stop in (*passed, hop))
            raise self._fault(f"the jump hosts go in a circle: {way}")
        options = self._options(hop.host)
        via = self._via(before or options.get("proxyjump"), (*passed, hop))
        return self._endpoint(f"jump host {hop.host}", options, hop, via, pinned=False)

    def _endpoint(
        self,
        name: str,
        options: Options,
        hop: "Hop",
        via: Endpoint | None,
        *,
        pinned: bool = True,
    ) -> Endpoint:
        ssh = self._target.ssh
        host = options["hostname"]
        return Endpoint(
            name=name,
            host=host,
            port=hop.port or self._port(options),
            user=hop.user or options.get("user") or getpass.getuser(),
            identities=self._identities(options),
            identities_only=ssh.identity_file is not None
            or options.get("identitiesonly", "no").lower() == "yes",
            known_hosts=self._known_hosts(options),
            known_as=options.get("hostkeyalias", host),
            host_key=self._host_key() if pinned else None,
            via=via,
            timeout=ssh.connect_timeout,
        )

    def _read_config(self) -> paramiko.SSHConfig:
        given = self._target.ssh.config
        path = self._path(given or "~/.ssh/config")
        if given is None and not path.exists():
            return paramiko.SSHConfig()
        try:
            return paramiko.SSHConfig.from_file(_config_lines(path))
        except (OSError, ValueError, paramiko.ssh_exception.ConfigParseError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise self._fault(
                f"SSH configuration {path} can't be read ({reason})",
                remedy="correct ssh.config or the file",
            ) from None

    def _options(self, alias: str) -> Options:
        try:
            options = self._config.lookup(alias)
        except (paramiko.SSHException, ValueError, KeyError) as error:
            raise self._fault(f"the SSH configuration of {alias} can't be used ({error})") from None
        if options.get("proxycommand"):
            raise self._fault(
                f"the SSH configuration of {alias} has a ProxyCommand",
                remedy="use ProxyJump, or ssh.jump in the spec",
            )
        return options

    def _hop(self, text: str) -> "Hop":
        found = _HOP.fullmatch(text)
        if found is None or int(found["port"] or 22) not in range(1, 65536):
            raise self._fault(
                f"`{text}` is no jump host", remedy="write `[user@]host[:port]` in ssh.jump"
            )
        port = int(found["port"]) if found["port"] else None
        return Hop(found["literal"] or found["host"], found["user"], port)

    def _port(self, options: Options) -> int:
        text = options.get("port", "22")
        if not text.isdecimal() or int(text) not in range(1, 65536):
            raise self._fault(
                f"`{text}` is no port", remedy="correct Port in the SSH configuration"
            )
        return int(text)

    def _identities(self, options: Options) -> tuple[Identity, ...]:
        """The spec's key alone, or those of the configuration, or ssh(1)'s usual ones.

        A jump host is offered the spec's key as well, which `ssh -i` doesn't do: one key for
        the bastion and the hosts behind it is the common case.
        """
        ssh = self._target.ssh
        if ssh.identity_file is not None:
            path = self._path(ssh.identity_file)
            return (Identity(path, chosen=True, passphrase=ssh.identity_passphrase),)
        files = options.get("identityfile") or list(_DEFAULT_IDENTITIES)
        return tuple(
            Identity(self._path(file), passphrase=ssh.identity_passphrase)
            for file in files
            if file.lower() != "none"
        )

    def _host_key(self) -> HostKey | None:
        text = self._target.ssh.host_key
        try:
            return None if text is None else HostKey.parse(text)
        except ValueError:
            raise self._fault(
                "ssh.host_key is no public key", "write `type base64`, as ssh-keyscan prints it"
            ) from None

    def _known_hosts(self, options: Options) -> tuple[Path, ...]:
        named = (
            options.get("userknownhostsfile", _DEFAULT_KNOWN_HOSTS),
            options.get("globalknownhostsfile", _GLOBAL_KNOWN_HOSTS),
        )
        files = [file for names in named for file in shlex.split(names) if file.lower() != "none"]
        return tuple(self._path(_expand(file, options)) for file in files)

    def _path(self, text: str) -> Path:
        return self._folder / Path(text).expanduser()

    def _fault(self, what: str, remedy: str = "") -> HostError:
        return HostError(what, where=self._target.name, remedy=remedy)


def _config_lines(path: Path, depth: int = 0) -> Iterator[str]:
    """The lines of a configuration with Include, which paramiko doesn't know, filled in.

    What follows an Include belongs to the block that the Include stands in.
    """
    if depth > _INCLUDE_DEPTH:
        raise ValueError("its Include goes in a circle")
    header = "Host *"
    for line in path.read_text(encoding="utf-8").splitlines():
        include = _INCLUDE.fullmatch(line)
        if include is None:
            header = line if _HEADER.match(line) else header
            yield line
            continue
        for pattern in shlex.split(include["patterns"]):
            for file in _included(pattern):
                yield from _config_lines(file, depth + 1)
        yield header


def _included(pattern: str) -> list[Path]:
    """The files an Include names, in order; ssh_config(5) has them start from ~/.ssh."""
    path = Path("~/.ssh").expanduser() / Path(pattern).expanduser()
    return sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))


@dataclass(frozen=True)
class Hop:
    """One stop on the way, as it is written down."""

    host: str
    user: str | None
    port: int | None


def _expand(file: str, options: Options) -> str:
    """Fill in the tokens that paramiko leaves alone in UserKnownHostsFile."""
    tokens = {"%%": "%", "%d": str(Path.home()), "%h": options["hostname"]}
    return re.sub(r"%[%dh]", lambda found: tokens[found[0]], file)
