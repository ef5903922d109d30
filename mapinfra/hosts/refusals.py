"""What was seen when something ended before the work began, and what to do about it.

Pure tables, one for each place where it may end: while sshd logs a user in, in the login shell,
in sudo, on the way to MariaDB, at MariaDB's door. The first row that fits counts; what no row knows
is told in the words that were seen. Rows keep to whole wordings: start-up files and banners print
sentences about passwords and accounts, too.

Sources: the messages of OpenSSH 9.2 (auth.c, session.c), Linux-PAM 1.5 (pam_unix, pam_limits,
pam_nologin, pam_faillock), systemd 252 (systemd-user-sessions), util-linux and shadow (nologin(8)),
sudo 1.9, MariaDB 10.5 and later (errmsg).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mapinfra.text import without_secrets

_LONGEST = 200  # characters of what was seen that are shown


@dataclass(frozen=True)
class Advice:
    """What happened, and what to do."""

    what: str
    remedy: str


@dataclass(frozen=True)
class _Row:
    """A pattern of what is seen; `{user}` and `{seen}` stand for the user and the line found."""

    seen: re.Pattern[str]
    what: str
    remedy: str


def _rows(*rows: tuple[str, str, str]) -> tuple[_Row, ...]:
    return tuple(_Row(re.compile(seen, re.IGNORECASE), what, remedy) for seen, what, remedy in rows)


_ACCOUNT = (
    (
        r"^your account has expired",
        "the account of {user} has expired there ({seen})",
        "renew it: chage -E -1 {user}",
    ),
    (
        r"^(warning: )?your password has expired|^password change required but no tty|"
        r"^you are required to change your password",
        "the password of {user} has expired there ({seen})",
        "set a new one, or let it not expire: chage -M -1 {user}",
    ),
    (
        r"^(there were )?too many logins for '",
        "{user} is logged in too often there ({seen})",
        "raise maxlogins in /etc/security/limits.conf, or end the other sessions",
    ),
    (
        r"^\"?system is (going down|booting up)\.|unprivileged users are not permitted to log in|"
        r"^the system is going down on ",
        "that host lets nobody in now ({seen})",
        "wait until it has booted, or remove /etc/nologin and /run/nologin there",
    ),
    (
        r"^((your|the) )?account (is |has been )?(locked|disabled)( due to |[.;,]|$)",
        "the account of {user} is locked there ({seen})",
        "unlock it: usermod -U {user}",
    ),
)
_LOGIN = _rows(*_ACCOUNT)
_SHELL = _rows(
    (
        r"^this account is currently not available",
        'the login shell of {user} runs nothing, and printed "{seen}"',
        "give that account a shell: usermod -s /bin/sh {user}",
    ),
    *_ACCOUNT,
    (
        r"\bcannot fork\b|\bfork: retry: |"
        r"\bfork( failed)?: (resource temporarily unavailable|cannot allocate memory)",
        "that host starts no process for {user} ({seen})",
        "look at its memory, and at nproc in /etc/security/limits.conf and TasksMax of its units",
    ),
    (
        r"sudo: (command )?not found|sudo: no such file|can't exec(ute)? '?sudo|exec: sudo",
        "there is no sudo on that host",
        "install sudo (doas isn't supported), or log in as root with ssh.become: none",
    ),
    (
        r"(^|[ /:])sh: (command not found|not found|no such file)",
        "{user} finds no `sh` there ({seen})",
        "correct PATH in the start-up files of that account's shell",
    ),
)
_SUDO = _rows(
    (
        r"incorrect password attempt|sorry, try again|authentication fail",
        "sudo refused the password of {user}",
        "correct ssh.sudo_password",
    ),
    (
        r"not in the sudoers file|may not run sudo|is not allowed to (execute|run)",
        "sudo refused {user} ({seen})",
        "allow it in the host's sudoers, or correct ssh.user",
    ),
    (
        r"must have a tty",
        "sudo wants a terminal ({seen})",
        "set `Defaults:{user} !requiretty` in the host's sudoers",
    ),
    (
        r"account or password is expired|(^|: )password expired, contact|account expired or pam|"
        r"unable to change expired password|account validation failure",
        "sudo refused {user}: password or account has expired, or is locked ({seen})",
        "renew it there: chage -l {user}",
    ),
    (
        r"password is required|no password was provided|terminal is required",
        "sudo asks {user} for a password",
        "set ssh.sudo_password",
    ),
    (
        r"no new privileges|effective uid is not 0|must be owned by uid 0|is owned by uid",
        "sudo can't become root there ({seen})",
        "mend its installation, or log in as root with ssh.become: none",
    ),
    (
        r"parse error|syntax error|no valid sudoers",
        "the host's sudoers can't be read ({seen})",
        "mend it: visudo -c",
    ),
)


def of_login(user: str, banner: str) -> Advice:
    """Why sshd closed the connection while it logged a user in; `banner` is what it said."""
    known = _found(_LOGIN, user, banner)
    if known is not None:
        return known
    return Advice(
        f'it said "{_last(banner)}"' if _last(banner) else "it said nothing",
        f"look at the account there (chage -l {user}, /etc/nologin, AllowUsers and MaxAuthTries in "
        "sshd_config); set ssh.identity_file, so that fewer keys are tried",
    )


def of_shell(user: str, printed: str, status: int | None, seconds: float) -> Advice:
    """Why what logs a user in ended before the command began."""
    known = _found(_SHELL, user, printed)
    if known is not None:
        return known
    end = "a signal" if status is None else f"exit {status}"
    shown = f'printed "{_last(printed)}"' if _last(printed) else "printed nothing"
    return Advice(
        f"what logs {user} in ended before the command began ({end} after {seconds:.1f} s), and "
        f"{shown}",
        "look at that account's login shell (getent passwd) and at its start-up files (an `exit` "
        "in .bashrc), for a ForceCommand in sshd_config and a command= in authorized_keys",
    )


def of_sudo(user: str, printed: str) -> Advice:
    """Why sudo ended before the command began."""
    known = _found(_SUDO, user, printed) or _found(_SHELL, user, printed)
    if known is not None:
        return known
    return Advice(
        f"sudo refused {user} ({_last(printed) or 'it gave no reason'})",
        "correct the host's sudoers, or ssh.become",
    )


def _found(rows: Sequence[_Row], user: str, printed: str) -> Advice | None:
    """The advice of the first row that fits any line."""
    for row in rows:
        line = next((line for line in _lines(printed) if row.seen.search(line)), None)
        if line is not None:
            seen = without_secrets(line)
            return Advice(row.what.format(user=user, seen=seen), row.remedy.format(user=user))
    return None


def _lines(printed: str) -> Iterator[str]:
    for line in printed.splitlines():
        shown = " ".join(line.split())
        if shown:
            yield shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _last(printed: str) -> str:
    return without_secrets(next(iter(reversed(list(_lines(printed)))), ""))


def of_mariadb(code: int, text: str, *, at: str, user: str, name: str) -> Advice:
    """Why MariaDB refused, by the number of its error."""
    known = _MARIADB.get(code)
    if known is None:
        return Advice(f"{at} says: {text} ({code})", "")
    what, remedy = known
    return Advice(what.format(at=at, user=user, name=name, text=text), remedy.format(user=user))


_USER_LIMIT = "raise its limits (ALTER USER … WITH MAX_…), or wait an hour"
_MARIADB = {
    1040: ("{at} has too many connections", "end idle ones, or raise max_connections"),
    1044: (
        "{at} denies user {user} the database {name}",
        "grant it, or correct the database's name",
    ),
    1045: (
        "{at} refuses user {user}",
        "correct the database's user and password; where it is defined with REQUIRE SSL, X509 or "
        "the like, MariaDB must offer TLS (ssl_cert, ssl_key), and no client certificate",
    ),
    1049: ("{at} has no database {name}", "correct the database's name"),
    1129: (
        "{at} has blocked that host after too many failed connections",
        "unblock it: mariadb-admin flush-hosts",
    ),
    1130: (
        "{at} takes no connection from that host",
        "define the user for the address that MariaDB sees",
    ),
    1203: ("{at} has user {user} connected too often", "end idle ones, or raise its limit"),
    1226: ("{at} has let user {user} do all that its limits allow ({text})", _USER_LIMIT),
    1290: (
        "{at} runs with an option that forbids this ({text})",
        "for read_only: it is a replica, or was left so; use the primary, or SET GLOBAL "
        "read_only = 0",
    ),
    1698: (
        "{at} refuses user {user}: unknown, or known by its unix socket only",
        "correct the database's user, or set its socket and log in by SSH as that user",
    ),
    1820: (
        "{at} wants a new password of user {user} first: it has expired",
        "set one: ALTER USER … IDENTIFIED BY …",
    ),
    1862: (
        "{at} refuses user {user}: its password has expired",
        "set a new one: ALTER USER … IDENTIFIED BY …, or PASSWORD EXPIRE NEVER",
    ),
    2059: (
        "{at} wants user {user} to log in in a way that isn't supported ({text})",
        "let the user log in by mysql_native_password, ed25519 or unix_socket",
    ),
    3159: (
        "{at} takes secure connections only (require_secure_transport) and offers no TLS",
        "give it a certificate (ssl_cert, ssl_key), or set the database's socket",
    ),
    4151: ("{at} refuses user {user}: the account is locked", "ALTER USER … ACCOUNT UNLOCK"),
    4166: (
        "{at} has blocked user {user} after too many wrong passwords",
        "correct the password, then FLUSH PRIVILEGES",
    ),
}
"""Errors by their number: what, and the remedy."""
