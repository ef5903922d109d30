"""Build everything: `python3 -m packages.build TREE`, as root in the base system, with TREE/srv
mounted at /srv. TREE is what lies over the base system afterwards.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import deb, rpm, server, system, web_client
from .catalogue import OS, VERSIONS
from .package import Package
from .repositories import KEY, KEYRING, NAMES, ROOT, definition, definition_path, host_files

_SIGNER = "Centreon (stand-in) <lab@localhost>"
_AT_ONCE = 2
_FILES = Path(__file__).parent / "files"


def build(tree: Path) -> None:
    """Make the repositories in /srv, and the files of hosts that go with them in `tree`."""
    _make_key(tree)
    with tempfile.TemporaryDirectory() as scratch:
        _build_rpm(Path(scratch), tree)
        _build_deb(Path(scratch))
    _write_definitions()
    _copy_files(tree)
    _read_lists(tree)


def _packages() -> Iterator[tuple[str, Package]]:
    """Every package with its repository."""
    for package in system.java():
        yield OS, package
    for version in VERSIONS:
        for release in version.releases():
            yield version.repository, server.package(release)
        yield version.repository, web_client.web_client(version.number)
        yield version.repository, web_client.license_manager(version.number)


def _make_key(tree: Path) -> None:
    """A key that is gone with the chroot: its public half is all that is kept."""
    command = ["gpg", "--batch", "--quiet", "--passphrase", ""]
    subprocess.run([*command, "--quick-generate-key", _SIGNER, "rsa3072", "sign"], check=True)
    KEY.parent.mkdir(parents=True)
    keyring = tree / KEYRING.relative_to("/")
    keyring.parent.mkdir(parents=True)
    subprocess.run(["gpg", "--output", keyring, "--export", _SIGNER], check=True)
    subprocess.run(["gpg", "--output", KEY, "--armor", "--export", _SIGNER], check=True)


Build = Callable[[Package, Path, Path], Path]


def _build_all(
    family: str, scratch: Path, one: Build, pool: Callable[[str], Path]
) -> dict[str, list[Path]]:
    """Build all packages of a family; those of each repository."""
    wanted = [item for item in _packages() if family in item[1].families]
    for repository, _ in wanted:
        pool(repository).mkdir(parents=True, exist_ok=True)

    def work(number: int) -> Path:
        repository, package = wanted[number]
        return one(package, scratch / family / str(number), pool(repository))

    with ThreadPoolExecutor(_AT_ONCE) as executor:
        built = list(executor.map(work, range(len(wanted))))
    repositories: dict[str, list[Path]] = {name: [] for name in NAMES}
    for (repository, _), path in zip(wanted, built, strict=True):
        repositories[repository].append(path)
    return repositories


def _build_rpm(scratch: Path, tree: Path) -> None:
    repositories = _build_all("rpm", scratch, rpm.build, lambda name: ROOT / "rpm" / name)
    rpm.sign([path for paths in repositories.values() for path in paths], _SIGNER)
    for name in repositories:
        rpm.index(ROOT / "rpm" / name, _SIGNER)
    version = subprocess.run(
        ["mariadb", "--version"], check=True, capture_output=True, text=True
    ).stdout
    number = version.partition("Distrib ")[2].partition("-")[0]
    installed = scratch / "installed"
    installed.mkdir()
    paths = [
        rpm.build(package, scratch / package.name, installed)
        for package in system.installed(number)
    ]
    rpm.note_installed(paths, tree / "var/lib/rpm")


def _build_deb(scratch: Path) -> None:
    archive = ROOT / "deb"
    suites = _build_all("deb", scratch, deb.build, lambda _: archive / "pool")
    deb.index(archive, suites, _SIGNER)


def _write_definitions() -> None:
    """What an administrator copies to make a host know a repository."""
    for family in ("rpm", "deb"):
        for name in NAMES:
            file = ROOT / "definitions" / definition_path(family, name).name
            file.parent.mkdir(exist_ok=True)
            file.write_text(definition(family, name))


def _copy_files(tree: Path) -> None:
    subprocess.run(["cp", "-r", f"{_FILES}/.", tree], check=True)


def _read_lists(tree: Path) -> None:
    """Fill apt's lists, so that a fresh host knows its packages as one does that was installed."""
    for path, text in host_files("deb").items():
        Path(path).write_text(text)
    keyring = Path("/") / KEYRING.relative_to("/")
    keyring.write_bytes((tree / KEYRING.relative_to("/")).read_bytes())
    lists = tree / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    (lists / "partial").mkdir()
    option = f"--option=Dir::State::lists={lists}"
    subprocess.run(["apt-get", option, "--quiet=2", "update"], check=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
