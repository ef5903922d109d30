"""One key for all tests: to make it from a passphrase takes half a second of computing.

A command that is typed makes its own, as ever.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mapinfra.engine.state import passphrase as secrets

_SALT = re.compile(rb"^encryptionsalt: v1:((?:[A-Za-z0-9+/]{4})*[A-Za-z0-9+/]{2,3}={0,2}):", re.M)
_make = secrets._aes


def share() -> None:
    """Let this process make each key once."""
    secrets._aes = _made


def salt(passphrase: str) -> str:
    """Return a salt for a stack's config, which may have it before the stack is made."""
    return _salt_of(passphrase, secrets._ROUNDS)


def prepare(folder: Path, environment: Mapping[str, str]) -> None:
    """Make the keys that a command in this folder will need; forks of this process have them."""
    passphrase = environment.get("PULUMI_CONFIG_PASSPHRASE")
    if passphrase is None:
        return
    for file in folder.glob("stacks/Pulumi.*.yaml"):
        for salt in _SALT.findall(file.read_bytes()):
            secrets._aes(passphrase, b64decode(salt))


def _made(passphrase: str, salt: bytes) -> AESGCM:
    return _made_of(passphrase, salt, secrets._ROUNDS)


@cache
def _made_of(passphrase: str, salt: bytes, _rounds: int) -> AESGCM:
    return _make(passphrase, salt)


@cache
def _salt_of(passphrase: str, _rounds: int) -> str:
    return secrets.Crypter.fresh(passphrase).state
