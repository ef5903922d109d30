"""A restore under way, for the executor: `steps` has how each step is done and taken back."""

from collections.abc import Callable, Sequence

from mapinfra.backup import Manifest
from mapinfra.hosts import Target
from mapinfra.resources.map.model import DesiredMap
from mapinfra.resources.session import Session
from mapinfra.restore.steps import RestoreContext


class Restoring:
    """Does the steps of one restore.

    `stopped` tells whether the user wants it to end; `tell` takes a line of what else was done.
    """

    def __init__(
        self, manifest: Manifest, stopped: Callable[[], bool], tell: Callable[[str], None]
    ) -> None:
        self._manifest = manifest
        self._stopped = stopped
        self._tell = tell
        self._context: RestoreContext | None = None

    @property
    def before(self) -> Manifest | None:
        """The backup of what was there before, once it is taken."""
        under_way = self._context.under_way if self._context else None
        return under_way.manifest if under_way else None

    def targets(self, desired: DesiredMap) -> Sequence[Target]:
        """See `Kind.targets`."""
        return (desired.map,)

    def context(self, desired: DesiredMap, session: Session) -> RestoreContext:
        """See `Kind.context`."""
        self._context = RestoreContext(
            desired, session, manifest=self._manifest, stopped=self._stopped, tell=self._tell
        )
        return self._context

    def let_go(self, context: RestoreContext) -> None:
        """See `Kind.let_go`."""
        context.let_go()
