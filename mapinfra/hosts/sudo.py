"""Sudo without a terminal: its password is written when it asks, and never otherwise."""

import secrets
import shlex
from collections.abc import Callable, Sequence

from mapinfra.errors import SudoRefused
from mapinfra.hosts.failures import last_line

# Says on stderr that sudo has let us through, then becomes the command itself.
_ANNOUNCE = 'printf %s "$1" >&2; shift; exec "$@"'


class Escalation:
    """Follows the stderr of one command run through sudo.

    Two random words tell what happens: sudo prints the first, given by `-p`, when it asks for
    the password; the command's own shell prints the second as soon as it runs. So nothing is
    written before either of them, a password can't end up as the command's input, and the
    input can't be taken for a password.
    """

    def __init__(self, where: str, user: str, password: Callable[[], str] | None) -> None:
        self._where = where
        self._user = user
        self._password = password
        self._prompt = secrets.token_hex(8).encode()
        self._ready = secrets.token_hex(8).encode()
        self._before = b""
        self._asked = 0
        self.started = False

    def command(self, argv: Sequence[str]) -> str:
        """Return the command line that runs `argv` as root."""
        sudo = ["sudo", "-S", "-p", self._prompt.decode(), "--"]
        return shlex.join([*sudo, "sh", "-c", _ANNOUNCE, "sh", self._ready.decode(), *argv])

    def feed(self, stderr: bytes) -> tuple[bytes, bytes]:
        """Take in more of stderr; return what to write to sudo, and the command's own stderr.

        Raises SudoRefused when sudo asks and there is no password, or asks again.
        """
        if self.started:
            return b"", stderr
        self._before, announced, rest = (self._before + stderr).partition(self._ready)
        self.started = bool(announced)
        asked = self._before.count(self._prompt)
        if self.started or asked == self._asked:
            return b"", rest
        self._asked = asked
        return self._answer(), rest

    def ended(self) -> None:
        """Raise SudoRefused when the command ended without ever having started."""
        if not self.started:
            raise self._refused(
                f"sudo refused {self._user} ({self._complaint() or 'it gave no reason'})",
                "correct the host's sudoers, or ssh.become",
            )

    def _answer(self) -> bytes:
        if self._password is None:
            raise self._refused(f"sudo asks {self._user} for a password", "set ssh.sudo_password")
        if self._asked > 1:
            raise self._refused(
                f"sudo refused the password of {self._user}", "correct ssh.sudo_password"
            )
        return self._password().encode() + b"\n"

    def _complaint(self) -> str:
        return last_line(self._before.replace(self._prompt, b""))

    def _refused(self, what: str, remedy: str) -> SudoRefused:
        return SudoRefused(what, where=self._where, remedy=remedy)
