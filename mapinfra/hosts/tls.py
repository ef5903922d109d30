"""TLS on a channel of an SSH connection, for a MariaDB that wants it.

The certificate isn't checked: the way to the host is authenticated and encrypted by SSH already,
and MariaDB's own certificate is mostly one that it signed itself. For the same reason old versions
of TLS will do.
"""

import io
import ssl
from collections.abc import Callable
from typing import Any, Protocol, Self, TypeVar

_T = TypeVar("_T")
_CHUNK = 1 << 16


class Plain(Protocol):
    """What is used of the socket below."""

    def settimeout(self, seconds: float | None) -> None:
        """Limit each wait."""

    def sendall(self, data: bytes) -> None:
        """Send all of it."""

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return what it is read from."""

    def close(self) -> None:
        """Close it."""


class ChannelContext(ssl.SSLContext):
    """A context whose sockets need no file descriptor."""

    def __new__(cls) -> Self:
        """Make it a client's."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self) -> None:
        self.check_hostname = False
        self.verify_mode = ssl.CERT_NONE
        self.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self.set_ciphers("DEFAULT:@SECLEVEL=0")

    def wrap_socket(self, sock: Any, *_: Any, **__: Any) -> Any:
        """Return a socket that speaks TLS over another one; raise OSError when that fails."""
        return _TlsSocket(self, sock)


class _TlsSocket:
    """What PyMySQL uses of a socket."""

    def __init__(self, context: ssl.SSLContext, plain: Plain) -> None:
        self._plain = plain
        self._below = plain.makefile("rb")
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing)
        self._done(self._tls.do_handshake)

    def settimeout(self, seconds: float | None) -> None:
        self._plain.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            part = left
            left = left[self._done(lambda: self._tls.write(part)) :]  # noqa: B023 - done at once

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Stream(self.receive))

    def close(self) -> None:
        self._plain.close()

    def receive(self, size: int) -> bytes:
        try:
            return self._done(lambda: self._tls.read(size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _done(self, action: Callable[[], _T]) -> _T:
        """Do something that may need more of what the other side sends first."""
        while True:
            try:
                result = action()
            except ssl.SSLWantReadError:
                self._flush()
                self._take()
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._plain.sendall(data)

    def _take(self) -> None:
        data = self._below.read1(_CHUNK)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


class _Stream(io.RawIOBase):
    def __init__(self, receive: Callable[[int], bytes]) -> None:
        super().__init__()
        self._receive = receive

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._receive(len(buffer))
        buffer[: len(data)] = data
        return len(data)
