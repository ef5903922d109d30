"""The demo's stories, told to their end as a user would see them."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from lab import Lab
from tests.lab.project import CHECKOUT


@pytest.fixture(scope="module")
def told(lab: Lab) -> Iterator[dict[str, str]]:
    """What each story prints. Their lab has a name of its own, which may be taken."""
    if "demo" in Lab.names():
        pytest.skip("the lab `demo` is up, and somebody may be playing on it: ./dev lab down")
    environment = {**os.environ, "COLUMNS": "160"}
    stories: dict[str, str] = {}
    try:
        for story in ("remotes", "map"):
            done = subprocess.run(
                [CHECKOUT / ".venv/bin/python", "-m", "lab.demo", story],
                cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done
            stories[story] = done.stdout
        yield stories
    finally:
        if "demo" in Lab.names():
            Lab.remove("demo")


def test_remotes_are_set_up_left_alone_and_repaired(told: dict[str, str]) -> None:
    story = told["remotes"]
    heads = [line for line in story.splitlines() if line.startswith("demo: ")]
    made, nothing, seen, repaired = (head.partition(" in ")[0] for head in heads[1:])
    assert heads[0] == "demo: 4 to create"
    assert (made, nothing) == ("demo: 4 created", "demo: 4 unchanged")
    assert (seen, repaired) == (
        "demo: 2 to update, 2 unchanged",
        "demo: 2 updated, 2 unchanged",
    )


def test_map_is_updated_after_a_power_failure_has_taken_it_back(told: dict[str, str]) -> None:
    story = told["map"]
    assert "the connection was lost" in story
    shown = [line.split() for line in story.splitlines() if line.startswith(" 2")]
    old = ["22.10.1", "active", "2210", "5", "-Xmx6G", "22.10.1"]
    new = ["23.10.3", "active", "2310", "5", "-Xmx6G", "23.10.3"]
    assert shown == [old, old, new]
    assert "demo-map: 1 unchanged" in story
    assert story.count(" whole ") == 2
