"""What goes on, on stderr: one moving line on a terminal, a line per step elsewhere."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.status import Status
from rich.text import Text

from mapinfra.cli.terminal import Terminal
from mapinfra.engine import Event, LogEvent, OperationKind, ResourceEvent, label
from mapinfra.text import visible

_DOING = {
    "create": "creating",
    "update": "updating",
    "delete": "deleting",
}
_STYLES = {"info": "", "warning": "yellow", "error": "red"}


class Progress:
    """Shows a run while it lasts."""

    def __init__(self, kind: OperationKind, *, preview: bool) -> None:
        self._console = Terminal(stderr=True)
        what = {"import": "adopt"}.get(kind, kind)
        self._phase = f"{'previewing' if preview else 'running'} {what}: reading live state"
        self._status: Status | None = None
        self._under_way: dict[str, str] = {}

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status(self._phase)
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, event: Event) -> None:
        """Show one event; a terminal that was closed ends no step."""
        with suppress(OSError):
            match event:
                case LogEvent():
                    self._log(event)
                case ResourceEvent(custom=True, status="started") if event.op in _DOING:
                    self._started(event)
                case ResourceEvent(custom=True, status="done" | "failed"):
                    self._ended(event)

    def _log(self, event: LogEvent) -> None:
        prefix = f"{label(event.urn)}: " if event.urn else ""
        head = "" if event.severity == "info" else f"{event.severity}: "
        for line in event.message.splitlines():
            self._console.print(f"{head}{prefix}{line}", style=_STYLES[event.severity])

    def _started(self, event: ResourceEvent) -> None:
        line = f"{_DOING[event.op]} {label(event.urn)}"
        self._under_way[event.urn] = line
        if self._status is None:
            self._console.print(line)
        self._update()

    def _ended(self, event: ResourceEvent) -> None:
        if self._under_way.pop(event.urn, None) and self._status is None:
            end = "failed" if event.status == "failed" else f"done in {event.seconds:.1f} s"
            self._console.print(f"{_DOING[event.op]} {label(event.urn)}: {end}")
        self._update()

    def _update(self) -> None:
        if self._status is not None:
            line = ", ".join(self._under_way.values()) or "finishing"
            self._status.update(Text(visible(line)))
