"""Files written so that a reader, or a crash, sees the old content or the new, never a part."""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from mapinfra.errors import StateError


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file: temporary file beside it, fsync, rename, fsync of the folder.

    Its mode stays, and where that is allowed its owner.

    Raises StateError when that can't be done; the old content is still there then.
    """
    with _told(path):
        _replace(path, content)


def write_new(path: Path, content: bytes) -> None:
    """Make a file that isn't there yet, under its final name from the first moment on.

    For locks: the Pulumi CLI takes any file in their folder for one, a temporary or half one, too.
    So it is written beside that folder; a name of its own is the caller's part. Raises StateError.
    """
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent.with_name(f".{path.parent.name}.{_suffix()}")
        try:
            _write(temporary, content)
            temporary.rename(path)
        finally:
            temporary.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what writers of a path that were killed have left beside it; it may be a pattern.

    For who holds the lock of it, or is the only one to write it.
    """
    path = _followed(path)
    for left in path.parent.glob(f".{path.name}.????????"):
        left.unlink(missing_ok=True)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what keeps a file from being written into StateError."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"can't be written ({error.strerror})",
            where=str(path),
            remedy="free some space or correct the permissions, then run again",
        ) from None


def _replace(path: Path, content: bytes) -> None:
    path = _followed(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{_suffix()}"
    try:
        _write(temporary, content)
        if path.exists():
            _made_alike(temporary, path.stat())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _followed(path: Path) -> Path:
    """Return what a link leads to, so that it stays one. One that leads to itself is replaced."""
    return Path(os.path.realpath(path))


def _made_alike(path: Path, found: os.stat_result) -> None:
    """Give a file another's owner and mode, since others may share the folder."""
    with contextlib.suppress(OSError):  # only root can give files away, and not everywhere
        os.chown(path, found.st_uid, found.st_gid)
    path.chmod(stat.S_IMODE(found.st_mode))


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _suffix() -> str:
    """As long as `sweep` looks for."""
    return secrets.token_hex(4)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
