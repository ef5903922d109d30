"""The state while it changes: what a run has done so far, written after every step."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from mapinfra.engine.run.renaming import follow, renamed
from mapinfra.engine.state.snapshot import (
    PROVIDER_TYPE,
    Operation,
    OperationType,
    Resource,
    Snapshot,
)


class Journal:
    """The resources as they are now, and the steps under way. Threads may share it.

    `write` is called, one call at a time, with every state worth keeping; a preview gives none.
    Resources that this run has settled come first, in the order they were settled, as in Pulumi.
    Those that a new one has replaced, and that are still to be deleted, are kept apart. `half_made`
    are creations of a run before that were cut off; each stays pending until it is settled.
    """

    def __init__(
        self,
        base: Snapshot,
        write: Callable[[Snapshot], None] | None,
        half_made: Iterable[Operation] = (),
    ) -> None:
        self._lock = threading.RLock()
        self._write = write
        self._base = base
        self._old = {one.urn: one for one in base.resources if not one.replaced}
        self._new: dict[str, Resource] = {}
        self._replaced = [one for one in base.resources if one.replaced]
        self._renamed: dict[str, str] = {}
        self._pending = {(one.resource.urn, one.resource.id): one for one in half_made}
        self._changed = bool(base.pending)

    def find(self, urn: str) -> Resource | None:
        """Return a resource as it is now; not one that was replaced."""
        with self._lock:
            return self._new.get(urn) or self._old.get(urn)

    def unsettled(self, urn: str) -> Resource | None:
        """Return a resource that this run hasn't settled, by its name now or before a renaming."""
        with self._lock:
            return self._old.get(self._renamed.get(urn, urn))

    def had(self, urn: str) -> bool:
        """Tell whether the state had a resource of this name when the run began."""
        return any(one.urn == urn and not one.replaced for one in self._base.resources)

    def old(self) -> list[Resource]:
        """Return what this run hasn't settled yet, in the state's order."""
        with self._lock:
            return list(self._old.values())

    def replaced(self) -> list[Resource]:
        """Return what was replaced and is still to be deleted."""
        with self._lock:
            return list(self._replaced)

    def rename(self, old: Resource, urn: str) -> Resource:
        """Give a resource another URN, wherever it stands; return it as it is now."""
        with self._lock:
            names = renamed(self._old.values(), old.urn, urn)
            self._renamed |= names
            self._old = _by_urn([follow(one, names) for one in self._old.values()])
            self._new = _by_urn([follow(one, names) for one in self._new.values()])
            self._replaced = [follow(one, names) for one in self._replaced]
            self._changed = True
            return self._old[urn]

    def refreshed(self, found: dict[str, Resource | None]) -> None:
        """Take over what the refresh found; None for what is gone."""
        with self._lock:
            for urn, resource in found.items():
                if resource is None:
                    del self._old[urn]
                else:
                    self._old[urn] = resource
            self._changed = self._changed or bool(found)

    def begin(self, kind: OperationType, resource: Resource) -> None:
        """Record that a step begins, so that a run that is killed leaves a trace of it."""
        with self._lock:
            self._pending[resource.urn, resource.id] = Operation(resource, kind)
            self._save()

    def settle(self, resource: Resource) -> None:
        """Record a resource as this run leaves it; written unless nothing changed."""
        with self._lock:
            before = self._new.get(resource.urn) or self._old.pop(resource.urn, None)
            was_pending = self._ended(resource)
            self._new[resource.urn] = resource
            if was_pending:
                self._save()
            elif before != resource:
                self._changed = True

    def replace(self, old: Resource, new: Resource) -> None:
        """Record that the new one is made; the old one, unless it's missing, is left to delete."""
        with self._lock:
            if not old.missing:
                self._replaced.append(replace(old, replaced=True))
            self._changed = True
            self.settle(new)

    def gone_before(self, old: Resource) -> None:
        """Record that a resource was deleted, and that its replacement is still to be made."""
        with self._lock:
            self._ended(old)
            self._old[old.urn] = replace(old, missing=True)
            self._save()

    def abandon(self, urn: str) -> None:
        """Record that a step failed and its resource stays as it was."""
        with self._lock:
            ended = [key for key in self._pending if key[0] == urn]
            for key in ended:
                del self._pending[key]
            if ended:
                self._save()

    def removed(self, resource: Resource) -> None:
        """Record that a resource is gone."""
        with self._lock:
            if resource.replaced:
                self._replaced = [one for one in self._replaced if one is not resource]
            else:
                self._old.pop(resource.urn, None)
            self._ended(resource)
            self._save()

    def close(self) -> None:
        """Write what hasn't been written yet."""
        with self._lock:
            if self._changed:
                self._save()

    def snapshot(self) -> Snapshot:
        """Return the state as it is now."""
        with self._lock:
            resources = (*self._new.values(), *self._old.values(), *self._replaced)
            return replace(
                self._base,
                resources=tuple(_after_their_providers(resources)),
                pending=tuple(self._pending.values()),
            )

    def _ended(self, resource: Resource) -> bool:
        keys = {(resource.urn, resource.id), (resource.urn, "")}  # being made, it has no id yet
        found = [key for key in keys if key in self._pending]
        for key in found:
            del self._pending[key]
        return bool(found)

    def _save(self) -> None:
        self._changed = True  # until it is written, should that fail
        if self._write is not None:
            self._write(self.snapshot())
        self._changed = False


def _after_their_providers(resources: Sequence[Resource]) -> Iterator[Resource]:
    """Put a provider before the first that refers to it, which may be one that is no target."""
    providers = {f"{one.urn}::{one.id}": one for one in resources if one.type == PROVIDER_TYPE}
    for one in resources:
        provider = providers.pop(one.provider, None)
        if provider is not None:
            yield provider
        known = providers.pop(f"{one.urn}::{one.id}", None)
        if one.type != PROVIDER_TYPE or known is not None:
            yield one


def _by_urn(resources: list[Resource]) -> dict[str, Resource]:
    return {one.urn: one for one in resources}
