"""Parts of a spec as the arguments of resources: plain values, no secret."""

from typing import Any

from mapinfra.centreon.releases.editions import LEGACY
from mapinfra.errors import SpecError
from mapinfra.resources.inputs import plain
from mapinfra.spec import Central, Remote, Spec
from mapinfra.spec.model import CENTRAL


def topology_flag(spec: Spec, remote: str, page: str | int, visibility: str) -> dict[str, Any]:
    """Return the arguments of a TopologyFlag."""
    return {
        "server": plain(spec.remote_target(remote)),
        "page": page,
        "shown": visibility == "shown",
    }


def broker_outputs(spec: Spec, name: str, remote: Remote) -> dict[str, Any]:
    """Return the arguments of a BrokerOutputs."""
    return {
        "central": plain(spec.central_target),
        "remote": plain(spec.remote_target(name)),
        "api": plain(spec.central.api),
        "poller": remote.poller,
        "outputs": {output: plain(wanted) for output, wanted in remote.broker_outputs.items()},
        "configuration": remote.broker_configuration,
    }


def map_installation(spec: Spec, name: str, server: Central | Remote) -> dict[str, Any]:
    """Return the arguments of the MapInstallation of the central or of a remote.

    Raises SpecError for what the loader refuses, too.
    """
    target = spec.map_target(name)
    if spec.map is None or target is None or server.map_server is None or server.api is None:
        raise SpecError([f"{name}: map_server needs the block map, and the server's api"])
    web = spec.central_target if name == CENTRAL else spec.remote_target(name)
    install = server.map_server.install
    return {
        **spec.map.model_dump(mode="json", exclude_none=True, exclude={"desktop_client"}),
        "map": plain(target),
        "web": plain(web),
        "api": plain(server.api),
        "address": server.map_server.address,
        "install": None if install is None else plain(install),
    }


def desktop_client(spec: Spec, name: str) -> dict[str, Any] | None:
    """Return the arguments of a MAP server's DesktopClient; None for an edition without one."""
    target = spec.map_target(name)
    if spec.map is None or target is None or spec.map.edition != LEGACY.name:
        return None
    inputs: dict[str, Any] = {"map": plain(target), "version": spec.map.version}
    if spec.map.desktop_client is not None:
        inputs["mirror"] = spec.map.desktop_client.mirror
    return inputs
