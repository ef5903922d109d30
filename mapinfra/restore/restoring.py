"""A restore under way: its steps done, and taken back when one fails."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mapinfra import backup
from mapinfra.backup import Back, Manifest, Reach
from mapinfra.centreon import health
from mapinfra.centreon.health import Expected
from mapinfra.errors import CentreonError, MapinfraError
from mapinfra.hosts import Host, Target, packages
from mapinfra.resources.contract import Step
from mapinfra.resources.map_model import Desired
from mapinfra.resources.map_operation import Operation
from mapinfra.resources.session import Session

_BEFORE_CHANGES = ("resume", "cancel", "backup", "arm", "install", "restore")
"""Steps that aren't begun once the run is to be stopped; afterwards it is completed instead."""


_TAKE_OVER = ("resume", "cancel")
"""Steps on what an interrupted run has left."""


class Restoring:
    """Does the steps of one restore.

    `stopped` tells whether the user wants it to end; `tell` takes a line of what else was done.
    """

    def __init__(
        self, manifest: Manifest, stopped: Callable[[], bool], tell: Callable[[str], None]
    ) -> None:
        self._manifest = manifest
        self._stopped = stopped
        self._tell = tell
        self._operation: Operation | None = None
        self._served = False
        self._expected = Expected()
        self._refused = ""
        """The verb of a step that wasn't begun any more."""

    @property
    def before(self) -> Manifest | None:
        """The backup of what was there before, once it is taken."""
        return self._operation.manifest if self._operation else None

    def targets(self, desired: Desired) -> Sequence[Target]:
        """See `Kind.targets`."""
        return (desired.map,)

    def run(self, step: Step, desired: Desired, session: Session) -> None:
        """See `Kind.run`."""
        host = session.fleet.host(desired.map)
        if step.verb in _BEFORE_CHANGES and self._stopped():
            # Not of an interrupted run: its journal has to stay.
            self._refused = step.verb if step.verb not in _TAKE_OVER else ""
            raise MapinfraError("interrupted", where=host.name)
        match step.verb:
            case "lock":
                self._operation = Operation.begin(host, desired, step.data)
            case "lost":
                raise CentreonError(step.data, where=host.name)
            case "release":
                self._release()
            case _:
                self._do(step, desired, host)

    def undo(self, done: Sequence[Step]) -> Sequence[Step]:
        """See `Kind.undo`. The lock goes last, and not before an interrupted run's way back."""
        name = done[0].host
        done = [step for step in done if step.verb != self._refused]
        verbs = [step.verb for step in done]
        if verbs[-1] in _TAKE_OVER:
            told = "its journal is left for the next run"
            return [Step(name, "lost", "put back what the interrupted run has left", data=told)]
        back = [
            Step(name, "uninstall", f"remove {step.data.package} again", data=step.data)
            for step in done
            if step.verb == "install"
        ]
        if "arm" in verbs:
            reach = Reach.SERVICE if verbs[-1] == "arm" else Reach.ALL
            back.append(Step(name, "return", "put back what was there before", data=reach))
        back.append(Step(name, "release", "release the lock"))
        if "arm" not in verbs and "restore" in verbs:
            told = "there was no database to take a backup of"
            back.append(Step(name, "lost", "put back what was there before", data=told))
        return back

    def let_go(self, desired: Desired, session: Session) -> None:
        """See `Kind.let_go`."""
        if self._operation is not None:
            self._operation.abandon()

    def _do(self, step: Step, desired: Desired, host: Host) -> None:
        operation = self._operation
        if operation is None:
            raise CentreonError("its lock isn't held", where=host.name)
        operation.starts(step.verb)
        if step.verb != "return":  # that is for a lost lease, too
            operation.keeper.check()
        match step.verb:
            case "resume":
                operation.go_back(step.data.manifest, step.data.reach)
            case "cancel":
                backup.cancel(host, step.data)
            case "backup":
                before = health.look(host, desired.edition)
                # Whether it is to speak TLS is for the configuration that comes back to say.
                self._served, self._expected = before.serves, replace(before.expected, tls=None)
                then = self._manifest
                operation.back_up(step.data, then.database, then.client, self._tell, then.id)
            case "arm":
                operation.begin_changes(self._tell)
            case "install":
                packages.install(host, step.data.wanted, _unit(desired))
            case "uninstall":
                packages.remove(host, [step.data.package], _unit(desired))
            case "restore":
                # By itself, not by the operation: the lease on what was there is kept meanwhile.
                backup.renew_way_back(host, step.data, step.data.client)
                self._note(backup.go_back(host, step.data, step.data.client))
            case "health":
                _wait(host, desired, self._expected)
            case "return":
                self._return(operation, desired, host, step.data)
            case verb:
                raise ValueError(f"no step of a restore: {verb}")
        operation.done(step.verb)

    def _return(self, operation: Operation, desired: Desired, host: Host, reach: Reach) -> None:
        before = operation.go_back(None, reach)
        self._note(operation.back)
        # What was restored away from may have been ill itself: that, too, is as it was.
        if before.active and self._served:
            _wait(host, desired, Expected())

    def _note(self, back: Back | None) -> None:
        if back is not None and back.message:
            self._tell(f"{self._manifest.service}: {back.message}")

    def _release(self) -> None:
        if self._operation is not None:
            self._operation.end()


def _wait(host: Host, desired: Desired, expected: Expected) -> None:
    health.wait(host, desired.edition, seconds=desired.start_seconds, expected=expected)


def _unit(desired: Desired) -> str:
    return f"mapinfra-restore-{desired.edition.service}"
