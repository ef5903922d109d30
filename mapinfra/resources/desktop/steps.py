"""The steps that bring a mirror of desktop clients about, and clear one.

Each has how it is done and what takes it back. A mirror that is settled, or forgotten, can't be
taken back any more: what was found there is gone by then. It stays as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mapinfra.centreon.map import answers, desktop
from mapinfra.centreon.releases.editions import LEGACY
from mapinfra.centreon.releases.version import Version
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host, Target
from mapinfra.resources import records
from mapinfra.resources.contract import Step
from mapinfra.resources.desktop import mirror
from mapinfra.resources.desktop.mirror import Arrangement, Folder, Kept
from mapinfra.resources.session import Session


@dataclass(frozen=True)
class Bringing:
    """What the steps that bring a mirror to a version work on."""

    kept: Kept
    now: Folder
    version: Version
    whole: tuple[str, ...]
    """Files that are as they were put there."""


@dataclass(frozen=True)
class MirrorContext:
    """What these steps are done with."""

    map: Target
    session: Session
    arrangements: dict[str, Arrangement] = field(default_factory=dict)
    """What is to be done with the files that were fetched, by the mirror's folder."""

    @property
    def host(self) -> Host:
        """The MAP server, which has the mirrors."""
        return self.session.fleet.host(self.map)

    def write(self, kept: Kept) -> None:
        """Record a mirror."""
        records.write(self.host, mirror.key(kept.folder), kept.record(), self.session.stack)


@dataclass(frozen=True)
class MirrorStep(Step[MirrorContext]):
    """A step on a mirror."""

    def undo(self, done: Sequence[Step[MirrorContext]]) -> Iterable["MirrorStep"]:
        """See `Step.undo`."""
        since = done[done.index(self) :]
        settled = any(isinstance(step, SettleMirror | ForgetMirror) for step in since)
        return () if settled else self._back()

    def _back(self) -> Iterable["MirrorStep"]:
        """Return what takes it back, while that can be done."""
        return ()


@dataclass(frozen=True)
class RecordMirror(MirrorStep):
    """What is found in the folder, recorded before the first change."""

    kept: Kept

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        context.write(self.kept)

    def _back(self) -> Iterator[MirrorStep]:
        yield ForgetFound(self.host, "forget what was found", self.kept)


@dataclass(frozen=True)
class ForgetFound(MirrorStep):
    """That record removed; the folder stays."""

    kept: Kept

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        records.remove(context.host, mirror.key(self.kept.folder))


@dataclass(frozen=True)
class FetchClients(MirrorStep):
    """The clients that aren't whole yet, fetched from the server beside the mirror."""

    bringing: Bringing
    is_change = False

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        context.arrangements[self.bringing.kept.folder] = _fetched(context.host, self.bringing)

    def _back(self) -> Iterator[MirrorStep]:
        yield DropFetched(self.host, "delete what was fetched", self.bringing.kept)


@dataclass(frozen=True)
class DropFetched(MirrorStep):
    """What was fetched deleted, and the folders that were made for it."""

    kept: Kept

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        mirror.tidy(context.host, self.kept.folder, self.kept.made)


@dataclass(frozen=True)
class PlaceClients(MirrorStep):
    """What was fetched put in place; the record has it as mapinfra's before."""

    bringing: Bringing

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        work = context.arrangements[self.bringing.kept.folder]
        context.write(work.during)
        mirror.move(context.host, work.moves)

    def _back(self) -> Iterator[MirrorStep]:
        yield PutClientsBack(self.host, "put the files back as they were", self.bringing.kept)


@dataclass(frozen=True)
class PutClientsBack(MirrorStep):
    """The files moved back, and recorded as before."""

    kept: Kept

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        moves = context.arrangements[self.kept.folder].moves
        mirror.move(context.host, mirror.reverse(moves))
        context.write(self.kept)


@dataclass(frozen=True)
class SettleMirror(MirrorStep):
    """The new state recorded, and what is older deleted."""

    bringing: Bringing

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        folder = self.bringing.kept.folder
        context.write(context.arrangements[folder].after)
        mirror.tidy(context.host, folder)


@dataclass(frozen=True)
class ClearMirror(MirrorStep):
    """What mapinfra put into the folder moved out, what it had put aside moved back."""

    kept: Kept

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        mirror.move(context.host, mirror.clearance(self.kept))

    def _back(self) -> Iterator[MirrorStep]:
        yield PutMirrorBack(self.host, "put the mirror back", self.kept)


@dataclass(frozen=True)
class PutMirrorBack(MirrorStep):
    """A mirror that was cleared moved back."""

    kept: Kept

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        mirror.move(context.host, mirror.reverse(mirror.clearance(self.kept)))


@dataclass(frozen=True)
class ForgetMirror(MirrorStep):
    """What was moved out deleted, and the record of what was found removed."""

    kept: Kept

    def do(self, context: MirrorContext) -> None:
        """See `Step.do`."""
        mirror.tidy(context.host, self.kept.folder, self.kept.made)
        records.remove(context.host, mirror.key(self.kept.folder))


def _fetched(host: Host, bringing: Bringing) -> Arrangement:
    """Fetch what isn't whole yet; return what is to be done with it."""
    report = answers.ask(host, LEGACY, downloads=True)
    offer, kept = report.offer if report else None, bringing.kept
    wanted = desktop.fitting(offer, bringing.version) if offer else ()
    if offer is None or not wanted:
        raise CentreonError(desktop.told(offer, bringing.version), where=host.name)
    missing = [client for client in wanted if client.name not in bringing.whole]
    totals = mirror.stage(host, kept.folder, offer.url, missing)
    return mirror.arrangement(kept, bringing.now, totals, str(bringing.version), bringing.whole)
