"""The components of a platform: the central and each remote server, their resources below."""

import pulumi
from pulumi import ComponentResource, Resource, ResourceOptions

from mapinfra.platform import inputs
from mapinfra.resources.types import BrokerOutputs, DesktopClient, MapInstallation, TopologyFlag
from mapinfra.spec import Central, Remote, Spec
from mapinfra.spec.model import CENTRAL


class CentralServer(ComponentResource):
    """The central server, with the MAP server that serves it."""

    def __init__(self, spec: Spec) -> None:
        super().__init__("mapinfra:index:CentralServer", CENTRAL)
        self.map = _map_installation(spec, CENTRAL, spec.central, ResourceOptions(parent=self))
        self.register_outputs({})


class RemoteServer(ComponentResource):
    """A remote server as a MAP server needs it, with that MAP server.

    Its MAP comes after the central's, as the vendor wants it.
    """

    def __init__(
        self, name: str, spec: Spec, remote: Remote, central_map: MapInstallation | None
    ) -> None:
        super().__init__("mapinfra:index:RemoteServer", name)
        options = ResourceOptions(parent=self)
        for page, visibility in remote.pages.items():
            wanted = inputs.topology_flag(spec, name, page, visibility)
            TopologyFlag(f"{name}-{page}", wanted, options)
        after: list[Resource] = [] if central_map is None else [central_map]
        if remote.broker_outputs:
            # MAP gets its events from there, so it comes later and goes earlier.
            after.append(BrokerOutputs(name, inputs.broker_outputs(spec, name, remote), options))
        _map_installation(spec, name, remote, ResourceOptions(parent=self, depends_on=after))
        self.register_outputs({})


def platform(spec: Spec) -> None:
    """Declare everything a spec asks for, and the stack's outputs."""
    central_map = CentralServer(spec).map if spec.central.map_server is not None else None
    for name, remote in spec.remotes.items():
        RemoteServer(name, spec, remote, central_map)
    pulumi.export("remotes", {name: _summary(remote) for name, remote in spec.remotes.items()})


def _map_installation(
    spec: Spec, name: str, server: Central | Remote, options: ResourceOptions
) -> MapInstallation | None:
    if server.map_server is None:
        return None
    installation = MapInstallation(name, inputs.map_installation(spec, name, server), options)
    client = inputs.desktop_client(spec, name)
    if client is not None:
        # The client comes with the server: what is offered is known once the server is as wanted.
        after = ResourceOptions(parent=options.parent, depends_on=[installation])
        DesktopClient(name, client, after)
    return installation


def _summary(remote: Remote) -> dict[str, object]:
    """Return what a MAP server's administrator needs to know of a remote."""
    return {
        "address": remote.ssh.host,
        "pages": {str(page): visibility for page, visibility in remote.pages.items()},
        "ports": {name: output.port for name, output in remote.broker_outputs.items()},
    }
