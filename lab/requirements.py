"""What a machine must have to hold a lab, checked before anything is changed."""

import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from lab.errors import LabUnavailableError
from lab.layout import LAYERS, STATE
from lab.machine import cgroup_hierarchies

_TOOLS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "openssl": "openssl",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
_GIGABYTE = 10**9
_BASE_SIZE = 2 * _GIGABYTE
_LAB_SIZE = _GIGABYTE // 2

_PROBE = """
mkdir lower upper work root \
  && mount -t overlay lab -o lowerdir=lower,upperdir=upper,workdir=work,volatile root \
  && ip link add lab0 type bridge && ip link add lab1 type veth peer name lab2
"""
"""Run in namespaces of its own and an empty directory, so nothing of it stays."""


def check() -> None:
    """Return when a lab can be made here.

    Raises `LabUnavailableError` naming the first thing that is missing.
    """
    for find in (_system, _user, _tools, _machine_id, _kernel, _disk):
        if missing := find():
            raise LabUnavailableError(missing)


def _system() -> str | None:
    if platform.system() != "Linux":
        return f"it needs Linux and this is {platform.system()}"
    return None


def _user() -> str | None:
    return "it needs root (sudo)" if os.geteuid() else None


def _tools() -> str | None:
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if not missing:
        return None
    packages = " ".join(sorted({_TOOLS[tool] for tool in missing}))
    return f"it needs {', '.join(missing)} (apt-get install {packages})"


def _machine_id() -> str | None:
    file = Path("/etc/machine-id")
    if file.exists() and re.fullmatch(r"[0-9a-f]{32}\n?", file.read_text()):
        return None
    return "systemd-nspawn needs an id of this machine (systemd-machine-id-setup makes one)"


def _kernel() -> str | None:
    if not cgroup_hierarchies():
        return "systemd-nspawn needs a cgroup hierarchy and none is mounted"
    STATE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=STATE) as directory:
        probe = subprocess.run(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "sh", "-c", _PROBE],
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
    if probe.returncode == 0:
        return None
    reason = (probe.stderr.strip().splitlines() or ["no reason given"])[-1]
    return (
        "systemd-nspawn needs namespaces, overlayfs, bridges and veth pairs, "
        f"which this machine refuses ({reason})"
    )


def _disk() -> str | None:
    STATE.mkdir(parents=True, exist_ok=True)
    needed = _LAB_SIZE if any(LAYERS.glob("debian-*")) else _BASE_SIZE
    free = shutil.disk_usage(STATE).free
    if free >= needed:
        return None
    return (
        f"it needs {needed / _GIGABYTE:.1f} GB of disk under {STATE} "
        f"and {free / _GIGABYTE:.1f} GB are free"
    )
