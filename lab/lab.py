"""A lab: four hosts on a private bridge, made, found again, and taken down without a trace."""

import re
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab import layers, requirements
from lab.credentials import make_key, make_passwords
from lab.errors import LabError
from lab.host import Host
from lab.hosts import HOSTS
from lab.layers import Tell, silent
from lab.layout import CHECKOUT, LABS, locked
from lab.network import Network, interface_exists
from lab.record import Record, directory_of, load, load_all

_DEMO = "demo"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_LINKS = CHECKOUT / ".lab"

_SSH_CONFIG = """\
Host {name}
    HostName {address}
    User mapinfra
    IdentityFile {directory}/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile {directory}/known_hosts
    StrictHostKeyChecking yes
"""


class Lab:
    """A lab that exists. `Lab.up` makes one, `Lab.open` finds one."""

    def __init__(self, record: Record) -> None:
        self.name = record.name
        self.directory = record.directory
        """Holds ssh_config, id_ed25519, known_hosts, secrets/ and lab.json."""
        self.hosts = {spec.name: Host(record, spec) for spec in HOSTS}
        self._record = record

    @classmethod
    def up(cls, name: str = _DEMO, tell: Tell = silent) -> "Lab":
        """Make the lab, or bring an existing one up again: hosts that are off keep their disk.

        Raises `LabUnavailableError` when this machine can't hold a lab, `LabError` when a host
        doesn't get ready.
        """
        if not _NAME.fullmatch(name):
            raise LabError(f"{name!r} is no name for a lab: use a-z, 0-9 and -, at most 32")
        requirements.check()
        with locked(f"lab-{name}"):
            with locked("machine"):
                layers.ensure(tell)
                record = load(name) or _make(name)
            record.network.up()
            lab = cls(record)
            _link(lab)
            _in_parallel(lab.hosts.values(), lambda host: _bring_up(host, tell))
        return lab

    @classmethod
    def open(cls, name: str = _DEMO) -> "Lab":
        """The lab with this name.

        Raises `LabError` when there is none.
        """
        record = load(name)
        if record is None:
            raise LabError(f"there is no lab {name!r}: make it with ./dev lab up --lab {name}")
        return cls(record)

    @staticmethod
    def names() -> list[str]:
        """The labs on this machine, half-made ones included."""
        return sorted(directory.name for directory in LABS.glob("*"))

    @staticmethod
    def remove(name: str) -> bool:
        """Take a lab down in whatever state it is, half-made or crashed; whether there was one.

        What stays on the machine are the layers, for the next lab, and the blackhole route.
        """
        with locked(f"lab-{name}"):
            directory = directory_of(name)
            existed = directory.exists()
            if record := load(name):
                _in_parallel(Lab(record).hosts.values(), Host.power_off)
                record.network.down()
            if existed:
                shutil.rmtree(directory)
            _unlink(name)
        return existed

    def down(self) -> None:
        """Take this lab down; see `remove`."""
        self.remove(self.name)

    def host(self, name: str) -> Host:
        """The host with this name.

        Raises `LabError` for a name that no host has.
        """
        try:
            return self.hosts[name]
        except KeyError:
            known = ", ".join(self.hosts)
            raise LabError(f"there is no host {name!r} in a lab: {known}") from None

    def reset(self, name: str) -> None:
        """Give the host a fresh disk and boot it; address and host key stay."""
        host = self.host(name)
        with locked(f"lab-{self.name}"):
            host.reset()


def _make(name: str) -> Record:
    """Make everything of a lab but its machines; the caller holds the lock on lab numbers."""
    record = Record(name, _free_number(name))
    shutil.rmtree(record.directory, ignore_errors=True)
    for spec in HOSTS:
        record.host_directory(spec).mkdir(parents=True)
    record.directory.chmod(0o700)
    make_passwords(record.directory / "secrets")
    make_key(record.directory / "id_ed25519", f"mapinfra@lab-{name}")
    _write_ssh_files(record)
    record.save()
    return record


def _free_number(name: str) -> int:
    """0 for the demo, whose addresses are in its committed spec; else the first one free."""
    if name == _DEMO:
        return 0
    taken = {record.number for record in load_all()}
    for number in range(1, 256):
        if number not in taken and not interface_exists(Network(number).bridge):
            return number
    raise LabError("all 256 networks for labs are in use: take one down (./dev lab down)")


def _write_ssh_files(record: Record) -> None:
    known, config = [], []
    for spec in HOSTS:
        address = record.addresses[spec.name]
        key = record.host_directory(spec) / "ssh_host_ed25519_key"
        known.append(f"{spec.name},{address} {make_key(key, spec.name)}")
        config.append(
            _SSH_CONFIG.format(name=spec.name, address=address, directory=record.directory)
        )
    (record.directory / "known_hosts").write_text("".join(known))
    (record.directory / "ssh_config").write_text("\n".join(config))


def _bring_up(host: Host, tell: Tell) -> None:
    started = time.monotonic()
    tell(f"booting {host.name}")
    host.bring_up()
    tell(f"{host.name} is ready ({time.monotonic() - started:.1f} s)")


def _in_parallel(hosts: Iterable[Host], action: Callable[[Host], None]) -> None:
    """Do it to all hosts at once, wait for all, then raise the errors of those that failed."""
    hosts = list(hosts)
    with ThreadPoolExecutor(len(hosts)) as pool:
        futures = [pool.submit(action, host) for host in hosts]
    errors = [error for future in futures if (error := future.exception())]
    if errors and all(isinstance(error, LabError) for error in errors):
        raise LabError("; ".join(map(str, errors)))
    if errors:
        raise errors[0]


def _link(lab: Lab) -> None:
    """Let the lab be seen from the checkout, as .lab/NAME."""
    _LINKS.mkdir(exist_ok=True)
    link = _LINKS / lab.name
    if not link.is_symlink() or Path(link.readlink()) != lab.directory:
        link.unlink(missing_ok=True)
        link.symlink_to(lab.directory)


def _unlink(name: str) -> None:
    (_LINKS / name).unlink(missing_ok=True)
