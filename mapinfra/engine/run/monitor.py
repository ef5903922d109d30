"""What the SDK talks to in place of Pulumi's engine: each registration is done at once."""

from collections.abc import Mapping

from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, resource_pb2

from mapinfra.engine.run.events import Emit, LogEvent, Severity
from mapinfra.engine.run.registrar import Registrar
from mapinfra.engine.run.unsupported import (
    REFUSED_FEATURES,
    Refusals,
    expect_plain,
    expect_supported,
)
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import Properties, from_struct, to_struct

_FEATURES = (resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS, *REFUSED_FEATURES)


_NO_PARENT = Resource("", "", custom=False)


class Monitor(Refusals):
    """The resource monitor, called by the SDK on threads of the loop's executor."""

    def __init__(self, registrar: Registrar, stack: str, project: str) -> None:
        self._registrar = registrar
        self._stack = stack
        self._project = project
        self.stack_urn = ""
        self.stack_outputs: Properties = {}

    def GetDeploymentInfo(self, _request: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Say which features may be used."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def SupportsFeature(  # noqa: N802
        self, request: resource_pb2.SupportsFeatureRequest
    ) -> resource_pb2.SupportsFeatureResponse:
        """Say whether a feature may be used, by its older name."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id == "secrets")

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Bring the resource to its goal; a failure is reported to the program as such."""
        goal = self._goal(request)
        registered = self._registrar.register(goal)
        if not registered.made:
            return resource_pb2.RegisterResourceResponse(
                urn=goal.urn, result=resource_pb2.Result.FAIL
            )
        return resource_pb2.RegisterResourceResponse(
            urn=goal.urn, id=registered.id, object=to_struct(registered.outputs)
        )

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Record the outputs of a component or of the stack."""
        found = expect_plain(from_struct(request.outputs), request.urn)
        if urns.types(request.urn) == urns.STACK_TYPE:
            # Taken over by the run, once the program has come to its end.
            self.stack_urn, self.stack_outputs = request.urn, found
        else:
            self._registrar.outputs(request.urn, found)
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, _request: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802
        """Let the program end when it likes."""
        return empty_pb2.Empty()

    def _goal(self, request: resource_pb2.RegisterResourceRequest) -> Resource:
        urn = urns.make(self._stack, self._project, request.parent, request.type, request.name)
        expect_supported(request, urn)
        # Two options that a resource doesn't say itself it has from its parent.
        parent = self._registrar.goals.get(request.parent, _NO_PARENT)
        return Resource(
            urn=urn,
            type=request.type,
            custom=request.custom,
            inputs=expect_plain(from_struct(request.object), urn),
            parent=request.parent,
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies={
                key: tuple(sorted(found.urns))
                for key, found in sorted(request.propertyDependencies.items())
            },
            protect=request.protect if request.HasField("protect") else parent.protect,
            retain_on_delete=request.retainOnDelete
            if request.HasField("retainOnDelete")
            else parent.retain_on_delete,
            ignore_changes=tuple(request.ignoreChanges),
        )


_SEVERITIES: Mapping[int, Severity] = {
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}


class EngineLog:
    """Takes the program's log lines."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:  # noqa: N802
        """Pass a line on. One that is called an error makes no run fail, as in Pulumi."""
        severity = _SEVERITIES.get(request.severity)
        if severity is not None:
            self._emit(LogEvent(severity, " ".join(request.message.split()), request.urn))
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, _request: object) -> empty_pb2.Empty:  # noqa: N802
        """Let any version be required: the SDK in use is the engine's other half."""
        return empty_pb2.Empty()
