"""Whose the folder of backups is: what runs there as root must be root's alone.

A backup has a script that root runs, and paths that root deletes. So nobody else may put anything
in its place, or in the place of a folder above it: each of them belongs to root and can be written
by no one else, which the sticky bit of a /tmp doesn't change. Links are refused, not followed.
"""

from mapinfra.backup.remote import BackupFailed, finished, succeeded
from mapinfra.backup.working import CopyProgress, finished_work
from mapinfra.hosts import Completed, Host

UNSAFE = """\
unsafe() {
  path=$1
  while :; do
    path=${path:-/}
    if [ -h "$path" ]; then
      echo "$path is a link"
      return
    elif [ -e "$path" ]; then
      [ -d "$path" ] || { echo "$path is no folder"; return; }
      case $(stat -c %u "$path") in
        0) ;;
        *) echo "$path belongs to $(stat -c %U "$path")"; return ;;
      esac
      case $(stat -c %a "$path") in
        *[2367]? | *[2367])
          echo "$path can be written by others than root (mode $(stat -c %a "$path"))"
          return ;;
      esac
    fi
    [ "$path" != / ] || return
    path=${path%/*}
  done
}
"""
"""`unsafe FOLDER` prints why a folder, there or to be made, isn't root's alone; else nothing."""

# What lay beside MAP's configuration keeps its owner; nobody but root gets to it there.
FOREIGN = """\
foreign() {
  find "$1" \\( ! -type f ! -type d -o \\
    ! -path "$1/leftovers/*" \\( ! -uid 0 -o -perm /022 \\) \\) -print -quit
}
"""
"""`foreign BACKUP` prints the first thing in it that is a link, or isn't root's alone."""

_REFUSED = 77
_EXPECT_OWN = f"""\
{UNSAFE}
said=$(unsafe "$1")
[ -z "$said" ] || {{ echo "$said" >&2; exit {_REFUSED}; }}
"""


class FolderUnsafe(BackupFailed):
    """The folder of backups, or one above it, isn't root's alone."""


def refusal(said: str, where: str) -> FolderUnsafe:
    """Return the error for what `unsafe` printed."""
    return FolderUnsafe(
        f"backups aren't safe there: {said}",
        where=where,
        remedy="give it and every folder above it to root (chown root, chmod go-w), or set "
        "backup.folder to the real path of a folder that is root's alone",
    )


def script_in(
    host: Host,
    doing: str,
    folder: str,
    text: str,
    *arguments: str,
    stdin: bytes = b"",
    timeout: float | None = None,
) -> str:
    """Run POSIX sh on a folder, its `$1`, that is seen to be root's alone before; see `script`.

    Raises FolderUnsafe when it isn't, and then nothing was read or written there.
    """
    done = finished(
        host, doing, _EXPECT_OWN + text, folder, *arguments, stdin=stdin, timeout=timeout
    )
    return _printed(host, doing, done)


def work_in(
    host: Host,
    unit: str,
    doing: str,
    folder: str,
    text: str,
    *arguments: str,
    progress: CopyProgress | None = None,
) -> str:
    """Run what takes long as `script_in` does; Interrupted when the user wants the run to end."""
    argv = ("sh", "-c", _EXPECT_OWN + text, "sh", folder, *arguments)
    return _printed(host, doing, finished_work(host, unit, argv, doing, progress))


def _printed(host: Host, doing: str, done: Completed) -> str:
    if done.status == _REFUSED:
        raise refusal(done.stderr.decode(errors="replace").strip(), host.name)
    return succeeded(host, doing, done).text
