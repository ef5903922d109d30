"""The main jobs, shown on a lab: `./dev demo` and `./dev demo map`."""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from lab import Lab, LabError, demo_map, demo_remotes
from lab.progress import Progress

_TALES: dict[str, type[demo_remotes.RemotesDemo] | type[demo_map.MapDemo]] = {
    "remotes": demo_remotes.RemotesDemo,
    "map": demo_map.MapDemo,
}


def _fresh() -> Lab:
    """Return the lab `demo` with fresh disks; its layers are made the first time only."""
    console = Console(stderr=True)
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
    """Tell the story that the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="./dev demo", description="The main job, on a lab.")
    parser.add_argument("story", nargs="?", choices=_TALES, default="remotes")
    tale = _TALES[parser.parse_args().story]
    started = time.monotonic()
    try:
        demo = tale(_fresh())
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
