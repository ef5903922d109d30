"""The answers to configure.sh, and MAP's database user."""

import pytest

from mapinfra.centreon.map.configure import (
    Answers,
    check_questions,
    grant_statements,
    vars_file,
)
from mapinfra.centreon.map.prerequisites import read_accounts, read_ground
from mapinfra.config_files import SHELL, settings
from mapinfra.errors import CentreonError

ANSWERS = Answers(
    web_url="https://central.example.net:8443/centreon",
    administrator="admin",
    contact="map",
    centreon_address="192.0.2.1",
    administrator_password="it's $HOME `x`",
    contact_password='say "no"\\',
    database_password="plain",
)
VENDOR = (
    "# What configure.sh --automatic uses.\n"
    + "".join(f'{name}=""\n' for name in ANSWERS.variables())
    + 'MAP_DB_ROOT_USER="root"\nMAP_DB_ROOT_PWD=""\nCENTREON_BROKER_PORT="5758"\n'
).encode()


def test_the_vendors_file_holds_every_answer_as_it_is_and_keeps_the_rest() -> None:
    content = vars_file(VENDOR, ANSWERS)
    read = settings(content, SHELL)
    assert read.items() >= ANSWERS.variables().items()
    assert (read["MAP_DB_ROOT_USER"], read["CENTREON_BROKER_PORT"]) == ("root", "5758")
    assert content.startswith(b"# What configure.sh")


def test_the_address_of_centreon_web_is_told_in_two_parts() -> None:
    told = ANSWERS.variables()
    assert told["CENTREON_URL"] == "https://central.example.net:8443"
    assert told["CENTREON_PATH"] == "/centreon"


def test_the_password_of_its_own_database_is_another_one_each_time() -> None:
    again = Answers("http://h/c", "", "", "", "", "", "")
    assert len({again.own_password, ANSWERS.own_password}) == 2
    assert len(again.own_password) >= 32


@pytest.mark.parametrize(
    ("vendor", "told"),
    [
        (VENDOR + b'LICENCE_KEY=""\n', "asks for LICENCE_KEY, which"),
        (VENDOR.replace(b'CENTREON_PWD=""\n', b""), "has no CENTREON_PWD, which"),
        (None, "has no CENTREON_ADMIN_PWD"),
    ],
)
def test_a_file_that_mapinfra_does_not_know_is_refused(vendor: bytes | None, told: str) -> None:
    with pytest.raises(CentreonError) as refused:
        check_questions(vendor, "map")
    assert told in str(refused.value)


def test_the_file_of_the_known_script_is_accepted() -> None:
    check_questions(VENDOR, "map")


def test_passwords_are_sent_to_mariadb_as_hashes_only() -> None:
    statements = grant_statements("192.0.2.7", "password")
    assert "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19" in statements
    assert "'password'" not in statements


def test_no_password_shows_in_the_answers_text() -> None:
    assert "plain" not in repr(ANSWERS)
    assert ANSWERS.own_password not in repr(ANSWERS)


def test_what_the_probes_print_is_understood() -> None:
    ground = read_ground(
        "address 2: host0    inet 192.0.2.7/24 brd 192.0.2.255 scope global host0\\  valid_lft x\n"
        "database centreon_map 1024\nreadable  0\n"
        "disk /dev/vda 100 40 60 40% /\ndisk /dev/vdb 100 90 10 90% /var\n"
    )
    assert (ground.addresses, ground.databases) == (("192.0.2.7",), {"centreon_map": 1024})
    assert (ground.free_at("/var/backups"), ground.free_at("/srv")) == (10 * 1024, 60 * 1024)
    assert read_ground("disk - - - - - /proc\n").databases is None
    assert read_accounts("account\t192.0.2.7\nreadable\t\n") == frozenset({"192.0.2.7"})
    assert read_accounts("readable\t\n") == frozenset()
    assert read_accounts("") is None
