"""A stack ready to be run, and its state read."""

from dataclasses import dataclass, replace

from mapinfra.engine.project.project import Project
from mapinfra.engine.project.stack_config import StackConfig
from mapinfra.engine.state.backend import StackFiles
from mapinfra.engine.state.checkpoint import parse
from mapinfra.engine.state.passphrase import Crypter, Crypters
from mapinfra.engine.state.snapshot import Snapshot


@dataclass(frozen=True)
class Stack:
    """A stack ready to be run: its project, config, files, and the keys to its secrets."""

    project: Project
    name: str
    config: StackConfig
    files: StackFiles
    crypters: Crypters


def load(stack: Stack) -> tuple[Snapshot, Crypter]:
    """Read the state, and return it with what encrypts it when it's written again.

    Raises StateError when the state or the passphrase isn't usable.
    """
    crypters = stack.crypters
    snapshot = parse(
        stack.files.read(),
        str(stack.files.state),
        lambda salt: lambda text: crypters.crypter(salt).decrypt(text),
    )
    writer = crypters.crypter(stack.config.salt or snapshot.salt)
    writer.verify()
    return replace(snapshot, salt=writer.state), writer
