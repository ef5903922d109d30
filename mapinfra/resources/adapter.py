"""The one adapter that makes any Kind a provider of Pulumi's.

A preview is honest because `read` returns what is live as inputs, and `check` adds the planned
steps to what is wanted: Pulumi then shows live → wanted, and every step, on create too. Of what is
to be deleted Pulumi asks nothing and shows the old inputs, so `read` adds what that would do.
Neither is ever drift: `diff` goes by the rest, and by what there is to do now.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import pulumi
from pulumi import UNKNOWN
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from mapinfra.errors import ApplyFailed, CentreonError, HostError, MapinfraError
from mapinfra.hosts import Target
from mapinfra.resources import pollers, records
from mapinfra.resources.arguments import ArgumentError
from mapinfra.resources.contract import Inputs, Kind, Plan
from mapinfra.resources.execution import execute
from mapinfra.resources.provider_process import is_provider_process
from mapinfra.resources.session import Session
from mapinfra.resources.sessions import session_of
from mapinfra.text import texts, visible, visible_leaves

_PROVIDER = "__provider"
_PLAN = "plan"
_ON_REMOVAL = "on_removal"
_REASON = "reason"
_REPORT = "report"
_ADDED = frozenset({_PROVIDER, _PLAN, _ON_REMOVAL, _REASON, _REPORT})
"""Keys that are neither wanted nor found on a host."""


class KindProvider(ResourceProvider):
    """A provider of one kind of resource. Subclasses name it, to stay importable."""

    kind: ClassVar[Kind[Any, Any, Any]]

    stack: str | None = None
    """The stack that declares it, as project/stack; states of earlier versions don't tell.

    Pulumi gives a provider no name of its stack. Kept in the provider it isn't an input, so it is
    in no preview and no difference.
    """

    # The serialized provider is a reference to this module's classes; nothing in it is secret.
    serialize_as_secret_always = False

    _session: Session

    def __init__(self, stack: str | None = None) -> None:
        super().__init__()
        self.stack = stack

    @staticmethod
    def arguments(resource: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return inputs in their one form; raise ArgumentError for those that can't be used.

        Outputs of other resources are known here for the first time.
        """
        return dict(arguments)

    def configure(self, req: ConfigureRequest) -> None:
        """Join the run's session; that starts reading every host of the spec at once."""
        self._session = session_of(req.config)
        if self.stack is not None:
            self._session.stack = self.stack

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Add to what is wanted the steps that lead there.

        The Pulumi CLI stops everything at a failed check. There the step of a host that can't be
        read is to say so: it stands in the preview, and fails in `up`, alone. What depends on
        values that aren't known before `up` is read there.
        """
        with _told_once():
            try:
                news = {**news, **self.arguments("", _own(news))}
            except ArgumentError as error:
                return _refused(news, *error.faults)
            unknown = list(_unknown(_own(news)))
            return self._later(news, unknown) if unknown else self._checked(olds, news)

    def _checked(self, olds: Mapping[str, Any], news: dict[str, Any]) -> CheckResult:
        desired = self.kind.desired(news)
        try:
            # First, since what is found on the wrong host would be told as a fault of that host.
            self._session.machines.expect_one_name(self.kind.targets(desired))
            for target in self.kind.targets(desired):
                pollers.expect_own(self._session, target)
            live = self.kind.observe(desired, self._session)
            self._session.claim(self._thing(desired, live), desired)
            self._expect_own(desired, live)
            plan = self.kind.plan(desired, live)
            self._expect_possible(plan, desired)
            steps = plan.lines()
            for line in plan.todo:
                self._session.warn_once(line)
            computed = self.kind.foreseen(desired, live)
        except HostError as error:
            if not is_provider_process():
                return _refused(news, str(error))
            steps, computed = [str(error)], self.kind.computed(desired, None)
        except MapinfraError as error:
            for line in error.beside:
                self._session.tell(line)
            return _refused(news, str(error))
        added = {key: value for key, value in olds.items() if key == _ON_REMOVAL}
        if steps:
            added[_PLAN] = steps
        return CheckResult({**_own(news), **_seen(computed, news), **added}, [])

    def _later(self, news: Mapping[str, Any], unknown: list[str]) -> CheckResult:
        if is_provider_process():
            known_later = ", ".join(unknown)
            _report(f"{self.kind.name}: will be read in `up`; not known yet: {known_later}")
        return CheckResult({**_own(news), _PLAN: UNKNOWN}, [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Tell whether there is anything to do; the values that differ are Pulumi's to find.

        A host that is reached in another way now is a change without steps: what is recorded has
        to follow, since `read` and `delete` go by it. A refresh asks with live values as old and
        recorded inputs as new ones, whose plan is the one that was applied.
        """
        with _told_once():
            if _own(olds) != _own(news):
                return DiffResult(changes=None)
            is_left = self._is_left_to_do(news)
            return DiffResult(changes=None if is_left and news.get(_PLAN) else is_left)

    def _is_left_to_do(self, inputs: Mapping[str, Any]) -> bool:
        try:
            return bool(self._plan(inputs).steps)
        except MapinfraError:
            return True  # what can't be read is never called unchanged

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Take over what is there and make it as wanted."""
        with _told_once():
            return CreateResult(self.identity(props), self._apply(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Make what is there as wanted."""
        with _told_once():
            return UpdateResult(self._apply(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return what is live as inputs, and what deleting would do.

        The Pulumi CLI stops everything at a failed read. There what can't be read keeps what is
        recorded, with a warning, and `check` tells the rest.
        """
        with _told_once():
            desired = self.kind.desired(props)
            try:
                live = self.kind.observe(desired, self._session)
            except MapinfraError as error:
                if not is_provider_process():
                    raise
                self._session.warn_once(str(error))
                return ReadResult(id_, {**_own(props), **_told(props)})
            found = self.kind.live_inputs(desired, live)
            if found is None:
                return ReadResult("", {})
            seen = _seen({**found, **self.kind.computed(desired, live)}, props)
            inputs: Inputs = {**_own(props), **seen}
            on_removal = {_ON_REMOVAL: self._on_removal(desired, live)}
            return ReadResult(id_, {**inputs, **_told(props)}, {**inputs, **on_removal})

    def _on_removal(self, desired: Any, live: Any) -> list[str]:
        try:
            plan = self._removal(desired, live)
        except MapinfraError as error:
            return [str(error)]
        return plan.lines() or [plan.reason]

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Put back what was found, unless another resource of the program has taken it over.

        So it is when the spec names a remote, or a page, in another way.
        """
        with _told_once():
            desired = self.kind.desired(props)
            live = self.kind.observe(desired, self._session)
            if renamed := self._renamed(desired, live):
                _report(renamed)
                return
            is_own = not any(self._others(desired, live))
            plan = self._removal(desired, live)
            if not plan.steps:
                _report(plan.reason)
            execute(self.kind, plan, desired, self._session, _report)
            if is_own:
                self.kind.forget(desired, self._session)

    def removal(self, props: dict[str, Any]) -> tuple[list[str], str]:
        """Return the steps of `delete` as a preview prints them, or why there are none.

        Pulumi itself asks for neither.
        """
        desired = self.kind.desired(props)
        live = self.kind.observe(desired, self._session)
        if renamed := self._renamed(desired, live):
            return [], renamed
        plan = self._removal(desired, live)
        return plan.lines(), plan.reason

    def identity(self, props: Mapping[str, Any]) -> str:
        """Return the id that `create` gives it; Pulumi itself doesn't ask for it."""
        desired = self.kind.desired(props)
        return "/".join((self.kind.name, *(t.name for t in self.kind.targets(desired))))

    def _thing(self, desired: Any, live: Any) -> str:
        """Return which one thing of the platform this is, whatever the spec calls its host."""
        thing, home = self.kind.thing(desired, live), self.kind.home(desired)
        return thing if home is None else f"{thing} on {self._session.machines.place(home)}"

    def _renamed(self, desired: Any, live: Any) -> str:
        """Say that this run's program declares the same thing, too; empty when it doesn't."""
        thing = self._thing(desired, live)
        claimed = self._session.claimed(thing)
        return f"{thing} is left as it is: the spec has it under another name" if claimed else ""

    def _removal(self, desired: Any, live: Any) -> Plan[Any]:
        """Return what puts back what was found; nothing where that is another stack's to do."""
        for target, _, owner in self._others(desired, live):
            thing = self.kind.thing(desired, live)
            if self._session.stack is None:
                raise CentreonError(
                    f"belongs to {owner}",
                    where=f"{target.name}: {thing}",
                    remedy="run up first: this state is of an earlier version, and doesn't tell "
                    "which stack it is",
                )
            return Plan(reason=f"{thing} is left as it is: it belongs to {owner}")
        plan = self.kind.removal(desired, live)
        self._expect_unhindered(plan, desired)
        return plan

    def _others(self, desired: Any, live: Any) -> Iterator[tuple[Target, str, records.Owner]]:
        """Yield the records that another stack wrote, or that may be so."""
        for target, name in self.kind.records(desired, live):
            owner = records.owner(self._session.fleet.facts(target), name)
            if owner is not None and owner.stack != self._session.stack:
                yield target, name, owner

    def _expect_own(self, desired: Any, live: Any) -> None:
        """Raise CentreonError for what another stack holds."""
        for target, name, owner in self._others(desired, live):
            raise CentreonError(
                f"belongs to {owner}",
                where=f"{target.name}: {self.kind.thing(desired, live)}",
                remedy="take it out of one of the two specs; to hand it over, or when that stack "
                f'has another name now, write "{self._session.stack}" as owner into '
                f"{records.path(name)} there",
            )

    def _expect_possible(self, plan: Plan[Any], desired: Any) -> None:
        """Raise what stands in the way of the first step, or against the outcome of the last."""
        self._expect_unhindered(plan, desired)
        if plan.steps:
            for conflict in self.kind.conflicts(plan, desired, self._session):
                raise conflict

    def _expect_unhindered(self, plan: Plan[Any], desired: Any) -> None:
        """Raise what stands in the way of the first step; nothing does where there is none."""
        if plan.steps:
            for obstacle in self.kind.obstacles(plan, desired, self._session):
                raise obstacle

    def _plan(self, inputs: Mapping[str, Any]) -> Plan[Any]:
        desired = self.kind.desired(inputs)
        live = self.kind.observe(desired, self._session)
        self._expect_own(desired, live)
        return self.kind.plan(desired, live)

    def _apply(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        desired = self.kind.desired(inputs)
        plan = self._plan(inputs)
        _expect_reviewed(plan, inputs)
        self._expect_possible(plan, desired)
        execute(self.kind, plan, desired, self._session, _report)
        if plan.steps:
            self.kind.claim(desired, self._session)
        after = self._plan(inputs) if plan.steps else plan
        if after.steps:
            raise ApplyFailed(
                f"every step was done, but this is left: {after.foremost}",
                where=after.foremost.host,
                remedy="something else changes it; preview again",
            )
        told = {_REASON: after.reason, _REPORT: list(self.kind.report(desired, self._session))}
        return {**_own(inputs), **_told(visible_leaves(told))}


@contextmanager
def _told_once() -> Iterator[None]:
    """Let Pulumi, which sends every error with what led to it, tell the one that says it all."""
    try:
        yield
    except Exception as error:
        error.__cause__, error.__suppress_context__ = None, True
        raise


def _own(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key not in _ADDED}


def _unknown(value: object, path: str = "") -> Iterator[str]:
    """Name every place whose value isn't known before `up`."""
    match value:
        case Unknown():
            yield path
        case Mapping():
            for key in sorted(value):
                yield from _unknown(value[key], f"{path}.{key}" if path else str(key))
        case list():
            for number, item in enumerate(value):
                yield from _unknown(item, f"{path}[{number}]")


def _seen(found: Inputs, props: Mapping[str, Any]) -> Inputs:
    """Return facts without what could steer a terminal; what is as wanted stays the same."""
    seen: Inputs = visible_leaves(found, frozenset(texts(props)))
    return seen


def _told(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs that tell of the last run."""
    report = {_REPORT: props[_REPORT]} if props.get(_REPORT) else {}
    return {_REASON: props.get(_REASON, ""), **report}


def _refused(news: dict[str, Any], *faults: str) -> CheckResult:
    return CheckResult(dict(news), [CheckFailure("", fault) for fault in faults])


def _expect_reviewed(plan: Plan[Any], inputs: Mapping[str, Any]) -> None:
    """Refuse other steps than the preview's; that none is left is no reason to stop."""
    if plan.steps and plan.lines() != inputs.get(_PLAN):
        raise ApplyFailed(
            "what is there has changed since the preview; "
            f"the steps would now be: {'; '.join(plan.lines())}",
            where=plan.steps[0].host,
            remedy="preview again",
        )


def _report(line: str) -> None:
    pulumi.log.info(visible(line))
