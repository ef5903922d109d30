"""Opening a stack of a project, and making a new one."""

from collections.abc import Mapping
from pathlib import Path

from mapinfra.engine.project.project import Project, load_project, stack_name
from mapinfra.engine.project.stack import Stack, load
from mapinfra.engine.project.stack_config import (
    StackConfig,
    load_stack_config,
    set_value,
    write_salt,
)
from mapinfra.engine.state.backend import StackFiles, stack_files
from mapinfra.engine.state.checkpoint import render
from mapinfra.engine.state.lock import LockHolder
from mapinfra.engine.state.passphrase import Crypter, Crypters, passphrase
from mapinfra.engine.state.snapshot import Snapshot


def open_stack(folder: Path, name: str, environment: Mapping[str, str]) -> Stack:
    """Return a stack ready to be run; raise NoSuchStack or MapinfraError."""
    project, files = _located(folder, name, environment)
    files.read()
    config = load_stack_config(project, name)
    return Stack(project, name, config, files, Crypters(passphrase(environment)))


def init_stack(folder: Path, name: str, environment: Mapping[str, str]) -> Path:
    """Make an empty stack, and a config with a salt where there is none; return the config file.

    The salt is written first: if this is interrupted after it, either engine can do it again. The
    Pulumi CLI writes the state first; if that is interrupted, its stack gets the salt of its state.
    Raises MapinfraError when the stack is there already, or the passphrase doesn't fit.
    """
    project, files = _located(folder, name, environment)
    file = project.stack_config_file(name)
    secret = passphrase(environment)
    salt = load_stack_config(project, name).salt if file.is_file() else ""
    if not salt and files.state.is_file():
        write_salt(project, name, _salt_of_state(project, name, files, secret))
        return file
    files.expect_new()
    crypter = Crypter(secret, salt) if salt else Crypter.fresh(secret)
    crypter.verify()
    if not salt:
        write_salt(project, name, crypter.state)
    empty = Snapshot(salt=crypter.state)
    files.create(render(files.full_name, empty, crypter.encrypt))
    return file


def _salt_of_state(project: Project, name: str, files: StackFiles, secret: str) -> str:
    snapshot, _ = load(Stack(project, name, StackConfig(), files, Crypters(secret)))
    return snapshot.salt


def set_config(
    folder: Path, name: str, environment: Mapping[str, str], key: str, value: str, *, secret: bool
) -> Path:
    """Set a value of a stack's config, a secret one encrypted; return the config file.

    A config without a salt gets that of the state before its first secret, where the Pulumi CLI
    makes another. Raises NoSuchStack or MapinfraError.
    """
    project, files = _located(folder, name, environment)
    files.read()
    config = load_stack_config(project, name)
    if secret:
        phrase = passphrase(environment)
        salt = config.salt or _salt_of_state(project, name, files, phrase)
        encrypted = Crypter(phrase, salt).encrypt(value)
        if not config.salt:
            write_salt(project, name, salt)
        set_value(project, name, key, {"secure": encrypted})
    else:
        set_value(project, name, key, value)
    return project.stack_config_file(name)


def lock_holders(folder: Path, name: str, environment: Mapping[str, str]) -> list[LockHolder]:
    """Return who holds the locks of a stack, dead or alive; raise NoSuchStack or MapinfraError."""
    _, files = _located(folder, name, environment)
    files.read()
    return files.holders()


def _located(folder: Path, name: str, environment: Mapping[str, str]) -> tuple[Project, StackFiles]:
    project = load_project(folder)
    return project, stack_files(environment, project.name, stack_name(name))
