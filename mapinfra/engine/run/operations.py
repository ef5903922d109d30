"""The operations on a stack: update, refresh, destroy, and the preview of each."""

import contextvars
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mapinfra.engine.plans.plan import Present
from mapinfra.engine.plans.planning import Previewed
from mapinfra.engine.project.project import ClearConfig, Project, StackConfig
from mapinfra.engine.run.adoption import Adoption
from mapinfra.engine.run.deletes import delete_unwanted
from mapinfra.engine.run.errortext import Faults
from mapinfra.engine.run.events import Emit, Event, LogEvent, OperationKind, ResourceEvent, Summary
from mapinfra.engine.run.monitor import Engine, Monitor
from mapinfra.engine.run.providers import Providers
from mapinfra.engine.run.refresh import count_refreshed, refresh, tell_unread
from mapinfra.engine.run.registrar import Steps
from mapinfra.engine.run.run import Run, Tally
from mapinfra.engine.run.sdk import at_home, configure_sdk, run_program
from mapinfra.engine.run.signals import stopped_by_signals
from mapinfra.engine.run.targets import Targets
from mapinfra.engine.state.backend import HistoryEntry, StackFiles
from mapinfra.engine.state.checkpoint import parse, render
from mapinfra.engine.state.current import Journal
from mapinfra.engine.state.diff import Change, changes
from mapinfra.engine.state.lock import Holder
from mapinfra.engine.state.passphrase import Crypter, Keyring
from mapinfra.engine.state.snapshot import Snapshot
from mapinfra.engine.state.urn import STACK_TYPE, as_argument, label
from mapinfra.engine.state.values import Properties


@dataclass(frozen=True)
class Stack:
    """A stack ready to be run: its project, config, files, and the keys to its secrets."""

    project: Project
    name: str
    config: StackConfig
    files: StackFiles
    keyring: Keyring


@dataclass(frozen=True)
class Options:
    """How to run. `parallel` bounds the resources worked on at the same time.

    `reviewed` holds, by URN, the steps that a preview showed: a resource that would take others
    now fails instead.
    """

    parallel: int = 32
    debug_file: Path | None = None
    reviewed: Mapping[str, Sequence[str]] | None = None
    targets: Targets = field(default_factory=Targets)


def operate(
    stack: Stack, kind: OperationKind, emit: Emit, options: Options, *, preview: bool
) -> Summary:
    """Do one operation, or with `preview` only tell what it would do.

    `update` brings the stack to what the program wants. `refresh` brings the state to what is
    live, `destroy` deletes everything in the state; both do without the program. `import` takes
    into the state what the program wants and is there already, all of it or nothing, and touches
    nothing else. A preview writes nothing and takes no lock. Raises MapinfraError when the run
    can't begin.
    """
    emit, stop = _one_at_a_time(emit), threading.Event()
    guarded = stopped_by_signals if preview else stack.files.locked
    with guarded(stop, _warning(emit)):
        return _Operation(stack, kind, emit, options, stop, preview=preview).go()


def rehearse(stack: Stack, emit: Emit, options: Options) -> tuple[Summary, Mapping[str, Present]]:
    """Preview an update; return its summary, and what it would do to each resource.

    Raises MapinfraError when the run can't begin.
    """
    events: list[Event] = []

    def heard(event: Event) -> None:
        events.append(event)
        emit(event)

    told, stop = _one_at_a_time(heard), threading.Event()
    with stopped_by_signals(stop, _warning(told)):
        operation = _Operation(stack, "update", told, options, stop, preview=True)
        return operation.go(), operation.planned(events)


def load(stack: Stack) -> tuple[Snapshot, Crypter]:
    """Read the state, and return it with what encrypts it when it's written again.

    Raises StateError when the state or the passphrase isn't usable.
    """
    keyring = stack.keyring
    snapshot = parse(
        stack.files.read(),
        str(stack.files.state),
        lambda salt: lambda text: keyring.crypter(salt).decrypt(text),
    )
    writer = keyring.crypter(stack.config.salt or snapshot.salt)
    writer.verify()
    return replace(snapshot, salt=writer.state), writer


class _Operation:
    """One operation from the locked state to the history entry."""

    def __init__(
        self,
        stack: Stack,
        kind: OperationKind,
        emit: Emit,
        options: Options,
        stop: threading.Event,
        *,
        preview: bool,
    ) -> None:
        self._stack = stack
        self._kind = kind
        self._options = options
        self._began = time.time()
        snapshot, self._crypter = load(stack)
        self._config = stack.config.in_clear(self._crypter)
        self._before = self._live = snapshot
        self._steps: Steps | None = None
        self._run = Run(
            journal=Journal(snapshot, None if preview else self._write, snapshot.half_made),
            providers=Providers(self._config.values, stack.project.name),
            tally=Tally(),
            faults=Faults(options.debug_file),
            emit=emit,
            preview=preview,
            stop=stop,
            reviewed=options.reviewed,
            targets=options.targets,
        )

    def go(self) -> Summary:
        """Do it, with the SDK's settings to itself."""
        return contextvars.copy_context().run(self._go)

    def _go(self) -> Summary:
        self._configure_sdk()
        with at_home(self._stack.project):
            self._tell_pending()
            if self._kind in ("refresh", "destroy"):
                self._run.targets.expect_known(self._urns())
            if self._kind == "import":
                self._adopt()
            else:
                self._change()
                self._run.journal.close()
        summary = self._summary()
        if not self._run.preview:
            self._remember(summary)
        return summary

    def _change(self) -> None:
        refresh(self._run, self._options.parallel)
        self._live = self._run.journal.snapshot()
        if self._kind == "refresh":
            tell_unread(self._run)
            count_refreshed(self._run, self._before.resources)
            return
        wanted: set[str] | None = set()
        if self._kind == "update":
            self._steps = Steps(*self._parts())
            wanted = self._program(self._steps)
        if wanted is not None:
            delete_unwanted(self._run, wanted, self._options.parallel)
            self._warn_of_half_made(wanted)
        if self._kind == "destroy":
            self._refuse_half_made()

    def _warn_of_half_made(self, wanted: Collection[str]) -> None:
        """Tell of what a run that was cut off has left, and this program doesn't do over."""
        if self._kind != "update":
            return
        for urn in {one.resource.urn for one in self._before.half_made} - set(wanted):
            text = (
                f"{label(urn)} was being made when a run was cut off, so what there is of it isn't "
                "known, and the program has it no more: put it back and run up, then take it out; "
                f"where nothing of it is there: mapinfra state delete {as_argument(urn)}"
            )
            self._run.emit(LogEvent("warning", text))

    def _refuse_half_made(self) -> None:
        """End as failed where a run that was cut off has left what can't be told."""
        for one in self._before.half_made:
            self._run.tally.error()
            text = (
                f"{label(one.resource.urn)} was being made when a run was cut off, so what there "
                "is of it isn't known; run up first, then destroy"
            )
            self._run.emit(LogEvent("error", text))

    def _adopt(self) -> None:
        adoption = Adoption(*self._parts())
        self._program(adoption)
        if self._run.tally.whole and not self._run.stop.is_set():
            self._run.journal.close()
            adoption.tell()
        else:
            self._run.tally.error()
            self._run.emit(LogEvent("error", "nothing was adopted; --target confines it to some"))

    def _parts(self) -> tuple[Run, ClearConfig, str, str]:
        return self._run, self._config, self._stack.name, self._stack.project.name

    def planned(self, events: Iterable[Event]) -> Mapping[str, Present]:
        """Return what a preview that has been run would do; `events` are what it told."""
        if self._steps is None:
            return {}
        told = [
            one
            for one in events
            if isinstance(one, ResourceEvent) and one.status == "planned" and one.op != "refresh"
        ]
        after, steps = self._run.journal.snapshot(), self._steps
        return Previewed(self._live, after, told, steps.goals, steps.given).plan()

    def _tell_pending(self) -> None:
        holders = self._at_work() if self._run.preview else []
        for pending in self._before.unfinished:
            what = f"{pending.type} {label(pending.resource.urn)}"
            line = f"the run before was cut off while {what}"
            if holders:
                line = f"{', '.join(map(str, holders))} is {what}"
            self._run.emit(LogEvent("info", line))

    def _at_work(self) -> list[Holder]:
        return [one for one in self._stack.files.holders() if not one.dead]

    def _program(self, steps: Steps) -> set[str] | None:
        """Run the program; return the URNs it registered, None when it failed or never ran."""
        run, stack = self._run, self._stack
        if run.stop.is_set():
            return None
        monitor = Monitor(steps, stack.name, stack.project.name)
        self._configure_sdk(monitor)
        try:
            run_program(stack.project, self._options.parallel)
            run.targets.expect_known(self._urns() | steps.registered)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 (whatever the program raises ends it, not us)
            run.tally.error()
            line = run.faults.describe_of_program(error, stack.project.folder)
            run.emit(LogEvent("error", line))
            return None
        steps.outputs(monitor.stack_urn, monitor.stack_outputs)
        return steps.registered

    def _urns(self) -> set[str]:
        return {one.urn for one in self._before.resources}

    def _configure_sdk(self, monitor: Monitor | None = None) -> None:
        run, stack = self._run, self._stack
        engine = Engine(run.emit)
        # Adopting, the program goes on without the values of what isn't there, as in a preview.
        dry_run = run.preview or self._kind == "import"
        configure_sdk(stack.project, stack.name, self._config, engine, monitor, preview=dry_run)

    def _write(self, snapshot: Snapshot) -> None:
        files = self._stack.files
        files.write(render(files.full_name, snapshot, self._crypter.encrypt))

    def _summary(self) -> Summary:
        tally, outputs = self._run.tally, _stack_outputs(self._run.journal.snapshot())
        return Summary(
            operation=self._kind,
            preview=self._run.preview,
            counts=dict(tally.counts),
            failed=len(tally.failed),
            skipped=len(tally.skipped),
            errors=tally.errors,
            interrupted=self._run.stop.is_set(),
            seconds=time.time() - self._began,
            outputs=outputs,
            output_changes=self._output_changes(outputs),
            replaced=tally.replaced,
        )

    def _output_changes(self, outputs: Properties) -> tuple[Change, ...]:
        return changes(_stack_outputs(self._before), outputs)

    def _remember(self, summary: Summary) -> None:
        self._stack.files.remember(
            HistoryEntry(
                kind=self._kind,
                started=int(self._began),
                ended=int(time.time()),
                succeeded=summary.succeeded,
                changes={str(op): count for op, count in summary.counts.items()},
                config=self._stack.config.held(),
            )
        )


def _stack_outputs(snapshot: Snapshot) -> Properties:
    found = [one.outputs for one in snapshot.resources if one.type == STACK_TYPE]
    return found[0] if found else {}


def _warning(emit: Emit) -> Callable[[str], None]:
    return lambda line: emit(LogEvent("warning", line))


def _one_at_a_time(emit: Emit) -> Emit:
    lock = threading.RLock()  # a signal may come while its thread emits

    def locked(event: Event) -> None:
        with lock:
            emit(event)

    return locked
