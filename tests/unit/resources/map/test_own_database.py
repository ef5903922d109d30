"""Which database MAP's own connection reaches: what proves it, and what is refused."""

import shlex

import pytest

from mapinfra.backup import MariadbClient
from mapinfra.centreon.releases.editions import ENGINE
from mapinfra.errors import CentreonError
from mapinfra.resources.map.own_database import Login, OwnDatabase, login_of, read

FILE = f"{ENGINE.config_dir}/map-database.properties"
SERVER = """\
hostname map.example.net
port 3399
datadir /srv/mysql/
pid_file /srv/mysql/map.pid
socket /srv/mysql/s.sock
version 10.11.6-MariaDB
"""


def login(text: str) -> Login:
    return login_of(ENGINE, {FILE: text.encode("latin-1")}, "map")


def properties(url: str, **more: str) -> str:
    keys = {"url": url, "username": "centreon_map", "password": "s3cret", **more}
    return "".join(f"centreon_map.connection.{key}={value}\n" for key, value in keys.items())


LOGIN = login(properties(r"jdbc\:mariadb\://map.example.net\:3399/centreon_map?useSSL\=false"))


def facts(who: str, text: str = SERVER) -> str:
    words = (line.split(" ", 1) for line in text.splitlines())
    return "".join("\t".join((who, *pair)) + "\n" for pair in words)


def said(*lines: str) -> str:
    return "here\tmap.example.net\t192.0.2.7\n" + "".join(lines)


WHOLE = said(
    facts("map"), "socket\t/srv/mysql/s.sock\n", facts("root"), "unit\tmariadb@two.service\n",
    "size\t1000\n",
)  # fmt: skip


def found(text: str, by: Login = LOGIN) -> OwnDatabase:
    return read(text, by, by.url.servers[0], "map")


def test_the_server_that_map_reaches_is_the_one_that_root_logs_in_to() -> None:
    client = MariadbClient(socket="/srv/mysql/s.sock", unit="mariadb@two", datadir="/srv/mysql/")
    assert found(WHOLE) == OwnDatabase("centreon_map", client, 1000, "10.11.6-MariaDB")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("unknown\tdb\n", "is on db, a name that isn't known there"),
        ("elsewhere\tdb\t192.0.2.9\n", "is on db (192.0.2.9); only one on the MAP server itself"),
        (said("refused\tERROR 1045 (28000): Access denied for user\n"),
         "MAP's own login to map.example.net:3399 (centreon_map, database centreon_map) is "
         "refused: ERROR 1045 (28000): Access denied for user; correct user and password in "
         f"{FILE}"),
        (said("refused\tERROR 1862 (HY000): Your password has expired.\n"),
         "give MAP's user a new password in MariaDB"),
        (said("refused\tERROR 2003 (HY000): Can't connect\n"), "start that MariaDB, or correct"),
        (said("refused\tERROR 1049 (42000): Unknown database\n"), "check the database's name in"),
        (said("refused\tno answer within 10 s\n"), "see what that MariaDB says"),
        (said(facts("map"), "socket\t/srv/mysql/s.sock\n", "unrooted\tERROR 2002 (HY000): Can't\n"),
         "root can't log in to MAP's own database by /srv/mysql/s.sock: ERROR 2002"),
        (said(facts("map"), "socket\t/s.sock\n", facts("root", SERVER.replace("3399", "3306"))),
         "MAP reaches another MariaDB by map.example.net:3399 than root does by /s.sock "
         "(port: 3399, not 3306)"),
        (said(facts("map", "server_uuid a\n"), "socket\t/s\n", facts("root", "server_uuid b\n")),
         "(server_uuid: a, not b)"),
        (said(facts("map", "version 1\n"), "socket\t/s\n", facts("root", "version 1\n")),
         "MAP reaches another MariaDB"),
    ],
)  # fmt: skip
def test_whatever_is_no_proof_is_refused_with_file_and_remedy(text: str, words: str) -> None:
    with pytest.raises(CentreonError) as caught:
        found(text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("map")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "centreon_map.connection.url isn't there"),
        (properties("jdbc:mariadb://localhost"), "url can't be used: it names no database"),
        (properties("jdbc:mariadb://localhost/x%20y"), "a database of the name 'x%20y'"),
        (properties("jdbc:mariadb://localhost/m?user=other"), "and the URL beside it have"),
    ],
)
def test_what_can_not_be_read_is_refused_by_file_and_key(text: str, words: str) -> None:
    with pytest.raises(CentreonError) as caught:
        login(text)
    assert str(caught.value).startswith(f"map: {FILE}: ")
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_of_a_key_that_is_there_twice_the_last_counts_as_in_java() -> None:
    twice = properties("jdbc:mariadb://localhost/one") + properties("jdbc:mariadb://localhost/two")
    assert login(twice).url.database == "two"


def test_the_password_goes_into_an_option_file_alone() -> None:
    awkward = login(properties("jdbc:mariadb://localhost/m", password=r"a\\b\"c#\ d"))
    assert awkward.password == 'a\\b"c# d'
    assert awkward.client.option_file() == (
        '[client]\nuser="centreon_map"\npassword="a\\\\b\\"c# d"\n'
    )
    assert shlex.quote(awkward.password) not in repr(awkward)
