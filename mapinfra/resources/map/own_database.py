"""MAP's own database: which one MAP's connection reaches, proven on its host; nothing is changed.

What is dumped, counted, restored and dropped must be what MAP itself uses. So the URL in its
properties is read as its driver reads it, MAP's own login is tried on the host, and the server that
answers is compared with the one that MariaDB's root reaches by its socket.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from mapinfra.backup import MariadbClient
from mapinfra.backup.remote import script
from mapinfra.centreon.map import jdbc
from mapinfra.centreon.map.jdbc import DatabaseServer, JdbcUrl, NotUnderstood
from mapinfra.centreon.releases.editions import Edition
from mapinfra.config_files import PROPERTIES, settings
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host

_NAME = re.compile(r"[A-Za-z0-9_$-]{1,64}")
_SECONDS = 60.0  # that the look may take: each of its own questions has a limit of 10 s or less
_SAME: Final = ("hostname", "port", "datadir", "pid_file", "socket", "server_uuid", "server_uid")
"""Variables by which one server is told from another; not every version has all of them."""

# The login comes on standard input, through a pipe: the client opens no socket by its path.
_LOOK = """\
LC_ALL=C
export LC_ALL
database=$1 kind=$2 address=$3 port=$4
shift 4
told() { while IFS= read -r line; do printf '%s\\t%s\\n' "$1" "$line"; done; }
for host; do
  found=$(timeout 5 getent ahosts "$host" | awk '{ print $1 }' | sort -u)
  [ -n "$found" ] || printf 'unknown\\t%s\\n' "$host"
  for one in $found; do
    case $(ip -o route get "$one" 2>/dev/null) in
      local*) printf 'here\\t%s\\t%s\\n' "$host" "$one" ;;
      *) printf 'elsewhere\\t%s\\t%s\\n' "$host" "$one"; exit 0 ;;
    esac
  done
done
program=$(command -v mariadb || command -v mysql) ||
  { printf 'refused\\tthere is no client of MariaDB (mariadb, mysql)\\n'; exit 0; }
ask() { timeout -k 1 10 "$program" "$@" --connect-timeout=5 -N -B; }
facts="SHOW GLOBAL VARIABLES WHERE Variable_name IN ('hostname', 'port', 'datadir', 'pid_file',
  'socket', 'server_uuid', 'server_uid', 'version')"
case $kind in
  tcp) way=--host=$address ;;
  socket) way=--socket=$address ;;
esac
said=$(cat | ask --defaults-file=/dev/stdin "--protocol=$kind" "$way" "--port=$port" \\
  -e "$facts" "$database" 2>&1) || {
  [ $? -lt 124 ] || said="no answer within 10 s"
  printf '%s\\n' "$said" | tail -n 1 | told refused
  exit 0
}
printf '%s\\n' "$said" | told map
value() { printf '%s\\n' "$said" | sed -n "s/^$1\\t//p"; }
within() { case $1 in /*) echo "$1" ;; *) echo "$(value datadir)/$1" ;; esac; }
socket=$(within "$(value socket)")
printf 'socket\\t%s\\n' "$socket"
as_root() { ask --no-defaults --user=root "--socket=$socket" "$@"; }
rooted=$(as_root -e "$facts" 2>&1) || {
  printf '%s\\n' "$rooted" | tail -n 1 | told unrooted
  exit 0
}
printf '%s\\n' "$rooted" | told root
process=$(cat "$(within "$(value pid_file)")" 2>/dev/null)
sed -n 's|.*/\\([^/]*\\.service\\)$|\\1|p' "/proc/${process:-none}/cgroup" 2>/dev/null |
  head -n 1 | told unit
as_root -e "SET lock_wait_timeout = 2; SELECT COALESCE(SUM(DATA_LENGTH), 0)
  FROM information_schema.TABLES WHERE TABLE_SCHEMA = '$database'" 2>/dev/null | told size
true
"""
"""Arguments: database, `tcp` or `socket`, its address and port, the hosts that must be this one."""

_REMEDIES: Final = (
    (("1820", "1862"), "give MAP's user a new password in MariaDB, and write it into {file}"),
    (("4151",), "unlock MAP's user in MariaDB (ALTER USER … ACCOUNT UNLOCK)"),
    (("1044", "1049"), "check the database's name in {file}, and what its user may do there"),
    (("1045", "1698"), "correct user and password in {file}, or those that MariaDB knows"),
    (("2002", "2003", "2005"), "start that MariaDB, or correct the URL in {file}"),
)
_ERROR = re.compile(r"ERROR (\d+)")


class LoginRefused(CentreonError):
    """MAP's own login to its database is refused: so would MAP be, should it start."""


@dataclass(frozen=True)
class OwnDatabase:
    """The database that MAP's own connection reaches; `size` in bytes, None where not known."""

    name: str
    client: MariadbClient
    """How MariaDB's root logs in to that very server."""
    size: int | None = None
    version: str = ""
    """The server's, as it says it."""


@dataclass(frozen=True)
class Login:
    """How MAP logs in to its own database, by its properties."""

    url: JdbcUrl
    user: str
    file: str
    password: str = field(repr=False)

    @property
    def client(self) -> MariadbClient:
        """The same for MariaDB's tools, without the way to the server."""
        return MariadbClient(self.user, self.password, host="", tls=self.url.tls)


def found(
    host: Host, edition: Edition, configuration: Mapping[str, bytes]
) -> OwnDatabase | CentreonError:
    """Return MAP's own database, or the error that tells why it can't be backed up."""
    try:
        return look(host, login_of(edition, configuration, host.name))
    except CentreonError as error:
        return error


def login_of(edition: Edition, configuration: Mapping[str, bytes], where: str) -> Login:
    """Read how MAP logs in; CentreonError names file and key of what can't be read."""
    file = f"{edition.config_dir}/{edition.own_database_file}"
    place = f"{where}: {file}"
    if file not in configuration:
        raise CentreonError("this file isn't there, so MAP's own database isn't known", where=place)
    held = settings(configuration[file], PROPERTIES)
    url = _url(held, f"{edition.database}.connection.url", place)
    if not _NAME.fullmatch(url.database):
        raise CentreonError(
            f"mapinfra can't back up a database of the name {url.database!r}",
            where=place,
            remedy="update this MAP by hand",
        )
    user, password = (
        _either(held, f"{edition.database}.connection.{name}", value, place)
        for name, value in (("username", url.user), ("password", url.password))
    )
    return Login(url, user, file, password)


def look(host: Host, login: Login) -> OwnDatabase:
    """Ask the host which server MAP reaches; CentreonError when it can't be what is backed up."""
    server = _only(login, host.name)
    hosts = sorted({one.host for one in login.url.servers if one.host})
    kind, address = ("socket", server.socket) if server.socket else ("tcp", server.host)
    words = (login.url.database, kind, address, str(server.port), *hosts)
    text = script(
        host,
        "looking at MAP's own database",
        _LOOK,
        *words,
        stdin=login.client.option_file().encode(),
        timeout=_SECONDS,
    )
    return read(text, login, server, host.name)


def read(text: str, login: Login, server: DatabaseServer, where: str) -> OwnDatabase:
    """Read what the look printed; raise CentreonError for all that is no proof."""
    place = f"{where}: {login.file}"
    lines = [line.split("\t") for line in text.splitlines()]
    told = {words[0]: words[1:] for words in lines if len(words) > 1}
    _expect_here(told, place)
    if "refused" in told:
        raise _refused(told["refused"][0], login, server, place)
    socket = told.get("socket", [""])[0]
    if "unrooted" in told:
        raise CentreonError(
            f"MariaDB's root can't log in to MAP's own database by {socket}: {told['unrooted'][0]}",
            where=where,
            remedy="let root in by that socket (plugin unix_socket)",
        )
    seen, ours = (dict(_facts(lines, who)) for who in ("map", "root"))
    _expect_same(seen, ours, server, socket, place)
    size = told.get("size", [""])[0]
    unit = told.get("unit", [""])[0].removesuffix(".service")
    return OwnDatabase(
        login.url.database,
        MariadbClient(socket=socket, unit=unit, datadir=ours.get("datadir", "")),
        int(size) if size.isdecimal() else None,
        ours.get("version", ""),
    )


def _url(held: Mapping[str, str], key: str, place: str) -> JdbcUrl:
    if key not in held:
        raise CentreonError(
            f"{key} isn't there, so MAP's own database isn't known",
            where=place,
            remedy="run configure.sh, or write it",
        )
    try:
        return jdbc.parse(held[key])
    except NotUnderstood as error:
        raise CentreonError(
            f"{key} can't be used: {error}",
            where=place,
            remedy="write it as jdbc:mariadb://localhost:3306/DATABASE, or update this MAP by hand",
        ) from None


def _either(held: Mapping[str, str], key: str, in_url: str | None, place: str) -> str:
    """Return the one value there is: which of two counts depends on the driver."""
    if in_url is not None and held.get(key) not in (None, "", in_url):
        raise CentreonError(
            f"{key} and the URL beside it have different values",
            where=place,
            remedy="take it out of the URL",
        )
    return in_url or held.get(key, "")


def _only(login: Login, where: str) -> DatabaseServer:
    """Return the one server that MAP may reach; names of one host count as one."""
    ways = {(one.socket, one.port) for one in login.url.servers}
    if len(ways) > 1:
        told = ", ".join(map(str, login.url.servers))
        raise CentreonError(
            f"MAP's own database may be on any of {told}, and only one can be backed up",
            where=f"{where}: {login.file}",
            remedy="leave the one that MAP uses in its URL, or update this MAP by hand",
        )
    return login.url.servers[0]


def _expect_here(told: Mapping[str, list[str]], place: str) -> None:
    if "unknown" in told:
        raise CentreonError(
            f"MAP's own database is on {told['unknown'][0]}, a name that isn't known there",
            where=place,
            remedy="correct the URL, or the host's names",
        )
    if "elsewhere" in told:
        name, address = told["elsewhere"][:2]
        known = name if name == address else f"{name} ({address})"
        raise CentreonError(
            f"MAP's own database is on {known}; only one on the MAP server itself can be backed up",
            where=place,
            remedy="move it there, or update this MAP by hand",
        )


def _refused(complaint: str, login: Login, server: DatabaseServer, place: str) -> LoginRefused:
    code = _ERROR.search(complaint)
    remedy = next(
        (text for codes, text in _REMEDIES if code is not None and code[1] in codes),
        "see what that MariaDB says",
    )
    return LoginRefused(
        f"MAP's own login to {server} ({login.user}, database {login.url.database}) is refused: "
        f"{complaint}",
        where=place,
        remedy=remedy.format(file=login.file),
    )


def _facts(lines: list[list[str]], who: str) -> Iterator[tuple[str, str]]:
    for words in lines:
        if words[0] == who and len(words) == 3:
            yield words[1], words[2]


def _expect_same(
    seen: Mapping[str, str],
    ours: Mapping[str, str],
    server: DatabaseServer,
    socket: str,
    place: str,
) -> None:
    compared = [name for name in _SAME if name in seen or name in ours]
    different = [name for name in compared if seen.get(name) != ours.get(name)]
    if different or not compared:
        told = "; ".join(f"{one}: {seen.get(one)}, not {ours.get(one)}" for one in different)
        raise CentreonError(
            f"MAP reaches another MariaDB by {server} than root does by {socket} ({told})",
            where=place,
            remedy="see what listens there; MAP's own database must be on this host itself",
        )
