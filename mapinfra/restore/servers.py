"""The MAP servers of a spec, by the names that it gives them."""

from collections.abc import Sequence
from dataclasses import dataclass

from mapinfra.errors import MapinfraError
from mapinfra.hosts import Target
from mapinfra.platform import arguments
from mapinfra.resources import inputs
from mapinfra.resources.map.kind import MapInstallationKind
from mapinfra.resources.map.model import DesiredMap
from mapinfra.spec import Central, Remote, Spec
from mapinfra.spec.model import CENTRAL


@dataclass(frozen=True)
class RestorableServer:
    """One MAP server, as the spec wants it."""

    desired: DesiredMap

    @property
    def name(self) -> str:
        """What errors and steps call its host: `central/map`, or the remote that it is on."""
        return self.desired.map.name

    @property
    def target(self) -> Target:
        """Its host."""
        return self.desired.map

    @property
    def web(self) -> str:
        """The central or remote that it serves."""
        return self.desired.web.name


def servers_of(spec: Spec) -> tuple[RestorableServer, ...]:
    """Return the MAP servers of a spec, the central's first."""
    hosts: dict[str, Central | Remote] = {CENTRAL: spec.central, **spec.remotes}
    return tuple(
        RestorableServer(MapInstallationKind().desired(wanted))
        for name, host in hosts.items()
        if host.map_server is not None
        for given in (arguments.map_installation(spec, name, host),)
        for wanted in (inputs.map_installation(name, given),)
    )


def server_named(servers: Sequence[RestorableServer], name: str) -> RestorableServer:
    """Return the server of that name; raise MapinfraError, naming those there are."""
    for server in servers:
        if server.name == name:
            return server
    names = ", ".join(server.name for server in servers)
    raise MapinfraError(
        f"the spec has no MAP server of that name{f'; it has {names}' if names else ''}", where=name
    )
