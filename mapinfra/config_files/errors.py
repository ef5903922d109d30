"""What can go wrong with a config file's text; no message ever quotes a value."""

from typing import Self

from mapinfra.errors import CentreonError


class ConfigFileUnreadable(CentreonError):
    """A config file that its own reader would refuse; `line` is where, counted from 1."""

    def __init__(self, what: str, *, line: int, file: str = "") -> None:
        self.line = line
        where = f"{file}, line {line}" if file else f"line {line}"
        super().__init__(what, where=where, remedy="mend that line")

    def of(self, file: str) -> Self:
        """Return the error with the file's name before the line."""
        return type(self)(self.what, line=self.line, file=file)


class SettingImpossible(CentreonError):
    """A setting that the file's format has no way to write; `where` is its key."""
