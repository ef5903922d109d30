"""TLS over what is no socket, against Python's own TLS on the other side."""

import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mapinfra.hosts.tls import ChannelContext

BIG = bytes(range(256)) * 12_000


class Plain:
    """A channel, as far as TLS uses it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def settimeout(self, seconds: float | None) -> None:
        self._sock.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return self._sock.makefile("rb")

    def close(self) -> None:
        self._sock.close()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's, with a certificate that it signed itself and that is over."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lyon")])
    long_ago = datetime.now(UTC) - timedelta(days=900)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(long_ago)
        .not_valid_after(long_ago + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "both.pem").write_bytes(pem)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(folder / "both.pem")
    return made


@contextmanager
def speaking(answer: Callable[[socket.socket], object]) -> Iterator[Any]:
    """A client's TLS whose other side is `answer`."""
    near, far = socket.socketpair()

    def serve() -> None:
        with closing(far):
            answer(far)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with closing(near):
            near.settimeout(20)
            yield Plain(near)
    finally:
        thread.join()


def test_what_is_sent_arrives_both_ways_and_ends(context: ssl.SSLContext) -> None:
    def echo(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tls:
            left = len(BIG)
            while left:
                data = tls.recv(65536)
                left -= len(data)
                tls.sendall(data)

    with speaking(echo) as plain:
        tls = ChannelContext().wrap_socket(plain, server_hostname="lyon")
        reader = tls.makefile("rb")
        for start in range(0, len(BIG), 64_000):
            part = BIG[start : start + 64_000]
            tls.sendall(part)
            assert reader.read(len(part)) == part
        assert reader.read(1) == b""


@pytest.mark.parametrize("said", [b"", b"220 this is no TLS\r\n"])
def test_what_speaks_no_tls_is_an_error_of_the_system(said: bytes) -> None:
    def answer(sock: socket.socket) -> None:
        sock.sendall(said)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass

    with speaking(answer) as plain, pytest.raises(ssl.SSLError):
        ChannelContext().wrap_socket(plain)
