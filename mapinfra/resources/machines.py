"""Which hosts of a run are one machine, though they have two names."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from threading import Lock

from mapinfra.errors import CentreonError, MapinfraError
from mapinfra.hosts import Fleet, Host, Machine, Target


class Machines:
    """The machines of a run's hosts, each looked up once: a change doesn't move a host.

    `hosts` are those of the spec. Whatever is asked waits until each of them was read, or can't be.
    """

    def __init__(self, fleet: Fleet, hosts: Iterable[Target]) -> None:
        self._fleet = fleet
        self._hosts = [target.reading() for target in hosts]
        self._machines: dict[Target, Machine | None] = {}
        self._names: dict[tuple[str, Target], frozenset[str]] = {}
        self._lock = Lock()

    def expect_one_name(self, targets: Sequence[Target]) -> None:
        """Raise CentreonError when another host of the run is the machine of one of these."""
        for target in targets:
            for other in self._others(target):
                if not _may_be_one(target, other):
                    raise self._refused(target, other)

    def place(self, target: Target) -> str:
        """Return where a host is, in the same words for each name that leads there."""
        return address_of(next(iter(self._others(target)), target))

    def names_at(self, address: str, seen_from: Target) -> frozenset[str]:
        """Return the names of the machine that an address, or a name, leads to from a host.

        Empty where that isn't known of all that it resolves to there, or isn't one machine; and for
        no address. Raises HostError.
        """
        if not address:
            return frozenset()
        key = address, seen_from.reading()
        if key not in self._names:
            found = _resolved(self._fleet.host(seen_from), address)
            names = {self._names_of(one, seen_from) for one in found}
            self._names[key] = names.pop() if len(names) == 1 else frozenset()
        return self._names[key]

    def _names_of(self, address: str, seen_from: Target) -> frozenset[str]:
        """The names of the machine of an address; a host's own ones lead nowhere else."""
        here = self._machine(seen_from)
        if here is not None and here.has(address):
            return frozenset(other.name for other in self._others(seen_from))
        having = {
            frozenset(other.name for other in self._others(target))
            for target in self._hosts
            if (machine := self._machine(target)) is not None and address in machine.addresses
        }
        return having.pop() if len(having) == 1 else frozenset()

    def _others(self, target: Target) -> list[Target]:
        """The hosts that are this host's machine, those of the spec first; it among them."""
        wanted = self._machine(target)
        if wanted is None:
            return []
        with self._lock:
            known = list(dict.fromkeys((*self._hosts, *self._machines)))
        return [
            other
            for other in known
            if (found := self._machine(other)) is not None and found.is_(wanted)
        ]

    def _machine(self, target: Target) -> Machine | None:
        """None for a host that wasn't read; what uses that host says why it can't be."""
        host = target.reading()
        with self._lock:
            if host in self._machines:
                return self._machines[host]
        try:
            facts = self._fleet.read_already(host)
        except MapinfraError:
            facts = None
        with self._lock:
            if facts is not None or host in self._hosts:
                self._machines[host] = facts.machine if facts else None
            return self._machines.get(host)

    def _refused(self, target: Target, other: Target) -> CentreonError:
        return CentreonError(
            f"{target.name} and {other.name} are one machine ({self._machine(target)})",
            where=target.name,
            remedy=f"correct ssh.host of {target.name} or of {other.name}, or take one of them out",
        )


def _resolved(host: Host, name: str) -> frozenset[str]:
    """Return the addresses that a name has on a host, or the address itself; none: not known."""
    said = host.run(["timeout", "5", "getent", "ahosts", "--", name], check=False).text
    return frozenset(str(ip_address(line.split()[0])) for line in said.splitlines() if line.split())


def _may_be_one(one: Target, other: Target) -> bool:
    """A MAP server may run on the host that it serves; its name there is that host's and `/map`."""
    return one.name.partition("/")[0] == other.name.partition("/")[0]


def address_of(target: Target) -> str:
    """Return where the spec says that a host is, whatever it calls it."""
    ssh = target.ssh
    address = f"{ssh.host or target.name}:{ssh.port or 22}".lower()
    return f"{address} via {ssh.jump}" if ssh.jump else address
