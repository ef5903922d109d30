"""Arguments as a resource's inputs: JSON values, only what isn't a default, no secret.

Arguments that are known are checked and brought into one form, so that a state doesn't tell how a
program has written them. While one of them isn't known yet they stay as they were given. Inputs are
arguments again: what the provider gets is checked, and brought into that form, once it is known.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from mapinfra.centreon.broker.outputs import Output
from mapinfra.resources.arguments import (
    BrokerOutputsModel,
    DesktopClientModel,
    MapInstallationModel,
    TopologyFlagModel,
    checked,
    is_open,
)
from mapinfra.spec.model import BrokerOutput

_PLACES = ("map", "web", "api")
_SELDOM = {"removal", "drop_database"}
"""Arguments of a MapInstallation that stand in its inputs only where they aren't the default."""


def topology_flag(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a TopologyFlag; raise ArgumentError."""
    given = _given(TopologyFlagModel, arguments)
    made = checked(TopologyFlagModel, resource, given)
    if made is None:
        return given
    return {"server": plain(made.server), "page": str(made.page), "shown": made.shown}


def broker_outputs(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a BrokerOutputs; raise ArgumentError."""
    given = _given(BrokerOutputsModel, arguments)
    outputs = given.get("outputs")
    if not isinstance(outputs, Mapping):  # not known yet, or refused
        checked(BrokerOutputsModel, resource, given)
        return given
    taken: dict[str, Any] = arguments.get("take_over", {})
    outputs = {
        name: {**one, "take_over": taken[name]} if name in taken else one
        for name, one in outputs.items()
    }
    made = checked(BrokerOutputsModel, resource, given | {"outputs": outputs})
    known = {
        name: BrokerOutput.model_validate(one) for name, one in outputs.items() if not is_open(one)
    }
    values = {name: output(name, one).values() for name, one in known.items()}
    inputs = given | {"outputs": outputs | values}
    if taken := {name: one.take_over for name, one in known.items() if one.take_over}:
        inputs["take_over"] = taken
    if made is not None:
        inputs |= {name: plain(getattr(made, name)) for name in ("central", "remote", "api")}
    return inputs


def map_installation(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a MapInstallation; raise ArgumentError."""
    given = _given(MapInstallationModel, arguments)
    made = checked(MapInstallationModel, resource, given)
    if made is None:
        return {"settings": {}, "backup": {}, **given}
    others = {*_PLACES, "address", "install", "desktop_client", *_SELDOM}
    return {
        **made.model_dump(mode="json", exclude_none=True, exclude=others),
        **made.model_dump(mode="json", exclude_defaults=True, include={"address", *_SELDOM}),
        **{name: plain(getattr(made, name)) for name in _PLACES},
        **({} if made.install is None else {"install": plain(made.install)}),
    }


def desktop_client(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a DesktopClient; raise ArgumentError."""
    given = _given(DesktopClientModel, arguments)
    made = checked(DesktopClientModel, resource, given)
    return given if made is None else given | {"map": plain(made.map)}


def _given(model: type[BaseModel], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments among a resource's inputs that aren't left to the default."""
    return {
        name: value
        for name, value in arguments.items()
        if value is not None and name in model.model_fields
    }


def plain(model: BaseModel) -> dict[str, Any]:
    """Return a part of a spec, or of arguments, as JSON values: only what isn't a default."""
    return model.model_dump(mode="json", exclude_defaults=True)


def output(name: str, wanted: BrokerOutput) -> Output:
    """Return an output as Centreon keeps it: every value is text."""
    own = wanted.model_dump(exclude={"take_over"})
    categories = tuple(sorted(own.pop("categories")))
    texts = {key: str(value) for key, value in own.items()}
    return Output(name=name, categories=categories, **texts)
