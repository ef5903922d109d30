"""What the SDK talks to in place of Pulumi's engine: registrations become steps at once."""

from collections.abc import Mapping

from google.protobuf import empty_pb2
from pulumi.runtime.proto import alias_pb2, engine_pb2, resource_pb2

from mapinfra.engine.run.aliases import Alias
from mapinfra.engine.run.events import Emit, LogEvent, Severity
from mapinfra.engine.run.goal import Goal
from mapinfra.engine.run.registrar import Steps
from mapinfra.engine.run.unsupported import (
    REFUSED_FEATURES,
    Refusals,
    expect_plain,
    expect_supported,
)
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.snapshot import Marks
from mapinfra.engine.state.values import Properties, from_struct, to_struct

_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    *REFUSED_FEATURES,
)


class Monitor(Refusals):
    """The resource monitor, called by the SDK on threads of the loop's executor."""

    def __init__(self, steps: Steps, stack: str, project: str) -> None:
        self._steps = steps
        self._stack = stack
        self._project = project
        self._marks: dict[str, Marks] = {}
        self.stack_urn = ""
        self.stack_outputs: Properties = {}

    def GetDeploymentInfo(self, _request: empty_pb2.Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Tell what may be used."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def SupportsFeature(  # noqa: N802
        self, request: resource_pb2.SupportsFeatureRequest
    ) -> resource_pb2.SupportsFeatureResponse:
        """Tell whether something may be used, by its older name."""
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id == "secrets")

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Take the resource's step; a failure is reported to the program as such."""
        goal = self._goal(request)
        outcome = self._steps.register(goal)
        if not outcome.made:
            return resource_pb2.RegisterResourceResponse(
                urn=goal.urn, result=resource_pb2.Result.FAIL
            )
        return resource_pb2.RegisterResourceResponse(
            urn=goal.urn, id=outcome.id, object=to_struct(outcome.outputs)
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
            self._steps.outputs(request.urn, found)
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, _request: empty_pb2.Empty) -> empty_pb2.Empty:  # noqa: N802
        """Let the program end when it likes."""
        return empty_pb2.Empty()

    def _goal(self, request: resource_pb2.RegisterResourceRequest) -> Goal:
        urn = urns.make(self._stack, self._project, request.parent, request.type, request.name)
        expect_supported(request, urn)
        # What a child doesn't say itself, it has from its parent, which was registered before it.
        marks = self._marks[urn] = _marks(request, self._marks.get(request.parent, Marks()))
        return Goal(
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
            marks=marks,
            delete_first=request.deleteBeforeReplace
            if request.deleteBeforeReplaceDefined
            else None,
            aliases=tuple(map(_alias, request.aliases)),
        )


def _marks(request: resource_pb2.RegisterResourceRequest, above: Marks) -> Marks:
    return Marks(
        protect=request.protect if request.HasField("protect") else above.protect,
        retain_on_delete=request.retainOnDelete
        if request.HasField("retainOnDelete")
        else above.retain_on_delete,
        deleted_with=request.deletedWith or above.deleted_with,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
    )


def _alias(found: alias_pb2.Alias) -> Alias:
    spec = found.spec
    return Alias(
        urn=found.urn,
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


_SEVERITIES: Mapping[int, Severity] = {
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}


class Engine:
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
