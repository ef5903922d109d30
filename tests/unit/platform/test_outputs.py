"""The stack's outputs: what its resources have made, not what the spec wishes."""

import asyncio
import pickle
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from mapinfra.engine.run.registrar import _known
from mapinfra.engine.state.values import UNKNOWN
from mapinfra.platform import platform
from mapinfra.spec import Spec, load
from tests.unit.platform.test_inputs import SPEC, _spec

WITH_MAP = (
    SPEC
    + """\
  nice:
    ssh: {host: nice.example.net}
    database: {user: m, password: {file: pw}}
    api: {url: "https://nice.example.net/centreon/", user: admin, password: {env: P}}
    map_server: {ssh: {host: map-nice}}
map: {edition: engine, version: 22.10.5}
"""
)
"""A remote that has nothing but a MAP server."""
WISHED = {
    "paris": {
        "address": "paris.example.net",
        "pages": {"Images": "shown", "50103": "hidden"},
        "ports": {"Centreon-Map": 5758},
    },
    "lyon": {"address": "lyon", "pages": {}, "ports": {"Centreon-Map": 5758}},
}


class State(mocks.Mocks):
    """An engine whose resources are as the program wants them, but for those in `left`."""

    def __init__(self, left: dict[str, dict[str, Any]]) -> None:
        self._left = left

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **self._left.get(args.name, {})}

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(args.token)


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def exported(left: dict[str, dict[str, Any]], spec: Spec | None = None) -> Any:
        found: list[pulumi.Output[Any]] = []
        monkeypatch.setattr(
            pulumi, "export", lambda _, value: found.append(pulumi.Output.from_input(value))
        )

        async def run() -> Any:
            mocks.set_mocks(State(left))
            platform(spec or _spec(tmp_path))
            return await found[0].future()

        return asyncio.run(run())

    return exported


def test_outputs_are_those_of_the_resources(exported: Any) -> None:
    assert exported({}) == WISHED


def test_declaring_a_resource_leaves_nothing_that_a_thousand_would_pile_up(exported: Any) -> None:
    """Pulumi's SDK wraps that method once more for each dynamic resource."""
    before = pickle._Pickler._batch_setitems  # type: ignore[attr-defined]
    exported({})
    assert pickle._Pickler._batch_setitems is before  # type: ignore[attr-defined]


def test_what_a_run_left_out_is_told_as_it_is(exported: Any) -> None:
    left = {
        "paris": {
            "outputs": {"Centreon-Map": {"port": "5760"}},
            "remote": {"name": "paris", "ssh": {"host": "old.example.net"}},
        },
        "paris-Images": {"shown": False},
    }
    told = exported(left)
    assert told["lyon"] == WISHED["lyon"]
    assert told["paris"] == {
        "address": "old.example.net",
        "pages": {"Images": "hidden", "50103": "hidden"},
        "ports": {"Centreon-Map": 5760},
    }


def test_a_remote_with_a_map_server_alone_is_where_that_has_reached_it(
    exported: Any, tmp_path: Path
) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(WITH_MAP)
    left = {"nice": {"web": {"name": "nice", "ssh": {"host": "old.example.net"}}}}
    assert exported(left, load(path))["nice"]["address"] == "old.example.net"


def test_what_is_unknown_keeps_its_old_value_and_what_never_was_stays_out() -> None:
    found = {
        "paris": {"address": "a", "pages": {"Images": UNKNOWN}, "ports": UNKNOWN},
        "lyon": {"address": UNKNOWN, "pages": {"Images": UNKNOWN}, "ports": UNKNOWN},
        "rome": {"address": "r", "pages": {}, "ports": {}},
    }
    before = {"paris": {"address": "b", "pages": {"Images": "hidden"}, "ports": {"x": 1}}}
    assert _known({"remotes": found}, {"remotes": before}) == {
        "remotes": {
            "paris": {"address": "a", "pages": {"Images": "hidden"}, "ports": {"x": 1}},
            "rome": {"address": "r", "pages": {}, "ports": {}},
        }
    }
