"""Packages for the rpm family: rpmbuild, rpmsign, createrepo_c."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from .package import Directory, File, Package

RELEASE = "1.el8"
_CONFIG = {"": "", "config": "%config ", "noreplace": "%config(noreplace) "}
_SPEC = """\
Name: {name}
Version: {version}
Release: {release}
Summary: {summary}
License: none
BuildArch: noarch
AutoReqProv: no
{relations}
%description
{summary}.
%files
{files}
{scripts}"""
_DEFINES = {
    "_build_id_links": "none",
    "__os_install_post": "%{nil}",
    "_binary_payload": "w1.gzdio",
    "_buildhost": "lab",
    "_rpmfilename": "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
}


def build(package: Package, work: Path, target: Path) -> Path:
    """Build the package into `target`; `work` is a directory of its own."""
    root = work / "root"
    for file in package.files:
        path = root / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    for directory in package.directories:
        (root / directory.path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    spec = work / "package.spec"
    spec.write_text(_spec(package))
    defines = _DEFINES | {"_topdir": str(work), "_rpmdir": str(target)}
    _run("rpmbuild", "-bb", "--quiet", f"--buildroot={root}", *_options(defines), str(spec))
    return target / f"{package.name}-{package.version}-{RELEASE}.noarch.rpm"


def sign(packages: Iterable[Path], key: str) -> None:
    """Sign packages with this key of gpg's."""
    defines = _options({"_gpg_name": key, "__gpg": "/usr/bin/gpg"})
    _run("rpmsign", "--addsign", *defines, *map(str, packages))


def index(repository: Path, key: str) -> None:
    """Make the repository's metadata and sign them."""
    _run("createrepo_c", "--quiet", "--no-database", str(repository))
    metadata = repository / "repodata/repomd.xml"
    _run("gpg", "--batch", "--local-user", key, "--armor", "--detach-sign", str(metadata))


def note_installed(packages: Iterable[Path], database: Path) -> None:
    """Let rpm's database say that these packages are installed."""
    database.mkdir(parents=True)
    _run("rpm", f"--dbpath={database}", "--install", "--justdb", *map(str, packages))


def _spec(package: Package) -> str:
    relations = [f"Requires: {name}" for name in package.requires_rpm]
    relations += [f"Provides: {name} = {package.version}" if not name.startswith("/")
                  else f"Provides: {name}" for name in package.provides_rpm]  # fmt: skip
    scripts = {
        "%pre": package.before,
        "%post": package.after,
        "%preun": f"if [ $1 = 0 ]; then\n{package.removing}fi\n" if package.removing else "",
        "%postun": package.removed,
    }
    return _SPEC.format(
        name=package.name,
        version=package.version,
        release=RELEASE,
        summary=package.summary,
        relations="\n".join(relations),
        files="\n".join([*map(_directory, package.directories), *map(_file, package.files)]),
        scripts="".join(f"{name}\n{text}" for name, text in scripts.items() if text),
    )


def _directory(directory: Directory) -> str:
    owner = directory.owner
    return f"%dir %attr({directory.mode:04o}, {owner}, {owner}) {directory.path}"


def _file(file: File) -> str:
    owner = file.owner
    return f"{_CONFIG[file.config]}%attr({file.mode:04o}, {owner}, {owner}) {file.path}"


def _options(defines: dict[str, str]) -> list[str]:
    return [part for name, value in defines.items() for part in ("--define", f"{name} {value}")]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
