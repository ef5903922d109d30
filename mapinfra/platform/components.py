"""The components of a platform: the central and each remote server, their resources below."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import ComponentResource, Resource, ResourceOptions

from mapinfra.platform import arguments
from mapinfra.resources.types import BrokerOutputs, DesktopClient, MapInstallation, TopologyFlag
from mapinfra.spec import Central, Remote, Spec
from mapinfra.spec.model import CENTRAL


class CentralServer(ComponentResource):
    """The central server, with the MAP server that serves it."""

    def __init__(self, spec: Spec, opts: ResourceOptions | None = None) -> None:
        super().__init__("mapinfra:index:CentralServer", CENTRAL, opts=opts)
        self.map = _map_installation(spec, CENTRAL, spec.central, ResourceOptions(parent=self))
        self.register_outputs({})


class RemoteServer(ComponentResource):
    """A remote server as a MAP server needs it, with that MAP server.

    Its MAP comes after the central's, as the vendor wants it.
    """

    def __init__(
        self,
        name: str,
        spec: Spec,
        remote: Remote,
        central_map: MapInstallation | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("mapinfra:index:RemoteServer", name, opts=opts)
        options = ResourceOptions(parent=self)
        self._pages = {
            str(page): TopologyFlag(
                f"{name}-{page}",
                **arguments.topology_flag(spec, name, page, visibility),
                opts=options,
            )
            for page, visibility in remote.pages.items()
        }
        self._broker: BrokerOutputs | None = None
        after: list[Resource] = [] if central_map is None else [central_map]
        if remote.broker_outputs:
            self._broker = BrokerOutputs(
                name, **arguments.broker_outputs(spec, name, remote), opts=options
            )
            # MAP gets its events from there, so it comes later and goes earlier.
            after.append(self._broker)
        options = ResourceOptions(parent=self, depends_on=after)
        self._map = _map_installation(spec, name, remote, options)
        self.register_outputs({})

    def summary(self, remote: Remote) -> dict[str, Any]:
        """Return what a MAP server's administrator needs to know of a remote.

        It is what its resources have made, which in a run that leaves some of them out isn't what
        the spec wants.
        """
        reached = [flag.server for flag in self._pages.values()]
        reached += [self._broker.remote] if self._broker else []
        if self._map is not None and not reached:
            reached = [self._map.web]
        return {
            "address": reached[-1].apply(_address) if reached else remote.ssh.host,
            "pages": {page: flag.shown.apply(_visibility) for page, flag in self._pages.items()},
            "ports": self._broker.outputs.apply(_ports) if self._broker else {},
        }


def platform(spec: Spec) -> None:
    """Declare everything a spec asks for, and the stack's outputs."""
    central_map = CentralServer(spec).map if spec.central.map_server is not None else None
    remotes = {
        name: RemoteServer(name, spec, remote, central_map).summary(remote)
        for name, remote in spec.remotes.items()
    }
    pulumi.export("remotes", remotes)


def _map_installation(
    spec: Spec, name: str, server: Central | Remote, options: ResourceOptions
) -> MapInstallation | None:
    if server.map_server is None:
        return None
    installation = MapInstallation(
        name, **arguments.map_installation(spec, name, server), opts=options
    )
    client = arguments.desktop_client(spec, name)
    if client is not None:
        # The client comes with the server: what is offered is known once the server is as wanted.
        after = ResourceOptions(parent=options.parent, depends_on=[installation])
        DesktopClient(name, **client, opts=after)
    return installation


def _address(target: Mapping[str, Any]) -> str:
    return str(target["ssh"]["host"])


def _visibility(shown: bool) -> str:
    return "shown" if shown else "hidden"


def _ports(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: int(output["port"]) for name, output in outputs.items()}
