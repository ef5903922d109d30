"""What a host's disk holds before its first boot, over the layers it shares with all others."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.credentials import password_hash, read_passwords
from lab.hosts import HostSpec
from lab.layout import SOURCES
from lab.packages import repositories
from lab.record import Record
from lab.trees import lay_over, make_directory


@dataclass(frozen=True)
class _Disk:
    top: Path

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.top / path
        make_directory(file.parent, self.top)
        file.touch(mode=0o600)
        file.write_text(text)
        file.chmod(mode)


def prepare(record: Record, spec: HostSpec, top: Path) -> None:
    """Write everything that makes this host itself: name, address, keys, family, secrets."""
    top.mkdir(parents=True)
    top.chmod(0o755)
    disk = _Disk(top)
    family = SOURCES / "base" / "families" / spec.family
    if family.exists():
        lay_over(family, top)
    _identity(disk, record, spec)
    _ssh(disk, record, spec)
    _sudo(disk, record, spec)
    _standins(disk, record, spec)
    for path, text in repositories.host_files(spec.family).items():
        disk.write(path.lstrip("/"), text)


def _identity(disk: _Disk, record: Record, spec: HostSpec) -> None:
    lines = ["127.0.0.1 localhost", *(f"{ip} {name}" for name, ip in record.addresses.items())]
    disk.write("etc/hosts", "\n".join(lines) + "\n")
    disk.write("etc/hostname", f"{spec.name}\n")
    disk.write("etc/machine-id", f"{uuid.uuid4().hex}\n", 0o444)
    disk.write("etc/lab/network", f"ADDRESS={record.addresses[spec.name]}\n")


def _ssh(disk: _Disk, record: Record, spec: HostSpec) -> None:
    key = record.host_directory(spec) / "ssh_host_ed25519_key"
    disk.write("etc/ssh/ssh_host_ed25519_key", key.read_text(), 0o600)
    disk.write("etc/ssh/ssh_host_ed25519_key.pub", key.with_suffix(".pub").read_text())
    user_key = (record.directory / "id_ed25519.pub").read_text()
    disk.write("etc/ssh/authorized_keys/mapinfra", user_key)


def _sudo(disk: _Disk, record: Record, spec: HostSpec) -> None:
    asked = "" if spec.sudo_asks_password else "NOPASSWD: "
    disk.write("etc/sudoers.d/mapinfra", f"mapinfra ALL=(ALL:ALL) {asked}ALL\n", 0o440)
    if spec.sudo_asks_password:
        password = read_passwords(record.directory / "secrets")["sudo_password"]
        disk.write("etc/shadow", _shadow(record.layers_of(spec), password_hash(password)), 0o640)


def _shadow(layers: Iterable[Path], hashed: str) -> str:
    shadow = next(file for layer in layers if (file := layer / "etc/shadow").exists())
    lines = (line.split(":") for line in shadow.read_text().splitlines())
    return "".join(
        ":".join([name, hashed if name == "mapinfra" else old, *rest]) + "\n"
        for name, old, *rest in lines
    )


def _standins(disk: _Disk, record: Record, spec: HostSpec) -> None:
    """What the stand-ins are told about their host (lab/standins/provision.py)."""
    host = {
        "lab": record.name,
        "name": spec.name,
        "role": spec.role,
        "family": spec.family,
        "address": record.addresses[spec.name],
        "central_address": record.addresses["central"],
        "poller_id": spec.poller_id,
        "hosts": record.addresses,
    }
    passwords = read_passwords(record.directory / "secrets")
    told = {name: passwords[name] for name in ("database_password", "api_password", "gorgone_key")}
    disk.write("etc/lab/host.json", json.dumps(host, indent=2) + "\n")
    disk.write("etc/lab/secrets.json", json.dumps(told) + "\n", 0o600)
