"""One authenticated SSH connection: how it is made, and the channels it carries."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import paramiko
from paramiko.kex_curve25519 import KexCurve25519
from paramiko.ssh_exception import IncompatiblePeer

from mapinfra.errors import AuthenticationRefused, HostError, HostUnreachable
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import Endpoint
from mapinfra.hosts.failures import AgentUnusable, ChannelRefused, ConnectionLost, RefusedByHop
from mapinfra.hosts.keys import Keyring
from mapinfra.hosts.known_hosts import HostKey, KnownKeys, check_host_key, known_keys

_SESSIONS = 8  # at once; sshd's MaxSessions is 10 unless configured
_KEEPALIVE = 15  # seconds
_USER_TIMEOUT = 30_000  # milliseconds that sent data may stay unacknowledged
_DYING = 0.2  # seconds that paramiko may take to notice and end a connection
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0  # seconds between tries

_IETF = "curve25519-sha256"  # RFC 8731; OpenSSH's own name for it has @libssh.org
_FAMILIES = {"any": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}

Dial = Callable[[Deadline], "socket.socket | paramiko.Channel"]


class SshConnection:
    """A logged-in transport, shared by threads. `close` may be called twice.

    `peer` is the address and port that it goes to, whatever name led there.
    """

    def __init__(self, transport: "_Transport", endpoint: Endpoint, peer: str) -> None:
        self._transport = transport
        self.peer = peer
        self._endpoint = endpoint
        self._sessions = threading.BoundedSemaphore(_SESSIONS)

    @property
    def alive(self) -> bool:
        """Whether the connection is up, as far as this side can know without asking."""
        return self._transport.is_active()

    def lost(self) -> ConnectionLost:
        """The error to raise when this connection turns out to be gone."""
        return ConnectionLost(
            f"the connection to {self._endpoint.address} was lost",
            where=self._endpoint.name,
            remedy="check the host and try again",
        )

    def open_session(self) -> paramiko.Channel:
        """Open a channel for one command, waiting for a free one; pair with `end_session`.

        Nothing runs yet, so a refusal may be tried again: sshd still counts sessions that were
        closed a moment ago.
        """
        self._sessions.acquire()
        try:
            return self._patiently_open_session(Deadline.after(self._endpoint.timeout))
        except (ConnectionLost, ChannelRefused):
            self._sessions.release()
            raise

    def _patiently_open_session(self, deadline: Deadline) -> paramiko.Channel:
        for pause in _pauses():
            try:
                return self._open("session")
            except ChannelRefused as refused:
                if refused.forbidden or deadline.remaining() <= pause:
                    raise
            time.sleep(pause)
        raise AssertionError("the pauses never end")

    def end_session(self, channel: paramiko.Channel) -> None:
        """Close a channel of `open_session`."""
        channel.close()
        self._sessions.release()

    def open_tcp(self, host: str, port: int) -> paramiko.Channel:
        """Open a channel to a TCP port as seen from the host."""
        return self._open("direct-tcpip", dest_addr=(host, port), src_addr=("127.0.0.1", 0))

    def open_unix(self, path: str) -> paramiko.Channel:
        """Open a channel to a unix socket of the host."""
        return self._open(path, streamlocal=True)

    def close(self) -> None:
        """Close the connection and every channel of it."""
        self._transport.close()

    def _open(self, kind: str, *, streamlocal: bool = False, **address: Any) -> paramiko.Channel:
        """Raise ChannelRefused, or ConnectionLost when there is no answer at all."""
        deadline = Deadline.after(self._endpoint.timeout)
        try:
            if streamlocal:
                return self._transport.open_streamlocal(kind, timeout=deadline.seconds)
            return self._transport.open_channel(kind, timeout=deadline.seconds, **address)
        except paramiko.ChannelException as error:
            raise ChannelRefused(forbidden=error.code == 1) from None
        except (paramiko.SSHException, EOFError, OSError):
            if deadline.passed or not self._outlives(_DYING):
                self.close()
                raise self.lost() from None
            # Refused as well: paramiko keeps one exception per connection, and another
            # thread's refusal at the same moment took ours.
            raise ChannelRefused(forbidden=False) from None

    def _outlives(self, seconds: float) -> bool:
        """Whether this is no connection that is just ending, some of its channels gone already."""
        self._transport.join(seconds)
        return self.alive


class _NothingInCommon(IncompatiblePeer):
    """No algorithm that both sides know; says which ones the server has, and which we have."""

    def __init__(self, kind: str, offered: Sequence[str], ours: Sequence[str]) -> None:
        super().__init__(f"no {kind} in common")
        self.what = f"mapinfra have no {kind} in common; it offers {', '.join(offered) or 'none'}"
        self.remedy = f"allow one of these in its sshd_config: {', '.join(ours)}"


class _Transport(paramiko.Transport):
    """Adds what paramiko lacks: channels to unix sockets, an order of sending, a name of RFC 8731.

    It overrides private methods, so pyproject.toml holds paramiko to one major version.
    """

    _STREAMLOCAL = "direct-streamlocal@openssh.com"
    _kex_info: ClassVar[dict[str, type]] = {
        **paramiko.Transport._kex_info,  # type: ignore[attr-defined]
        _IETF: KexCurve25519,
    }
    _preferred_kex: ClassVar[tuple[str, ...]] = tuple(
        name
        for known in paramiko.Transport._preferred_kex  # type: ignore[attr-defined]
        for name in ((_IETF, known) if known == f"{_IETF}@libssh.org" else (known,))
    )
    # paramiko's words for what failed, ours, and the list that the server has sent of it
    _KINDS = (
        ("kex", "key exchange", "kex_algo_list", "preferred_kex"),
        ("host key", "type of host key", "server_key_algo_list", "preferred_keys"),
        ("ciphers", "cipher", "client_encrypt_algo_list", "preferred_ciphers"),
        ("macs", "MAC", "client_mac_algo_list", "preferred_macs"),
        ("", "compression", "client_compress_algo_list", "preferred_compression"),
    )

    def __init__(self, sock: "socket.socket | paramiko.Channel") -> None:
        super().__init__(sock)
        self._mine = threading.local()

    def open_streamlocal(self, path: str, timeout: float) -> paramiko.Channel:
        """Open a channel to a unix socket (OpenSSH's PROTOCOL, section 2.4)."""
        self._mine.path = path
        return self.open_channel(self._STREAMLOCAL, timeout=timeout)

    def _parse_kex_init(self, message: paramiko.Message) -> None:
        try:
            super()._parse_kex_init(message)  # type: ignore[misc]
        except IncompatiblePeer as error:
            _, kind, theirs, ours = next(one for one in self._KINDS if one[0] in str(error))
            message.rewind()
            offered = self._really_parse_kex_init(message)[theirs]  # type: ignore[attr-defined]
            raise _NothingInCommon(kind, offered, getattr(self, ours)) from None

    @contextmanager
    def sending_on(self, channel: paramiko.Channel) -> Iterator[None]:
        """Drop what this thread sends once the channel is closed."""
        self._mine.channel = channel
        try:
            yield
        finally:
            self._mine.channel = None

    def _send_user_message(self, message: paramiko.Message) -> None:
        """Append what a channel to a unix socket needs to the request open_channel has built."""
        path = self._mine.__dict__.pop("path", None)
        if path is not None:
            message.add_string(path)
            message.add_string("")
            message.add_int(0)
        super()._send_user_message(message)  # type: ignore[misc]

    def _send_message(self, message: paramiko.Message) -> None:
        """Send; a channel's messages all come here one by one, its CLOSE after it was marked so."""
        channel = getattr(self._mine, "channel", None)
        if channel is None or not channel.closed:
            super()._send_message(message)  # type: ignore[misc]


@contextmanager
def sending_on(channel: paramiko.Channel) -> Iterator[None]:
    """Keep what is sent on a channel from following its end.

    paramiko builds a message, then sends it, without a lock around both. Should the far side
    close the channel in between, the message would come after our own CLOSE, and OpenSSH ends the
    whole connection for that ("ieof packet referred to nonexistent channel").
    """
    transport = channel.get_transport()
    assert isinstance(transport, _Transport), "channels come from Connection"
    with transport.sending_on(channel):
        yield


def connect(
    endpoint: Endpoint, dial: Dial, keyring: Keyring, cancelled: threading.Event
) -> SshConnection:
    """Connect and log in within the endpoint's timeout.

    What may pass by itself (nothing listens yet, no banner) is tried again with growing pauses;
    a refused host key or login isn't. Raises HostUnreachable, HostKeyRefused,
    AuthenticationRefused or another HostError.
    """
    deadline = Deadline.after(endpoint.timeout)
    for pause in _pauses():
        try:
            return _attempt(endpoint, dial, keyring, deadline)
        except (paramiko.SSHException, EOFError, OSError) as error:
            fault = error
        if _is_final(fault) or deadline.remaining() <= pause or cancelled.wait(pause):
            raise _unreachable(endpoint, fault) from None
    raise AssertionError("the pauses never end")


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


def _is_final(fault: Exception) -> bool:
    unknown_name = isinstance(fault, socket.gaierror) and fault.errno != socket.EAI_AGAIN
    return unknown_name or isinstance(fault, IncompatiblePeer)


def _unreachable(endpoint: Endpoint, fault: Exception) -> HostUnreachable:
    if isinstance(fault, socket.gaierror):
        return HostUnreachable(
            f"the name {endpoint.host} is unknown",
            where=endpoint.name,
            remedy="correct ssh.host, or the name service",
        )
    if isinstance(fault, _NothingInCommon):
        return HostUnreachable(
            f"{endpoint.address} and {fault.what}", where=endpoint.name, remedy=fault.remedy
        )
    return HostUnreachable(
        f"no SSH connection to {endpoint.address} within {endpoint.timeout:g} s ({_reason(fault)})",
        where=endpoint.name,
        remedy="check that the host is up, ssh.host and ssh.port",
    )


def _reason(fault: Exception) -> str:
    match fault:
        case TimeoutError():
            return "no answer"
        case RefusedByHop():
            return str(fault)
        case OSError() if fault.strerror:
            return fault.strerror
        case EOFError():
            return "the server closed the connection"
    return str(fault) or "no answer"


def _attempt(endpoint: Endpoint, dial: Dial, keyring: Keyring, deadline: Deadline) -> SshConnection:
    sock = dial(deadline)
    transport = _Transport(sock)
    try:
        peer = _peer(sock)
        _negotiate(transport, endpoint, deadline)
        transport.auth_timeout = deadline.remaining()
        _log_in(transport, endpoint, keyring, deadline)
    except BaseException:
        transport.close()
        raise
    transport.channel_timeout = endpoint.timeout
    transport.set_keepalive(_KEEPALIVE)
    return SshConnection(transport, endpoint, peer)


def _peer(sock: "socket.socket | paramiko.Channel") -> str:
    """The address and port that a connection goes to; behind a jump host, the jump host's."""
    name: tuple[str, int] = sock.getpeername()[:2]  # type: ignore[assignment]
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def _negotiate(transport: _Transport, endpoint: Endpoint, deadline: Deadline) -> None:
    pinned = endpoint.host_key
    known = _known_keys(endpoint)
    _prefer(transport, (pinned.type,) if pinned else known.types)
    transport.banner_timeout = transport.handshake_timeout = deadline.remaining()
    negotiated = threading.Event()
    transport.start_client(event=negotiated)
    while not negotiated.wait(min(deadline.remaining(), 0.1)) and transport.is_active():
        if deadline.passed:
            raise TimeoutError
    if not transport.is_active():
        raise transport.get_exception() or EOFError()
    shown = transport.get_remote_server_key()
    check_host_key(
        HostKey(shown.get_name(), shown.asbytes()),
        known,
        pinned=pinned,
        where=endpoint.name,
        address=endpoint.address,
    )


def _log_in(
    transport: _Transport, endpoint: Endpoint, keyring: Keyring, deadline: Deadline
) -> None:
    try:
        keyring.log_in(transport, endpoint, deadline)
    except AgentUnusable:
        raise
    except AuthenticationRefused:
        if deadline.passed:  # paramiko tells a missing answer as a refusal, too
            raise TimeoutError from None
        raise


def _known_keys(endpoint: Endpoint) -> KnownKeys:
    texts = []
    for path in endpoint.known_hosts:
        try:
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise HostError(
                f"{path} can't be read ({error.strerror})", where=endpoint.name
            ) from None
    return known_keys(texts, endpoint.known_as, endpoint.port)


def _prefer(transport: _Transport, types: tuple[str, ...]) -> None:
    """Ask the server for a key of these types first: it has several, we may know just one."""
    rsa = ("rsa-sha2-512", "rsa-sha2-256")
    wanted = [name for kind in types for name in (rsa if kind == "ssh-rsa" else (kind,))]
    options = transport.get_security_options()
    first = [name for name in wanted if name in options.key_types]
    options.key_types = [*first, *(name for name in options.key_types if name not in first)]


def dial_tcp(endpoint: Endpoint) -> Dial:
    """Return what opens a TCP connection to the endpoint, its addresses one after the other."""

    def dial(deadline: Deadline) -> socket.socket:
        family = _FAMILIES[endpoint.family]
        found = socket.getaddrinfo(endpoint.host, endpoint.port, family, socket.SOCK_STREAM)
        fault: OSError = TimeoutError()
        for left, (family, kind, protocol, _, address) in zip(
            range(len(found), 0, -1), found, strict=True
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                _tune(sock)
                sock.settimeout(max(deadline.remaining() / left, 0.001))
                sock.connect(address)
            except OSError as error:
                sock.close()
                fault = error
            else:
                return sock
        raise fault

    return dial


def _tune(sock: socket.socket) -> None:
    """Small messages at once, and a dead peer noticed within half a minute."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", _KEEPALIVE),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", _USER_TIMEOUT),
    ):
        if hasattr(socket, option):  # not every system has them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def silence_paramiko() -> None:
    """Keep paramiko's threads from printing tracebacks; every fault is raised to its caller."""
    logger = logging.getLogger("paramiko")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)
