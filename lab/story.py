"""What a demo does while it tells its story: mapinfra's commands, shown as a user types them."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml
from rich.console import Console

from lab.lab import Lab
from lab.layout import CHECKOUT

_MAPINFRA = Path(sys.executable).with_name("mapinfra")
_FAILED = 1


class Story:
    """A stack on a lab, and the console that its story is told on.

    The stack's spec is `stacks/NAME.yaml`. Commands that don't end as the story wants raise
    CalledProcessError.
    """

    def __init__(self, lab: Lab, stack: str) -> None:
        self._lab = lab
        self.console = Console()
        self._stack = stack
        self._environment = {
            "PULUMI_BACKEND_URL": f"file://{lab.directory / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(lab.directory / "secrets" / "passphrase"),
        }

    def begin(self) -> None:
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
        config = CHECKOUT / "stacks" / f"Pulumi.{self._stack}.yaml"
        config.write_text(
            yaml.safe_dump({"config": {"mapinfra:spec": f"stacks/{self._stack}.yaml"}})
        )
        self.mapinfra("stack", "init", self._stack, stack=False)

    def say(self, text: str) -> None:
        """Print what comes next."""
        self.console.print(f"\n[bold]{text}[/bold]")

    def show_command(self, prompt: str, command: str) -> None:
        """Print a command as it stands in a shell."""
        self.console.print(f"[dim]{prompt} {command}[/dim]", highlight=False, soft_wrap=True)

    def mapinfra(self, *arguments: str, stack: bool = True) -> None:
        """Run mapinfra."""
        subprocess.run(
            self._shown(arguments, stack=stack), cwd=CHECKOUT, env=self._whole(), check=True
        )

    def mapinfra_struck(self, *arguments: str, at: str, strike: Callable[[], None]) -> None:
        """Run mapinfra, and `strike` when it tells that it begins a step `at`; it must fail."""
        command = self._shown(arguments, stack=True)
        with subprocess.Popen(
            command, cwd=CHECKOUT, env=self._whole(), stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                self.console.print(line, end="", highlight=False, markup=False, soft_wrap=True)
                if at in line:
                    strike()
        if process.returncode != _FAILED:
            raise subprocess.CalledProcessError(process.returncode, command)

    def _shown(self, arguments: tuple[str, ...], *, stack: bool) -> list[str]:
        words = [*arguments, *(("--stack", self._stack) if stack else ())]
        self.show_command("$", f"mapinfra {' '.join(words)}")
        return [str(_MAPINFRA), *words]

    def _whole(self) -> dict[str, str]:
        return os.environ | self._environment
