"""JDBC URLs: each reaches what MAP's own driver reaches, or is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.map.jdbc import DatabaseServer, JdbcUrl, NotUnderstood, parse

LOCAL = DatabaseServer("localhost")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("jdbc:mariadb://localhost/m", JdbcUrl((LOCAL,), "m")),
        ("jdbc:mysql://localhost:3399/m", JdbcUrl((DatabaseServer("localhost", 3399),), "m")),
        ("jdbc:mariadb://localhost/m?useSSL=false", JdbcUrl((LOCAL,), "m")),
        ("jdbc:mariadb://localhost/m?useSsl", JdbcUrl((LOCAL,), "m", tls=True)),
        ("jdbc:mariadb://localhost/m?sslMode=trust&x", JdbcUrl((LOCAL,), "m", tls=True)),
        ("jdbc:mariadb://localhost/m?sslMode=disable", JdbcUrl((LOCAL,), "m")),
        ("jdbc:mysql://localhost/m?user=u&password=p=1", JdbcUrl((LOCAL,), "m", "u", "p=1")),
        ("jdbc:mariadb://[::1]:3307/m", JdbcUrl((DatabaseServer("::1", 3307),), "m")),
        ("jdbc:mariadb://[fe80::1]/m", JdbcUrl((DatabaseServer("fe80::1"),), "m")),
        ("jdbc:mariadb:sequential://a,b:3307/m",
         JdbcUrl((DatabaseServer("a"), DatabaseServer("b", 3307)), "m")),
        ("jdbc:mysql:loadbalance://a,b/m",
         JdbcUrl((DatabaseServer("a"), DatabaseServer("b")), "m")),
        ("jdbc:mariadb:Replication://a/m", JdbcUrl((DatabaseServer("a"),), "m")),
        ("jdbc:mariadb://address=(host=Db)(port=3307)(type=primary)/m",
         JdbcUrl((DatabaseServer("db", 3307),), "m")),
        ("jdbc:mariadb://address=(type=master)(host=a),address=(host=[::1])(port=1)/m",
         JdbcUrl((DatabaseServer("a"), DatabaseServer("::1", 1)), "m")),
        ("jdbc:mariadb://address=(localSocket=/run/x/y.sock)/m?a=/b/",
         JdbcUrl((DatabaseServer(socket="/run/x/y.sock"),), "m")),
        ("jdbc:mariadb://db.example.net:1/m?localSocket=/run/s.sock",
         JdbcUrl((DatabaseServer(socket="/run/s.sock"),), "m")),
        ("jdbc:mariadb:///m?localSocket=/run/s.sock",
         JdbcUrl((DatabaseServer(socket="/run/s.sock"),), "m")),
    ],
)  # fmt: skip
def test_a_url_is_read_as_its_driver_reads_it(url: str, expected: JdbcUrl) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "no URL of MariaDB or MySQL"),
        ("jdbc:postgresql://localhost/m", "no URL of MariaDB or MySQL"),
        ("jdbc:mysql+srv://localhost/m", "no URL of MariaDB or MySQL"),
        ("jdbc:mariadb:round-robin://a,b/m", "'round-robin' is no mode"),
        ("jdbc:mariadb://localhost:3306", "names no database"),
        ("jdbc:mariadb://localhost/?user=u", "names no database"),
        ("jdbc:mariadb:///m", "names no server"),
        ("jdbc:mariadb://a,/m", "'' is no server"),
        ("jdbc:mariadb://::1/m", "an IPv6 address stands in brackets"),
        ("jdbc:mariadb://[::1/m", "is no server"),
        ("jdbc:mariadb://a:x/m", "'x' is no port"),
        ("jdbc:mariadb://a:70000/m", "'70000' is no port"),
        ("jdbc:mariadb://address=(port=3306)/m", "names no host"),
        ("jdbc:mariadb://address=(host=a/m", "brackets don't close"),
        ("jdbc:mariadb://a/m?pipe=x", "parameter pipe stands for"),
        ("jdbc:mariadb://address=(pipe=x)/m", "parameter pipe stands for"),
        ("jdbc:mariadb://address=(host=a)(port)/m", "isn't like address="),
        ("jdbc:mysql://address=(host=a)(user=u)/m", "a login of its own for one server"),
        ("jdbc:mysql://u@a/m", "a login before a server's name"),
        ("jdbc:mysql://a/m?socksProxyHost=p", "parameter socksproxyhost stands for a proxy"),
        ("jdbc:mysql://a/m?socketFactory=x.Y", "parameter socketfactory stands for"),
        ("jdbc:mariadb://a/m?localSocket=s.sock", "is no path of a socket"),
    ],
)
def test_what_reaches_who_knows_what_is_refused_by_its_name(url: str, why: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse(url)
    assert why in str(caught.value)


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}(\.[a-z]{1,5})?", fullmatch=True)
IPV6 = st.ip_addresses(v=6).map(str)
PORTS = st.integers(1, 65535)
SERVERS = st.builds(DatabaseServer, NAMES | st.ip_addresses(v=4).map(str) | IPV6, PORTS)
DATABASES = st.from_regex(r"[A-Za-z0-9_$-]{1,12}", fullmatch=True)
OPTIONS = st.dictionaries(
    st.sampled_from(["useUnicode", "characterEncoding", "autoReconnect", "connectTimeout"]),
    st.text("abc/,()=:?[]9", max_size=8),
)


def as_address(server: DatabaseServer) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"address=(host={host})(port={server.port})"


@given(
    st.lists(st.tuples(SERVERS, st.booleans()), min_size=1, max_size=4),
    DATABASES,
    OPTIONS,
    st.sampled_from(["mariadb", "mysql"]),
    st.sampled_from(["", "sequential:", "replication:", "loadbalance:", "load-balance-read:"]),
)
def test_every_server_and_the_database_of_any_url_are_found(
    servers: list[tuple[DatabaseServer, bool]],
    database: str,
    options: dict[str, str],
    scheme: str,
    mode: str,
) -> None:
    hosts = ",".join(as_address(one) if long else str(one) for one, long in servers)
    parameters = "&".join(f"{name}={value}" for name, value in options.items())
    url = f"jdbc:{scheme}:{mode}//{hosts}/{database}{'?' if parameters else ''}{parameters}"
    assert parse(url) == JdbcUrl(tuple(one for one, _ in servers), database)


@given(st.text() | st.text("jdbc:mariadb/,()=?&[]@%.1a ", max_size=60).map("jdbc:mariadb:".__add__))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        url = parse(text)
    except NotUnderstood:
        return
    assert url.database
    assert url.servers


@pytest.mark.parametrize(
    "url",
    [
        "jdbc:mariadb://a:b/m?user=u&password={}",
        "jdbc:mysql://u:{}@a/m",
        "jdbc:mysql://address=(host=a)(user=u)(password={})/m",
        "jdbc:mysql://address=(password={})/m",
        "jdbc:mysql://address=(host=a)(password={}/m",
    ],
)
@given(password=st.text(min_size=6, alphabet="qwxyz"))
def test_no_refusal_shows_a_password(url: str, password: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse(url.format(password))
    assert password not in str(caught.value)
