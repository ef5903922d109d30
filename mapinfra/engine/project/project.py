"""The project, as Pulumi.yaml describes it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mapinfra.engine.project.goyaml import load
from mapinfra.errors import MapinfraError

_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class Project:
    """A Pulumi project. `folder` holds Pulumi.yaml, `main` is the program inside it."""

    name: str
    folder: Path
    main: Path
    stack_config_folder: Path

    def stack_config_file(self, stack: str) -> Path:
        """Return where the config of a stack is kept."""
        return self.stack_config_folder / f"Pulumi.{stack}.yaml"


def stack_name(text: str) -> str:
    """Check a stack's name; raise MapinfraError when it can't be one."""
    if not _STACK_NAME.fullmatch(text):
        raise MapinfraError(
            "isn't a stack name",
            where=f"--stack {text!r}",
            remedy="use up to 100 letters, digits, dots, dashes and underscores",
        )
    return text


def load_project(start: Path) -> Project:
    """Find Pulumi.yaml in `start` or above it; raise MapinfraError when it isn't usable."""
    found = next((path for path in _candidates(start) if path.is_file()), None)
    if found is None:
        raise MapinfraError(
            "no Pulumi.yaml in this folder or above it",
            where=str(start.resolve()),
            remedy="change to the project's folder, or use --cwd",
        )
    return _project(found, mapping(found))


def _candidates(start: Path) -> list[Path]:
    folder = start.resolve()
    return [one / "Pulumi.yaml" for one in (folder, *folder.parents)]


def _project(file: Path, content: Mapping[str, Any]) -> Project:
    name = content.get("name")
    runtime = content.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if not isinstance(name, str) or language != "python":
        raise MapinfraError(
            "needs a `name` and `runtime: python`", where=str(file), remedy="add them"
        )
    refuse(file, content, "config", "plugins", "packages")
    main = file.parent / str(content.get("main", "."))
    return Project(
        name=name,
        folder=file.parent,
        main=main / "__main__.py" if main.is_dir() else main,
        stack_config_folder=file.parent / str(content.get("stackConfigDir", ".")),
    )


def refuse(file: Path, content: Mapping[str, Any], *keys: str) -> None:
    """Raise MapinfraError when a file has one of these keys, which aren't supported."""
    for key in keys:
        if content.get(key):
            raise MapinfraError(
                f"`{key}` isn't supported in process",
                where=str(file),
                remedy="remove it, or run this project with the Pulumi CLI",
            )


def mapping(file: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping, or nothing; raise MapinfraError when it doesn't."""
    try:
        content = load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise MapinfraError(f"can't be read ({reason})", where=str(file)) from None
    except yaml.YAMLError as error:
        raise MapinfraError(*_yaml_fault(error), where=_yaml_place(file, error)) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise MapinfraError("isn't a mapping", where=str(file), remedy="see Pulumi's manual")
    return content


def _yaml_fault(error: yaml.YAMLError) -> tuple[str]:
    return (f"isn't YAML: {getattr(error, 'problem', None) or error}",)


def _yaml_place(file: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{file}:{mark.line + 1}" if mark else str(file)
