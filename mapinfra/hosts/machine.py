"""Which machine a host is, whatever it is called: one host under two names is one host.

Two names lead to one machine when they lead to one address, or when what runs there says the same
of itself in three ways: its machine-id, its boot-id, its own name. None of the three is enough.
Clones share the machine-id and often the name (and the host keys, so these prove nothing here);
containers on one kernel may share the boot-id. But two systems started apart have two boot-ids.
A host that is rebooted between two readings isn't recognised by them, only by its address.

Sources: machine-id(5); random(4), /proc/sys/kernel/random/boot_id.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

MACHINE_ID: Final = "cat /etc/machine-id /var/lib/dbus/machine-id 2>/dev/null | head -n 1"
SCRIPT: Final = f"""\
{MACHINE_ID}
cat /proc/sys/kernel/random/boot_id
uname -n
ip -o address show scope global 2>/dev/null | sed 's/^/address /'
"""
"""Prints what a system says of itself, a line each; of one that is missing, none."""


@dataclass(frozen=True)
class Machine:
    """A machine as one pass found it.

    `address` is where sshd answered and on which way, `own` what the system says of itself: empty
    where it doesn't say all of it. `addresses` are those of its interfaces: private ones may be
    another machine's, too, so they prove nothing here.
    """

    address: str
    own: tuple[str, ...] = ()
    addresses: frozenset[str] = field(default=frozenset(), compare=False)

    @classmethod
    def found(cls, address: str, printed: str) -> "Machine":
        """Return the machine at an address, by what it printed for the probe."""
        shown = [line.split() for line in printed.splitlines()]
        interfaces = [words for words in shown if words[:1] == ["address"]]
        lines = tuple(" ".join(words) for words in shown if words not in interfaces)
        told = len(lines) == 3 and all(lines) and lines[0] != "uninitialized"
        # address NUMBER: INTERFACE inet|inet6 ADDRESS/BITS …
        addresses = frozenset(words[4].partition("/")[0] for words in interfaces if words[4:])
        return cls(address, lines if told else (), addresses)

    def has(self, address: str) -> bool:
        """Tell whether an address, asked for on this machine, is its own."""
        return ip_address(address).is_loopback or address in self.addresses

    def is_(self, other: "Machine") -> bool:
        """Tell whether both are one machine."""
        return self.address == other.address or (bool(self.own) and self.own == other.own)

    def __str__(self) -> str:
        return f"{self.address}, machine-id {self.own[0]}" if self.own else self.address
