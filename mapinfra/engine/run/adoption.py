"""Adding what is there already to the state, as it is, without touching it."""

from dataclasses import replace

from mapinfra.engine.project.stack_config import ClearConfig
from mapinfra.engine.run.events import LogEvent, ResourceEvent
from mapinfra.engine.run.registrar import NOT_MADE, Registered, Registrar
from mapinfra.engine.run.run import Run
from mapinfra.engine.state import urn as urns
from mapinfra.engine.state.clock import now
from mapinfra.engine.state.snapshot import Resource
from mapinfra.engine.state.values import contains_unknown


class Adopter(Registrar):
    """Adds each resource that the program registers to the state, with its live values.

    What the state has stays as it is. What isn't there yet isn't adopted: the next update creates
    it. Live values become the recorded inputs, so the next preview shows live → desired.
    """

    def __init__(self, run: Run, config: ClearConfig, stack: str, project: str) -> None:
        super().__init__(run, config, stack, project)
        self._adopted: list[Resource] = []

    def report(self) -> None:
        """Report and count what was adopted, once the state has it."""
        for new in self._adopted:
            self._run.tally.count("import")
            event = ResourceEvent(new.urn, new.custom, "import", "planned", new=new)
            self._run.emit(event if self._run.preview else replace(event, status="done"))

    def _take(self, goal: Resource, old: Resource | None) -> Registered:
        if old is not None:
            return self._same(old, old)
        if not goal.custom:
            return self._adopt(goal)
        return self._live(goal)

    def _live(self, goal: Resource) -> Registered:
        if contains_unknown(goal.inputs):
            return self._absent(goal, "depends on what isn't there yet")
        inputs = self._run.providers.check({}, goal.inputs)
        found = self._run.providers.find(
            replace(goal, inputs=inputs, provider=self._provider_reference())
        )
        return self._adopt(found) if found else self._absent(goal, "isn't there yet")

    def _adopt(self, new: Resource) -> Registered:
        adopted = replace(new, created=now(), modified=now())
        self._run.state.settle(adopted)
        self._adopted.append(adopted)
        return Registered(new.id, new.outputs)

    def _absent(self, goal: Resource, why: str) -> Registered:
        self._run.emit(LogEvent("info", f"{urns.label(goal.urn)} {why}: up creates it"))
        with self._lock:
            self._unmade.add(goal.urn)
        return NOT_MADE
