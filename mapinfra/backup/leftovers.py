"""What a package manager left beside MAP's configuration, put away with the backup."""

from collections.abc import Sequence

from mapinfra.backup.folder import script_in
from mapinfra.backup.manifest import Manifest
from mapinfra.backup.sums import LEFTOVERS, seal
from mapinfra.hosts import Host

_PUT_AWAY = f"""\
umask 077
to=$1/{LEFTOVERS}
cd "$2" && [ -d "$1" ] && shift 2 || exit
for suffix; do
  for file in *"$suffix"; do
    [ -f "$file" ] && [ ! -h "$file" ] || continue
    [ -d "$to" ] || mkdir "$to" || exit
    mv -- "$file" "$to/" && chown root: "$to/$file" && chmod 600 "$to/$file" || exit
    echo "$file"
  done
done
"""


def put_away(host: Host, manifest: Manifest, folder: str, suffixes: Sequence[str]) -> None:
    """Move the files of a folder whose names end so to the backup; raise BackupFailed."""
    doing = "putting away what was left over"
    if script_in(host, doing, manifest.directory, _PUT_AWAY, folder, *suffixes):
        seal(host, manifest)
