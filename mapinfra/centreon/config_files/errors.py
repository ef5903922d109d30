"""What can go wrong with a config file's text; no message ever quotes a value."""

from mapinfra.errors import CentreonError


class ConfigFileUnreadable(CentreonError):
    """A config file that its own reader would refuse; `line` is where, counted from 1."""

    def __init__(self, what: str, *, line: int, remedy: str = "mend that line") -> None:
        self.line = line
        super().__init__(what, where=f"line {line}", remedy=remedy)


class SettingImpossible(CentreonError):
    """A setting that the file's format has no way to write; `where` is its key."""
