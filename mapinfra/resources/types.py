"""The resources as a Pulumi program declares them."""

from typing import Any

import pulumi
from pulumi import Output, ResourceOptions
from pulumi.dynamic import Resource

from mapinfra.resources.adapter import KindProvider
from mapinfra.resources.broker_outputs import BrokerOutputsKind
from mapinfra.resources.desktop_client import DesktopClientKind
from mapinfra.resources.map_installation import MapInstallationKind
from mapinfra.resources.topology_flag import TopologyFlagKind


class TopologyFlagProvider(KindProvider):
    """Pulumi's provider of TopologyFlag."""

    kind = TopologyFlagKind()


class BrokerOutputsProvider(KindProvider):
    """Pulumi's provider of BrokerOutputs."""

    kind = BrokerOutputsKind()


class MapInstallationProvider(KindProvider):
    """Pulumi's provider of MapInstallation."""

    kind = MapInstallationKind()


class DesktopClientProvider(KindProvider):
    """Pulumi's provider of DesktopClient."""

    kind = DesktopClientKind()


class TopologyFlag(Resource, module="mapinfra", name="TopologyFlag"):
    """A page of a server's Centreon menu, shown or hidden."""

    server: Output[dict[str, Any]]
    shown: Output[bool]

    def __init__(self, name: str, inputs: dict[str, Any], opts: ResourceOptions) -> None:
        super().__init__(TopologyFlagProvider(_stack()), name, inputs, opts)


class BrokerOutputs(Resource, module="mapinfra", name="BrokerOutputs"):
    """The outputs that mapinfra owns in one broker configuration, deployed and served."""

    remote: Output[dict[str, Any]]
    outputs: Output[dict[str, dict[str, Any]]]
    """By name, each value as Centreon keeps it: text."""

    def __init__(self, name: str, inputs: dict[str, Any], opts: ResourceOptions) -> None:
        super().__init__(BrokerOutputsProvider(_stack()), name, inputs, opts)


class MapInstallation(Resource, module="mapinfra", name="MapInstallation"):
    """One MAP server and the web client of the central or remote that it serves."""

    web: Output[dict[str, Any]]

    def __init__(self, name: str, inputs: dict[str, Any], opts: ResourceOptions) -> None:
        super().__init__(MapInstallationProvider(_stack()), name, inputs, opts)


class DesktopClient(Resource, module="mapinfra", name="DesktopClient"):
    """What users of a legacy MAP server get as their desktop client, and a mirror of it."""

    def __init__(self, name: str, inputs: dict[str, Any], opts: ResourceOptions) -> None:
        super().__init__(DesktopClientProvider(_stack()), name, inputs, opts)


def _stack() -> str:
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"
