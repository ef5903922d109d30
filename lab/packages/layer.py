"""The layer of a host's file system that holds the repositories; see lab/layers.py."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from lab.errors import LabError
from lab.trees import files, lay_over, make_directory

_SOURCES = Path(__file__).parent
_NO_PART = {"README.md", "ruff.toml", "by_hand.py", "layer.py"}
_BUILD = """
set -e
mount -t overlay lab -o "$2" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mkdir "$1/build" "$1/tree"
mount --bind "$3" "$1/tree"
mount --bind "$3/srv" "$1/srv"
mount --bind "$4" "$1/build"
exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    sh -c 'cd /build && python3 -m packages.build /tree; code=$?; gpgconf --kill all; exit $code'
"""
"""All of it in namespaces of its own: mounts and processes go when it ends."""


def sources() -> Iterator[Path]:
    """The files that the layer is made from."""
    return (file for file in files(_SOURCES) if file.name not in _NO_PART)


def make(tree: Path, debian: Path) -> None:
    """Build it on the base system. Raises `LabError`."""
    parts = [tree.with_name(f"{tree.name}-{part}") for part in ("upper", "work", "root", "build")]
    upper, work, root, build = parts
    for directory in parts:
        directory.mkdir()
    make_directory(tree / "srv", tree)
    make_directory(build / "packages", build)
    lay_over(_SOURCES, build / "packages")
    options = f"lowerdir={debian},upperdir={upper},workdir={work},volatile"
    result = subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
            *("sh", "-c", _BUILD, "sh", str(root), options, str(tree), str(build)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    subprocess.run(["rm", "-rf", *map(str, parts)], check=True)
    if result.returncode:
        last = (result.stderr or result.stdout).strip().splitlines()[-3:]
        raise LabError(f"lab/packages: the build failed: {' / '.join(last)}")
