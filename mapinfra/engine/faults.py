"""The one line that an error becomes, and where its traceback goes."""

import threading
import traceback
from pathlib import Path

from pulumi import RunError

from mapinfra.errors import MapinfraError


class Faults:
    """Describes errors; with `debug_file` each unexpected one leaves its traceback there."""

    def __init__(self, debug_file: Path | None = None) -> None:
        self._debug_file = debug_file
        self._lock = threading.Lock()

    def describe(self, error: BaseException) -> str:
        """Return the line for a user; an unexpected error is told with its type.

        Only an error on a whole spec has more lines: one per fault.
        """
        if isinstance(error, MapinfraError | RunError):
            return str(error)
        self._keep(error)
        lines = str(error).strip().splitlines()
        kind = type(error).__name__
        return f"unexpected {kind}: {lines[0]}" if lines else f"unexpected {kind}"

    def _keep(self, error: BaseException) -> None:
        if self._debug_file is None:
            return
        text = "".join(traceback.format_exception(error))
        with self._lock, self._debug_file.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
