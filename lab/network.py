"""A lab's private network: a bridge with one /24 of 198.18.0.0/15 (RFC 2544, never routed)."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

_ALL_LABS = "198.18.0.0/15"


@dataclass(frozen=True)
class Network:
    """The network of the lab with this number (0 to 255)."""

    number: int

    @property
    def bridge(self) -> str:
        """The bridge's interface name; with any number within the kernel's 15 characters."""
        return f"mapinfra{self.number}"

    @property
    def subnet(self) -> str:
        """The lab's network, as in ``198.18.0.0/24``."""
        return f"{self.address(0)}/24"

    def address(self, number: int) -> str:
        """The address of the host with this number."""
        return f"198.18.{self.number}.{number}"

    def up(self) -> None:
        """Make the bridge, and the blackhole route behind it; nothing to do when both exist.

        The blackhole stays when the lab goes: with it no packet for a lab host ever leaves this
        machine, whether that lab is up or down. The bridge's own /24 is more specific and wins.
        """
        _ip("route", "replace", "blackhole", _ALL_LABS)
        if interface_exists(self.bridge):
            return
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("address", "add", f"{self.address(1)}/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")

    def down(self) -> None:
        """Remove the bridge if it is there."""
        delete_interface(self.bridge)


def interface_exists(name: str) -> bool:
    """Whether this machine has the interface now."""
    return Path("/sys/class/net", name).exists()


def delete_interface(name: str) -> None:
    """Delete an interface; it may be gone already, or go by itself meanwhile."""
    if interface_exists(name):
        try:
            _ip("link", "delete", name)
        except LabError:
            if interface_exists(name):
                raise


def set_interface(name: str, *, up: bool) -> None:
    """Switch an interface on or off."""
    _ip("link", "set", name, "up" if up else "down")


def _ip(*arguments: str) -> None:
    result = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise LabError(f"ip {' '.join(arguments)}: {result.stderr.strip()}")
