"""A stack's state file read and written."""

import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from mapinfra import jsontext
from mapinfra.engine.state.format import (
    FORMAT,
    DeploymentShape,
    FileShape,
    ManifestShape,
    ResourceShape,
    SecretsShape,
    magic,
    manifest,
)
from mapinfra.engine.state.ordering import in_order
from mapinfra.engine.state.snapshot import PendingOperation, Resource, Snapshot
from mapinfra.engine.state.urn import label
from mapinfra.engine.state.values import Properties, from_state, is_plain_key, masked, to_state
from mapinfra.errors import StateError

_REFUSED_MARKS = (
    "delete", "pendingReplacement", "aliases", "deletedWith", "replaceOnChanges", "replaceWith",
    "replacementTrigger", "external", "taint", "initErrors", "viewOf", "resourceHooks",
    "extensionRef", "snippetID",
)  # fmt: skip
"""Only the Pulumi CLI can go on from these, or keep what they promise."""
_ALIKE = (
    "urn", "type", "custom", "id", "parent", "provider", "created", "modified", "protect",
    "retain_on_delete",
)  # fmt: skip
"""What the shape of a resource and the model of it have alike."""


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
        found: object = jsontext.loads(content, constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise StateError(
            f"is damaged: {error.msg} at {place} of {len(content)} bytes",
            where=where,
            remedy="it was left unchanged; the previous state is in the .bak file beside it",
        ) from None
    except ValueError as error:
        raise _unusable(where, f"is damaged: {error}") from None
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"the number {name} isn't allowed in a state")


def _validated(found: object, where: str) -> FileShape:
    try:
        return FileShape.model_validate(found)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in fault["loc"]) or "the whole"
        raise _unusable(where, f"is damaged: {path}: {fault['msg']}") from None


def _unusable(where: str, what: str) -> StateError:
    return StateError(
        what,
        where=where,
        remedy="it was left unchanged; compare it with the .bak file beside it",
    )


def _check_magic(manifest: ManifestShape, where: str) -> None:
    if manifest.magic and manifest.magic != magic(manifest.version):
        raise _unusable(where, "is damaged: manifest.magic doesn't fit manifest.version")


def _snapshot(
    latest: DeploymentShape, where: str, decrypter: Callable[[str], Callable[[str], str]]
) -> Snapshot:
    salt = _salt(latest.secrets_providers, where)
    decrypt = decrypter(salt)
    resources = tuple(_resource(found, where, decrypt) for found in latest.resources or [])
    _check_whole(resources, where)
    return Snapshot(
        resources=resources,
        pending=tuple(
            PendingOperation(_resource(found.resource, where, decrypt), found.type)
            for found in latest.pending_operations or []
        ),
        salt=salt,
        metadata=latest.metadata or {},
    )


def _salt(providers: SecretsShape | None, where: str) -> str:
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
        if resource.urn in seen:
            raise _unusable(where, f"is damaged: {resource.urn} is there twice")
        missing = sorted(resource.needs - seen)
        if missing:
            raise _unusable(where, f"is damaged: {resource.urn} needs {missing[0]} before it")
        seen.add(resource.urn)


def _resource(found: ResourceShape, where: str, decrypt: Callable[[str], str]) -> Resource:
    extra = found.model_extra or {}
    ignored = tuple(found.ignore_changes or ())
    marks = [mark for mark in _REFUSED_MARKS if extra.get(mark)]
    marks += [f"ignoreChanges: {key}" for key in ignored if not is_plain_key(key)]
    if marks:
        raise StateError(
            f"{label(found.urn)} is marked `{marks[0]}`, which isn't supported in process",
            where=where,
            remedy="finish this with the Pulumi CLI (pulumi up), or keep using it for this stack",
        )
    alike: dict[str, Any] = {name: getattr(found, name) for name in _ALIKE}
    return Resource(
        **alike,
        inputs=_properties(found.inputs, f"{found.urn}: inputs", where, decrypt),
        outputs=_properties(found.outputs, f"{found.urn}: outputs", where, decrypt),
        dependencies=tuple(found.dependencies or ()),
        property_dependencies={
            key: tuple(urns or ()) for key, urns in (found.property_dependencies or {}).items()
        },
        extra=extra,
        ignore_changes=ignored,
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


def resource_out(resource: Resource) -> dict[str, Any]:
    """Return a resource in the shape of the state file, secrets as `[secret]`."""
    hidden = _resource_out(resource, lambda _: "")
    for bag, found in (("inputs", resource.inputs), ("outputs", resource.outputs)):
        if found:
            hidden[bag] = masked(found)
    return hidden


def _resource_out(resource: Resource, encrypt: Callable[[str], str]) -> dict[str, Any]:
    fields: dict[str, Any] = {  # in the order of Pulumi's own files
        "urn": resource.urn,
        "custom": resource.custom,
        "id": resource.id,
        "type": resource.type,
        "inputs": to_state(resource.inputs, encrypt),
        "outputs": to_state(resource.outputs, encrypt),
        "parent": resource.parent,
        "protect": resource.protect,
        "dependencies": list(resource.dependencies),
        "provider": resource.provider,
        "propertyDependencies": {
            key: list(urns) for key, urns in sorted(resource.property_dependencies.items())
        },
        "retainOnDelete": resource.retain_on_delete,
        "created": resource.created,
        "modified": resource.modified,
        **resource.extra,
        "ignoreChanges": list(resource.ignore_changes),
    }
    always = {"urn", "custom", "type"}
    return {key: value for key, value in fields.items() if key in always or value}
