"""Which action of which object is meant (CentreonAPI::launchAction)."""

from collections.abc import Callable, Mapping
from typing import TextIO

from ..database import Database
from . import broker_configuration, instance, poller_actions
from .errors import UNKNOWN_METHOD, ClapiError

Action = Callable[[Database, str, TextIO], int | None]

_ALONE: Mapping[str, Action] = {
    "POLLERLIST": poller_actions.list_pollers,
    "POLLERGENERATE": poller_actions.generate,
    "POLLERTEST": poller_actions.test,
    "CFGMOVE": poller_actions.move,
    "POLLERRELOAD": poller_actions.reload,
    "POLLERRESTART": poller_actions.restart,
    "APPLYCFG": poller_actions.apply,
}
_OBJECTS: Mapping[str, Mapping[str, Action]] = {
    "CENTBROKERCFG": broker_configuration.ACTIONS,
    "INSTANCE": {"SHOW": instance.show},
}
_NOT_STOOD_IN = (
    "ADD", "DEL", "SETPARAM", "GETPARAM", "ENABLE", "DISABLE", "EXPORT", "GETHOSTS",
    "POLLEREXECCMD", "SENDTRAPCFG",
)  # fmt: skip
"""Actions of the real CLAPI that the lab doesn't need."""


def launch(database: Database, action: str, target: str, values: str, out: TextIO) -> "Ending":
    """Run an action, of an object (`-o`) or alone, printing to `out`.

    Raises `ClapiError` and `ExitError` as errors.py says.
    """
    action, target = action.upper(), target.upper()
    if not target:
        return _launch_alone(database, action, values, out)
    actions = _OBJECTS.get(target)
    if actions is None:
        print(f"Object {target} not found in Centreon API.", file=out)
        return Ending(1, exit_code=0)
    if action not in actions and action in _NOT_STOOD_IN:
        raise ClapiError(f"{target} {action} is not part of the lab's stand-in of CLAPI")
    if action not in actions and target == "CENTBROKERCFG":
        raise ClapiError(UNKNOWN_METHOD)
    if action not in actions:
        print(f"{UNKNOWN_METHOD}.", file=out)
        return Ending(1, exit_code=0)
    code = actions[action](database, values, out) or 0
    return Ending(code, exit_code=code, ends_line=False)


def _launch_alone(database: Database, action: str, values: str, out: TextIO) -> "Ending":
    if action in _NOT_STOOD_IN:
        raise ClapiError(f"{action} is not part of the lab's stand-in of CLAPI")
    if action not in _ALONE:
        print(f"{UNKNOWN_METHOD}.", file=out)
        return Ending(1, exit_code=1, ends_line=False)
    code = _ALONE[action](database, values, out) or 0
    print(f"Return code end : {code}", file=out)
    return Ending(code, exit_code=code, ends_line=False)


class Ending:
    """How an action ended.

    `code` is what the API looks at. `exit_code` is the command's own: 0 for an object or an action
    of an object that doesn't exist. `ends_line`: the command prints one more line end.
    """

    def __init__(self, code: int, exit_code: int, ends_line: bool = True) -> None:
        self.code = code
        self.exit_code = exit_code
        self.ends_line = ends_line
