"""Two names of one machine are refused, whoever asks first."""

from dataclasses import dataclass

import pytest

from mapinfra.errors import CentreonError, HostUnreachable
from mapinfra.hosts import Facts, Machine, Ssh, Target
from mapinfra.resources.machines import Machines

HERE, THERE = Machine("192.0.2.11:22"), Machine("192.0.2.12:22")


@dataclass
class Read:
    """A fleet that has read some hosts."""

    machines: dict[str, Machine | None]

    def read_already(self, target: Target) -> Facts | None:
        if target.name not in self.machines:
            return None
        machine = self.machines[target.name]
        if machine is None:
            raise HostUnreachable("no answer", where=target.name)
        return Facts(target.name, {}, {}, machine)


def host(name: str, at: str | None = None) -> Target:
    return Target(name=name, ssh=Ssh(host=at or name))


def machines(**read: Machine | None) -> Machines:
    return Machines(Read(read), [host(name) for name in read])  # type: ignore[arg-type]


def test_two_hosts_of_the_spec_that_are_one_machine_are_both_refused() -> None:
    known = machines(paris=HERE, copy=HERE, lyon=THERE)
    for name, other in (("paris", "copy"), ("copy", "paris")):
        with pytest.raises(CentreonError, match=f"{name} and {other} are one machine") as caught:
            known.expect_one_name([host("lyon"), host(name)])
        assert "192.0.2.11:22" in str(caught.value)
    known.expect_one_name([host("lyon")])


def test_a_map_server_may_run_on_the_host_that_it_serves_and_on_no_other() -> None:
    read = {"paris": HERE, "paris/map": HERE, "lyon": THERE, "rome/map": THERE}
    known = machines(**read)
    known.expect_one_name([host("paris"), host("paris/map")])
    with pytest.raises(CentreonError, match="rome/map and lyon are one machine"):
        known.expect_one_name([host("rome/map")])


def test_a_host_that_cant_be_read_stands_in_nobodys_way() -> None:
    known = machines(paris=HERE, off=None)
    known.expect_one_name([host("paris"), host("off"), host("never asked")])


def test_a_place_has_one_name_however_it_is_reached() -> None:
    known = machines(paris=HERE, lyon=THERE)
    known._fleet.machines["old"] = HERE  # type: ignore[attr-defined]
    assert known.place(host("old", "paris.example.net")) == known.place(host("paris")) == "paris:22"
    assert known.place(host("unread", "x")) == "x:22"
