"""The programs of examples/, run with Pulumi's mocks."""

import asyncio
import runpy
import sys
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

EXAMPLES = Path(__file__).parents[2] / "examples"


class Recorded(mocks.Mocks):
    """An engine that makes everything as it is asked for; the resources by their names."""

    def __init__(self) -> None:
        self.inputs: dict[str, dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self.inputs[f"{args.typ}::{args.name}"] = dict(args.inputs)
        made = {"address": f"{args.name}.example.net"} if "size" in args.inputs else {}
        return f"{args.name}-id", {**args.inputs, "served": True, **made}

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(args.token)


def run(name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Recorded, dict[str, Any]]:
    recorded = Recorded()
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    monkeypatch.syspath_prepend(str(EXAMPLES / name))
    monkeypatch.delitem(sys.modules, "machine", raising=False)

    async def program() -> None:
        mocks.set_mocks(recorded, project="example", stack="dev")
        runpy.run_path(str(EXAMPLES / name / "__main__.py"))
        await pulumi.runtime.stack.wait_for_rpcs()
        for key, value in exported.items():
            exported[key] = await pulumi.Output.from_input(value).future()

    asyncio.run(program())
    return recorded, exported


def test_a_machine_s_address_is_where_its_resources_go(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, exported = run("vm_and_map", monkeypatch)
    for name in ("mapinfra:TopologyFlag::paris-images", "mapinfra:BrokerOutputs::paris"):
        (inputs,) = [kept for key, kept in recorded.inputs.items() if key.endswith(name)]
        host = inputs["server"] if "server" in inputs else inputs["remote"]
        assert host["ssh"]["host"] == "paris.example.net"
    assert exported == {"served": True}


def test_a_component_of_ones_own_holds_the_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, exported = run("component", monkeypatch)
    assert exported == {"paris": "paris.example.net:5758", "lyon": "lyon.example.net:5758"}
    names = {key.rpartition("::")[2] for key in recorded.inputs}
    assert names >= {"paris", "paris-images", "lyon", "lyon-images"}
