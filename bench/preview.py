"""A preview of the converged lab: seconds and memory, in process and, if there, by the Pulumi CLI.

Run it after `./dev demo`: `.venv/bin/python -m bench.preview`. Both engines run in turn on the same
lab and state, so that their ratio holds on a noisy machine.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lab import Lab, LabError

_CHECKOUT = Path(__file__).resolve().parents[1]
_STACK = ("--stack", "demo")
_RUNS = 5


@dataclass(frozen=True)
class Run:
    """One run of a command: wall-clock seconds, and peak memory in MiB of its largest process."""

    seconds: float
    memory: float


def main() -> int:
    """Measure and print; return the exit code."""
    try:
        lab = Lab.open("demo")
    except LabError as error:
        print(f"{error}; ./dev demo makes it", file=sys.stderr)
        return 1
    commands = {"mapinfra": [str(Path(sys.executable).with_name("mapinfra")), "preview", *_STACK]}
    if pulumi := shutil.which("pulumi"):
        commands["pulumi"] = [pulumi, "preview", "--non-interactive", *_STACK]
    environment = os.environ | {
        "PULUMI_BACKEND_URL": f"file://{lab.directory / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(lab.directory / "secrets" / "passphrase"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(_RUNS + 1):
        for name, command in commands.items():
            run = _measure(command, environment)
            if turn > 0:  # the first warms the caches
                runs[name].append(run)
    _print(runs)
    return 0


def _measure(command: list[str], environment: dict[str, str]) -> Run:
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=_CHECKOUT, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(time.monotonic() - started, usage.ru_maxrss / 1024)


def _print(runs: dict[str, list[Run]]) -> None:
    table = Table("engine", "seconds (median)", "min", "max", "peak memory, MiB")
    for name, measured in runs.items():
        seconds = [run.seconds for run in measured]
        figures = (statistics.median(seconds), min(seconds), max(seconds))
        memory = max(run.memory for run in measured)
        table.add_row(name, *(f"{figure:.2f}" for figure in figures), f"{memory:.0f}")
    console = Console()
    console.print(table)
    if "pulumi" in runs:
        pairs = zip(runs["pulumi"], runs["mapinfra"], strict=True)
        ratio = statistics.median(theirs.seconds / ours.seconds for theirs, ours in pairs)
        console.print(f"The Pulumi CLI takes {ratio:.1f} times as long (median of pairs).")


if __name__ == "__main__":
    sys.exit(main())
