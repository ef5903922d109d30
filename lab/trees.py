"""Files of the checkout laid over a host's file system."""

import shutil
from pathlib import Path

_PRIVATE = {"__pycache__"}


def files(tree: Path) -> list[Path]:
    """The files of a tree that belong to it, in a fixed order."""
    return sorted(
        path for path in tree.rglob("*") if path.is_file() and not _PRIVATE & {*path.parts}
    )


def lay_over(source: Path, target: Path) -> None:
    """Copy a tree over another, with a system's modes whatever umask the checkout was made with."""
    for file in files(source):
        copy = target / file.relative_to(source)
        make_directory(copy.parent, target)
        shutil.copyfile(file, copy)
        copy.chmod(mode(file))


def mode(file: Path) -> int:
    """The mode a file of the checkout has on a host."""
    return 0o755 if file.stat().st_mode & 0o100 else 0o644


def make_directory(directory: Path, top: Path) -> None:
    """Make a directory and its parents below `top`, open to read as a system's directories are."""
    for path in [*reversed(directory.relative_to(top).parents), directory.relative_to(top)]:
        (top / path).mkdir(exist_ok=True)
        (top / path).chmod(0o755)
