"""Keys and passwords of a lab: made fresh when it is made, kept until it goes down."""

import secrets
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

PASSWORDS = ("database_password", "api_password", "sudo_password", "gorgone_key")


def make_key(path: Path, comment: str) -> str:
    """Write an ed25519 key pair as OpenSSH does (`path` and `path`.pub); give the public line."""
    key = Ed25519PrivateKey.generate()
    write_private(
        path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    )
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    line = f"{public} {comment}\n"
    path.with_suffix(".pub").write_text(line)
    return line


def make_passwords(directory: Path) -> None:
    """Write one file per password, each with a fresh random text and no newline at the end."""
    directory.mkdir(mode=0o700, exist_ok=True)
    for name in PASSWORDS:
        write_private(directory / name, secrets.token_urlsafe(18))


def read_passwords(directory: Path) -> dict[str, str]:
    """The passwords of a lab by name."""
    return {name: (directory / name).read_text() for name in PASSWORDS}


def password_hash(password: str) -> str:
    """The password as /etc/shadow holds it (SHA-512 crypt); it goes to openssl by stdin only."""
    result = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"],
        input=password,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
