"""Packages for the deb family: dpkg-deb, and an archive with suites that apt reads."""

import gzip
import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from pathlib import Path

from .package import Directory, File, Package

REVISION = "1"
COMPONENT = "main"


def build(package: Package, work: Path, target: Path) -> Path:
    """Build the package into `target`; `work` is a directory of its own."""
    control = work / "DEBIAN"
    control.mkdir(parents=True)
    for file in package.files:
        path = work / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode)
    for directory in package.directories:
        (work / directory.path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    (control / "control").write_text(_control(package))
    kept = [file.path for file in package.files if file.config]
    if kept:
        (control / "conffiles").write_text("\n".join(kept) + "\n")
    for name, text in _scripts(package).items():
        (control / name).write_text(f"#!/bin/sh\nset -e\n{text}")
        (control / name).chmod(0o755)
    built = target / f"{package.name}_{package.version}-{REVISION}_all.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", str(work), str(built)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return built


def index(archive: Path, suites: Mapping[str, Sequence[Path]], key: str) -> None:
    """Make the archive's suites of the packages in its pool, signed with this key of gpg's."""
    architecture = _output("dpkg", "--print-architecture").strip()
    for suite, packages in suites.items():
        stanzas = "\n".join(_stanza(archive, package) for package in packages).encode()
        directory = archive / "dists" / suite
        listed = directory / COMPONENT / f"binary-{architecture}"
        listed.mkdir(parents=True)
        (listed / "Packages").write_bytes(stanzas)
        (listed / "Packages.gz").write_bytes(gzip.compress(stanzas, 1, mtime=0))
        (directory / "Release").write_text(_release(directory, suite, architecture))
        command = ["gpg", "--batch", "--local-user", key, "--clearsign", "--output"]
        command += [str(directory / "InRelease"), str(directory / "Release")]
        subprocess.run(command, check=True)


def _control(package: Package) -> str:
    fields = {
        "Package": package.name,
        "Version": f"{package.version}-{REVISION}",
        "Architecture": "all",
        "Maintainer": "mapinfra's lab <lab@localhost>",
        "Section": "net",
        "Priority": "optional",
        "Depends": ", ".join(package.requires_deb),
        "Description": package.summary,
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def _scripts(package: Package) -> dict[str, str]:
    scripts = {
        "preinst": package.before,
        "postinst": _ownership(package) + package.after,
        "prerm": f'if [ "$1" = remove ]; then\n{package.removing}fi\n' if package.removing else "",
        "postrm": package.removed,
    }
    return {name: text for name, text in scripts.items() if text}


def _ownership(package: Package) -> str:
    """Give the files their owner, as rpm does by itself; a configuration file may be gone."""
    owned: list[File | Directory] = [*package.files, *package.directories]
    return "".join(
        f"[ ! -e {thing.path} ] || chown {thing.owner}:{thing.owner} {thing.path}\n"
        for thing in owned
        if thing.owner != "root"
    )


def _stanza(archive: Path, package: Path) -> str:
    content = package.read_bytes()
    return _output("dpkg-deb", "--field", str(package)) + (
        f"Filename: {package.relative_to(archive)}\n"
        f"Size: {len(content)}\n"
        f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
    )


def _release(directory: Path, suite: str, architecture: str) -> str:
    lines = [
        "Origin: Centreon",
        "Label: Centreon",
        f"Suite: {suite}",
        f"Codename: {suite}",
        f"Date: {formatdate(usegmt=True)}",
        f"Architectures: {architecture}",
        f"Components: {COMPONENT}",
        "SHA256:",
    ]
    for file in sorted(directory.glob(f"{COMPONENT}/*/*")):
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        lines.append(f" {digest} {len(content)} {file.relative_to(directory)}")
    return "\n".join(lines) + "\n"


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
