"""Which tests run: all but the longest, or with --endurance all. And what a run leaves: no lab."""

import pickle
import re
import signal
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from lab import Lab
from tests import keys
from tests.ending import end_for_certain


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--endurance",
        action="store_true",
        help="run the longest tests, too: leases, reboots, kills",
    )


def pytest_configure() -> None:
    """No example of a property test is timed: the machine may be busy.

    SIGTERM ends a run as an interrupt does, in each of its processes: with its teardown.
    """
    settings.register_profile("untimed", settings(), deadline=None)
    settings.load_profile("untimed")
    signal.signal(signal.SIGTERM, _end_run)
    end_for_certain()
    keys.share()


def pytest_unconfigure() -> None:
    """Remove the labs of processes that had no time to do it themselves."""
    remove_labs_of_dead_runs()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--endurance"):
        return
    skip = pytest.mark.skip(reason="one of the longest: ./dev test --endurance")
    for item in items:
        if item.get_closest_marker("endurance"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def pickler_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK wraps it for each dynamic resource of whatever tests declare; see resources/types."""
    pickler: Any = pickle._Pickler
    monkeypatch.setattr(pickler, "_batch_setitems", pickler._batch_setitems)


def remove_labs_of_dead_runs() -> None:
    for name in Lab.names():
        run = re.fullmatch(r"test-(\d+)(-.*)?", name)
        if run and not Path("/proc", run[1]).exists():
            Lab.remove(name)


def _end_run(_number: int, _frame: FrameType | None) -> NoReturn:
    pytest.exit("ended by SIGTERM", returncode=128 + signal.SIGTERM)
