"""Secrets by reference: where a password is to be found, never the password itself."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field

from mapinfra.config import OWN, value_of
from mapinfra.errors import SecretError


class _Reference(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ConfigSecret(_Reference):
    """A secret of the stack's Pulumi config."""

    secret: Annotated[
        str,
        Field(
            min_length=1,
            description="Key of the stack's config, set with `mapinfra config set --secret KEY`.",
        ),
    ]


class EnvironmentSecret(_Reference):
    """An environment variable, read when it is needed."""

    env: Annotated[str, Field(min_length=1, description="Name of an environment variable.")]


class FileSecret(_Reference):
    """The first line of a file, read when it is needed."""

    file: Annotated[
        str,
        Field(min_length=1, description="Path of a file, relative to the project's folder."),
    ]


SecretReference = ConfigSecret | EnvironmentSecret | FileSecret


class SecretResolver(Protocol):
    """Turns a reference into the secret, late, each time it is needed."""

    def __call__(self, reference: SecretReference) -> str:
        """Return the secret in clear; raise SecretError when there is none."""
        ...


class Secrets:
    """Resolves references against a stack's config, the environment and files.

    `config` maps keys, with or without the namespace of `project`, to values in clear;
    `folder` is what relative file paths start from.
    """

    def __init__(self, config: Mapping[str, str], folder: Path, project: str = OWN) -> None:
        self._config = config
        self._folder = folder
        self._project = project

    def __call__(self, reference: SecretReference) -> str:
        """Return the secret in clear; raise SecretError when there is none."""
        match reference:
            case ConfigSecret():
                return self._from_config(reference.secret)
            case EnvironmentSecret():
                return _from_environment(reference.env)
            case FileSecret():
                return _from_file(self._folder, reference.file)

    def _from_config(self, key: str) -> str:
        found = value_of(self._config, key, self._project)
        if not (found and found.strip()):
            raise SecretError(
                "not set in the stack's config" if found is None else "empty in the stack's config",
                where=f"secret {key}",
                remedy=f"mapinfra config set --secret {key}, or use {{env: …}} or {{file: …}}",
            )
        return found


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not (value and value.strip()):
        what = "not set" if value is None else "empty"
        raise SecretError(what, where=f"environment variable {name}", remedy="export it")
    return value


def _from_file(folder: Path, name: str) -> str:
    path = folder / name
    try:
        path = folder / Path(name).expanduser()
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or (
            "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        )
        raise SecretError(
            f"can't be read ({reason})",
            where=f"secret file {path}",
            remedy="create it with the secret on its first line",
        ) from None
    # Another line's end than these may be part of a password.
    first = text.partition("\n")[0].removesuffix("\r")
    if not first.strip():
        what = "has an empty first line" if text.strip() else "is empty"
        raise SecretError(what, where=f"secret file {path}", remedy="write the secret to it")
    return first
