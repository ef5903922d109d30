"""From a spec's `ssh` block and the user's SSH configuration to the one way into a host."""

import getpass
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from mapinfra.errors import HostError
from mapinfra.hosts import ssh_config
from mapinfra.hosts.known_hosts import HostKey
from mapinfra.hosts.ssh_config import Asked, ConfigFault, Options
from mapinfra.hosts.target import Target
from mapinfra.secrets import SecretReference

_T = TypeVar("_T")

_DEFAULT_IDENTITIES = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_DEFAULT_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_CONFIG, _GLOBAL_CONFIG = "~/.ssh/config", "/etc/ssh/ssh_config"
_AGENT = "SSH_AUTH_SOCK"
_HOPS = 8
_FAMILIES = ("any", "inet", "inet6")
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
class AgentSocket:
    """Where the agent listens; `is_usual`: named by SSH_AUTH_SOCK, else by IdentityAgent."""

    path: Path
    is_usual: bool = field(compare=False)

    def __str__(self) -> str:
        return f"{self.path} ({_AGENT if self.is_usual else 'IdentityAgent'})"


@dataclass(frozen=True)
class Endpoint:
    """One sshd and how to log in there; equal ones share a connection.

    `name` is what errors call it, `timeout` the seconds that connecting may take, `agent` the
    socket of the agent, `family` the AddressFamily of ssh_config(5).
    """

    name: str = field(compare=False)
    host: str
    port: int
    user: str
    identities: tuple[Identity, ...]
    identities_only: bool
    certificates: tuple[Path, ...]
    agent: AgentSocket | None
    family: str
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

    def target(self) -> Endpoint:
        ssh = self._target.ssh
        hop = Hop(ssh.host or self._target.name, ssh.user, ssh.port)
        options = self._options(hop)
        via = self._via(ssh.jump or self._jump(options, hop), self._jump_keys(), (hop,))
        return self._endpoint(self._target.name, options, hop, via, self._host_key())

    def _via(
        self, jump: str | None, keys: tuple[HostKey, ...], passed: "tuple[Hop, ...]"
    ) -> Endpoint | None:
        """The last hop of `jump`; the hops before it are its own `via`, as in ssh_config(5)."""
        if jump is None or jump.lower() == "none":
            return None
        before, _, last = jump.rpartition(",")
        hop = self._hop(last.strip())
        if any((hop.host, hop.port) == (other.host, other.port) for other in passed):
            way = " via ".join(stop.host for stop in (*passed, hop))
            raise self._fault(f"the jump hosts go in a circle: {way}")
        if len(passed) > _HOPS:
            raise self._fault(
                f"more than {_HOPS} jump hosts: {hop.host} is the next", "correct ProxyJump"
            )
        options = self._options(hop)
        via = self._via(before or self._jump(options, hop), keys[:-1], (*passed, hop))
        pinned = keys[-1] if keys else None
        return self._endpoint(f"jump host {hop.host}", options, hop, via, pinned)

    def _endpoint(
        self,
        name: str,
        options: Options,
        hop: "Hop",
        via: Endpoint | None,
        host_key: HostKey | None,
    ) -> Endpoint:
        ssh = self._target.ssh
        host = options["hostname"][0]
        return Endpoint(
            name=name,
            host=host,
            port=self._port(options),
            user=options.get("user", (getpass.getuser(),))[0],
            identities=self._identities(options, hop),
            identities_only=ssh.identity_file is not None
            or ssh_config.is_on(options.get("identitiesonly", ("no",))[0]),
            certificates=self._files(options.get("certificatefile", ()), options, hop),
            agent=self._agent(options, hop),
            family=self._family(options),
            known_hosts=self._known_hosts(options, hop),
            known_as=options.get("hostkeyalias", (host,))[0],
            host_key=host_key,
            via=via,
            timeout=ssh.connect_timeout,
        )

    def _options(self, hop: "Hop") -> Options:
        ssh = self._target.ssh
        asked = Asked(hop.host, hop.user, hop.port, ssh.connect_timeout)
        named = self._path(ssh.config or _CONFIG)
        # As for ssh -F: a file that is named is the only one.
        files = [named] if ssh.config else [named, Path(_GLOBAL_CONFIG)]
        try:
            if ssh.config:
                named.stat()
            return self._checked(lambda: ssh_config.options_of(files, asked), hop)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            where = getattr(error, "filename", None) or named
            raise self._fault(
                f"SSH configuration {where} can't be read ({reason})",
                remedy="correct ssh.config or the file",
            ) from None

    def _checked(self, action: Callable[[], _T], hop: "Hop") -> _T:
        try:
            return action()
        except ConfigFault as fault:
            where = f" ({fault.where})" if fault.where else ""
            raise self._fault(
                f"the SSH configuration of {hop.host} can't be used: {fault.what}{where}",
                remedy=fault.remedy,
            ) from None

    def _filled(self, text: str, options: Options, hop: "Hop") -> str:
        """A value with its tokens and environment variables filled in."""
        known = ssh_config.tokens(options, hop.host, options["hostname"][0])
        return self._checked(lambda: ssh_config.environment(ssh_config.expanded(text, known)), hop)

    def _jump(self, options: Options, hop: "Hop") -> str | None:
        jump = options.get("proxyjump", (None,))[0]
        return None if jump is None else self._filled(jump, options, hop)

    def _hop(self, text: str) -> "Hop":
        found = _HOP.fullmatch(text)
        if found is None or int(found["port"] or 22) not in range(1, 65536):
            raise self._fault(
                f"`{text}` is no jump host", remedy="write `[user@]host[:port]` in ssh.jump"
            )
        port = int(found["port"]) if found["port"] else None
        return Hop(found["literal"] or found["host"], found["user"], port)

    def _port(self, options: Options) -> int:
        text = options.get("port", ("22",))[0]
        if not text.isdecimal() or int(text) not in range(1, 65536):
            raise self._fault(
                f"`{text}` is no port", remedy="correct Port in the SSH configuration"
            )
        return int(text)

    def _family(self, options: Options) -> str:
        family = options.get("addressfamily", ("any",))[0].lower()
        if family not in _FAMILIES:
            raise self._fault(
                f"`{family}` is no address family",
                remedy="correct AddressFamily in the SSH configuration: any, inet or inet6",
            )
        return family

    def _identities(self, options: Options, hop: "Hop") -> tuple[Identity, ...]:
        """The spec's key alone, or those of the configuration, or ssh(1)'s usual ones.

        A jump host is offered the spec's key as well, which `ssh -i` doesn't do: one key for
        the bastion and the hosts behind it is the common case.
        """
        ssh = self._target.ssh
        if ssh.identity_file is not None:
            path = self._path(ssh.identity_file)
            return (Identity(path, chosen=True, passphrase=ssh.identity_passphrase),)
        files = options.get("identityfile", _DEFAULT_IDENTITIES)
        return tuple(
            Identity(path, passphrase=ssh.identity_passphrase)
            for path in self._files(files, options, hop)
        )

    def _agent(self, options: Options, hop: "Hop") -> AgentSocket | None:
        """The agent's socket: the one of IdentityAgent, or the usual one."""
        named = options.get("identityagent", (_AGENT,))[0]
        if named.lower() == "none":
            return None
        if named == _AGENT or (named.startswith("$") and not named.startswith("${")):
            variable = named.lstrip("$")
            held = os.environ.get(variable)
            return AgentSocket(Path(held), variable == _AGENT) if held else None
        return AgentSocket(self._path(self._filled(named, options, hop)), is_usual=False)

    def _host_key(self) -> HostKey | None:
        text = self._target.ssh.host_key
        return None if text is None else self._key(text, "ssh.host_key")

    def _jump_keys(self) -> tuple[HostKey, ...]:
        """The pinned keys of the spec's jump hosts, one for each of them."""
        ssh = self._target.ssh
        if ssh.jump_host_key is None:
            return ()
        keys, hops = ssh.jump_host_key.split(","), (ssh.jump or "").split(",")
        if ssh.jump is None or len(keys) != len(hops):
            raise self._fault(
                f"ssh.jump_host_key has {len(keys)} keys, ssh.jump {len(hops) if ssh.jump else 0} "
                "jump hosts",
                remedy="write one key for each jump host, in their order",
            )
        return tuple(self._key(key, "ssh.jump_host_key") for key in keys)

    def _key(self, text: str, name: str) -> HostKey:
        try:
            return HostKey.parse(text)
        except ValueError:
            raise self._fault(
                f"{name} is no public key", "write `type base64`, as ssh-keyscan prints it"
            ) from None

    def _known_hosts(self, options: Options, hop: "Hop") -> tuple[Path, ...]:
        named = (
            *options.get("userknownhostsfile", _DEFAULT_KNOWN_HOSTS),
            *options.get("globalknownhostsfile", _GLOBAL_KNOWN_HOSTS),
        )
        return self._files(named, options, hop)

    def _files(self, named: tuple[str, ...], options: Options, hop: "Hop") -> tuple[Path, ...]:
        wanted = [file for file in named if file.lower() != "none"]
        return tuple(self._path(self._filled(file, options, hop)) for file in wanted)

    def _path(self, text: str) -> Path:
        try:
            return self._folder / ssh_config.path(text)
        except ConfigFault as fault:
            raise self._fault(fault.what, fault.remedy) from None

    def _fault(self, what: str, remedy: str = "") -> HostError:
        return HostError(what, where=self._target.name, remedy=remedy)


@dataclass(frozen=True)
class Hop:
    """One stop on the way, as it is written down."""

    host: str
    user: str | None
    port: int | None
