"""Parts of a spec as a resource's inputs: JSON values, only what isn't a default, no secret."""

from typing import Any

from pydantic import BaseModel

from mapinfra.centreon.broker import Output
from mapinfra.centreon.editions import LEGACY
from mapinfra.errors import SpecError
from mapinfra.spec import BrokerOutput, Central, Remote, Spec
from mapinfra.spec.model import CENTRAL

_SELDOM = ("removal", "drop_database")
"""Keys that stand in the inputs only where the spec has them."""


def topology_flag(spec: Spec, remote: str, page: str | int, visibility: str) -> dict[str, Any]:
    """Return the inputs of a TopologyFlag."""
    return {
        "server": _plain(spec.remote_target(remote)),
        "page": str(page),
        "shown": visibility == "shown",
    }


def broker_outputs(spec: Spec, name: str, remote: Remote) -> dict[str, Any]:
    """Return the inputs of a BrokerOutputs."""
    inputs = {
        "central": _plain(spec.central_target),
        "remote": _plain(spec.remote_target(name)),
        "api": _plain(spec.central.api),
        "poller": remote.poller,
        "outputs": {
            name: output(name, wanted).values() for name, wanted in remote.broker_outputs.items()
        },
    }
    taken = {name: o.take_over for name, o in remote.broker_outputs.items() if o.take_over}
    if taken:
        inputs["take_over"] = taken
    if remote.broker_configuration is not None:
        inputs["configuration"] = remote.broker_configuration
    return inputs


def map_installation(spec: Spec, name: str, server: Central | Remote) -> dict[str, Any]:
    """Return the inputs of the MapInstallation of the central or of a remote.

    Raises SpecError for what the loader refuses, too.
    """
    target = spec.map_target(name)
    if spec.map is None or target is None or server.map_server is None or server.api is None:
        raise SpecError([f"{name}: map_server needs the block map, and the server's api"])
    web = spec.central_target if name == CENTRAL else spec.remote_target(name)
    others = {*_SELDOM, "desktop_client"}
    given = spec.map.model_dump(mode="json", exclude_none=True, exclude=others)
    seldom = spec.map.model_dump(mode="json", exclude_defaults=True, include=set(_SELDOM))
    inputs = {
        **given,
        **seldom,
        "map": _plain(target),
        "web": _plain(web),
        "api": _plain(server.api),
    }
    if server.map_server.address is not None:
        inputs["address"] = server.map_server.address
    if server.map_server.install is not None:
        inputs["install"] = _plain(server.map_server.install)
    return inputs


def desktop_client(spec: Spec, name: str) -> dict[str, Any] | None:
    """Return the inputs of the DesktopClient of a MAP server; None for an edition without one."""
    target = spec.map_target(name)
    if spec.map is None or target is None or spec.map.edition != LEGACY.name:
        return None
    inputs: dict[str, Any] = {"map": _plain(target), "version": spec.map.version}
    if spec.map.desktop_client is not None:
        inputs["mirror"] = spec.map.desktop_client.mirror
    return inputs


def output(name: str, wanted: BrokerOutput) -> Output:
    """Return an output of the spec as Centreon keeps it: every value is text."""
    values = wanted.model_dump(exclude={"take_over"})
    categories = tuple(sorted(values.pop("categories")))
    return Output(
        name=name, **{key: str(value) for key, value in values.items()}, categories=categories
    )


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=True)
