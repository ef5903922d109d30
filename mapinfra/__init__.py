"""Centreon MAP installations kept as a program, or a spec, says they should be, with Pulumi.

What isn't exported here may change with any version.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mapinfra.errors import (
        ApiError,
        ApplyFailed,
        AuthenticationRefused,
        CentreonError,
        CommandFailed,
        CommandTimeout,
        DatabaseError,
        HostError,
        HostKeyRefused,
        HostUnreachable,
        Interrupted,
        MapinfraError,
        PlanRefused,
        SecretError,
        SpecError,
        StackLocked,
        StateError,
        SudoRefused,
    )
    from mapinfra.platform import (
        CentralServer,
        RemoteServer,
        declare,
    )
    from mapinfra.resources.arguments import (
        ApiArgs,
        ArgumentError,
        BackupArgs,
        BrokerOutputArgs,
        DatabaseArgs,
        HostArgs,
        InstallArgs,
        SecretArgs,
        SshArgs,
    )
    from mapinfra.resources.types import (
        BrokerOutputs,
        DesktopClient,
        MapInstallation,
        TopologyFlag,
    )
    from mapinfra.spec import (
        Spec,
        load,
    )

__all__ = [
    "ApiArgs",
    "ApiError",
    "ApplyFailed",
    "ArgumentError",
    "AuthenticationRefused",
    "BackupArgs",
    "BrokerOutputArgs",
    "BrokerOutputs",
    "CentralServer",
    "CentreonError",
    "CommandFailed",
    "CommandTimeout",
    "DatabaseArgs",
    "DatabaseError",
    "DesktopClient",
    "HostArgs",
    "HostError",
    "HostKeyRefused",
    "HostUnreachable",
    "InstallArgs",
    "Interrupted",
    "MapInstallation",
    "MapinfraError",
    "PlanRefused",
    "RemoteServer",
    "SecretArgs",
    "SecretError",
    "Spec",
    "SpecError",
    "SshArgs",
    "StackLocked",
    "StateError",
    "SudoRefused",
    "TopologyFlag",
    "declare",
    "load",
]

_PLACES = {
    "mapinfra.errors": (
        "ApiError",
        "ApplyFailed",
        "AuthenticationRefused",
        "CentreonError",
        "CommandFailed",
        "CommandTimeout",
        "DatabaseError",
        "HostError",
        "HostKeyRefused",
        "HostUnreachable",
        "Interrupted",
        "MapinfraError",
        "PlanRefused",
        "SecretError",
        "SpecError",
        "StackLocked",
        "StateError",
        "SudoRefused",
    ),
    "mapinfra.platform": (
        "CentralServer",
        "RemoteServer",
        "declare",
    ),
    "mapinfra.resources.arguments": (
        "ApiArgs",
        "ArgumentError",
        "BackupArgs",
        "BrokerOutputArgs",
        "DatabaseArgs",
        "HostArgs",
        "InstallArgs",
        "SecretArgs",
        "SshArgs",
    ),
    "mapinfra.resources.types": (
        "BrokerOutputs",
        "DesktopClient",
        "MapInstallation",
        "TopologyFlag",
    ),
    "mapinfra.spec": (
        "Spec",
        "load",
    ),
}


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for: the command line doesn't need Pulumi's SDK."""
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'mapinfra' has no attribute {name!r}")
