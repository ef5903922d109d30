"""/usr/bin/centreon: CLAPI from the command line (bin/centreon).

Run it as root: like the real one it must read Centreon's settings and write its caches.
"""

import getopt
import io
import os
import pwd
import sys
from pathlib import Path
from typing import TextIO

from . import accounts
from .clapi.dispatch import launch
from .clapi.errors import ClapiError, ExitError
from .database import Database, as_centreon

_HELP = """\
usage: ./centreon -u <LOGIN> -p <PASSWORD> [-s] -o <OBJECT> -a <ACTION> [-v]
  -v     variables
  -h     Print help
  -V     Print version
  -o     Object type
  -a     Launch action on Centreon
"""


def main(arguments: list[str], out: TextIO) -> int:
    """Run the command; its exit code."""
    options = _options(arguments)
    with as_centreon() as database:
        if "-h" in options:
            return _print_help(database, out)
        if "-V" in options:
            print(f"Centreon version {_version(database)}", file=out)
            print("Centreon CLAPI version undefined", file=out)
            return 0
        try:
            if options.get("-u") and options.get("-p"):
                accounts.log_in_to_clapi(database, options["-u"], options["-p"])
                return _run(database, options, out)
            return _run_with_login_file(database, options, out)
        except accounts.Refused as refusal:
            out.write(str(refusal))
            return 1


def _options(arguments: list[str]) -> dict[str, str]:
    """PHP's getopt stops at what it doesn't know; so does this."""
    try:
        found, _ = getopt.getopt(arguments, "du:p:so:v:hVa:i:ew")
    except getopt.GetoptError:
        return {}
    return dict(found)


def _run(database: Database, options: dict[str, str], out: TextIO) -> int:
    if "-a" not in options:
        print("Unknown option", file=out)
        return 1
    try:
        return _launch(database, options, out)
    except ClapiError as error:
        print(error, file=out)
        return 1
    except (OSError, LookupError):
        print("Please check that your parameters are valid", file=out)
        return 1


def _run_with_login_file(database: Database, options: dict[str, str], out: TextIO) -> int:
    """Without -u and -p: ~/.centreonApi, mode 400 and one's own, its first line login:password.

    Without that file the help is printed and the exit code is 0. Errors of the action aren't
    caught here in the real one either: it ends with 255 and says nothing.
    """
    file = Path(os.environ.get("HOME", "/")) / ".centreonApi"
    if not file.exists():
        return _print_help(database, out)
    status = file.stat()
    owner = pwd.getpwuid(status.st_uid).pw_name
    if status.st_mode & 0o777 != 0o400 or os.environ.get("USER") != owner:
        print("Please check access on login file...\n", file=out)
        return _print_help(database, out)
    login, _, password = file.read_text().partition("\n")[0].partition(":")
    accounts.log_in_to_clapi(database, login, password.split(":")[0].strip())
    try:
        return _launch(database, options, out)
    except (ClapiError, OSError, LookupError):
        return 255


def _launch(database: Database, options: dict[str, str], out: TextIO) -> int:
    printed = io.StringIO()
    try:
        ending = launch(
            database,
            options.get("-a", ""),
            options.get("-o", ""),
            options.get("-v", ""),
            printed,
        )
    except ExitError:
        return 1
    finally:
        out.write(printed.getvalue())
    if ending.ends_line:
        print(file=out)
    return ending.exit_code


def _print_help(database: Database, out: TextIO) -> int:
    print(f"Centreon version {_version(database)} - Copyright Centreon", file=out)
    out.write(_HELP)
    return 0


def _version(database: Database) -> str:
    row = database.row("select value from informations where `key` = 'version'")
    assert row is not None, "informations has its row `version` from installation on"
    return str(row["value"])


def run() -> None:
    """The command's entry point."""
    os.umask(0o002)
    try:
        code = main(sys.argv[1:], sys.stdout)
    except PermissionError as error:
        print(f"centreon: {error.filename}: {error.strerror}", file=sys.stderr)
        code = 255
    sys.exit(code)
