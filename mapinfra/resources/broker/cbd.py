"""A restart of the service cbd that holds: its watchdog is seen to stay.

cbd's watchdog ends for good when it starts while gorgone replaces watchdog.json, and its unit has
no `Restart=` (centreon-collect, broker/script/systemd/cbd.service.in): cbd would stay down, also
for its pollers.
"""

import time

from mapinfra.centreon.facts import json_object
from mapinfra.centreon.reads import BROKER_FOLDER
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host
from mapinfra.resources.waiting import until

_WATCHDOG_FILE = f"{BROKER_FOLDER}/watchdog.json"
_TAKES = 180.0  # seconds; a broker writes what it keeps for later before it ends
_TRIES = 3  # systemd allows five starts in ten seconds
_SETTLES = 3.0  # seconds; a watchdog without any broker to start stays as long
_PAUSE = 0.25
_STATE = """\
systemctl is-active --quiet cbd || { echo ended; exit; }
for dir in /proc/[0-9]*; do
  read -r name < "$dir/comm" && [ "$name" = cbd ] && { echo runs; exit; }
done 2>/dev/null
echo starts
"""


def restart(host: Host, *, seconds: float) -> None:
    """Restart cbd, and again where it ended since its files were being replaced.

    `seconds` limit the wait for watchdog.json to be whole. Raises CentreonError when the service
    doesn't stay up, CommandTimeout when the file never comes, and what `Host.run` raises.
    """
    for _ in range(_TRIES):
        host.run(["systemctl", "restart", "cbd"], timeout=_TAKES)
        if _stays(host):
            return
        until(
            lambda: json_object(host.run(["cat", _WATCHDOG_FILE], check=False).stdout) is not None,
            seconds=seconds,
            where=host.name,
            what=f"cbd ended after its restart, and {_WATCHDOG_FILE} did not get whole",
            remedy="check gorgoned on the central and on the remote; see `journalctl -u cbd`",
        )
    raise CentreonError(
        f"cbd ended after its restart, {_TRIES} times",
        where=host.name,
        remedy="see `journalctl -u cbd` there",
    )


def _stays(host: Host) -> bool:
    deadline = time.monotonic() + _SETTLES
    while True:
        state = host.run(["sh", "-c", _STATE]).text.strip()
        if state != "starts" or time.monotonic() >= deadline:
            return state != "ended"
        time.sleep(_PAUSE)
