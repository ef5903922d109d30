"""The queue of commands between Web and gorgone: lines `NAME:poller id[:parameter]` in files."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import paths


@dataclass(frozen=True)
class Command:
    """One command for one poller."""

    name: str
    poller_id: int
    parameter: str = ""

    def __str__(self) -> str:
        return ":".join(filter(None, (self.name, str(self.poller_id), self.parameter)))


def send(*commands: Command, directory: Path = paths.COMMAND_DIRECTORY) -> None:
    """Leave commands for gorgone, all in one file, which it sees whole or not at all."""
    name = f"{time.time_ns()}-{secrets.token_hex(4)}"
    unfinished = directory / f".{name}"
    unfinished.write_text("".join(f"{command}\n" for command in commands))
    unfinished.rename(directory / name)


def take(
    directory: Path = paths.COMMAND_DIRECTORY, file: Path = paths.COMMAND_FILE
) -> Iterator[Command]:
    """Take the commands that are waiting, oldest first; lines that are no commands are dropped."""
    waiting = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    for path in [file, *waiting] if file.exists() else waiting:
        taken = path.rename(path.with_name(f".{path.name}_read"))
        text = taken.read_text()
        taken.unlink()
        yield from filter(None, map(parse, text.splitlines()))


def parse(line: str) -> Command | None:
    """The command of a line; None if it isn't one."""
    name, _, rest = line.partition(":")
    target, _, parameter = rest.partition(":")
    if not name or not target.strip().isdigit():
        return None
    return Command(name, int(target), parameter.strip())
