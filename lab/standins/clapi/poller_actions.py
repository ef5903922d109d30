"""Actions on pollers: `-a POLLERGENERATE -v <id or name>` and so on.

Source: www/class/centreon-clapi/centreon.Config.Poller.class.php.
"""

import re
import time
from typing import TextIO

from .. import pollers
from ..database import Database, Row
from .errors import UNKNOWN_POLLER_ID, ClapiError, ExitError

_RULE = "-" * 83


def list_pollers(database: Database, values: str, out: TextIO) -> int:
    """The active pollers."""
    print("poller_id;name", file=out)
    for poller in pollers.active(database):
        print(f"{poller['id']};{poller['name']}", file=out)
    return 0


def generate(database: Database, values: str, out: TextIO) -> int:
    """Make the files of a poller."""
    pollers.generate(database, _find(database, values, out))
    print(f"Configuration files generated for poller '{values}'", file=out)
    return 0


def test(database: Database, values: str, out: TextIO) -> int:
    """Check the generated files; the engine's own exit code.

    Counts of ten and more are read by their last digit, so the message may be wrong.
    """
    code, lines = pollers.test(database, _find(database, values, out))
    shown = [line for line in lines if not line.startswith("Processing object config file")]
    errors = _count("Errors", shown) + sum(line.startswith(("Error:", "Errors:")) for line in shown)
    if errors:
        print(
            f"Error: Centreon Poller {values} cannot restart. configuration broker."
            " Please see debug bellow :",
            file=out,
        )
        _print_debug(shown, out)
    elif _count("Warnings", shown):
        print(
            f"Warning: Centreon Poller {values} can restart but configuration is not optimal."
            " Please see debug bellow :",
            file=out,
        )
        _print_debug(shown, out)
    elif code:
        out.write("\n".join(lines))
    else:
        print(f"OK: Centreon Poller {values} can restart without problem...", file=out)
    return code


def _count(what: str, lines: list[str]) -> int:
    """The last digit of the engine's count; `Total Errors:   3` has spaces and isn't even seen."""
    for line in reversed(lines):
        if found := re.search(rf"Total {what}: ([0-9])*", line):
            return int(found[1] or 0)
    return 0


def _print_debug(lines: list[str], out: TextIO) -> None:
    print(_RULE, *lines, "", _RULE, sep="\n", file=out)


def move(database: Database, values: str, out: TextIO) -> int:
    """Bring the generated files to the poller, the central's at once, others by gorgone."""
    poller = _find(database, values, out)
    pollers.move(database, poller)
    if poller["localhost"] == "1":
        print("OK: All configuration files copied with success.", file=out)
    else:
        print(
            f"OK: All configuration will be send to '{poller['name']}' by centcore"
            " in several minutes.",
            file=out,
        )
    return 0


def reload(database: Database, values: str, out: TextIO) -> int:
    """Have the poller's engine and cbd reloaded. An unknown name gets another message here."""
    try:
        poller = pollers.find(database, values)
    except pollers.UnknownPollerError:
        if not pollers.is_id(values):
            raise ClapiError(UNKNOWN_POLLER_ID) from None
        raise _unknown(database, out) from None
    pollers.signal_from_clapi(database, poller, "RELOAD")
    print(f"OK: A reload signal has been sent to '{poller['name']}'", file=out)
    return 0


def restart(database: Database, values: str, out: TextIO) -> int:
    """Have the poller's engine restarted and its cbd reloaded."""
    poller = _find(database, values, out)
    pollers.signal_from_clapi(database, poller, "RESTART")
    print(f"OK: A restart signal has been sent to '{poller['name']}'", file=out)
    return 0


def apply(database: Database, values: str, out: TextIO) -> int:
    """Generate, test, move, reload; stops at the first that fails."""
    print(time.strftime("%Y-%m-%d %H:%M:%S - APPLYCFG"), file=out)
    for action in (generate, test, move):
        code = action(database, values, out)
        print(file=out)
        if code:
            return code
    return reload(database, values, out)


def _find(database: Database, values: str, out: TextIO) -> Row:
    try:
        return pollers.find(database, values)
    except pollers.UnknownPollerError:
        raise _unknown(database, out) from None


def _unknown(database: Database, out: TextIO) -> ExitError:
    print("ERROR: Unknown poller...", file=out)
    list_pollers(database, "", out)
    return ExitError()
