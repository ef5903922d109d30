"""Unit tests with Pulumi's mocks: no host, no state, no Pulumi CLI. Run them with pytest."""

import asyncio
from typing import Any

import pulumi
import pytest
from platform_of import outputs_for
from pulumi.runtime import mocks

import mapinfra


class Engine(mocks.Mocks):
    """An engine that makes every resource as the program wants it."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None


@pytest.fixture(autouse=True)
def _engine() -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(Engine(), project="maps", stack="test")


@pulumi.runtime.test  # type: ignore[untyped-decorator]
def test_each_map_server_has_a_port_of_its_own() -> pulumi.Output[None]:
    def check(made: Any) -> None:
        ports = {name: output["port"] for name, output in made.items()}
        assert ports == {"Centreon-Map-a": "5758", "Centreon-Map-b": "5759"}

    broker = outputs_for("paris", "10.0.0.2", ports={"a": 5758, "b": 5759})
    return broker.outputs.apply(check)


def test_a_port_that_is_none_is_refused_where_it_is_written() -> None:
    with pytest.raises(mapinfra.ArgumentError, match=r"outputs\.Centreon-Map-a\.port: 70000"):
        outputs_for("paris", "10.0.0.2", ports={"a": 70000})
