"""Which tests run: all but the longest, or with --endurance all."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--endurance",
        action="store_true",
        help="run the longest tests, too: leases, reboots, kills",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--endurance"):
        return
    skip = pytest.mark.skip(reason="one of the longest: ./dev test --endurance")
    for item in items:
        if item.get_closest_marker("endurance"):
            item.add_marker(skip)
