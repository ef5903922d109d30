"""`mapinfra new`: a project for the hosts that are named, or asked for."""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import click

from mapinfra.cli.scaffold import Wanted, project_files, spec_path
from mapinfra.cli.terminal import Terminal
from mapinfra.engine import stack_name
from mapinfra.errors import MapinfraError
from mapinfra.spec import locate_text

_HOST = r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+"
_ADDRESS = r"[0-9.]+|.*:.*"
_PROJECT = r"[A-Za-z0-9_.-]{1,100}"
_HOST_HELP = "write a name, an address, or an alias of your SSH configuration"


def _host(text: str) -> str:
    if not re.fullmatch(_HOST, text):
        raise click.BadParameter(f"{text!r} isn't a host; {_HOST_HELP}")
    return text


def _remote(text: str) -> tuple[str, str]:
    """Return name and host; a host that is no address names itself, by its first label."""
    name, separator, host = text.rpartition("=")
    _host(host)
    if not separator:
        if re.fullmatch(_ADDRESS, host):
            raise click.BadParameter(f"{host} needs a name: write NAME={host}")
        name = host.partition(".")[0]
    return name, host


def _checked(check: Callable[[str], Any]) -> Callable[..., Any]:
    def callback(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
        if value is None:
            return None
        return [check(one) for one in value] if isinstance(value, tuple) else check(value)

    return callback


def _project_name(text: str) -> str:
    if not re.fullmatch(_PROJECT, text):
        raise click.BadParameter(
            f"{text!r} isn't a project name; use up to 100 letters, digits, dots, dashes and "
            "underscores"
        )
    return text


@click.command()
@click.argument(
    "folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path)
)
@click.option(
    "--central", metavar="HOST", callback=_checked(_host),
    help="The central server; prompted for, with the rest, if it isn't given.",
)  # fmt: skip
@click.option(
    "--remote", "remotes", metavar="[NAME=]HOST", multiple=True, callback=_checked(_remote),
    help="A remote server, and its poller's name; may be repeated.",
)  # fmt: skip
@click.option(
    "--map", "map_server", metavar="HOST", callback=_checked(_host),
    help="The central's MAP server, which may be the central itself; without it, MAP is left "
    "alone.",
)  # fmt: skip
@click.option(
    "--map-version", metavar="VERSION", help="Version of MAP, such as 23.10.3; with --map."
)
@click.option(
    "--edition", type=click.Choice(["engine", "legacy"]), default="engine", show_default=True,
    help="Edition of MAP.",
)  # fmt: skip
@click.option(
    "--user", default="mapinfra", show_default=True,
    help="The user to log in to the hosts as; all but root use sudo there.",
)  # fmt: skip
@click.option(
    "--api-url", metavar="URL", help="Address of Centreon Web; default: https://CENTRAL/centreon."
)
@click.option("--stack", "-s", default="dev", show_default=True, help="The project's first stack.")
@click.option(
    "--name", metavar="NAME", callback=_checked(_project_name),
    help="The project's name; default: that of its folder.",
)  # fmt: skip
def new(folder: Path, **given: Any) -> None:
    """Write a project to DIR, by default the folder you are in.

    It has a Pulumi program, a spec with the hosts that are named here, and the config of a stack.
    Nothing that is there is overwritten. No host is contacted.
    """
    if given["central"] is None:
        given = _asked(given)
    wanted = _wanted(folder, **given)
    texts = project_files(wanted)
    locate_text(texts[spec_path(wanted)], spec_path(wanted))
    _write(folder, texts)
    Terminal().print(_next_steps(folder, wanted, texts))


def _asked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the hosts; raise UsageError where nobody can answer."""
    if not sys.stdin.isatty():
        raise click.UsageError(
            "there is no terminal to ask on: name the central with --central HOST"
        )
    central = click.prompt("Central server (name or address)", value_proc=_host, err=True)
    asked: dict[str, Any] = {"central": central}
    if given["map_server"] is None:
        ask = "Its MAP server (empty: leave MAP alone)"
        asked["map_server"] = click.prompt(
            ask, "", show_default=False, value_proc=_or_none(_host), err=True
        )
    if asked.get("map_server", given["map_server"]) and given["map_version"] is None:
        asked["map_version"] = click.prompt("Version of MAP, such as 23.10.3", err=True)
    if not given["remotes"]:
        asked["remotes"] = list(iter(_next_remote, None))
    return {**given, **asked}


def _next_remote() -> tuple[str, str] | None:
    ask = "Remote server, as NAME=HOST (empty: no more)"
    answer: tuple[str, str] | None = click.prompt(
        ask, "", show_default=False, value_proc=_or_none(_remote), err=True
    )
    return answer


def _or_none(check: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: check(text) if text else None


def _wanted(
    folder: Path,
    *,
    central: str,
    remotes: list[tuple[str, str]],
    map_server: str | None,
    map_version: str | None,
    edition: str,
    user: str,
    api_url: str | None,
    stack: str,
    name: str | None,
) -> Wanted:
    """Return what is wanted; raise UsageError for options that don't fit together."""
    if (map_server is None) != (map_version is None):
        raise click.UsageError("--map and --map-version belong together: give both or none")
    names = [remote for remote, _ in remotes]
    if twice := next((one for one in names if names.count(one) > 1), None):
        raise click.UsageError(f"two remotes are named {twice}: write --remote NAME=HOST")
    address = f"[{central}]" if ":" in central else central
    return Wanted(
        project=name or _default_name(folder),
        stack=stack_name(stack),
        central=central,
        api_url=api_url or f"https://{address}/centreon",
        user=user,
        remotes=dict(remotes),
        map_server=map_server,
        edition=edition,
        map_version=map_version,
        virtualenv=_virtualenv(folder),
    )


def _default_name(folder: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name).strip("-")[:100] or "mapinfra"


def _virtualenv(folder: Path) -> str | None:
    """Return the virtual environment that runs this, if it is the project's own."""
    home = folder.resolve()
    prefix = Path(sys.prefix)
    return str(prefix.relative_to(home)) if home in prefix.parents else None


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write each file; raise MapinfraError, before anything is written, when one is there."""
    there = next((folder / name for name in texts if (folder / name).exists()), None)
    if there is not None:
        raise _there(there)
    for name, text in texts.items():
        file = folder / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except FileExistsError:
            raise _there(file) from None
        except OSError as error:
            raise MapinfraError(f"can't be written ({error.strerror})", where=str(file)) from None


def _there(file: Path) -> MapinfraError:
    return MapinfraError(
        "is there already", where=str(file), remedy="nothing is overwritten: name another folder"
    )


def _next_steps(folder: Path, wanted: Wanted, texts: Mapping[str, str]) -> str:
    stack = wanted.stack
    lines = [f"created project {wanted.project}:"]
    lines += [f"  {folder / PurePosixPath(name)}" for name in texts]
    lines += ["", f"Look through {folder / spec_path(wanted)}, then:"]
    lines += [f"  cd {folder}"] if folder.resolve() != Path.cwd() else []
    lines += [
        "  export PULUMI_BACKEND_URL=file:///srv/mapinfra-state    # a folder that exists",
        "  export PULUMI_CONFIG_PASSPHRASE_FILE=~/.mapinfra-passphrase",
        f"  mapinfra stack init {stack}",
        f"  mapinfra config set --stack {stack} --secret databasePassword",
        f"  mapinfra config set --stack {stack} --secret apiPassword",
        f"  mapinfra preview --stack {stack}",
    ]
    return "\n".join(lines)
