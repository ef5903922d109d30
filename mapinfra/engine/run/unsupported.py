"""What a program may use and only the Pulumi CLI does: each is refused by the program's word."""

from collections.abc import Mapping
from typing import NoReturn

from google.protobuf import empty_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import resource_pb2

from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.values import Properties, special
from mapinfra.errors import MapinfraError

_SUPPORTED_FIELDS = frozenset(
    {
        "type", "name", "parent", "custom", "object", "dependencies", "propertyDependencies",
        "acceptSecrets", "acceptResources", "supportsPartialValues", "supportsResultReporting",
        "aliasSpecs", "sourcePosition", "stackTrace", "accepts_byte_string",
        "parentStackTraceHandle", "aliases", "aliasURNs", "protect", "retainOnDelete",
        "deletedWith", "ignoreChanges", "replaceOnChanges", "deleteBeforeReplace",
        "deleteBeforeReplaceDefined",
    }
)  # fmt: skip

_OPTIONS: Mapping[str, str] = {
    "importId": "import_", "customTimeouts": "custom_timeouts", "hideDiffs": "hide_diffs",
    "additionalSecretOutputs": "additional_secret_outputs", "envVarMappings": "env_var_mappings",
    "pluginDownloadURL": "plugin_download_url",
}  # fmt: skip
"""Options of pulumi.ResourceOptions whose fields on the wire are spelled otherwise."""

REFUSED_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS,
)
"""Announced all the same: else the SDK itself refuses, and asks for a newer Pulumi CLI."""

_STACK_REFERENCE = "pulumi:pulumi:StackReference"
_GET_RESOURCE = "pulumi:pulumi:getResource"


def unsupported(what: str, where: str = "the program") -> MapinfraError:
    """Return the refusal of something that `where`, a resource or the program, uses."""
    return MapinfraError(
        f"uses {what}, which isn't supported in process",
        where=where,
        remedy="leave it out, or use the Pulumi CLI for this stack",
    )


def expect_supported(request: resource_pb2.RegisterResourceRequest, urn: str) -> None:
    """Raise MapinfraError when a registration asks for something that isn't done in process."""
    where = urns.label(urn)
    if request.remote:
        raise unsupported(f"the remote component {request.type}", where)
    options = sorted(_OPTIONS.get(one, one) for one in _used(request) - _SUPPORTED_FIELDS)
    if options:
        raise unsupported(f"the option {options[0]}", where)
    if request.custom and not request.type.startswith("pulumi-python:dynamic"):
        raise unsupported(f"the type {request.type}", where)


def _used(request: resource_pb2.RegisterResourceRequest) -> set[str]:
    """Name the fields that say something; the SDK sends some messages empty."""
    return {
        descriptor.name
        for descriptor, value in request.ListFields()
        if not isinstance(value, Message) or value.ByteSize()
    }


def expect_plain(found: Properties, urn: str) -> Properties:
    """Return the values; raise MapinfraError when one is an asset or an archive."""
    for key, value in found.items():
        kind = special(value)
        if kind:
            raise unsupported(f"{kind} in {key}", urns.label(urn))
    return found


class Refusals:
    """The SDK's requests that no in-process run does."""

    def RegisterResourceHook(self, _request: Message) -> empty_pb2.Empty:  # noqa: N802
        """Take note of nothing: the option `hooks` of a resource is what is refused."""
        return empty_pb2.Empty()

    RegisterErrorHook = RegisterResourceHook

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> NoReturn:  # noqa: N802
        """Refuse reading what no program of this stack has made."""
        where = f"{request.name} ({urns.short_type(request.type)})"
        if request.type == _STACK_REFERENCE:
            raise unsupported("StackReference", where)
        raise unsupported("the option id, to read what is there already", where)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> NoReturn:  # noqa: N802
        """Refuse functions of providers."""
        if request.tok == _GET_RESOURCE:
            urn = request.args.fields["urn"].string_value
            raise unsupported("the option urn", urns.label(urn))
        raise unsupported(f"invoke of the function {request.tok}")

    def Call(self, request: resource_pb2.ResourceCallRequest) -> NoReturn:  # noqa: N802
        """Refuse methods of resources."""
        raise unsupported(f"call of the method {request.tok}")

    def ExistsResource(self, request: resource_pb2.ExistsResourceRequest) -> NoReturn:  # noqa: N802
        """Refuse asking a provider whether something is there."""
        raise unsupported(f"the question whether a {urns.short_type(request.type)} exists")

    def RegisterPackage(self, request: resource_pb2.RegisterPackageRequest) -> NoReturn:  # noqa: N802
        """Refuse packages that a provider makes out of parameters."""
        made = request.parameterization.name or request.extension.name
        raise unsupported(f"the parameterized package {made} of {request.name}")

    def RegisterStackTransform(self, _request: Message) -> NoReturn:  # noqa: N802
        """Refuse transforms of every resource."""
        raise unsupported("register_resource_transform")

    def RegisterStackInvokeTransform(self, _request: Message) -> NoReturn:  # noqa: N802
        """Refuse transforms of every invoke."""
        raise unsupported("register_invoke_transform")
