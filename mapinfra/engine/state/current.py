"""The state while a run changes it, written to its file after every operation."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from mapinfra.engine.state.snapshot import (
    PROVIDER_TYPE,
    OperationType,
    PendingOperation,
    Resource,
    Snapshot,
)


class CurrentState:
    """The resources as they are now, and the pending operations. Threads may share it.

    `write` is called, one call at a time, with every state worth keeping; a preview gives none.
    Resources that this run has settled come first, in the order they were settled, as in Pulumi.
    """

    def __init__(self, base: Snapshot, write: Callable[[Snapshot], None] | None) -> None:
        self._lock = threading.RLock()
        self._write = write
        self._base = base
        self._old = {one.urn: one for one in base.resources}
        self._new: dict[str, Resource] = {}
        self._pending = {one.resource.urn: one for one in base.half_made}
        self._changed = bool(base.pending)

    def find(self, urn: str) -> Resource | None:
        """Return a resource as it is now."""
        with self._lock:
            return self._new.get(urn) or self._old.get(urn)

    def old(self) -> list[Resource]:
        """Return what this run hasn't settled yet, in the state's order."""
        with self._lock:
            return list(self._old.values())

    def refreshed(self, found: dict[str, Resource | None]) -> None:
        """Record what the refresh found; None for what is gone."""
        with self._lock:
            for urn, resource in found.items():
                if resource is None:
                    del self._old[urn]
                else:
                    self._old[urn] = resource
            self._changed = self._changed or bool(found)

    def begin(self, kind: OperationType, resource: Resource) -> None:
        """Record that an operation begins, so that a run that is killed leaves a trace of it."""
        with self._lock:
            self._pending[resource.urn] = PendingOperation(resource, kind)
            self._save()

    def settle(self, resource: Resource) -> None:
        """Record a resource as this run leaves it; written unless nothing changed."""
        with self._lock:
            before = self._new.get(resource.urn) or self._old.pop(resource.urn, None)
            self._new[resource.urn] = resource
            if self._pending.pop(resource.urn, None):
                self._save()
            elif before != resource:
                self._changed = True

    def abandon(self, urn: str) -> None:
        """Record that an operation failed and its resource stays as it was."""
        with self._lock:
            if self._pending.pop(urn, None):
                self._save()

    def removed(self, urn: str) -> None:
        """Record that a resource is gone."""
        with self._lock:
            self._old.pop(urn, None)
            self._pending.pop(urn, None)
            self._save()

    def close(self) -> None:
        """Write what hasn't been written yet."""
        with self._lock:
            if self._changed:
                self._save()

    def snapshot(self) -> Snapshot:
        """Return the state as it is now."""
        with self._lock:
            resources = (*self._new.values(), *self._old.values())
            return replace(
                self._base,
                resources=tuple(_after_their_providers(resources)),
                pending=tuple(self._pending.values()),
            )

    def _save(self) -> None:
        self._changed = True  # until it is written, should that fail
        if self._write is not None:
            self._write(self.snapshot())
        self._changed = False


def _after_their_providers(resources: Sequence[Resource]) -> Iterator[Resource]:
    """Put a provider before the first resource that refers to it, which may be no target."""
    providers = {f"{one.urn}::{one.id}": one for one in resources if one.type == PROVIDER_TYPE}
    for one in resources:
        provider = providers.pop(one.provider, None)
        if provider is not None:
            yield provider
        known = providers.pop(f"{one.urn}::{one.id}", None)
        if one.type != PROVIDER_TYPE or known is not None:
            yield one
