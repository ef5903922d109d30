"""Who holds a package manager's locks, and waiting for them."""

from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.host import Host
from mapinfra.hosts.packages.manager import Manager
from mapinfra.hosts.packages.model import ManagerBusy

_LOOK_SECONDS = 10

# A script sets the files that are locked by fcntl(2) as its words, and prints the ids of processes
# that hold locks of other kinds. /proc/locks has one line per lock: the fifth word is the holder's
# id, the sixth ends in the file's inode; a line with `->` is of one that waits.
_HOLDERS = """
locks() { %s
  for file in "$@"; do
    inode=$(stat -c %%i "$file" 2>/dev/null) || continue
    awk -v end=":$inode" \
      '$4 == "WRITE" && substr($6, length($6) - length(end) + 1) == end { print $5 }' /proc/locks
  done
}
tries=$1
while :; do
  held=$(locks | sort -un)
  tries=$((tries - 1))
  [ -n "$held" ] && [ $tries -gt 0 ] || break
  sleep 0.5
done
for pid in $held; do
  echo "$(cat "/proc/$pid/comm" 2>/dev/null) (process $pid)"
done
"""


def wait_until_free(host: Host, tool: Manager, patience: float) -> None:
    """Wait until no other program holds the package manager's locks.

    Raises ManagerBusy, which names it, after `patience` seconds.
    """
    deadline = Deadline.after(patience)
    while holders := _holders(host, tool, min(_LOOK_SECONDS, deadline.remaining())):
        if deadline.passed:
            raise ManagerBusy(
                f"{tool.command} is busy: {', '.join(holders)} has held its lock for longer than "
                f"the {patience:g} s that are waited",
                where=host.name,
                remedy="wait until that has ended, then run again",
            )


def _holders(host: Host, tool: Manager, seconds: float) -> list[str]:
    """Those who hold a lock at the end of so many seconds, or of less if all are free before."""
    argv = ("sh", "-c", _HOLDERS % tool.locks_script, "sh", str(int(seconds * 2) + 1))
    return host.run(argv, timeout=seconds + 30).text.splitlines()
