"""The program's entry point."""

import argparse
import sys

from . import schema, service
from .configure import configure
from .database import connect
from .diagnostic import diagnose
from .release import Release, read


def run() -> None:
    """`configure`, `diagnostic`, `sample`, or with Spring's arguments the service."""
    release = read()
    arguments = sys.argv[1:]
    match arguments[:1]:
        case ["configure"]:
            code = configure(release, automatic="--automatic" in arguments)
        case ["diagnostic"]:
            code = diagnose(release)
        case ["sample"]:
            code = _sample(release, arguments[1:])
        case _:
            code = service.serve(release)
    sys.exit(code)


def _sample(release: Release, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="sample")
    parser.add_argument("--views", type=int, default=20)
    parser.add_argument("--background", type=int, default=1000, help="bytes of each view's image")
    chosen = parser.parse_args(arguments)
    connection = connect(service.read_settings(release), release.edition.database)
    try:
        schema.migrate(connection, release)
        schema.add_sample(connection, release.schema, chosen.views, chosen.background)
    finally:
        connection.close()
    return 0
