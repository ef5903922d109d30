"""Which host keys are trusted, revoked and refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.errors import HostKeyRefused
from mapinfra.hosts.known_hosts import HostKey, KnownKeys, check_host_key, known_keys

ONE = HostKey.parse(
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVpszohCnN6sRd9erUzjsLOXoYA9fJdT6pEdiNiizL9"
)
TWO = HostKey.parse(
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMSRhYsVg9vShKRmnofwrTXdiTW+mOmWQzmnTBBPKFTb"
)
# Made by ssh-keygen -H from `example.net ONE` and `[example.net]:2222 TWO`.
HASHED = """\
|1|H5++FA6tdu82aq+NW4C+KJLVEFU=|2L6QlLWPLLg3am8NP8LIjJCHJL8= {one}
|1|Kqg8zvQq/3thFPqA/JynVZfEBqU=|BDduPPbWy9Yj4CKOpIevyQev6+w= {two}
"""


def line(key: HostKey) -> str:
    return f"{key.type} {base64.b64encode(key.blob).decode()}"


def trusted(text: str, host: str = "example.net", port: int = 22) -> tuple[HostKey, ...]:
    return known_keys([text], host, port).trusted


@pytest.mark.parametrize(
    "names",
    [
        "example.net",
        "other,example.net,192.0.2.7",
        "*.net",
        "exampl?.net",
        "EXAMPLE.net",
        "*,!other.net",
    ],
)
def test_names_that_match(names: str) -> None:
    assert trusted(f"{names} {line(ONE)} a comment\n") == (ONE,)


@pytest.mark.parametrize(
    "names",
    ["example.org", "*,!example.net", "!example.net,*", "[example.net]:2222", "[e]xample.net"],
)
def test_names_that_do_not_match(names: str) -> None:
    assert trusted(f"{names} {line(ONE)}\n") == ()


def test_hashed_names_are_found() -> None:
    text = HASHED.format(one=line(ONE), two=line(TWO))
    assert trusted(text) == (ONE,)
    assert trusted(text, port=2222) == (TWO,)
    assert trusted(text, host="example.org") == ()


def test_a_host_on_another_port_falls_back_to_its_bare_name() -> None:
    text = f"example.net {line(ONE)}\n"
    assert trusted(text, port=2222) == (ONE,)
    assert trusted(f"{text}[example.net]:2222 {line(TWO)}\n", port=2222) == (TWO,)


def test_all_keys_of_a_host_count_from_all_files() -> None:
    files = [f"example.net {line(ONE)}\n", f"# a comment\n\nexample.net {line(TWO)}\n"]
    assert known_keys(files, "example.net", 22).trusted == (ONE, TWO)


def test_a_certificate_authority_is_no_host_key() -> None:
    assert trusted(f"@cert-authority example.net {line(ONE)}\n") == ()


@given(st.text())
def test_garbage_between_good_lines_is_passed_over(garbage: str) -> None:
    text = f"\n{garbage}\nexample.net {line(ONE)}\n"
    assert ONE in trusted(text)


@given(st.text(alphabet="|1=abcAB+/!*?[],", max_size=40))
def test_no_pattern_is_an_accident(pattern: str) -> None:
    trusted(f"{pattern} {line(ONE)}\n")


def refusal(shown: HostKey, known: KnownKeys, pinned: HostKey | None = None) -> str:
    with pytest.raises(HostKeyRefused) as caught:
        check_host_key(shown, known, pinned=pinned, where="paris", address="192.0.2.7:22")
    message = str(caught.value)
    assert message.startswith("paris: 192.0.2.7:22 shows ")
    assert "\n" not in message
    assert shown.fingerprint in message
    return message


def test_a_known_key_is_accepted() -> None:
    check_host_key(ONE, KnownKeys((TWO, ONE)), pinned=None, where="paris", address="x")


def test_an_unknown_key_is_refused_with_what_to_do() -> None:
    message = refusal(ONE, KnownKeys())
    assert "isn't known" in message
    assert "ssh.host_key" in message


def test_a_changed_key_is_refused_showing_both() -> None:
    assert TWO.fingerprint in refusal(ONE, KnownKeys((TWO,)))


def test_a_revoked_key_is_refused_even_when_pinned() -> None:
    assert "revoked" in refusal(ONE, KnownKeys((ONE,), revoked=(ONE,)), pinned=ONE)


def test_a_pinned_key_is_the_only_one_accepted() -> None:
    check_host_key(ONE, KnownKeys(), pinned=ONE, where="paris", address="x")
    assert "ssh.host_key has" in refusal(TWO, KnownKeys((TWO,)), pinned=ONE)


def test_the_fingerprint_is_that_of_ssh_keygen() -> None:
    assert TWO.fingerprint == "SHA256:hHYnF9+5M20YLenMudFOY+Ku16rcxmTz4ghW13/9Ge0"


def test_a_host_that_is_known_by_an_authority_only_is_refused_by_that_name() -> None:
    text = f"@cert-authority *.example.net {ONE.type} {base64.b64encode(ONE.blob).decode()}"
    known = known_keys([text], "paris.example.net", 22)
    assert known.authorities == (ONE,)
    message = refusal(TWO, known, pinned=None)
    assert "@cert-authority" in message
    assert TWO.fingerprint in message
    check_host_key(TWO, known, pinned=TWO, where="paris", address="x")
