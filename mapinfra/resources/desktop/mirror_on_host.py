"""What a host does for a mirror of the desktop client: fetch files, and move files.

mapinfra sends the text of this file to the host's own Python, so it needs nothing but the standard
library as of Python 3.6 (platform-python of EL 8). Each order is done whole, or nothing of it.
"""

# Python 3.6 knows no newer ways to write types:
# ruff: noqa: UP006, UP035, UP045
import hashlib
import http.client
import json
import os
import shutil
import ssl
import sys
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

LIMIT = 30
"""Seconds without a byte after which a download has failed."""
CHUNK = 1 << 20


def fetch(order: Dict[str, Any]) -> Dict[str, str]:
    """Bring files from a URL into a folder of their own below the mirror; return their SHA-256."""
    os.umask(0o022)
    staged = Path(order["folder"])
    staged.mkdir(parents=True)
    staged.parent.chmod(0o700)
    try:
        expect_room(staged, sum(size or 0 for size in order["files"].values()))
        return {
            name: download(order["url"] + name, staged / name, size)
            for name, size in order["files"].items()
        }
    except (OSError, http.client.HTTPException):
        shutil.rmtree(str(staged))
        raise


def expect_room(folder: Path, needed: int) -> None:
    """Fail before the first byte where there is no room for all of them."""
    disk = os.statvfs(str(folder))
    free = disk.f_bavail * disk.f_frsize
    if free < needed:
        raise OSError(f"no room: {needed} bytes are needed, {free} are free")


def download(url: str, path: Path, size: Optional[int]) -> str:
    """Return the SHA-256 of a downloaded file.

    Proxies are left out, and certificates, which name another host, unchecked.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    total = hashlib.sha256()
    with opener.open(url, timeout=LIMIT) as reply, path.open("wb") as file:
        for chunk in iter(lambda: reply.read(CHUNK), b""):
            file.write(chunk)
            total.update(chunk)
        file.flush()
        os.fsync(file.fileno())
    came = path.stat().st_size
    if size is not None and came != size:
        raise OSError(f"{url} came with {came} bytes, not {size}")
    path.chmod(0o644)
    return total.hexdigest()


def move(order: Dict[str, Any]) -> Dict[str, str]:
    """Rename files one after the other; go back when one can't be.

    What isn't there isn't moved, since an order may be given twice. A file in the way is a fault,
    but for moves that say otherwise: those are then left out.
    """
    os.umask(0o077)
    done: List[Tuple[Path, Path]] = []
    try:
        for source, target, unless_there in order["moves"]:
            old, new = Path(source), Path(target)
            if not os.path.lexists(source) or (unless_there and os.path.lexists(target)):
                continue
            if os.path.lexists(target):
                raise OSError(f"{target} is in the way")
            new.parent.mkdir(parents=True, exist_ok=True)
            old.rename(new)
            done.append((old, new))
    except OSError:
        for old, new in reversed(done):
            new.rename(old)
        raise
    return {}


if __name__ == "__main__":
    try:
        print(json.dumps({"fetch": fetch, "move": move}[sys.argv[1]](json.loads(sys.argv[2]))))
    except (OSError, http.client.HTTPException) as fault:
        sys.exit(str(fault))
