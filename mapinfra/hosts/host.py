"""Commands and transactions on one host."""

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import paramiko

from mapinfra.errors import CommandFailed, CommandTimeout, Deadlock, HostError
from mapinfra.hosts import mariadb, refusals
from mapinfra.hosts.command import CommandOutcome, Overrun, converse
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import Endpoint
from mapinfra.hosts.failures import (
    ChannelRefused,
    CommandNotBegun,
    ConnectionLost,
    Flooded,
    NotBegunInTime,
    Overran,
    last_line,
)
from mapinfra.hosts.pool import Pool
from mapinfra.hosts.sudo import Escalation
from mapinfra.hosts.target import Database, Target
from mapinfra.secrets import SecretResolver

T = TypeVar("T")

_DEADLOCKS = 4  # of one transaction that are taken for chance
_SIGNALLED = 128  # what a shell adds to a signal's number to make a status
_SHOWN = 120  # characters of a command in an error


@dataclass(frozen=True)
class Completed:
    """A command that ended; `argv` is what was asked for, without sudo."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Stdout as text; bytes that are no UTF-8 become U+FFFD."""
        return self.stdout.decode(errors="replace")


class Host:
    """One host of the spec, reached over its shared connection; any thread may use it."""

    def __init__(
        self, target: Target, endpoint: Endpoint, pool: Pool, secrets: SecretResolver
    ) -> None:
        self._target = target
        self._endpoint = endpoint
        self._pool = pool
        self._secrets = secrets

    @property
    def name(self) -> str:
        """The name the host has in the spec."""
        return self._target.name

    def address(self) -> str:
        """Where sshd answers, as an address and not as a name, and on which way; connects."""
        return self._pool.address(self._endpoint)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        timeout: float | None = None,
        check: bool = True,
    ) -> Completed:
        """Run a command, as root where the target says so, and return what it printed.

        `timeout` limits all of it in seconds, from opening the channel to the last byte; default
        is the target's command timeout. The command is never run a second time by itself.
        Raises CommandFailed for a status other than 0 (unless `check` is off) or a signal,
        CommandTimeout, SudoRefused, NotBegun when the login shell or sshd ended first, and what
        connecting raises.
        """
        words = tuple(argv)
        limit = self._target.ssh.command_timeout if timeout is None else timeout
        escalation = self._escalation()
        try:
            outcome = self._converse(words, stdin, limit, escalation)
        except Overrun as overrun:
            raise self._overran(words, limit, overrun.outcome) from None
        except Flooded as flood:
            raise self._flooded(words, flood) from None
        if not outcome.begun:
            raise self._not_begun(outcome, escalation)
        if outcome.status is None:
            raise CommandFailed(f"`{_shown(words)}` was killed by a signal", where=self.name)
        if check and outcome.status != 0:
            raise _failed(self.name, words, outcome)
        return Completed(words, outcome.status, outcome.stdout, outcome.stderr)

    @contextmanager
    def transaction(self, database: Database) -> Iterator[mariadb.Transaction]:
        """One transaction on the host's MariaDB: committed at the end, undone on any error.

        Raises DatabaseError, and what connecting raises.
        """
        with mariadb.session(self._door(), database) as session, session.transaction() as open_one:
            yield open_one

    def transact(self, database: Database, work: Callable[[mariadb.Transaction], T]) -> T:
        """Do the work in one transaction, and return what it returns.

        A transaction that MariaDB ended because of a deadlock is begun anew, as it asks for. So the
        work must do nothing but what is in the transaction. Raises as `transaction` does.
        """
        for _ in range(_DEADLOCKS):
            with suppress(Deadlock), self.transaction(database) as transaction:
                return work(transaction)
        with self.transaction(database) as transaction:
            return work(transaction)

    def snapshot(self, database: Database, queries: Sequence[tuple[str, str]]) -> mariadb.Snapshot:
        """Answer named queries from one consistent, read-only snapshot of the database."""
        with mariadb.session(self._door(), database) as session:
            return session.snapshot(queries)

    def _door(self) -> mariadb.Door:
        return mariadb.Door(
            name=self.name,
            timeout=self._target.ssh.command_timeout,
            secrets=self._secrets,
            open_tcp=lambda host, port: self._pool.opened(
                self._endpoint, lambda connection: connection.open_tcp(host, port)
            )[1],
            open_unix=lambda path: self._pool.opened(
                self._endpoint, lambda connection: connection.open_unix(path)
            )[1],
            has_socket=lambda path: self.run(["test", "-S", path], check=False).status == 0,
        )

    def _converse(
        self, argv: tuple[str, ...], stdin: bytes, limit: float, escalation: Escalation | None
    ) -> CommandOutcome:
        try:
            with self._pool.session(self._endpoint) as (connection, channel):
                deadline = Deadline.after(limit)
                try:
                    outcome = converse(
                        channel, argv, stdin=stdin, deadline=deadline, escalation=escalation
                    )
                except (paramiko.SSHException, EOFError, OSError) as error:
                    if isinstance(error, TimeoutError) or connection.alive:
                        raise
                    raise self._lost(argv) from None
                if outcome.status is None and not connection.alive:
                    raise self._lost(argv)
                return outcome
        except paramiko.SSHException:  # sshd answers no to the request, its fork has failed
            raise HostError(
                f"sshd starts no process for {self._endpoint.user}",
                where=self.name,
                remedy="look at the memory there, and at nproc in /etc/security/limits.conf",
            ) from None
        except ChannelRefused:
            raise HostError(
                "sshd opens no session",
                where=self.name,
                remedy="check MaxSessions in its sshd_config, and the user's login shell",
            ) from None

    def _escalation(self) -> Escalation | None:
        ssh = self._target.ssh
        if ssh.become == "none":
            return None
        reference = ssh.sudo_password
        password = None if reference is None else (lambda: self._secrets(reference))
        return Escalation(self.name, self._endpoint.user, password)

    def _overran(
        self, argv: tuple[str, ...], limit: float, outcome: CommandOutcome
    ) -> CommandTimeout:
        if not outcome.begun:
            by = "sudo" if outcome.handed_over else "sshd and the login shell"
            said = last_line(outcome.preface)
            return NotBegunInTime(
                f"{by} didn't come to run a command within {limit:g} s, and "
                + (f'printed "{said}"' if said else "printed nothing"),
                where=self.name,
                remedy=f"log in as {self._endpoint.user} by hand and see where that stops, or "
                "raise ssh.command_timeout",
            )
        return Overran(
            f"`{_shown(argv)}` took longer than {limit:g} s",
            where=self.name,
            remedy="it may still run there: look at the host, or raise ssh.command_timeout",
            printed=outcome.stdout,
        )

    def _flooded(self, argv: tuple[str, ...], flood: Flooded) -> CommandFailed:
        return CommandFailed(
            f"`{_shown(argv)}` printed more than {flood.limit / 2**20:g} MiB and was given up",
            where=self.name,
            remedy="look at what it prints there",
        )

    def _not_begun(self, outcome: CommandOutcome, escalation: Escalation | None) -> HostError:
        if outcome.handed_over and escalation is not None and outcome.status is not None:
            return escalation.refusal(outcome.preface)
        advice = refusals.of_shell(
            self._endpoint.user,
            outcome.preface.decode(errors="replace"),
            outcome.status,
            outcome.seconds,
        )
        return CommandNotBegun(advice.what, where=self.name, remedy=advice.remedy)

    def _lost(self, argv: tuple[str, ...]) -> ConnectionLost:
        return ConnectionLost(
            f"the connection was lost while `{_shown(argv)}` ran",
            where=self.name,
            remedy="it may have ended, or not: look at the host, then run again",
        )


def _shown(argv: tuple[str, ...]) -> str:
    line = shlex.join(argv)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _failed(name: str, argv: tuple[str, ...], outcome: CommandOutcome) -> CommandFailed:
    complaint = last_line(outcome.stderr) or last_line(outcome.stdout) or "no output"
    status = outcome.status or 0
    end = f"exit {status}" if status <= _SIGNALLED else f"killed by signal {status - _SIGNALLED}"
    return CommandFailed(f"`{_shown(argv)}` {end}: {complaint}", where=name)
