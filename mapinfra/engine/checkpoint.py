"""The model of a stack's state file, in Pulumi's checkpoint format, version 3."""

import hashlib
import json
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mapinfra.engine.values import Properties, from_state, masked, to_state
from mapinfra.errors import StateError

FORMAT = 3
PROVIDER_TYPE = "pulumi:providers:pulumi-python"

OperationType = Literal["creating", "updating", "deleting", "reading", "importing"]

_URN_PATTERN = r"^urn:pulumi:[^:]+::[^:]+::.+::.*"
_REFUSED_MARKS = (
    "external", "replaceWith", "taint", "initErrors", "viewOf", "resourceHooks", "extensionRef",
    "snippetID", "replacementTrigger",
)  # fmt: skip


@dataclass(frozen=True)
class Marks:
    """What the program's options say of a resource, as the state keeps it.

    `deleted_with` is the URN of a resource whose deletion takes this one with it. The two lists
    hold property paths.
    """

    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """One resource of the state. `id` is empty for components; `extra` keeps what isn't used here.

    Times are RFC 3339 texts. `provider` is the provider resource's URN, `::` and its id. One that
    is `replaced` is still to be deleted; its replacement has the same URN. One that is `missing`
    was deleted, and its replacement is still to be made.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    created: str = ""
    modified: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    replaced: bool = False
    missing: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """URNs that must exist before this resource, and go after it."""
        through = (urn for urns in self.property_dependencies.values() for urn in urns)
        above = {self.parent, self.marks.deleted_with}
        return frozenset({*above, *self.dependencies, *through} - {""})


@dataclass(frozen=True)
class Operation:
    """A step that had begun when the state was written."""

    resource: Resource
    type: OperationType


@dataclass(frozen=True)
class Snapshot:
    """What a state file holds. `salt` is the passphrase state its secrets were written under."""

    resources: tuple[Resource, ...] = ()
    pending: tuple[Operation, ...] = ()
    salt: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def now() -> str:
    """Return the present time as the state file writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class _Model(BaseModel):
    model_config = ConfigDict(strict=True)


class _Resource(_Model):
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
    deleted_with: str = Field("", alias="deletedWith")
    ignore_changes: list[str] | None = Field(None, alias="ignoreChanges")
    replace_on_changes: list[str] | None = Field(None, alias="replaceOnChanges")
    replaced: bool = Field(False, alias="delete")
    missing: bool = Field(False, alias="pendingReplacement")


class _Operation(_Model):
    resource: _Resource
    type: OperationType


class _SecretsState(_Model):
    salt: str


class _SecretsProviders(_Model):
    type: str
    state: _SecretsState | None = None


class _Manifest(_Model):
    magic: str = ""
    version: str = ""


class _Deployment(_Model):
    model_config = ConfigDict(strict=True, extra="forbid")

    manifest: _Manifest
    secrets_providers: _SecretsProviders | None = None
    resources: list[_Resource] | None = None
    pending_operations: list[_Operation] | None = None
    metadata: dict[str, Any] | None = None


class _Checkpoint(_Model):
    latest: _Deployment | None = None


class _File(_Model):
    version: int
    features: list[str] | None = None
    checkpoint: _Checkpoint


def parse(content: bytes, where: str, decrypter: Callable[[str], Callable[[str], str]]) -> Snapshot:
    """Read a state file's content; `decrypter` makes a decrypting function for a salt.

    Raises StateError, naming `where` and the place, for anything that isn't a usable state.
    """
    file = _validated(_decoded(content, where), where)
    if file.features or file.version not in (0, FORMAT):
        newer = ", ".join(file.features or []) or f"version {file.version}"
        raise _unusable(where, f"is in a format this program doesn't read ({newer})")
    latest = file.checkpoint.latest
    if latest is None:
        return Snapshot()
    _check_magic(latest.manifest, where)
    return _snapshot(latest, where, decrypter)


def _decoded(content: bytes, where: str) -> object:
    try:
        found: object = json.loads(content, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise StateError(
            f"is damaged: {error.msg} at {place} of {len(content)} bytes",
            where=where,
            remedy="it was left as it is; the state before it is in the .bak file beside it",
        ) from None
    except (ValueError, RecursionError) as error:
        raise _unusable(where, f"is damaged: {error}") from None
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"the number {name} can't stand in a state")


def _validated(found: object, where: str) -> _File:
    try:
        return _File.model_validate(found)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in fault["loc"]) or "the whole"
        raise _unusable(where, f"is damaged: {path}: {fault['msg']}") from None


def _unusable(where: str, what: str) -> StateError:
    return StateError(
        what,
        where=where,
        remedy="it was left as it is; compare with the .bak file beside it",
    )


def _check_magic(manifest: _Manifest, where: str) -> None:
    if manifest.magic and manifest.magic != _magic(manifest.version):
        raise _unusable(where, "is damaged: manifest.magic doesn't fit manifest.version")


def _magic(version: str) -> str:
    return hashlib.sha256(version.encode(errors="surrogatepass")).hexdigest()


def _snapshot(
    latest: _Deployment, where: str, decrypter: Callable[[str], Callable[[str], str]]
) -> Snapshot:
    salt = _salt(latest.secrets_providers, where)
    decrypt = decrypter(salt)
    resources = tuple(_resource(found, where, decrypt) for found in latest.resources or [])
    _check_whole(resources, where)
    return Snapshot(
        resources=resources,
        pending=tuple(
            Operation(_resource(found.resource, where, decrypt), found.type)
            for found in latest.pending_operations or []
        ),
        salt=salt,
        metadata=latest.metadata or {},
    )


def _salt(providers: _SecretsProviders | None, where: str) -> str:
    if providers is None:
        return ""
    if providers.type != "passphrase" or providers.state is None:
        raise StateError(
            f"keeps its secrets with `{providers.type}`, only `passphrase` is supported in process",
            where=where,
            remedy="use the Pulumi CLI with this stack",
        )
    return providers.state.salt


def _check_whole(resources: tuple[Resource, ...], where: str) -> None:
    seen: set[str] = set()
    for resource in resources:
        if resource.urn in seen and not resource.replaced:
            raise _unusable(where, f"is damaged: {resource.urn} is there twice")
        missing = sorted(resource.needs - seen)
        if missing:
            raise _unusable(where, f"is damaged: {resource.urn} needs {missing[0]} before it")
        seen.add(resource.urn)


def _resource(found: _Resource, where: str, decrypt: Callable[[str], str]) -> Resource:
    extra = found.model_extra or {}
    refused = [mark for mark in _REFUSED_MARKS if extra.get(mark)]
    if refused:
        raise StateError(
            f"{found.urn} is marked `{refused[0]}`, which isn't supported in process",
            where=where,
            remedy="use the Pulumi CLI with this stack",
        )
    return Resource(
        urn=found.urn,
        type=found.type,
        custom=found.custom,
        id=found.id,
        inputs=_properties(found.inputs, f"{found.urn}: inputs", where, decrypt),
        outputs=_properties(found.outputs, f"{found.urn}: outputs", where, decrypt),
        parent=found.parent,
        provider=found.provider,
        dependencies=tuple(found.dependencies or ()),
        property_dependencies={
            key: tuple(urns or ()) for key, urns in (found.property_dependencies or {}).items()
        },
        created=found.created,
        modified=found.modified,
        extra=extra,
        marks=_marks(found),
        replaced=found.replaced,
        missing=found.missing,
    )


def _marks(found: _Resource) -> Marks:
    return Marks(
        protect=found.protect,
        retain_on_delete=found.retain_on_delete,
        deleted_with=found.deleted_with,
        ignore_changes=tuple(found.ignore_changes or ()),
        replace_on_changes=tuple(found.replace_on_changes or ()),
    )


def _properties(
    found: dict[str, Any] | None, what: str, where: str, decrypt: Callable[[str], str]
) -> Properties:
    try:
        return {key: from_state(value, decrypt) for key, value in (found or {}).items()}
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise _unusable(where, f"is damaged: {what}: {error}") from None


def render(stack: str, snapshot: Snapshot, encrypt: Callable[[str], str]) -> bytes:
    """Write a state file's content. `stack` is the full name, `organization/project/stack`."""
    latest: dict[str, Any] = {"manifest": manifest()}
    if snapshot.salt:
        latest["secrets_providers"] = {"type": "passphrase", "state": {"salt": snapshot.salt}}
    if snapshot.resources:
        ordered = in_order(snapshot.resources)
        latest["resources"] = [_resource_out(resource, encrypt) for resource in ordered]
    if snapshot.pending:
        latest["pending_operations"] = [
            {"resource": _resource_out(pending.resource, encrypt), "type": pending.type}
            for pending in snapshot.pending
        ]
    latest["metadata"] = snapshot.metadata
    whole = {"version": FORMAT, "checkpoint": {"stack": stack, "latest": latest}}
    return json.dumps(whole, separators=(",", ":")).encode()


def manifest() -> dict[str, str]:
    """Return what a file says of who wrote it, and when."""
    version = f"mapinfra-{installed_version('mapinfra')}"
    return {"time": now(), "magic": _magic(version), "version": version}


def in_order(resources: Iterable[Resource]) -> list[Resource]:
    """Move what a resource needs before it, else keep the order; drop needs that aren't there.

    Those that are replaced, and still to be deleted, come last: nothing new stands on them.
    """
    every = list(resources)
    present = {one.urn: one for one in every if not one.replaced}
    doomed = [one for one in every if one.replaced]
    ordered: dict[str, Resource] = {}

    def place(resource: Resource) -> None:
        if resource.urn in ordered:
            return
        ordered[resource.urn] = resource
        for urn in sorted(resource.needs & present.keys()):
            place(present[urn])
        # Taken out and put in again: behind what it needs.
        ordered[resource.urn] = _trimmed(ordered.pop(resource.urn), present.keys())

    for resource in present.values():
        place(resource)
    standing = present.keys() | {one.urn for one in doomed}
    return [*ordered.values(), *(_trimmed(one, standing) for one in doomed)]


def _trimmed(resource: Resource, present: Set[str]) -> Resource:
    if resource.needs <= present:
        return resource
    marks = resource.marks
    kept = marks.deleted_with if marks.deleted_with in present else ""
    return replace(
        resource,
        marks=replace(marks, deleted_with=kept),
        parent=resource.parent if resource.parent in present else "",
        dependencies=tuple(urn for urn in resource.dependencies if urn in present),
        property_dependencies={
            key: tuple(urn for urn in urns if urn in present)
            for key, urns in resource.property_dependencies.items()
        },
    )


def resource_out(resource: Resource) -> dict[str, Any]:
    """Return a resource in the shape of the state file, secrets as `[secret]`."""
    hidden = _resource_out(resource, lambda _: "")
    for bag, found in (("inputs", resource.inputs), ("outputs", resource.outputs)):
        if found:
            hidden[bag] = masked(found)
    return hidden


def _resource_out(resource: Resource, encrypt: Callable[[str], str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "urn": resource.urn,
        "custom": resource.custom,
        "id": resource.id,
        "type": resource.type,
        "inputs": to_state(resource.inputs, encrypt),
        "outputs": to_state(resource.outputs, encrypt),
        "parent": resource.parent,
        "dependencies": list(resource.dependencies),
        "provider": resource.provider,
        "propertyDependencies": {
            key: list(urns) for key, urns in sorted(resource.property_dependencies.items())
        },
        "created": resource.created,
        "modified": resource.modified,
        **_marks_out(resource),
        **resource.extra,
    }
    always = {"urn", "custom", "type"}
    return {key: value for key, value in fields.items() if key in always or value}


def _marks_out(resource: Resource) -> dict[str, Any]:
    marks = resource.marks
    return {
        "delete": resource.replaced,
        "pendingReplacement": resource.missing,
        "protect": marks.protect,
        "retainOnDelete": marks.retain_on_delete,
        "deletedWith": marks.deleted_with,
        "ignoreChanges": list(marks.ignore_changes),
        "replaceOnChanges": list(marks.replace_on_changes),
    }
