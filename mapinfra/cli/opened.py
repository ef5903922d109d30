"""A stack opened for commands that go to its hosts without running its program."""

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mapinfra import spec
from mapinfra.config import SPEC_KEY, value_of
from mapinfra.engine import Stack, load, open_stack
from mapinfra.errors import MapinfraError
from mapinfra.hosts import Fleet, Target
from mapinfra.hosts.survey import Survey
from mapinfra.resources.session import Session
from mapinfra.restore import RestorableServer, servers_of, survey
from mapinfra.secrets import Secrets


@dataclass(frozen=True)
class Opened:
    """A stack, the MAP servers of its spec, and the way to their hosts."""

    stack: Stack
    servers: tuple[RestorableServer, ...]
    session: Session


@contextmanager
def opened(folder: Path, name: str) -> Iterator[Opened]:
    """Open a stack; raise MapinfraError when stack, config or spec can't be used."""
    stack = open_stack(folder, name, os.environ)
    _, crypter = load(stack)
    config = stack.config.in_clear(crypter).values
    home = stack.project.folder
    path = value_of(config, SPEC_KEY, stack.project.name)
    servers = {server.name: server for server in servers_of(_spec(stack, path))}

    def surveyed(target: Target) -> Survey:
        return survey(servers[target.name])

    secrets = Secrets(config, home, stack.project.name)
    with Fleet(secrets, surveyed, folder=home) as fleet:
        yield Opened(stack, tuple(servers.values()), Session(fleet, secrets))


def _spec(stack: Stack, path: str | None) -> spec.Spec:
    if path is None:
        raise MapinfraError(
            "its config names no spec",
            where=f"stack {stack.name}",
            remedy=f"type `mapinfra config set spec stacks/{stack.name}.yaml --stack {stack.name}`",
        )
    with chdir(stack.project.folder):
        return spec.load(Path(path))
