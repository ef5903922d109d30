"""The connection between two gorgoned: one request and its answer, both sealed with a shared key.

The real one is ZeroMQ with RSA keys; this keeps its port (5556) and that nobody without a key can
give orders. A message is its length (4 bytes), an HMAC-SHA256 over the listener's nonce and the
text, and the text, which is JSON.
"""

import hashlib
import hmac
import json
import secrets
import socket
import struct
from typing import Any

PORT = 5556
Message = dict[str, Any]

_NONCE_BYTES = 32
_LENGTH = struct.Struct(">I")
_MAC_BYTES = hashlib.sha256().digest_size
_LARGEST = 64 * 2**20


class LinkError(Exception):
    """The other side can't be reached, broke off, or doesn't have the key."""


def ask(address: str, key: bytes, request: Message, seconds: float = 30) -> Message:
    """Send a request to the gorgoned at this address; its answer. Raises `LinkError`."""
    try:
        with socket.create_connection((address, PORT), timeout=seconds) as connection:
            nonce = _receive(connection, _NONCE_BYTES)
            _send(connection, key, nonce, request)
            return _read(connection, key, nonce)
    except OSError as error:
        raise LinkError(f"{address}:{PORT}: {error}") from error


class Caller:
    """The listener's side of a connection."""

    def __init__(self, connection: socket.socket, key: bytes) -> None:
        self._connection = connection
        self._key = key
        self._nonce = secrets.token_bytes(_NONCE_BYTES)

    def request(self) -> Message:
        """What the other side asks for. Raises `LinkError` if it doesn't have the key."""
        try:
            self._connection.sendall(self._nonce)
            return _read(self._connection, self._key, self._nonce)
        except OSError as error:
            raise LinkError(str(error)) from error

    def answer(self, message: Message) -> None:
        """Answer it. Raises `LinkError`."""
        try:
            _send(self._connection, self._key, self._nonce, message)
        except OSError as error:
            raise LinkError(str(error)) from error


def _send(connection: socket.socket, key: bytes, nonce: bytes, message: Message) -> None:
    text = json.dumps(message).encode()
    connection.sendall(_LENGTH.pack(len(text)) + seal(key, nonce, text) + text)


def _read(connection: socket.socket, key: bytes, nonce: bytes) -> Message:
    (length,) = _LENGTH.unpack(_receive(connection, _LENGTH.size))
    if length > _LARGEST:
        raise LinkError("the other side doesn't speak gorgone")
    sealed, text = _receive(connection, _MAC_BYTES), _receive(connection, length)
    if not hmac.compare_digest(sealed, seal(key, nonce, text)):
        raise LinkError("the other side has another key")
    message: Message = json.loads(text)
    return message


def seal(key: bytes, nonce: bytes, text: bytes) -> bytes:
    """What proves that a text comes from one who has the key, in this connection."""
    return hmac.digest(key, nonce + text, "sha256")


def _receive(connection: socket.socket, number: int) -> bytes:
    received = b""
    while len(received) < number:
        part = connection.recv(number - len(received))
        if not part:
            raise LinkError("the other side hung up")
        received += part
    return received
