"""The components of a platform: one for each remote server, its resources below it."""

import pulumi
from pulumi import ComponentResource, ResourceOptions

from mapinfra.platform import inputs
from mapinfra.resources.types import BrokerOutputs, TopologyFlag
from mapinfra.spec import Remote, Spec


class RemoteServer(ComponentResource):
    """A remote server as a MAP server needs it."""

    def __init__(self, name: str, spec: Spec, remote: Remote) -> None:
        super().__init__("mapinfra:index:RemoteServer", name)
        options = ResourceOptions(parent=self)
        for page, visibility in remote.pages.items():
            wanted = inputs.topology_flag(spec, name, page, visibility)
            TopologyFlag(f"{name}-{page}", wanted, options)
        if remote.broker_outputs:
            BrokerOutputs(name, inputs.broker_outputs(spec, name, remote), options)
        self.register_outputs({})


def platform(spec: Spec) -> None:
    """Declare everything a spec asks for, and the stack's outputs."""
    for name, remote in spec.remotes.items():
        RemoteServer(name, spec, remote)
    pulumi.export("remotes", {name: _summary(remote) for name, remote in spec.remotes.items()})


def _summary(remote: Remote) -> dict[str, object]:
    """Return what a MAP server's administrator needs to know of a remote."""
    return {
        "address": remote.ssh.host,
        "pages": {str(page): visibility for page, visibility in remote.pages.items()},
        "ports": {name: output.port for name, output in remote.broker_outputs.items()},
    }
