"""Saving what a preview has planned, and holding a later run to it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from mapinfra.engine.plans import planfile
from mapinfra.engine.plans.plan import Present, misfits
from mapinfra.engine.project.project import StackConfig
from mapinfra.engine.run.operations import Stack, load
from mapinfra.engine.state import urn as urns


def save_plan(stack: Stack, present: Mapping[str, Present], file: Path) -> None:
    """Write a plan that either engine can be held to; secrets are encrypted by the stack's key.

    Raises StateError when it can't be written.
    """
    _, crypter = load(stack)
    resources = {urn: one.plan() for urn, one in present.items()}
    planfile.write(file, planfile.Plan(resources, stack.config.held()), crypter.encrypt)


class Review:
    """A saved plan, of either engine."""

    def __init__(self, stack: Stack, file: Path) -> None:
        """Read the plan; raise MapinfraError when it isn't one of this stack."""
        _, self._crypter = load(stack)
        self._stack = stack
        self._plan = planfile.read(file, self._crypter.decrypt)

    def misfits(self, present: Mapping[str, Present]) -> Iterator[str]:
        """Say, a line each, why the plan isn't what is to be done now; nothing when it is."""
        yield from self._config_misfits()
        for urn in sorted(self._plan.resources.keys() | present.keys()):
            for line in misfits(self._plan.resources.get(urn), present.get(urn)):
                yield f"{urns.label(urn)}: {line}"

    def _config_misfits(self) -> Iterator[str]:
        planned = StackConfig(raw=self._plan.config).in_clear(self._crypter).values
        now = self._stack.config.in_clear(self._crypter).values
        for key in sorted(planned.keys() | now.keys()):
            if planned.get(key) != now.get(key):
                yield f"the stack's config: {key} has changed"
