"""The shapes of a state file: Pulumi's checkpoint format, version 3."""

import hashlib
from importlib.metadata import version as installed_version
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from mapinfra.engine.state.clock import now
from mapinfra.engine.state.snapshot import OperationType

FORMAT = 3

_URN_PATTERN = r"^urn:pulumi:[^:]+::[^:]+::.+::.*"


class _Model(BaseModel):
    model_config = ConfigDict(strict=True)


class ResourceShape(_Model):
    """One resource; fields that aren't named here are kept as they are."""

    model_config = ConfigDict(strict=True, extra="allow")

    urn: str = Field(pattern=_URN_PATTERN)
    custom: bool
    type: str = Field(min_length=1)
    id: str = ""
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    parent: str = ""
    provider: str = ""
    dependencies: list[str] | None = None
    property_dependencies: dict[str, list[str] | None] | None = Field(
        None, alias="propertyDependencies"
    )
    created: str = ""
    modified: str = ""
    protect: bool = False
    retain_on_delete: bool = Field(False, alias="retainOnDelete")
    ignore_changes: list[str] | None = Field(None, alias="ignoreChanges")


class OperationShape(_Model):
    """A pending operation."""

    resource: ResourceShape
    type: OperationType


class _SecretsState(_Model):
    salt: str


class SecretsShape(_Model):
    """Who encrypted the secrets, and with what."""

    type: str
    state: _SecretsState | None = None


class ManifestShape(_Model):
    """Who wrote the file. `magic` is a checksum of `version`."""

    magic: str = ""
    version: str = ""


class DeploymentShape(_Model):
    """The stack's resources and pending operations."""

    model_config = ConfigDict(strict=True, extra="forbid")

    manifest: ManifestShape
    secrets_providers: SecretsShape | None = None
    resources: list[ResourceShape] | None = None
    pending_operations: list[OperationShape] | None = None
    metadata: dict[str, Any] | None = None


class _CheckpointShape(_Model):
    latest: DeploymentShape | None = None


class FileShape(_Model):
    """The whole file."""

    version: int
    features: list[str] | None = None
    checkpoint: _CheckpointShape


def manifest() -> dict[str, str]:
    """Return what a file says of who wrote it, and when."""
    version = f"mapinfra-{installed_version('mapinfra')}"
    return {"time": now(), "magic": magic(version), "version": version}


def magic(version: str) -> str:
    """Return what a manifest must hold beside the version of its writer."""
    return hashlib.sha256(version.encode(errors="surrogatepass")).hexdigest()
