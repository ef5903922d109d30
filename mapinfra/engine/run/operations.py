"""The operations on a stack: update, refresh, destroy, import, and the preview of each."""

import contextvars
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mapinfra.engine.plans.plan import ResourcePlan
from mapinfra.engine.project.stack import Stack, load
from mapinfra.engine.project.stack_config import ClearConfig
from mapinfra.engine.run.adoption import Adopter
from mapinfra.engine.run.deletion import delete_unwanted
from mapinfra.engine.run.errortext import ErrorLines
from mapinfra.engine.run.events import (
    Emit,
    Event,
    LogEvent,
    OperationKind,
    ResourceEvent,
    Summary,
)
from mapinfra.engine.run.monitor import EngineLog, Monitor
from mapinfra.engine.run.providers import Providers
from mapinfra.engine.run.refresh import count_refreshed, refresh, report_unread
from mapinfra.engine.run.registrar import Registrar
from mapinfra.engine.run.run import Run, Tally
from mapinfra.engine.run.sdk import at_home, configure_sdk, run_program
from mapinfra.engine.run.targets import Targets
from mapinfra.engine.state.backend import HistoryEntry
from mapinfra.engine.state.checkpoint import render
from mapinfra.engine.state.current import CurrentState
from mapinfra.engine.state.diff import changes
from mapinfra.engine.state.lock import LockHolder
from mapinfra.engine.state.snapshot import Snapshot
from mapinfra.engine.state.urn import STACK_TYPE, as_argument, label
from mapinfra.engine.state.values import Properties
from mapinfra.signals import stopped_by_signals


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
    """Run one operation, or with `preview` only report what it would do.

    `update` brings the stack to what the program wants. `refresh` brings the state to what is
    live, `destroy` deletes everything in the state; both don't run the program. `import` adds to
    the state what the program wants and is there already, all of it or nothing, and touches
    nothing else. A preview writes nothing and takes no lock. Raises MapinfraError when the run
    can't begin.
    """
    emit, stop = _one_at_a_time(emit), threading.Event()
    guarded = stopped_by_signals if preview else stack.files.locked
    with guarded(stop, _warning(emit)):
        return _Operation(stack, kind, emit, options, stop, preview=preview).go()


def preview_update(
    stack: Stack, emit: Emit, options: Options
) -> tuple[Summary, Mapping[str, ResourcePlan]]:
    """Preview an update; return its summary, and the plan of each resource.

    Raises MapinfraError when the run can't begin.
    """
    shown: list[ResourceEvent] = []

    def emit_and_keep(event: Event) -> None:
        if isinstance(event, ResourceEvent) and event.status == "planned":
            shown.append(event)
        emit(event)

    emit_one, stop = _one_at_a_time(emit_and_keep), threading.Event()
    with stopped_by_signals(stop, _warning(emit_one)):
        operation = _Operation(stack, "update", emit_one, options, stop, preview=True)
        return operation.go(), operation.planned(shown)


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
        self._before, self._crypter = load(stack)
        self._config = stack.config.in_clear(self._crypter)
        self._registrar: Registrar | None = None
        self._run = Run(
            state=CurrentState(self._before, None if preview else self._write),
            providers=Providers(self._config.values, stack.project.name),
            tally=Tally(),
            errors=ErrorLines(options.debug_file),
            emit=emit,
            preview=preview,
            stop=stop,
            reviewed=options.reviewed,
            targets=options.targets,
        )

    def go(self) -> Summary:
        """Run it, with the SDK's settings to itself."""
        return contextvars.copy_context().run(self._go)

    def _go(self) -> Summary:
        self._configure_sdk()
        with at_home(self._stack.project):
            self._report_pending()
            if self._kind in ("refresh", "destroy"):
                self._run.targets.expect_known(self._urns())
            if self._kind == "import":
                self._adopt()
            else:
                self._change()
                self._run.state.close()
        summary = self._summary()
        if not self._run.preview:
            self._remember(summary)
        return summary

    def _change(self) -> None:
        refresh(self._run, self._options.parallel)
        if self._kind == "refresh":
            report_unread(self._run)
            count_refreshed(self._run, self._before.resources)
            return
        wanted: set[str] | None = set()
        if self._kind == "update":
            self._registrar = Registrar(*self._parts())
            wanted = self._program(self._registrar)
        if wanted is not None:
            delete_unwanted(self._run, wanted, self._options.parallel)
            self._report_half_made(wanted)

    def _report_half_made(self, wanted: Collection[str]) -> None:
        """Report what an interrupted run has left in part, and this one doesn't create again."""
        for urn in {one.resource.urn for one in self._before.half_made} - set(wanted):
            found = (
                f"{label(urn)} was being created when a run was interrupted, so it may exist in "
                "part"
            )
            if self._kind == "destroy":
                self._run.tally.errors += 1
                self._run.emit(LogEvent("error", f"{found}; run up first, then destroy"))
                continue
            remedy = (
                "and the program no longer has it: put it back and run up, then remove it; "
                f"if nothing of it exists: mapinfra state delete {as_argument(urn)}"
            )
            self._run.emit(LogEvent("warning", f"{found}, {remedy}"))

    def _adopt(self) -> None:
        adopter = Adopter(*self._parts())
        self._program(adopter)
        if self._run.tally.whole and not self._run.stop.is_set():
            self._run.state.close()
            adopter.report()
        else:
            self._run.tally.errors += 1
            text = "nothing was adopted; use --target to adopt only some resources"
            self._run.emit(LogEvent("error", text))

    def _parts(self) -> tuple[Run, ClearConfig, str, str]:
        return self._run, self._config, self._stack.name, self._stack.project.name

    def planned(self, shown: Sequence[ResourceEvent]) -> Mapping[str, ResourcePlan]:
        """Return what a preview that has been run would do; `shown` is what it reported."""
        if self._registrar is None:
            return {}
        outputs = self._registrar.given
        plans = {
            one.urn: ResourcePlan(
                one.op, one.new.inputs if one.new else {}, outputs.get(one.urn, {})
            )
            for one in shown
        }
        untargeted = self._registrar.goals.keys() - plans.keys()
        for one in map(self._run.state.find, sorted(untargeted)):
            if one is not None:
                plans[one.urn] = ResourcePlan("same", one.inputs)
        return plans

    def _report_pending(self) -> None:
        holders = self._at_work() if self._run.preview else []
        for pending in self._before.unfinished:
            what = f"{pending.type} {label(pending.resource.urn)}"
            line = f"the run before was interrupted while {what}"
            if holders:
                line = f"{', '.join(map(str, holders))} is {what}"
            self._run.emit(LogEvent("info", line))

    def _at_work(self) -> list[LockHolder]:
        return [one for one in self._stack.files.holders() if not one.dead]

    def _program(self, registrar: Registrar) -> set[str] | None:
        """Run the program; return the URNs it registered, None when it failed or never ran."""
        run, stack = self._run, self._stack
        if run.stop.is_set():
            return None
        monitor = Monitor(registrar, stack.name, stack.project.name)
        self._configure_sdk(monitor)
        try:
            run_program(stack.project, self._options.parallel)
            run.targets.expect_known(self._urns() | registrar.registered)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 (whatever the program raises ends it, not us)
            run.tally.errors += 1
            line = run.errors.describe_of_program(error, stack.project.folder)
            run.emit(LogEvent("error", line))
            return None
        registrar.outputs(monitor.stack_urn, monitor.stack_outputs)
        return registrar.registered

    def _urns(self) -> set[str]:
        return {one.urn for one in self._before.resources}

    def _configure_sdk(self, monitor: Monitor | None = None) -> None:
        run, stack = self._run, self._stack
        log = EngineLog(run.emit)
        # Adopting, the program goes on without the values of what isn't there, as in a preview.
        dry_run = run.preview or self._kind == "import"
        configure_sdk(stack.project, stack.name, self._config, log, monitor, preview=dry_run)

    def _write(self, snapshot: Snapshot) -> None:
        files = self._stack.files
        files.write(render(files.full_name, snapshot, self._crypter.encrypt))

    def _summary(self) -> Summary:
        tally, outputs = self._run.tally, _stack_outputs(self._run.state.snapshot())
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
            output_changes=changes(_stack_outputs(self._before), outputs),
        )

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
