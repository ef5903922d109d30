"""One authenticated SSH connection: how it is made, and the channels it carries."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import paramiko

from mapinfra.errors import AuthenticationRefused, HostError, HostUnreachable
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import Endpoint
from mapinfra.hosts.failures import ChannelRefused, ConnectionLost, RefusedByHop
from mapinfra.hosts.keys import Keyring
from mapinfra.hosts.known_hosts import HostKey, KnownKeys, check_host_key, known_keys

_SESSIONS = 8  # at once; sshd's MaxSessions is 10 unless configured
_KEEPALIVE = 15  # seconds
_USER_TIMEOUT = 30_000  # milliseconds that sent data may stay unacknowledged
_DYING = 0.2  # seconds that paramiko may take to notice and end a connection
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0  # seconds between tries

Dial = Callable[[Deadline], "socket.socket | paramiko.Channel"]


class Connection:
    """A logged-in transport, shared by threads. `close` may be called twice."""

    def __init__(self, transport: "_Transport", endpoint: Endpoint) -> None:
        self._transport = transport
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


class _Transport(paramiko.Transport):
    """Adds two things that paramiko lacks: channels to unix sockets, and an order of sending."""

    _STREAMLOCAL = "direct-streamlocal@openssh.com"

    def __init__(self, sock: "socket.socket | paramiko.Channel") -> None:
        super().__init__(sock)
        self._mine = threading.local()

    def open_streamlocal(self, path: str, timeout: float) -> paramiko.Channel:
        """Open a channel to a unix socket (OpenSSH's PROTOCOL, section 2.4)."""
        self._mine.path = path
        return self.open_channel(self._STREAMLOCAL, timeout=timeout)

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
) -> Connection:
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
    return unknown_name or isinstance(fault, paramiko.ssh_exception.IncompatiblePeer)


def _unreachable(endpoint: Endpoint, fault: Exception) -> HostUnreachable:
    if isinstance(fault, socket.gaierror):
        return HostUnreachable(
            f"the name {endpoint.host} is unknown",
            where=endpoint.name,
            remedy="correct ssh.host, or the name service",
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


def _attempt(endpoint: Endpoint, dial: Dial, keyring: Keyring, deadline: Deadline) -> Connection:
    transport = _Transport(dial(deadline))
    try:
        _negotiate(transport, endpoint, deadline)
        transport.auth_timeout = deadline.remaining()
        _log_in(transport, endpoint, keyring, deadline)
    except BaseException:
        transport.close()
        raise
    transport.channel_timeout = endpoint.timeout
    transport.set_keepalive(_KEEPALIVE)
    return Connection(transport, endpoint)


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
        keyring.log_in(transport, endpoint)
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
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
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
