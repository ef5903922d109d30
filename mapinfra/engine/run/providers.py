"""Dynamic providers called in process, with what Pulumi's own provider process would give them."""

import base64
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import dill  # type: ignore[import-untyped]
import pulumi
from pulumi.dynamic import Config, ConfigureRequest, ResourceProvider
from pulumi.dynamic.dynamic import CheckFailure

from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import (
    PROVIDER_KEY,
    UNKNOWN,
    Properties,
    Value,
    contains_asset,
    mapped,
    mark_secrets,
    plain,
    properties,
)
from mapinfra.errors import MapinfraError


@runtime_checkable
class TellsRemoval(Protocol):
    """A provider that can say what deleting would do, which Pulumi's providers can't."""

    def removal(self, props: dict[str, Any]) -> tuple[Sequence[str], str]:
        """Return the steps in words, and why there are none if so; nothing is changed."""
        ...


@runtime_checkable
class TellsIdentity(Protocol):
    """A provider that can say the id of what is described, which Pulumi's providers can't."""

    def identity(self, props: dict[str, Any]) -> str:
        """Return the id that `create` would give it."""
        ...


class Providers:
    """The providers of one run, each made and configured once.

    `config` is the whole stack config in clear, `project` the namespace of keys without one.
    Values go in as copies with secrets in clear; what comes back is secret where the inputs are.
    """

    def __init__(self, config: Mapping[str, str], project: str) -> None:
        self._config = Config(raw_config=dict(config), project_name=project)
        self._lock = threading.Lock()
        self._made: dict[str, ResourceProvider] = {}

    def check(self, old: Properties, new: Properties) -> Properties:
        """Return the checked inputs; raise MapinfraError with every failure."""
        serialized = new[PROVIDER_KEY]
        known = old if serialized == UNKNOWN else new
        result = self._provider(known).check(_previewed(old), _previewed(new))
        if result.failures:
            raise MapinfraError("; ".join(_failure(failure) for failure in result.failures))
        return mark_secrets(properties(result.inputs), new) | {PROVIDER_KEY: serialized}

    def diff(self, old: Resource, new: Properties) -> bool | None:
        """Ask the provider whether there is a change; None when it leaves that to the inputs.

        Raises MapinfraError for a change that can't be made in place.
        """
        known = old.outputs if new[PROVIDER_KEY] == UNKNOWN else new
        result = self._provider(known).diff(old.id, _previewed(old.outputs), _previewed(new))
        if result.replaces and result.changes is not False:
            raise MapinfraError(
                f"{', '.join(result.replaces)} can't be changed in place, and replacing isn't "
                "supported in process",
                remedy="use the Pulumi CLI for this stack",
            )
        changed: bool | None = result.changes
        return changed

    def create(self, new: Properties) -> tuple[str, Properties]:
        """Create; return the id and the outputs."""
        result = self._provider(new).create(_given(new))
        if not result.id:
            raise MapinfraError("the provider returned no id for what it created")
        return str(result.id), _outputs(result.outs, new)

    def update(self, old: Resource, new: Properties) -> Properties:
        """Update; return the outputs."""
        result = self._provider(new).update(old.id, _given(old.outputs), _given(new))
        return _outputs(result.outs, new)

    def delete(self, old: Resource) -> None:
        """Delete."""
        self._provider(old.outputs).delete(old.id, _given(old.outputs))

    def removal(self, old: Resource) -> tuple[tuple[str, ...], str]:
        """Return the steps of deleting, or why there are none, if the provider can say so."""
        provider = self._provider(old.outputs)
        if not isinstance(provider, TellsRemoval):
            return (), ""
        steps, reason = provider.removal(_given(old.outputs))
        return tuple(steps), "" if steps else reason

    def read(self, old: Resource) -> Resource | None:
        """Return a resource of the state as it is live; None when it is gone."""
        result = self._provider(old.outputs).read(old.id, _given(old.outputs))
        if not result.id:
            return None
        serialized = old.outputs[PROVIDER_KEY]
        inputs = old.inputs
        if result.inputs is not None:
            inputs = mark_secrets(properties(result.inputs), old.inputs)
            inputs = inputs | {PROVIDER_KEY: serialized}
        outputs = _outputs(result.outs, old.outputs)
        return replace(old, id=str(result.id), inputs=inputs, outputs=outputs)

    def find(self, described: Resource) -> Resource | None:
        """Return what is described by its inputs as it is live; None when it isn't there."""
        provider = self._provider(described.inputs)
        if not isinstance(provider, TellsIdentity):
            raise MapinfraError(
                "its provider can't identify it, so it can't be adopted",
                remedy="leave it out with --target",
            )
        named = provider.identity(_given(described.inputs))
        return self.read(replace(described, id=named, outputs=described.inputs))

    def _provider(self, bag: Properties) -> ResourceProvider:
        serialized = plain(bag.get(PROVIDER_KEY))
        if not isinstance(serialized, str):
            raise MapinfraError(
                "the state doesn't say which provider made it", remedy="see the .bak state"
            )
        with self._lock:
            if serialized not in self._made:
                self._made[serialized] = self._make(serialized)
            return self._made[serialized]

    def _make(self, serialized: str) -> ResourceProvider:
        # Trusted as the state file is: Pulumi's own provider process does the same.
        made: Any = dill.loads(base64.b64decode(serialized))  # noqa: S301
        if not isinstance(made, ResourceProvider):
            raise MapinfraError(f"a {type(made).__name__} isn't a provider of dynamic resources")
        made.configure(ConfigureRequest(config=self._config))
        return made


def _given(bag: Properties) -> dict[str, Any]:
    """Copy values for a provider, with secrets in clear; an asset would be one in the CLI alone."""
    if contains_asset(bag):
        raise MapinfraError(
            "an asset or archive in its state isn't supported in process",
            remedy="use the Pulumi CLI for this stack",
        )
    clear: dict[str, Any] = plain(bag)
    return clear


def _previewed(bag: Properties) -> dict[str, Any]:
    """Copy values for a provider's preview: unknown ones become Pulumi's UNKNOWN."""
    told: dict[str, Any] = mapped(_given(bag), _known)
    return told


def _known(leaf: Value) -> Any:
    return pulumi.UNKNOWN if leaf == UNKNOWN else leaf


def _outputs(found: Mapping[str, Any] | None, like: Properties) -> Properties:
    return mark_secrets(properties(found), like) | {PROVIDER_KEY: like[PROVIDER_KEY]}


def _failure(failure: CheckFailure) -> str:
    return f"{failure.property}: {failure.reason}" if failure.property else failure.reason
