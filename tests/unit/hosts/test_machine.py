"""One machine under two names, and two machines that look alike."""

import pytest

from mapinfra.hosts import Machine

MACHINE_ID, BOOT = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "11111111-2222-4333-8444-555555555555"
PARIS = Machine.found("192.0.2.11:22", f"{MACHINE_ID}\n{BOOT}\nparis\n")


@pytest.mark.parametrize(
    ("address", "printed", "one"),
    [
        ("192.0.2.11:22", f"{MACHINE_ID}\n{BOOT}\nparis\n", True),
        ("198.51.100.11:22", f"{MACHINE_ID}\n{BOOT}\nparis\n", True),  # a second address
        ("192.0.2.11:22", "", True),  # it says nothing of itself
        ("192.0.2.12:22", f"{MACHINE_ID}\nanother boot\nparis\n", False),  # a clone
        ("192.0.2.12:22", f"{MACHINE_ID}\n{BOOT}\nlyon\n", False),  # containers on one kernel
        ("192.0.2.12:22", f"another\n{BOOT}\nparis\n", False),
        ("192.0.2.11:2222", "", False),
        ("192.0.2.11:22 via 192.0.2.1:22", "", False),  # an address of another network
    ],
)
def test_what_is_one_machine(address: str, printed: str, one: bool) -> None:
    other = Machine.found(address, printed)
    assert PARIS.is_(other) is one
    assert other.is_(PARIS) is one


def test_its_own_addresses_are_no_proof_that_two_are_one_machine() -> None:
    shown = "address 2: eth0    inet {}/24 brd 192.0.2.255 scope global eth0\n"
    shown += "address 3: eth1    inet6 2001:db8::7/64 scope global\n"
    printed = f"{MACHINE_ID}\n{BOOT}\nparis\n{shown.format('192.0.2.11')}"
    paris = Machine.found("192.0.2.11:22", printed)
    assert paris.addresses == {"192.0.2.11", "2001:db8::7"}
    assert paris == PARIS
    other = Machine.found("b:22", printed.replace("paris", "lyon"))
    assert not paris.is_(other)
    assert paris.has("2001:db8::7")
    assert paris.has("127.0.1.1")
    assert not PARIS.has("192.0.2.11")


@pytest.mark.parametrize(
    "printed", ["", "uninitialized\nboot\nhost\n", f"{BOOT}\nhost\n", "\n\n\n"]
)
def test_what_says_not_all_of_itself_is_known_by_its_address_only(printed: str) -> None:
    assert Machine.found("a:22", printed) == Machine("a:22")
    assert not Machine.found("a:22", printed).is_(Machine.found("b:22", printed))
