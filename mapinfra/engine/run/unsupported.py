"""What only the Pulumi CLI does for a program: each is refused by its name."""

from collections.abc import Callable
from typing import Any, NoReturn

import pulumi
from google.protobuf import empty_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import resource_pb2

from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.values import Properties, contains_asset, is_plain_key
from mapinfra.errors import MapinfraError

_SUPPORTED_FIELDS = frozenset(
    {
        "type", "name", "parent", "custom", "object", "dependencies", "propertyDependencies",
        "acceptSecrets", "acceptResources", "supportsPartialValues", "supportsResultReporting",
        "aliasSpecs", "sourcePosition", "stackTrace", "accepts_byte_string",
        "parentStackTraceHandle", "protect", "retainOnDelete", "ignoreChanges",
    }
)  # fmt: skip

REFUSED_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
)
"""Announced all the same: else the SDK itself refuses them, and asks for a newer Pulumi CLI."""


def unsupported(what: str, where: str = "the program") -> MapinfraError:
    """Return the refusal of something that `where`, a resource or the program, uses."""
    return MapinfraError(
        f"uses {what}, which isn't supported in process",
        where=where,
        remedy="remove it, or use the Pulumi CLI for this stack",
    )


def expect_supported(request: resource_pb2.RegisterResourceRequest, urn: str) -> None:
    """Raise MapinfraError when a registration asks for something that isn't done in process."""
    where = urns.label(urn)
    if request.remote:
        raise unsupported(f"the remote component {request.type}", where)
    options = sorted(map(_option, _used(request) - _SUPPORTED_FIELDS))
    if options:
        raise unsupported(f"the option {options[0]}", where)
    for path in request.ignoreChanges:
        if not is_plain_key(path):
            raise unsupported(f"the property path {path} in ignore_changes", where)
    if request.custom and not request.type.startswith("pulumi-python:dynamic"):
        raise unsupported(f"the type {request.type}", where)


def _used(request: resource_pb2.RegisterResourceRequest) -> set[str]:
    """Name the fields that say something; the SDK sends some messages empty."""
    return {
        descriptor.name
        for descriptor, value in request.ListFields()
        if not isinstance(value, Message) or value.ByteSize()
    }


def _option(field: str) -> str:
    """Return the option of a resource that is sent in this field, as the program spells it."""
    known = vars(pulumi.ResourceOptions())
    return next((one for one in known if field.lower().startswith(one.replace("_", ""))), field)


def expect_plain(found: Properties, urn: str) -> Properties:
    """Return the values; raise MapinfraError when one is an asset or an archive."""
    for key, value in found.items():
        if contains_asset(value):
            raise unsupported(f"an asset or archive in {key}", urns.label(urn))
    return found


def _refusing(name: Callable[[Any], str]) -> Callable[[Any, Message], NoReturn]:
    def refuse(_monitor: Any, request: Message) -> NoReturn:
        raise unsupported(name(request))

    return refuse


class Refusals:
    """The SDK's requests that aren't served in process."""

    def RegisterResourceHook(self, _request: Message) -> empty_pb2.Empty:  # noqa: N802
        """Take note of nothing: the option `hooks` of a resource is what is refused."""
        return empty_pb2.Empty()

    RegisterErrorHook = RegisterResourceHook
    ReadResource = _refusing(lambda one: f"the existing resource {one.name} of type {one.type}")
    ExistsResource = _refusing(lambda one: f"the existing resource {one.id} of type {one.type}")
    Invoke = _refusing(lambda one: f"the function {one.tok}")
    Call = _refusing(lambda one: f"the method {one.tok}")
    RegisterPackage = _refusing(lambda one: f"the parameterized package of {one.name}")
    RegisterStackTransform = _refusing(lambda _: "register_resource_transform")
    RegisterStackInvokeTransform = _refusing(lambda _: "register_invoke_transform")
