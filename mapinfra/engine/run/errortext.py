"""The one line that an error becomes, and where its traceback goes."""

import re
import threading
import traceback
from pathlib import Path

from pulumi import RunError

from mapinfra.errors import MapinfraError
from mapinfra.text import visible, visible_lines


class ErrorLines:
    """Describes errors; with `debug_file` each unexpected one leaves its traceback there."""

    def __init__(self, debug_file: Path | None = None) -> None:
        self._debug_file = debug_file
        self._lock = threading.Lock()

    def describe(self, error: BaseException) -> str:
        """Return the line for a user; that of an unexpected error has its type.

        Only an error of several faults, also one that the program words itself, has more lines:
        one per fault; what stands indented goes on with the line above.
        """
        if isinstance(error, MapinfraError | RunError):
            return "\n".join(visible_lines(re.sub(r"\s*\n\s+", " ", str(error).strip())))
        text = " ".join(str(error).split())
        kind = type(error).__name__
        line = f"unexpected {kind}: {text}" if text else f"unexpected {kind}"
        try:
            self._keep(error)
        except OSError as full:
            line += f" (its traceback can't be written to {self._debug_file}: {full.strerror})"
        return visible(line)

    def describe_of_program(self, error: BaseException, folder: Path) -> str:
        """Return that line for what a program in `folder` raised, with the place there."""
        line = self.describe(error)
        if isinstance(error, MapinfraError | RunError):
            return line
        place = _place(error, folder)
        return f"{place}: {line}" if place else line

    def _keep(self, error: BaseException) -> None:
        if self._debug_file is None:
            return
        text = "".join(traceback.format_exception(error))
        with self._lock, self._debug_file.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def _place(error: BaseException, folder: Path) -> str:
    """Return file and line of the innermost code below `folder` that an error came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if Path(one.filename).is_relative_to(folder)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""
