"""The main job, shown on a lab: preview, up, nothing left to do, drift, repair."""

import os
import secrets
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from lab import Lab, LabError
from lab.layout import CHECKOUT
from lab.progress import Progress

_STACK = "demo"
_CONFIG = CHECKOUT / "stacks" / f"Pulumi.{_STACK}.yaml"
_MAPINFRA = Path(sys.executable).with_name("mapinfra")

_HIDE_IMAGES = "UPDATE topology SET topology_show = '0' WHERE topology_name = 'Images'"
_MOVE_PORT = (
    "UPDATE cfg_centreonbroker_info i JOIN cfg_centreonbroker c USING (config_id) "
    "SET i.config_value = '5760' WHERE c.config_name = 'lyon-broker' "
    "AND i.config_key = 'port' AND i.config_value = '5758'"
)
_IMAGES = "SELECT topology_show FROM topology WHERE topology_name = 'Images'"
_ROWS = (
    "SELECT COUNT(*) FROM cfg_centreonbroker_info i JOIN cfg_centreonbroker c USING (config_id) "
    "JOIN cfg_centreonbroker_info p USING (config_id, config_group, config_group_id) "
    "WHERE c.config_name = '{remote}-broker' AND i.config_group = 'output' "
    "AND p.config_key = 'port' AND p.config_value = '5758'"
)


class Demo:
    """One telling of the story, on the lab `demo`."""

    def __init__(self, lab: Lab, console: Console) -> None:
        self._lab = lab
        self._console = console
        self._environment = {
            "PULUMI_BACKEND_URL": f"file://{lab.directory / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(lab.directory / "secrets" / "passphrase"),
        }

    def tell(self) -> None:
        """Run the whole story; raises CalledProcessError when a command of it fails."""
        self._begin()
        self._say("What would be done? Nothing is changed by a preview.")
        self._mapinfra("preview")
        self._say("Do it.")
        self._mapinfra("up", "--yes")
        self._say("See it on the hosts themselves.")
        self._show_hosts()
        self._say("A second preview finds nothing to do.")
        self._mapinfra("preview", "--expect-no-changes")
        self._say("Somebody changes things by hand.")
        self._query("paris", _HIDE_IMAGES)
        self._query("central", _MOVE_PORT)
        self._say("The drift is seen, with what is there and what should be …")
        self._mapinfra("preview")
        self._say("… and repaired.")
        self._mapinfra("up", "--yes")
        self._show_hosts()

    def _begin(self) -> None:
        """Start from an empty state, with a passphrase and a stack config of this lab's own."""
        state = self._lab.directory / "state"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir()
        passphrase = self._lab.directory / "secrets" / "passphrase"
        passphrase.write_text(secrets.token_urlsafe(24))
        passphrase.chmod(0o600)
        exports = [f"export {name}={value}\n" for name, value in self._environment.items()]
        exports.append(f'export PATH="{_MAPINFRA.parent}:$PATH"\n')
        (self._lab.directory / "env").write_text("".join(exports))
        _CONFIG.write_text(yaml.safe_dump({"config": {"mapinfra:spec": f"stacks/{_STACK}.yaml"}}))
        self._mapinfra("stack", "init", _STACK, stack=False)

    def _say(self, text: str) -> None:
        self._console.print(f"\n[bold]{text}[/bold]")

    def _mapinfra(self, *arguments: str, stack: bool = True) -> None:
        command = [*arguments, *(("--stack", _STACK) if stack else ())]
        self._console.print(
            f"[dim]$ mapinfra {' '.join(command)}[/dim]", highlight=False, soft_wrap=True
        )
        subprocess.run(
            [_MAPINFRA, *command],
            cwd=CHECKOUT,
            env=os.environ | self._environment,
            check=True,
        )

    def _query(self, host: str, sql: str) -> None:
        self._console.print(
            f'[dim]{host}# mysql centreon -e "{sql}"[/dim]', highlight=False, soft_wrap=True
        )
        self._ask(host, sql)

    def _ask(self, host: str, sql: str) -> str:
        return self._lab.host(host).run(["mysql", "-N", "centreon", "-e", sql]).stdout.strip()

    def _show_hosts(self) -> None:
        table = Table("remote", "Images page", "rows of the output", "port 5758", box=None)
        for remote in ("paris", "lyon"):
            listening = self._lab.host(remote).run(["ss", "-Hltn", "sport = :5758"]).stdout
            table.add_row(
                remote,
                f"topology_show='{self._ask(remote, _IMAGES)}'",
                self._ask("central", _ROWS.format(remote=remote)),
                "listening" if listening else "closed",
            )
        self._console.print(table)

    def show_what_next(self, seconds: float) -> None:
        """Print the end of the story and what can be typed now."""
        self._console.print(
            f"""
[bold green]Done in {seconds:.0f} s.[/bold green] Both remotes are as stacks/demo.yaml says, \
and the lab is yours to play with:

  . .lab/demo/env                      use its state and passphrase in this shell
  mapinfra preview --stack demo        edit stacks/demo.yaml, and see what that would do
  ./dev lab ssh paris                  break something else
  mapinfra destroy --stack demo        put back everything that was found
  ./dev lab down                       remove the lab""",
            highlight=False,
            soft_wrap=True,
        )


def _fresh(console: Console) -> Lab:
    """Return the lab `demo` with fresh disks; its layers are made the first time only."""
    console.print("[bold]A lab: a central, two remote servers and a MAP host, really booted[/bold]")
    with Progress() as progress:
        existed = "demo" in Lab.names()
        lab = Lab.up("demo", progress)
        if existed:
            progress("giving the hosts fresh disks")
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda host: host.reset(), lab.hosts.values()))
    return lab


def main() -> int:
    """Tell the story; return the exit code."""
    started = time.monotonic()
    console = Console()
    try:
        demo = Demo(_fresh(Console(stderr=True)), console)
        demo.tell()
    except LabError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"The demo stopped here: {error}", file=sys.stderr)
        return 1
    demo.show_what_next(time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
