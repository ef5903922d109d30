"""What is written down about a lab: its name and its number, and the layers of its hosts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.hosts import HOSTS, HostSpec
from lab.layout import LABS
from lab.network import Network


@dataclass(frozen=True)
class Record:
    """A lab's ``lab.json``; written last when a lab is made, so that it stands for a whole one."""

    name: str
    number: int

    @property
    def directory(self) -> Path:
        """Everything of the lab is in here."""
        return directory_of(self.name)

    @property
    def network(self) -> Network:
        """The lab's own network."""
        return Network(self.number)

    @property
    def addresses(self) -> dict[str, str]:
        """Every host's address by its name."""
        return {spec.name: self.network.address(spec.number) for spec in HOSTS}

    def host_directory(self, spec: HostSpec) -> Path:
        """Where one host's disk, key and console log are."""
        return self.directory / "hosts" / spec.name

    def layers_of(self, spec: HostSpec) -> tuple[Path, ...]:
        """The layers under a host's disk, topmost first, as they were when it was made."""
        return tuple(map(Path, self._layers_file(spec).read_text().splitlines()))

    def note_layers(self, spec: HostSpec, layers: Iterable[Path]) -> None:
        """Note the layers under a host's new disk, which keeps them from being deleted."""
        self._layers_file(spec).write_text("".join(f"{layer}\n" for layer in layers))

    def _layers_file(self, spec: HostSpec) -> Path:
        return self.host_directory(spec) / "layers"

    def save(self) -> None:
        """Write it, whole or not at all."""
        content = {
            "name": self.name,
            "number": self.number,
            "subnet": self.network.subnet,
            "hosts": {
                spec.name: {
                    "address": self.addresses[spec.name],
                    "role": spec.role,
                    "family": spec.family,
                    "machine": self.machine_name(spec),
                }
                for spec in HOSTS
            },
        }
        written = self.directory / "lab.json.new"
        written.write_text(json.dumps(content, indent=2) + "\n")
        written.rename(self.directory / "lab.json")

    def machine_name(self, spec: HostSpec) -> str:
        """The name of a host's machine: unique on this machine, short for its interface's name."""
        return f"m{self.number}-{spec.name}"


def directory_of(name: str) -> Path:
    """The directory of the lab with this name, which need not exist."""
    return LABS / name


def load(name: str) -> Record | None:
    """The record of a lab; None when there is no such lab, or only a half-made one."""
    try:
        content = json.loads((directory_of(name) / "lab.json").read_text())
    except FileNotFoundError:
        return None
    return Record(content["name"], content["number"])


def layers_in_use() -> set[Path]:
    """The layers that a host of any lab stands on."""
    noted = LABS.glob("*/hosts/*/layers")
    return {Path(layer) for file in noted for layer in file.read_text().splitlines()}


def load_all() -> Iterator[Record]:
    """The record of every lab on this machine."""
    for file in sorted(LABS.glob("*/lab.json")):
        if record := load(file.parent.name):
            yield record
