"""The files of a new project, as texts. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from string import Template

import yaml

_TEMPLATES = files("mapinfra.cli") / "templates"


@dataclass(frozen=True)
class Wanted:
    """What a new project is made for. Hosts are names, addresses or aliases of the SSH config."""

    project: str
    stack: str
    central: str
    api_url: str
    user: str
    remotes: Mapping[str, str]
    """Host by name."""
    map_server: str | None = None
    """Host of the central's MAP server; None: MAP is left alone."""
    edition: str = "engine"
    map_version: str | None = None
    virtualenv: str | None = None
    """Python's virtual environment inside the project's folder; None: whichever is active."""


def project_files(wanted: Wanted) -> dict[str, str]:
    """Return the text of each file by its path in the project's folder."""
    return {
        "Pulumi.yaml": _filled(
            "Pulumi.yaml", project=_scalar(wanted.project), runtime=_runtime(wanted.virtualenv)
        ),
        "__main__.py": _filled("main.py"),
        ".gitignore": _filled("gitignore"),
        spec_path(wanted): _spec(wanted),
        f"stacks/Pulumi.{wanted.stack}.yaml": _filled("stack.yaml", spec=spec_path(wanted)),
    }


def spec_path(wanted: Wanted) -> str:
    """Return where the spec stands in the project's folder."""
    return f"stacks/{wanted.stack}.yaml"


def _spec(wanted: Wanted) -> str:
    return _filled(
        "spec.yaml",
        stack=wanted.stack,
        user=_scalar(wanted.user),
        become="none" if wanted.user == "root" else "sudo",
        map=_map(wanted),
        central=_scalar(wanted.central),
        api_url=_scalar(wanted.api_url),
        map_server=_map_server(wanted),
        remotes=_remotes(wanted.remotes),
    )


def _runtime(virtualenv: str | None) -> str:
    """Leave the choice of an interpreter to PATH, unless the project has one of its own."""
    if virtualenv is None:
        return "runtime: python"
    options = f"\n  options:\n    toolchain: pip\n    virtualenv: {_scalar(virtualenv)}"
    return f"runtime:\n  name: python{options}"


def _map(wanted: Wanted) -> str:
    if wanted.map_server is None:
        return _filled("map_none.yaml")
    version = json.dumps(wanted.map_version)
    return _filled("map.yaml", edition=wanted.edition, version=version)


def _map_server(wanted: Wanted) -> str:
    if wanted.map_server is None:
        return "# map_server: {ssh: {host: …}}"
    if wanted.map_server == wanted.central:
        return "map_server: {}              # MAP is on the central itself"
    return f"map_server:\n    ssh: {{host: {_scalar(wanted.map_server)}}}"


def _remotes(remotes: Mapping[str, str]) -> str:
    if not remotes:
        return "remotes: {}"
    blocks = [
        _filled("remote.yaml", name=_scalar(name), host=_scalar(host))
        for name, host in remotes.items()
    ]
    return "remotes:\n" + "\n".join(blocks).rstrip("\n")


def _filled(template: str, **values: str) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _scalar(text: str) -> str:
    """Return a text as YAML, in quotes only where it would be something else without."""
    try:
        plain = yaml.safe_load(f"{{a: {text}}}") == {"a": text}
    except yaml.YAMLError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)
