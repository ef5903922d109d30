"""Stands for the machines of your provider: aws.ec2.Instance, openstack.compute.Instance, …"""

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class _MachineProvider(ResourceProvider):
    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["name"], {**props, "address": f"{props['name']}.example.net"})


class Machine(Resource):
    """A machine, and the address that it got."""

    address: pulumi.Output[str]

    def __init__(self, name: str, *, size: str) -> None:
        super().__init__(_MachineProvider(), name, {"name": name, "size": size, "address": None})
