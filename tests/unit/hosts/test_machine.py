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


@pytest.mark.parametrize(
    "printed", ["", "uninitialized\nboot\nhost\n", f"{BOOT}\nhost\n", "\n\n\n"]
)
def test_what_says_not_all_of_itself_is_known_by_its_address_only(printed: str) -> None:
    assert Machine.found("a:22", printed) == Machine("a:22")
    assert not Machine.found("a:22", printed).is_(Machine.found("b:22", printed))
