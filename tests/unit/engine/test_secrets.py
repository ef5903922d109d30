"""Passphrase secrets, as Pulumi makes them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.engine.state.passphrase import Crypter, passphrase
from mapinfra.errors import StateError

# Made by `pulumi stack init` and `pulumi config set --secret`, passphrase `pw`, value `hunter2`.
SALT = "v1:KpG1GwFRqVs=:v1:Hgr7sJRxHZYo6zMP:0KxB5Zif1qMOJCwi9mRUFRP7S3HRZg=="
HUNTER2 = "v1:F8lfENH9HJtNZTyQ:AOtwunY64K14Yi8ulBK9DLN0JHR0p0g="

CRYPTER = Crypter("pw", SALT)


def test_what_pulumi_encrypted_is_decrypted() -> None:
    assert CRYPTER.decrypt(HUNTER2) == "hunter2"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_encrypted_is_decrypted_again(text: str) -> None:
    assert CRYPTER.decrypt(CRYPTER.encrypt(text)) == text


def test_each_encryption_has_a_nonce_of_its_own() -> None:
    assert CRYPTER.encrypt("same") != CRYPTER.encrypt("same")


@given(st.text() | st.text("v1:+/=AB", max_size=30))
def test_a_damaged_secret_is_a_state_error(text: str) -> None:
    with pytest.raises(StateError, match="can't be decrypted"):
        CRYPTER.decrypt(text)


@given(st.text())
def test_a_damaged_salt_is_a_state_error(text: str) -> None:
    with pytest.raises(StateError):
        Crypter("pw", text).verify()


def test_a_fresh_salt_fits_its_passphrase_and_no_other() -> None:
    fresh = Crypter.fresh("mine")
    Crypter("mine", fresh.state).verify()
    with pytest.raises(StateError, match="the passphrase is wrong for this stack"):
        Crypter("theirs", fresh.state).verify()


def test_the_passphrase_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("pw\n")
    assert passphrase({"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}) == "pw"


def test_an_empty_passphrase_is_one() -> None:
    assert passphrase({"PULUMI_CONFIG_PASSPHRASE": ""}) == ""


@pytest.mark.parametrize("environment", [{}, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere/at-all"}])
def test_a_missing_passphrase_is_a_state_error(environment: dict[str, str]) -> None:
    with pytest.raises(StateError, match="PULUMI_CONFIG_PASSPHRASE"):
        passphrase(environment)
