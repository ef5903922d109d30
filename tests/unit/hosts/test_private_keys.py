"""Keys as ssh-keygen writes them: every kind, format and length of padding."""

import subprocess
from pathlib import Path

import paramiko
import pytest

from mapinfra.hosts import private_keys

PASSPHRASE = "a phrase of söme words"
KINDS = {
    "ed25519": ["-t", "ed25519"],
    "rsa": ["-t", "rsa", "-b", "2048"],
    "ecdsa 256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa 384": ["-t", "ecdsa", "-b", "384"],
    "ecdsa 521": ["-t", "ecdsa", "-b", "521"],
}


def keygen(path: Path, *options: str) -> str:
    """Make a key; return its public half as ssh-keygen tells it."""
    subprocess.run(["ssh-keygen", "-q", *options, "-f", str(path)], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def public(path: Path, passphrase: str = "") -> str:
    """Read the key, see that it signs, and return its public half in the same form."""
    key = private_keys.read(path, passphrase.encode() or None)
    signed = key.sign_ssh_data(b"a message")
    signed.rewind()
    assert paramiko.PKey.from_type_string(key.get_name(), key.asbytes()).verify_ssh_sig(
        b"a message", signed
    )
    return f"{key.get_name()} {key.get_base64()}"


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE], ids=["open", "locked"])
@pytest.mark.parametrize("form", ["RFC4716", "PKCS8", "PEM"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_read_in_every_format(
    kind: str, form: str, passphrase: str, tmp_path: Path
) -> None:
    told = keygen(tmp_path / "key", *KINDS[kind], "-m", form, "-N", passphrase)
    assert public(tmp_path / "key", passphrase) == told


@pytest.mark.parametrize("length", range(16))
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa 256", "ecdsa 384"])
def test_the_length_of_a_keys_comment_does_not_matter(
    kind: str, length: int, tmp_path: Path
) -> None:
    told = keygen(tmp_path / "key", *KINDS[kind], "-N", "", "-C", "c" * length)
    assert public(tmp_path / "key") == told


@pytest.mark.parametrize("form", ["RFC4716", "PKCS8", "PEM"])
def test_a_missing_and_another_passphrase_are_told_apart(form: str, tmp_path: Path) -> None:
    keygen(tmp_path / "key", *KINDS["ecdsa 256"], "-m", form, "-N", PASSPHRASE)
    with pytest.raises(TypeError):
        private_keys.read(tmp_path / "key")
    with pytest.raises(ValueError):  # noqa: PT011 - cryptography's words change
        private_keys.read(tmp_path / "key", b"other")
