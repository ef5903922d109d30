"""What is being done now and for how long, on stderr: one live line, or plain lines in a log."""

import time
from types import TracebackType

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn


class Progress:
    """Call it with what is being done now; leaving the block ends the live line."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = self._console.is_terminal
        self._started = time.monotonic()
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __call__(self, text: str) -> None:
        """Say what is being done now."""
        if self._live:
            self._bar.update(self._task, description=text)
        else:
            elapsed = time.monotonic() - self._started
            self._console.print(f"[{elapsed:5.1f} s] {text}", markup=False, soft_wrap=True)

    def __enter__(self) -> "Progress":
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()
