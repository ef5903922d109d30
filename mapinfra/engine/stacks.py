"""Opening a stack of a project, and making a new one."""

from collections.abc import Mapping
from pathlib import Path

from mapinfra.engine.backend import StackFiles, stack_files
from mapinfra.engine.checkpoint import render
from mapinfra.engine.project import (
    Project,
    load_project,
    load_stack_config,
    set_value,
    stack_name,
    write_salt,
)
from mapinfra.engine.run import Stack
from mapinfra.engine.secrets import Crypter, Keyring, passphrase
from mapinfra.engine.snapshot import Snapshot


def open_stack(folder: Path, name: str, environment: Mapping[str, str]) -> Stack:
    """Return a stack ready to be run; raise NoSuchStack or MapinfraError."""
    project, files = _located(folder, name, environment)
    files.read()
    config = load_stack_config(project, name)
    return Stack(project, name, config, files, Keyring(passphrase(environment)))


def init_stack(folder: Path, name: str, environment: Mapping[str, str]) -> Path:
    """Make an empty stack, and a config with a salt where there is none; return the config file.

    Raises MapinfraError when the stack is there already, or the passphrase doesn't fit the config.
    """
    project, files = _located(folder, name, environment)
    file = project.stack_config_file(name)
    secret = passphrase(environment)
    salt = load_stack_config(project, name).salt if file.is_file() else ""
    crypter = Crypter(secret, salt) if salt else Crypter.fresh(secret)
    crypter.verify()
    empty = Snapshot(salt=crypter.state)
    files.expect_new()
    if not salt:  # before the state: a run that is killed here leaves no stack without its salt
        write_salt(project, name, crypter.state)
    files.create(render(files.full_name, empty, crypter.encrypt))
    return file


def set_config(
    folder: Path, name: str, environment: Mapping[str, str], key: str, value: str, *, secret: bool
) -> Path:
    """Set a value of a stack's config, a secret one encrypted; return the config file.

    Raises NoSuchStack or MapinfraError.
    """
    project, files = _located(folder, name, environment)
    files.read()
    config = load_stack_config(project, name)
    if secret:
        crypter = Crypter(passphrase(environment), config.salt)
        set_value(project, name, key, {"secure": crypter.encrypt(value)})
    else:
        set_value(project, name, key, value)
    return project.stack_config_file(name)


def cancel_stack(folder: Path, name: str, environment: Mapping[str, str]) -> list[str]:
    """Remove the locks of a stack; return who held them."""
    _, files = _located(folder, name, environment)
    files.read()
    return [str(holder) for holder in files.cancel()]


def _located(folder: Path, name: str, environment: Mapping[str, str]) -> tuple[Project, StackFiles]:
    project = load_project(folder)
    return project, stack_files(environment, project.name, stack_name(name))
