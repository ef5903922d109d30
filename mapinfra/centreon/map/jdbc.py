"""JDBC URLs of MariaDB and MySQL: which server they reach, and which database there. Pure.

The grammar is that of MariaDB Connector/J 3 (its `Configuration` and `HostAddress`), which also
reads those of MySQL's. What decides where a connection goes is read, or refused by its name; any
other parameter makes no difference here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

PORT: Final = 3306
"""Where MariaDB listens unless a URL says otherwise."""

_URL = re.compile(r"jdbc:(?:mariadb|mysql):(?:(?P<mode>[^:/]*):)?//(?P<rest>.*)", re.DOTALL)
_MODES = ("replication", "sequential", "loadbalance", "load-balance", "load-balance-read",
          "failover")  # fmt: skip
# A slash within `address=(localSocket=/run/…)` doesn't begin the database.
_PARTS = re.compile(
    r"(?P<hosts>(?:\([^()]*\)|[^/?()])*)(?:/(?P<database>[^?]*))?(?:\?(?P<parameters>.*))?",
    re.DOTALL,
)
_ADDRESS = re.compile(r"address=((?:\([^()=]+=[^()]*\))+)")
_ADDRESS_PART = re.compile(r"\(([^()=]+)=([^()]*)\)")
_PLAIN = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.%\w]+)\]|(?P<name>[^\[\]:=\s]+))(?::(?P<port>.*))?")
_ELSEWHERE = {
    "pipe": "a pipe of Windows",
    "socksproxyhost": "a proxy",
    "socketfactory": "a program of its own that makes connections",
    "credentialtype": "passwords from elsewhere",
    "propertiestransform": "a program that changes it",
    "dnssrv": "servers that a DNS server names",
}
"""Parameters after which the rest of a URL doesn't tell where a connection goes, or as whom."""
_OFF = ("", "disable", "disabled", "false", "0")


class NotUnderstood(ValueError):
    """A URL can't be read, or reaches what can't be told; says why without any of its secrets."""


@dataclass(frozen=True)
class DatabaseServer:
    """One server: by TCP, or by a unix socket of the host that the URL is used on."""

    host: str = ""
    port: int = PORT
    socket: str = ""

    def __str__(self) -> str:
        if self.socket:
            return self.socket
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class JdbcUrl:
    """What a URL says: servers that may be reached, the database, a login if it has one."""

    servers: tuple[DatabaseServer, ...]
    database: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    """Whether it asks for TLS."""


def parse(url: str) -> JdbcUrl:
    """Read a JDBC URL; raise NotUnderstood."""
    found = _URL.fullmatch(url.strip())
    if found is None:
        raise NotUnderstood("it is no URL of MariaDB or MySQL (jdbc:mariadb://HOST/DATABASE)")
    mode = found["mode"]
    if mode is not None and mode.lower() not in _MODES:
        raise NotUnderstood(f"{mode!r} is no mode that is known ({', '.join(_MODES)})")
    parts = _PARTS.fullmatch(found["rest"])
    if parts is None:
        raise NotUnderstood("its servers can't be read: brackets don't close")
    parameters = dict(_parameters(parts["parameters"] or ""))
    _expect_no_detour(parameters)
    if not parts["database"]:
        raise NotUnderstood("it names no database")
    return JdbcUrl(
        servers=tuple(_servers(parts["hosts"].strip(), parameters.get("localsocket", ""))),
        database=parts["database"],
        user=parameters.get("user") or parameters.get("username") or None,
        password=parameters.get("password") or parameters.get("pwd") or None,
        tls=_asks_for_tls(parameters),
    )


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    for one in filter(None, text.split("&")):
        name, _, value = one.partition("=")
        yield name.lower(), value


def _expect_no_detour(parameters: dict[str, str]) -> None:
    for name, meaning in _ELSEWHERE.items():
        if parameters.get(name, "") not in ("", "false"):
            raise NotUnderstood(f"its parameter {name} stands for {meaning}")


def _asks_for_tls(parameters: dict[str, str]) -> bool:
    asked = [parameters.get("sslmode", ""), parameters.get("requiressl", "")]
    if "usessl" in parameters:  # without a value it is on
        asked.append(parameters["usessl"] or "true")
    return any(value.lower() not in _OFF for value in asked)


def _servers(hosts: str, socket: str) -> Iterator[DatabaseServer]:
    """Yield the servers; a socket of the whole URL is taken whatever hosts it names."""
    if socket:
        yield DatabaseServer(socket=_absolute(socket))
        return
    if not hosts:
        raise NotUnderstood("it names no server")
    for one in hosts.split(","):
        yield _addressed(one) if one.startswith("address=") else _plain(one)


def _plain(text: str) -> DatabaseServer:
    if "@" in text:
        raise NotUnderstood("it has a login before a server's name")
    found = _PLAIN.fullmatch(text)
    if found is None:
        hint = "; an IPv6 address stands in brackets" if text.count(":") > 1 else ""
        raise NotUnderstood(f"{text!r} is no server{hint}")
    return DatabaseServer(found["ipv6"] or found["name"], _port(found["port"]))


def _addressed(text: str) -> DatabaseServer:
    found = _ADDRESS.fullmatch(text.replace(" ", ""))
    if found is None:
        raise NotUnderstood("one of its servers isn't like address=(host=NAME)(port=NUMBER)")
    parts = {key.lower(): value for key, value in _ADDRESS_PART.findall(found[1])}
    _expect_no_detour(parts)
    if {"user", "password"} & parts.keys():
        raise NotUnderstood("it has a login of its own for one server")
    if parts.get("localsocket"):
        return DatabaseServer(socket=_absolute(parts["localsocket"]))
    if not parts.get("host"):
        raise NotUnderstood("one of its addresses names no host")
    return DatabaseServer(parts["host"].strip("[]").lower(), _port(parts.get("port")))


def _port(text: str | None) -> int:
    if text is None:
        return PORT
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise NotUnderstood(f"{text!r} is no port")
    return int(text)


def _absolute(socket: str) -> str:
    if not re.fullmatch(r"/[^\s\0]+", socket):
        raise NotUnderstood(f"{socket!r} is no path of a socket")
    return socket
