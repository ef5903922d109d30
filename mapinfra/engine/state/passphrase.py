"""Pulumi's passphrase secrets: AES-256-GCM under a key made from a passphrase.

`encryptionsalt` of a stack's config, and the same text in its state, is
`v1:<salt>:v1:<nonce>:<data>`; the last part decrypts to the word `pulumi`. A secret value is
`v1:<nonce>:<data>`. The key is PBKDF2-HMAC-SHA256 of passphrase and salt.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mapinfra.errors import StateError

_ROUNDS = 1_000_000
_KEY_BYTES = 32
_SALT_BYTES = 8
_NONCE_BYTES = 12
_PROOF = "pulumi"


class Crypter:
    """Encrypts and decrypts the secrets of one stack.

    The key takes a fraction of a second to make, so it is made when it is first needed.
    """

    def __init__(self, passphrase: str, state: str) -> None:
        self._passphrase = passphrase
        self.state = state
        salt, self._proof = _split_state(state)
        self._salt = salt

    @classmethod
    def fresh(cls, passphrase: str) -> "Crypter":
        """Make a crypter with a new salt; its `state` goes into the stack's config."""
        salt = os.urandom(_SALT_BYTES)
        cipher = _aes(passphrase, salt)
        proof = _encrypted(cipher, _PROOF)
        made = cls(passphrase, f"v1:{base64.b64encode(salt).decode()}:{proof}")
        made._cipher = cipher
        return made

    def verify(self) -> None:
        """Raise StateError unless the passphrase is the one the salt was made with."""
        _ = self._cipher

    def encrypt(self, text: str) -> str:
        """Encrypt a text, each time under a fresh nonce."""
        return _encrypted(self._cipher, text)

    def decrypt(self, ciphertext: str) -> str:
        """Decrypt a text; raise StateError when it was damaged or made with another key."""
        return _decrypted(self._cipher, ciphertext)

    @cached_property
    def _cipher(self) -> AESGCM:
        cipher = _aes(self._passphrase, self._salt)
        try:
            right = _decrypted(cipher, self._proof) == _PROOF
        except StateError:
            right = False
        if not right:
            raise StateError(
                "the passphrase is wrong for this stack",
                where="PULUMI_CONFIG_PASSPHRASE",
                remedy="set the passphrase the stack was made with",
            )
        return cipher


class Crypters:
    """The crypters under one passphrase, one for each salt."""

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase
        self._made: dict[str, Crypter] = {}

    def crypter(self, salt: str) -> Crypter:
        """Return the crypter for a salt; raise StateError when that isn't one."""
        if salt not in self._made:
            self._made[salt] = Crypter(self._passphrase, salt)
        return self._made[salt]


def _aes(passphrase: str, salt: bytes) -> AESGCM:
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, _KEY_BYTES)
    return AESGCM(key)


def _encrypted(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    data = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(data).decode()}"


def _decrypted(cipher: AESGCM, ciphertext: str) -> str:
    try:
        version, nonce, data = ciphertext.split(":")
        if version != "v1":
            raise ValueError(version)
        return cipher.decrypt(_decoded(nonce), _decoded(data), None).decode()
    except (ValueError, InvalidTag):
        raise StateError(
            "a secret value can't be decrypted",
            remedy="it was damaged or made with another passphrase: set it again",
        ) from None


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _split_state(state: str) -> tuple[bytes, str]:
    try:
        version, salt, proof = state.split(":", 2)
        if version != "v1":
            raise ValueError(version)
        return _decoded(salt), proof
    except (ValueError, binascii.Error):
        raise StateError(
            "is not of the form v1:<salt>:v1:<nonce>:<data>",
            where="encryptionsalt",
            remedy="restore the line as the stack was made with",
        ) from None


def passphrase(environment: Mapping[str, str]) -> str:
    """Return PULUMI_CONFIG_PASSPHRASE, or what the file PULUMI_CONFIG_PASSPHRASE_FILE holds.

    Raises StateError when neither is set, or the file can't be read.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        return environment["PULUMI_CONFIG_PASSPHRASE"]
    path = environment.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not path:
        raise StateError(
            "the stack's passphrase is missing",
            remedy="export PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
        )
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(
            f"can't be read ({getattr(error, 'strerror', None) or 'not UTF-8 text'})",
            where=f"PULUMI_CONFIG_PASSPHRASE_FILE {path}",
            remedy="write the passphrase to it",
        ) from None
