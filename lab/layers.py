"""The file system that every host starts from: three read-only layers, each made once and kept.

* debian: what mmdebstrap installs from the Debian mirror this machine itself uses
* system: lab/base/files and lab/standins laid over it, and lab/base/setup.sh run in it
* packages: the repositories of stand-in packages that lab/packages builds in it

Each is named by a hash of everything it is made from, so a changed recipe makes a new one.
"""

import hashlib
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.errors import LabError, LabUnavailableError
from lab.layout import LAYERS, SOURCES
from lab.packages import layer as repositories
from lab.record import layers_in_use
from lab.trees import files, lay_over, make_directory, mode

Tell = Callable[[str], None]
"""Told in a few words what is being done now."""

_SUITE = "bookworm"
_RECIPE = SOURCES / "base"
_STANDINS = SOURCES / "standins"
_EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_EMPTIED = ("etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap", "var/lib/mysql/*")
"""Hosts reach no mirror, and setup.sh makes the database's files anew, and smaller."""

_PHASES = {
    "I: running apt-get update": "reading the Debian mirror's package lists",
    "I: downloading packages": "downloading packages",
    "I: extracting archives": "unpacking Debian",
    "I: installing essential packages": "installing Debian's essential packages",
    "I: installing remaining packages": "installing systemd, sshd, MariaDB, dnf, apt",
    "I: cleaning package lists": "tidying up",
}

_SET_UP = """
set -e
mount -t overlay lab -o "$2" "$1"
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
exec chroot "$1" sh -c "$3"
"""


def silent(_: str) -> None:
    """Tell nobody."""


def ensure(tell: Tell = silent) -> tuple[Path, ...]:
    """The layers, topmost first, made if they aren't there; the caller holds the lock.

    Raises `LabUnavailableError` when the Debian mirror doesn't give what is needed.
    """
    LAYERS.mkdir(parents=True, exist_ok=True)
    for leftover in LAYERS.glob("making-*"):
        shutil.rmtree(leftover)
    debian = LAYERS / f"debian-{_debian_key()}"
    if not debian.exists():
        _make(debian, lambda tree: _debootstrap(tree, tell))
    system = LAYERS / f"system-{_system_key(debian.name)}"
    if not system.exists():
        tell("base system: setting it up")
        _make(system, lambda tree: _set_up(tree, debian))
    packages = LAYERS / f"packages-{_packages_key(debian.name)}"
    if not packages.exists():
        tell("base system: building the stand-ins of Centreon's packages")
        _make(packages, lambda tree: repositories.make(tree, debian))
    _prune({packages, system, debian})
    return packages, system, debian


def _make(layer: Path, make: Callable[[Path], None]) -> None:
    """Make a layer under another name first, so that a half-made one is never taken for whole."""
    making = LAYERS / f"making-{layer.name}"
    making.mkdir()
    try:
        make(making)
        making.rename(layer)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _prune(kept: set[Path]) -> None:
    """Delete the layers of older recipes, but for those that a lab still stands on."""
    kept |= layers_in_use()
    for kind in ("debian", "system", "packages"):
        for layer in set(LAYERS.glob(f"{kind}-*")) - kept:
            shutil.rmtree(layer)


def _debian_key() -> str:
    return _hash((_SUITE, platform.machine(), _packages(), *_EXCLUDED, *_EMPTIED))


def _system_key(below: str) -> str:
    return _sources_key(below, (*files(_RECIPE / "files"), _RECIPE / "setup.sh", *files(_STANDINS)))


def _packages_key(below: str) -> str:
    return _sources_key(below, repositories.sources())


def _sources_key(below: str, sources: Iterable[Path]) -> str:
    described = (
        f"{file.relative_to(SOURCES)} {mode(file):o} "
        + hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sources
    )
    return _hash((below, *described))


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _packages() -> str:
    return ",".join((_RECIPE / "packages.txt").read_text().split())


def _mirrors() -> list[str]:
    """The Debian sources of this machine; none when it has none, then mmdebstrap's default holds.

    Third-party sources are left out: what they offer has no place in the lab.
    """
    listed = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
            "Created-By: Packages",
            "Origin: Debian",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = dict.fromkeys(listed.stdout.splitlines())
    return [line for line in lines if line.split()[2].startswith(_SUITE)]


def _apt_options() -> list[str]:
    """How this machine's apt reaches its mirrors: proxies, certificates, date checks."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=False)
    taken = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
    return [
        f"--aptopt={line.rstrip(';')}"
        for line in dump.stdout.splitlines()
        if line.startswith(taken) and not line.endswith('"";')
    ]


def _debootstrap(tree: Path, tell: Tell) -> None:
    command = [
        # mmdebstrap ends with us, however we end.
        *("setpriv", "--pdeathsig", "TERM"),
        *("mmdebstrap", "--variant=minbase", "--format=directory", f"--include={_packages()}"),
        *_apt_options(),
        '--aptopt=Acquire::Languages "none"',
        *("--dpkgopt=force-unsafe-io", *(f"--dpkgopt=path-exclude={path}" for path in _EXCLUDED)),
        f'--customize-hook=cd "$1" && rm -rf {" ".join(_EMPTIED)}',
        *(_SUITE, str(tree), *_mirrors()),
    ]
    tell("base system: asking the Debian mirror")
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.rstrip())
            for start, phase in _PHASES.items():
                if line.startswith(start):
                    tell(f"base system: {phase}")
    log = LAYERS / "debian.log"
    log.write_text("\n".join(lines) + "\n")
    if process.returncode:
        reason = next((line for line in lines if line.startswith("E:")), "E: no reason given")
        raise LabUnavailableError(
            "its base system can't be made from this machine's Debian mirror "
            f"({reason.removeprefix('E: ')}; all of it in {log})"
        )


def _set_up(tree: Path, debian: Path) -> None:
    """Make the system layer: the upper directory of an overlay in which setup.sh ran."""
    work, root = tree.with_name("making-work"), tree.with_name("making-root")
    work.mkdir()
    root.mkdir()
    lay_over(_RECIPE / "files", tree)
    make_directory(tree / "usr/share/lab/standins", tree)
    lay_over(_STANDINS, tree / "usr/share/lab/standins")
    options = f"lowerdir={debian},upperdir={tree},workdir={work},volatile"
    result = subprocess.run(
        [
            *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
            *("sh", "-c", _SET_UP, "sh", str(root), options, (_RECIPE / "setup.sh").read_text()),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(work)
    root.rmdir()
    if result.returncode:
        raise LabError(f"lab/base/setup.sh failed: {(result.stderr or result.stdout).strip()}")
