"""Sudo without a terminal: its password is written when it asks, and never otherwise."""

import secrets
from collections.abc import Callable, Sequence

from mapinfra.errors import SudoRefused
from mapinfra.hosts import refusals

# What sudo says is read, so it has to be English. It hands LANGUAGE on to the command, whose
# messages are English then, too; LC_ALL=C would change the command's encoding as well.
_IN_ENGLISH = 'LANGUAGE=C; export LANGUAGE; exec "$@"'


class Escalation:
    """One command run through sudo, by what sudo says before that command begins.

    sudo prints a random word, given by `-p`, when it asks for the password. So nothing is written
    before, a password can't end up as the command's input, and the input can't be taken for a
    password.
    """

    def __init__(self, where: str, user: str, password: Callable[[], str] | None) -> None:
        self._where = where
        self._user = user
        self._password = password
        self._prompt = secrets.token_hex(8)
        self._asked = 0

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return what runs `argv` as root."""
        sudo = ["sudo", "-S", "-p", self._prompt, "--"]
        return ["sh", "-c", _IN_ENGLISH, "sh", *sudo, *argv]

    def answer(self, said: bytes) -> bytes:
        """Return what to write to sudo, by all that it said until now.

        Raises SudoRefused when sudo asks and there is no password, or asks again.
        """
        asked = said.count(self._prompt.encode())
        if asked == self._asked:
            return b""
        self._asked = asked
        if self._password is None:
            raise self._refused(f"sudo asks {self._user} for a password", "set ssh.sudo_password")
        if asked > 1:
            raise self._refused(
                f"sudo refused the password of {self._user}", "correct ssh.sudo_password"
            )
        return self._password().encode() + b"\n"

    def refusal(self, said: bytes) -> SudoRefused:
        """Return the error for a sudo that ended, having said this, before the command began."""
        printed = said.replace(self._prompt.encode(), b"").decode(errors="replace")
        advice = refusals.of_sudo(self._user, printed)
        return self._refused(advice.what, advice.remedy)

    def _refused(self, what: str, remedy: str) -> SudoRefused:
        return SudoRefused(what, where=self._where, remedy=remedy)
