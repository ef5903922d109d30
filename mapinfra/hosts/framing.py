"""Where a command's own output begins, and what was printed before it.

sshd hands a command to the user's login shell, whose start-up files may print, end or wait; so
may sudo and PAM, and a trap of the login shell at the end. Random words tell: one on stderr as soon
as the login shell has handed over, one on both outputs when the command itself begins, one when it
ends. What isn't between them is no output of the command, and no input is sent before them.
"""

import secrets
import shlex
from collections.abc import Sequence

from mapinfra.hosts.failures import Flooded
from mapinfra.hosts.sudo import Escalation

# Words are given in halves: whole, a list of processes that is printed would have them.
_HAND_OVER = 'printf %s%s "$1" "$1" >&2; shift; exec "$@"'
_RUN = """\
printf %s%s "$1" "$2"; printf %s%s "$1" "$2" >&2
a=$1 b=$2; shift 2; (exec "$@"); s=$?
printf %s%s "$b" "$a"; printf %s%s "$b" "$a" >&2; exit $s"""
_LONGEST_PREFACE = 1 << 18  # bytes printed before the command


class _Stream:
    """One output: what comes before a word, and what comes after it."""

    def __init__(self, word: bytes) -> None:
        self._word = word
        self.before = b""
        self.begun = False

    def feed(self, data: bytes) -> bytes:
        if self.begun:
            return data
        self.before, word, own = (self.before + data).partition(self._word)
        self.begun = bool(word)
        if len(self.before) > _LONGEST_PREFACE:
            raise Flooded(_LONGEST_PREFACE)
        return own


class Frame:
    """Both outputs of one command."""

    def __init__(self, escalation: Escalation | None) -> None:
        self._escalation = escalation
        self._halves = one, other = secrets.token_hex(8), secrets.token_hex(8)
        self._handed_over = f"{one}{one}".encode()
        self._end = f"{other}{one}".encode()
        self._stdout = _Stream(f"{one}{other}".encode())
        self._stderr = _Stream(f"{one}{other}".encode())

    def command(self, argv: Sequence[str]) -> str:
        """Return the command line for a login shell, of whatever kind, that runs `argv`.

        Its status is the command's, 128 and more when a signal ended it.
        """
        inner = ["sh", "-c", _RUN, "sh", *self._halves, *argv]
        if self._escalation is not None:
            inner = self._escalation.argv(inner)
        return "exec " + shlex.join(["sh", "-c", _HAND_OVER, "sh", self._halves[0], *inner])

    @property
    def begun(self) -> bool:
        """Whether the command itself runs, or ran."""
        return self._stderr.begun

    @property
    def handed_over(self) -> bool:
        """Whether the login shell did what it was asked to; sudo may still refuse."""
        return self._handed_over in self._stderr.before

    @property
    def preface(self) -> bytes:
        """What was printed before the command: by sudo, once the login shell has handed over."""
        login, _, sudo = self._stderr.before.partition(self._handed_over)
        if self.handed_over:
            return sudo
        return b"\n".join((login, self._stdout.before))

    def own(self, output: bytes) -> bytes:
        """Return an output, complete now, without what was printed after the command."""
        before, word, after = output.rpartition(self._end)
        return before if word else after

    def stdout(self, data: bytes) -> bytes:
        """Take in more of stdout; return what is the command's own of it."""
        return self._stdout.feed(data)

    def stderr(self, data: bytes) -> tuple[bytes, bytes]:
        """Take in more of stderr; return what to write to sudo, and the command's own stderr.

        Raises SudoRefused when sudo asks and there is no password, or asks again.
        """
        if self.begun:
            return b"", data
        own = self._stderr.feed(data)
        if self.begun or self._escalation is None:
            return b"", own
        return self._escalation.answer(self.preface if self.handed_over else b""), own
