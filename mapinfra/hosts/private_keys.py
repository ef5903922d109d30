"""A private key read from its file, in any format that ssh-keygen or openssl writes.

cryptography reads them all; paramiko's own reader doesn't know PKCS#8, and takes an OpenSSH key
whose last byte is 0 (a key without comment that needs no padding: every second one) for damaged.
So what paramiko gets is always in the one form that it reads for sure.
"""

from io import StringIO
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.asymmetric.dsa import DSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)


def read(path: Path, passphrase: bytes | None = None) -> paramiko.PKey:
    """Return the key, with the certificate that lies beside it as `-cert.pub`, if any.

    Raises TypeError when a passphrase is missing, ValueError when it is another or the file is no
    key, cryptography's UnsupportedAlgorithm for keys that it doesn't know, OSError.
    """
    key = _for_paramiko(_loaded(path.read_bytes(), passphrase))
    certificate = Path(f"{path}-cert.pub")
    if certificate.exists():
        key.load_certificate(str(certificate))
    return key


def _loaded(data: bytes, passphrase: bytes | None) -> PrivateKeyTypes | DSAPrivateKey:
    if b"BEGIN OPENSSH PRIVATE KEY" in data:
        return load_ssh_private_key(data, passphrase)
    return load_pem_private_key(data, passphrase)


def _for_paramiko(key: PrivateKeyTypes | DSAPrivateKey) -> paramiko.PKey:
    match key:
        case EllipticCurvePrivateKey():
            return paramiko.ECDSAKey(vals=(key, key.public_key()))
        case RSAPrivateKey():
            return paramiko.RSAKey(key=key)
        case Ed25519PrivateKey():
            # Of a fixed length, always with padding.
            text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
            return paramiko.Ed25519Key(file_obj=StringIO(text))
    raise ValueError(f"a key of type {type(key).__name__}")
