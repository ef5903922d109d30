"""The commands: ``python -m lab up|down|status|ssh|reset``."""

import os
import sys
import time
from datetime import datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table

from lab.errors import LabError
from lab.host import Host
from lab.lab import Lab
from lab.progress import Progress

_COLOURS = {"up": "green", "off": "red"}

_lab_option = click.option("--lab", "name", default="demo", show_default=True, help="Which lab.")
_host_argument = click.argument("host")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Real hosts on this machine: central, paris and lyon (remotes), map (MAP host)."""


@main.command()
@_lab_option
def up(name: str) -> None:
    """Make the lab, or bring it up again; hosts that are off keep their disk."""
    started = time.monotonic()
    with Progress() as progress:
        lab = Lab.up(name, progress)
    _print_status(lab)
    click.echo(f"Lab {name} is up after {time.monotonic() - started:.1f} s.")
    click.echo(
        f"Next: ./dev lab ssh{_option(name)} central, or ssh -F .lab/{name}/ssh_config paris"
    )


@main.command()
@_lab_option
def down(name: str) -> None:
    """Take the lab down; nothing of it is left behind."""
    existed = Lab.remove(name)
    click.echo(f"Lab {name} is down." if existed else f"There is no lab {name}.")


@main.command()
@_lab_option
def status(name: str) -> None:
    """Show the lab's hosts; exit code 0 when all are up, 1 otherwise."""
    states = _print_status(Lab.open(name))
    sys.exit(any(state != "up" for state in states))


@main.command(context_settings={"allow_interspersed_args": False})
@_lab_option
@_host_argument
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def ssh(name: str, host: str, command: tuple[str, ...]) -> None:
    """Log in to a host, or run a command there, as mapinfra does it."""
    lab = Lab.open(name)
    config = lab.directory / "ssh_config"
    os.execvp("ssh", ["ssh", "-F", str(config), lab.host(host).name, *command])


@main.command()
@_lab_option
@_host_argument
def reset(name: str, host: str) -> None:
    """Give a host a fresh disk and boot it; its address and host key stay."""
    started = time.monotonic()
    lab = Lab.open(name)
    with Progress() as progress:
        progress(f"booting {host} afresh")
        lab.reset(host)
    click.echo(f"{host} is fresh after {time.monotonic() - started:.1f} s.")


def _print_status(lab: Lab) -> list[str]:
    hosts = list(lab.hosts.values())
    states = [host.state for host in hosts]
    table = Table("host", "role", "family", "address", "state", "up for", "memory", box=box.SIMPLE)
    for host, state in zip(hosts, states, strict=True):
        colour = _COLOURS.get(state, "yellow")
        table.add_row(
            *(host.name, host.spec.role, host.spec.family, host.address),
            f"[{colour}]{state}[/]",
            *(_up_for(host), f"{host.memory / 2**20:.0f} MB"),
        )
    Console(highlight=False).print(table)
    return states


def _up_for(host: Host) -> str:
    since = host.since
    if since is None:
        return "-"
    seconds = int((datetime.now().astimezone() - since).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _option(name: str) -> str:
    return "" if name == "demo" else f" --lab {name}"


def _run() -> None:
    try:
        main(prog_name="./dev lab")
    except LabError as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(1)


if __name__ == "__main__":
    _run()
