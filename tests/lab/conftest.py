"""A lab for the tests in here: made once per run, gone at its end however the run ends."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Lab, LabError, LabUnavailableError, requirements
from lab.layers import Tell
from tests.conftest import remove_labs_of_dead_runs
from tests.lab.project import Project, reset


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a lab where none is possible, with the reason said once per file."""
    try:
        requirements.check()
    except LabUnavailableError as error:
        if not _lab_is_required():
            for item in items:
                if "lab" in getattr(item, "fixturenames", ()):
                    item.add_marker(pytest.mark.skip(str(error)))


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab of this run's own; a test that spoils a host resets it.

    Without a possible lab the test is skipped; where one is required (CI, or
    MAPINFRA_REQUIRE_LAB=1) it fails.
    """
    remove_labs_of_dead_runs()
    name = f"test-{os.getpid()}"
    try:
        yield _up_or_skip(name, _teller(request.config))
    finally:
        if name in Lab.names():
            Lab.remove(name)


@pytest.fixture
def project(lab: Lab, tmp_path: Path) -> Project:
    """A new project, on hosts as fresh as an installation."""
    reset(lab)
    return Project.make(lab, tmp_path)


@pytest.fixture(scope="module")
def untouched(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project on fresh hosts that no test applies: each finds out what is refused before."""
    reset(lab)
    return Project.make(lab, tmp_path_factory.mktemp("untouched"))


@pytest.fixture(scope="module")
def converged(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose hosts are as its spec says; tests that use it leave it so."""
    reset(lab)
    project = Project.make(lab, tmp_path_factory.mktemp("converged"))
    project.up()
    return project


def _up_or_skip(name: str, tell: Tell) -> Lab:
    try:
        return Lab.up(name, tell)
    except LabError as error:
        problem = error
    if isinstance(problem, LabUnavailableError) and not _lab_is_required():
        pytest.skip(str(problem))
    pytest.fail(str(problem), pytrace=False)


def _lab_is_required() -> bool:
    return os.environ.get("CI") == "true" or os.environ.get("MAPINFRA_REQUIRE_LAB") == "1"


def _teller(config: pytest.Config) -> Tell:
    """Lines between pytest's own, so that making the base system isn't half a minute's silence."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")

    def tell(text: str) -> None:
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"lab: {text}")

    return tell
