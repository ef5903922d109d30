"""What can be backed up, and the option file."""

import configparser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.backup import MariadbClient, Subject

GOOD = {
    "service": "centreon-map",
    "config_folder": "/etc/centreon-studio",
    "database": "centreon_studio",
    "packages": {},
    "family": "deb",
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", "a b"),
        ("service", "-x"),
        ("database", "x`; drop"),
        ("database", ""),
        ("config_folder", "/"),
        ("config_folder", "etc"),
        ("config_folder", "/etc/a b"),
        ("folder", "/var/$(id)"),
        ("elsewhere", ("/etc/my.cnf.d/*",)),
        ("keep", 0),
    ],
)
def test_names_that_could_be_something_else_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Subject(**{**GOOD, field: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("id", ["", "..", "a/b", ".hidden", "a b"])
def test_an_id_is_the_name_of_a_directory(id: str) -> None:
    subject = Subject(**GOOD)  # type: ignore[arg-type]
    assert subject.directory("2024-1") == "/var/backups/mapinfra/2024-1"
    with pytest.raises(ValueError, match="no name of a backup"):
        subject.directory(id)


def test_a_socket_is_used_instead_of_an_address() -> None:
    assert (
        MariadbClient(socket="/run/s").option_file() == '[client]\nuser="root"\nsocket="/run/s"\n'
    )
    assert MariadbClient(user="u", password="p", host="db", port=3307).option_file() == (
        '[client]\nuser="u"\npassword="p"\nhost="db"\nport="3307"\n'
    )
    assert [MariadbClient(host=host).is_local for host in ("localhost", "10.0.0.1")] == [
        True,
        False,
    ]


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"))))
def test_any_password_comes_out_of_the_option_file_again(password: str) -> None:
    file = configparser.RawConfigParser()
    file.read_string(MariadbClient(password=password).option_file())
    quoted = file["client"]["password"]
    assert quoted[0] == quoted[-1] == '"'
    inner = quoted[1:-1].replace("\\\\", "\0")
    assert '"' not in inner.replace('\\"', "")
    assert inner.replace('\\"', '"').replace("\0", "\\") == password
    assert repr(MariadbClient(password=password)) == repr(MariadbClient())
