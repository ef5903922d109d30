"""Text that others wrote is shown without an effect, and without what looks like a secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.errors import Faulty, HostError
from mapinfra.text import visible, without_secrets

anything = st.text(st.characters(codec=None, categories=None))
HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e\u2066\u200b\ud800\x7f\r\n\u2028\ufe0f"


@given(anything)
def test_what_is_shown_has_no_effect_and_stays_so(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
    shown.encode()


def test_each_character_is_seen_as_python_writes_it() -> None:
    assert visible("a\x1b[31m\u202e") == "a\\x1b[31m\\u202e"
    assert visible("Vue été “hôte” 日本") == "Vue été “hôte” 日本"
    assert visible(HOSTILE).isascii()


@given(anything, anything, anything)
def test_an_error_is_one_line_without_effect(where: str, what: str, remedy: str) -> None:
    assert str(HostError(what, where=where, remedy=remedy)).isprintable()
    assert all(line.isprintable() for line in str(Faulty([where, what])).split("\n"))


@pytest.mark.parametrize(
    "said",
    [
        "curl: -u admin:S3cret: no such option",
        "line 3: password=S3cret: command not found",
        "mysql -uroot -pS3cret failed",
        "could not fetch https://admin:S3cret@mirror/repo",
        "Authorization: Basic czNjcmV0UzNjcmV0",
        "java: -Dkeystore.pw=S3cret: unknown",
        "MAP_DB_ROOT_PW=S3cret: not found",
        "--db-password S3cret is not known",
        "/etc/centreon-map/vars.sh: line 3: S3cret: command not found",
        "/etc/centreon-map/centreon-map.conf: 3: S3cret: not found",
    ],
)
def test_what_looks_like_a_secret_is_hidden(said: str) -> None:
    shown = without_secrets(said)
    assert "S3cret" not in shown
    assert "czNj" not in shown
    assert "(hidden)" in shown
    assert without_secrets(shown) == shown


@pytest.mark.parametrize(
    "said",
    [
        "sudo: a password is required",
        "Access denied for user 'map'@'localhost' (using password: YES)",
        "mkdir: cannot create directory '/x': No space left on device",
        "alice is not in the sudoers file.",
        "sh: 1: exec: sudo: not found",
    ],
)
def test_what_commands_usually_say_stays(said: str) -> None:
    assert without_secrets(said) == said
