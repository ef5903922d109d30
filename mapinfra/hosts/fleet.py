"""All hosts of a run: their facts, read in one pass each and all at once."""

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from mapinfra.errors import (
    CommandFailed,
    CommandTimeout,
    DatabaseError,
    HostUnreachable,
    MapinfraError,
)
from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.endpoint import Endpoint, resolve
from mapinfra.hosts.failures import ConnectionLost, Overran, relocated
from mapinfra.hosts.host import Completed, Host
from mapinfra.hosts.machine import SCRIPT, Machine
from mapinfra.hosts.mariadb import Snapshot
from mapinfra.hosts.pool import Pool
from mapinfra.hosts.survey import Facts, Probe, Reading, Script, Survey
from mapinfra.hosts.target import Target
from mapinfra.secrets import SecretResolver

_MACHINE = Probe("machine", SCRIPT)
_LACKING = Probe("lacking", "command -v base64 >/dev/null || echo base64")


class Fleet:
    """The hosts of a run, with one connection each; any thread may use it.

    `survey` tells what is read of a target. A host that is several targets, which differ in what
    they read, has one pass that reads all of it. `folder` is what relative paths start from,
    `threads` how many hosts are read at once.
    """

    def __init__(
        self,
        secrets: SecretResolver,
        survey: Callable[[Target], Survey],
        *,
        folder: Path,
        threads: int = 32,
    ) -> None:
        self._secrets = secrets
        self._survey = survey
        self._folder = folder
        self._pool = Pool(secrets)
        # Two executors of one size: a pass waits for its database session, and must not hold
        # the thread that this session needs.
        self._passes = ThreadPoolExecutor(threads, thread_name_prefix="pass")
        self._sessions = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._lock = threading.Lock()
        self._facts: dict[Target, tuple[frozenset[str], Future[Facts]]] = {}
        self._reads: dict[Target, frozenset[str]] = {}
        self._endpoints: dict[Target, Endpoint] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def prefetch(self, targets: Iterable[Target]) -> None:
        """Start reading each target that wasn't read yet, in the background, all at once."""
        wanted = list(targets)
        for target in wanted:
            self._note_reads(target)
        for target in wanted:
            self._started(target)

    def facts(self, target: Target) -> Facts:
        """Return what the pass found, waiting for it, or starting it now.

        What made the pass fail (HostUnreachable, HostKeyRefused, AuthenticationRefused,
        SudoRefused…) is raised to everyone who asks, without another try, until `stale`.
        """
        try:
            return self._started(target).result()
        except MapinfraError as error:
            raise relocated(error, target.name) from None
        except CancelledError:
            raise HostUnreachable("the run is being stopped", where=target.name) from None

    def read_already(self, target: Target) -> Facts | None:
        """Return the facts of a host whose pass was begun, else None; raise as `facts`."""
        with self._lock:
            begun = target.reading() in self._facts
        return self.facts(target.reading()) if begun else None

    def host(self, target: Target) -> Host:
        """Return the host, for commands and transactions; connects when it is first used."""
        return Host(target, self._endpoint(target), self._pool, self._secrets)

    def stale(self, target: Target) -> None:
        """Forget a host's facts after a change: the next `facts` reads them anew."""
        with self._lock:
            for other in [known for known in self._facts if known.name == target.name]:
                del self._facts[other]

    def close(self) -> None:
        """Stop what is being read and close every connection."""
        self._pool.close()
        for executor in (self._passes, self._sessions):
            executor.shutdown(wait=True, cancel_futures=True)

    def _note_reads(self, target: Target) -> frozenset[str]:
        """Remember what is asked of a host, so that each pass reads all of it."""
        with self._lock:
            host = target.reading()
            self._reads[host] = self._reads.get(host, frozenset()).union(target.reads)
            return self._reads[host]

    def _started(self, target: Target) -> Future[Facts]:
        wanted, host = self._note_reads(target), target.reading()
        with self._lock:
            reads, future = self._facts.get(host, (frozenset(), None))
            if future is None or not reads.issuperset(target.reads):
                future = self._passes.submit(self._pass, host.reading(*sorted(wanted)))
                self._facts[host] = wanted, future
            return future

    def _endpoint(self, target: Target) -> Endpoint:
        host = target.reading()
        with self._lock:
            if host not in self._endpoints:
                self._endpoints[host] = resolve(host, self._folder)
            return self._endpoints[host]

    def _pass(self, target: Target) -> Facts:
        """Read a host; once more when its connection had died since the last pass."""
        try:
            return self._read(target)
        except ConnectionLost:
            return self._read(target)

    def _read(self, target: Target) -> Facts:
        host = self.host(target)
        limit = target.ssh.command_timeout
        deadline = Deadline.after(target.ssh.connect_timeout + limit)
        survey = self._survey(target)
        answers = self._sessions.submit(self._answers, host, target, survey)
        script = Script(replace(survey, probes=(_MACHINE, _LACKING, *survey.probes)))
        done = self._ask(host, script, limit)
        readings = script.read(done.stdout, done.stderr)
        self._expect_tools(target, readings)
        printed = readings.get(_MACHINE.name, Reading(1, b"", b"")).stdout
        machine = Machine.found(host.address(), printed.decode(errors="replace"))
        return Facts(target.name, readings, _awaited(answers, deadline, target), machine)

    def _expect_tools(self, target: Target, readings: Mapping[str, Reading]) -> None:
        """Without it every file would seem empty, and none would say why."""
        lacking = readings.get(_LACKING.name)
        if lacking is not None and lacking.stdout.strip():
            raise CommandFailed(
                "there is no `base64`, by which files are read",
                where=target.name,
                remedy="install it (package coreutils), or mend PATH of that user",
            )

    def _ask(self, host: Host, script: Script, limit: float) -> Completed:
        """Run the script; the host ends it itself, should it still run when we have given up."""
        argv = ("timeout", "-k", "5", f"{limit + 5:.0f}", "sh")
        try:
            return host.run(argv, stdin=script.text.encode(), timeout=limit)
        except Overran as error:
            probe = script.running(error.printed)
            at = f", at {probe}" if probe else ""
            raise CommandTimeout(
                f"reading its facts took longer than {limit:g} s{at}",
                where=host.name,
                remedy="look for what blocks there, or raise ssh.command_timeout",
            ) from None

    def _answers(self, host: Host, target: Target, survey: Survey) -> Snapshot | MapinfraError:
        if target.database is None:
            return DatabaseError(
                "the spec says nothing on its database", where=target.name, remedy="add `database`"
            )
        try:
            return host.snapshot(
                target.database, [(query.name, query.sql) for query in survey.queries]
            )
        except MapinfraError as error:
            return error


def _awaited(
    answers: "Future[Snapshot | MapinfraError]", deadline: Deadline, target: Target
) -> Snapshot | MapinfraError:
    """The database's answers, all of them within the time that the host's command has, too."""
    try:
        return answers.result(deadline.remaining())
    except TimeoutError:
        return DatabaseError(
            f"reading its database took longer than {target.ssh.command_timeout:g} s",
            where=target.name,
            remedy="check its load and locks, or raise ssh.command_timeout",
        )
