"""DesktopClient: what users of a legacy MAP server get as their desktop client, and a mirror of it.

Manual "Update the extension", third component: a client that is online brings itself to its
server's version; users of a site that isn't download it. The server's package brings the client,
so this resource changes nothing but the mirror.

What will be offered after an update isn't known before it. The plan therefore follows from the
mirror alone: it is the same before the server's update and after it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapinfra.centreon.facts import files
from mapinfra.centreon.map import answers, desktop
from mapinfra.centreon.map.answers import Downloads
from mapinfra.centreon.reads import MAP_READS, RECORDS, desktop_reads
from mapinfra.centreon.releases.editions import LEGACY
from mapinfra.centreon.releases.version import Version
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts, Target, packages
from mapinfra.resources import obstacles, records
from mapinfra.resources.contract import Change, Inputs, Kind, Plan
from mapinfra.resources.desktop import mirror
from mapinfra.resources.desktop.mirror import Folder, Kept
from mapinfra.resources.desktop.steps import (
    Bringing,
    ClearMirror,
    FetchClients,
    ForgetMirror,
    MirrorContext,
    MirrorStep,
    PlaceClients,
    RecordMirror,
    SettleMirror,
)
from mapinfra.resources.session import Session

_RECORD = mirror.key("").rpartition("-")[0]


@dataclass(frozen=True)
class DesiredDesktop:
    """A legacy MAP server, the version that it is to have, and the folder of its mirror."""

    map: Target
    version: Version
    mirror: str | None


@dataclass(frozen=True)
class LiveDesktop:
    """What the pass over the MAP server found."""

    version: Version | None
    """Of the server's package."""
    offer: Downloads | None
    folder: Folder
    kept: tuple[Kept, ...]
    """What is recorded of mirrors: of the wanted one, and of others to be removed."""


class DesktopClientKind(Kind[DesiredDesktop, LiveDesktop, MirrorContext]):
    """How a DesktopClient is observed, planned and applied."""

    name = "DesktopClient"

    def desired(self, inputs: Mapping[str, Any]) -> DesiredDesktop:
        """See `Kind.desired`."""
        folder = inputs.get("mirror")
        reads = (MAP_READS, *desktop_reads(folder))
        return DesiredDesktop(
            map=Target.model_validate(inputs["map"]).reading(*reads),
            version=Version.parse(str(inputs["version"])),
            mirror=folder,
        )

    def targets(self, desired: DesiredDesktop) -> Sequence[Target]:
        """See `Kind.targets`."""
        return (desired.map,)

    def observe(self, desired: DesiredDesktop, session: Session) -> LiveDesktop:
        """See `Kind.observe`. Users who don't get the client of their server are warned of."""
        facts = session.fleet.facts(desired.map)
        live = _observed(desired, facts)
        if live.version is not None and not (
            live.offer and desktop.fitting(live.offer, live.version)
        ):
            session.warn_once(f"{desired.map.name}: {desktop.told(live.offer, live.version)}")
        return live

    def thing(self, desired: DesiredDesktop, live: LiveDesktop) -> str:
        """See `Kind.thing`."""
        return f"the desktop client of {LEGACY.title}"

    def home(self, desired: DesiredDesktop) -> Target:
        """See `Kind.home`."""
        return desired.map

    def records(self, desired: DesiredDesktop, live: LiveDesktop) -> Sequence[tuple[Target, str]]:
        """See `Kind.records`: other mirrors are removed, so theirs count, too."""
        return tuple((desired.map, mirror.key(kept.folder)) for kept in live.kept)

    def plan(self, desired: DesiredDesktop, live: LiveDesktop) -> Plan[MirrorContext]:
        """See `Kind.plan`."""
        others = [kept for kept in live.kept if kept.folder != desired.mirror]
        steps = [*_bring(desired, live), *_clear(desired, others)]
        if not steps:
            return Plan(reason=_reason(desired, live))
        if desired.mirror is None:
            return Plan(steps=tuple(steps))
        mirrored = Change("mirrored", _mirrored(desired, live), str(desired.version))
        return Plan((mirrored,), tuple(steps))

    def obstacles(
        self, plan: Plan[MirrorContext], desired: DesiredDesktop, session: Session
    ) -> Iterator[CentreonError]:
        """See `Kind.obstacles`."""
        yield from obstacles.records(session.fleet.facts(desired.map))

    def removal(self, desired: DesiredDesktop, live: LiveDesktop) -> Plan[MirrorContext]:
        """See `Kind.removal`."""
        return Plan(
            steps=tuple(_clear(desired, live.kept)),
            reason=f"nothing was changed for the desktop client on {desired.map.name}",
        )

    def context(self, desired: DesiredDesktop, session: Session) -> MirrorContext:
        """See `Kind.context`."""
        return MirrorContext(desired.map, session)

    def computed(self, desired: DesiredDesktop, live: LiveDesktop | None) -> Inputs:
        """See `Kind.computed`."""
        if live is None:
            return _facts(desired, {}, str(desired.version))
        return _facts(desired, desktop.platforms(live.offer), _mirrored(desired, live))

    def foreseen(self, desired: DesiredDesktop, live: LiveDesktop) -> Inputs:
        """See `Kind.foreseen`: for the systems there is a client for now, that of the version."""
        offered = desktop.platforms(live.offer)
        if live.version != desired.version:
            offered = dict.fromkeys(offered, str(desired.version))
        return _facts(desired, offered, str(desired.version))

    def live_inputs(self, desired: DesiredDesktop, live: LiveDesktop) -> Inputs | None:
        """See `Kind.live_inputs`."""
        return {}

    def report(self, desired: DesiredDesktop, session: Session) -> Sequence[str]:
        """See `Kind.report`: what is offered, and what the mirror holds."""
        live = self.observe(desired, session)
        kept = _kept(desired, live)
        held = sorted(kept.files.items()) if kept else ()
        return [
            desktop.told(live.offer, live.version or desired.version),
            *(f"{desired.mirror}/{name}: SHA-256 {total}" for name, total in held),
        ]


def _observed(desired: DesiredDesktop, facts: Facts) -> LiveDesktop:
    installed = packages.read_installed(facts.text(packages.INSTALLED))
    package = installed.versions.get(LEGACY.server_package)
    report = answers.observed(facts).get(LEGACY.name)
    names = [name.removesuffix(".json") for name in files(facts.text(RECORDS.name))]
    found = (
        records.read(facts, name, Kept.of_record)
        for name in sorted(names)
        if name.startswith(_RECORD)
    )
    folder = desired.mirror
    return LiveDesktop(
        version=Version.of_package(package) if package else None,
        offer=report.offer if report else None,
        folder=mirror.read_folder(facts.text(mirror.key(folder))) if folder else Folder(),
        kept=tuple(kept for kept in found if kept is not None),
    )


def _facts(desired: DesiredDesktop, offered: Mapping[str, str], mirrored: str) -> Inputs:
    inputs: Inputs = {"users_get": dict(offered)}
    return {**inputs, "mirrored": mirrored} if desired.mirror else inputs


def _kept(desired: DesiredDesktop, live: LiveDesktop) -> Kept | None:
    """Return what is recorded of the wanted mirror."""
    return next((kept for kept in live.kept if kept.folder == desired.mirror), None)


def _mirrored(desired: DesiredDesktop, live: LiveDesktop) -> str:
    """Return the version that the mirror has, and in words what isn't right there."""
    kept = _kept(desired, live)
    faults = kept.faults(live.folder) if kept else {}
    told = (f"{name} {fault}" for name, fault in sorted(faults.items()))
    return "; ".join((kept.version if kept else "", *told))


def _reason(desired: DesiredDesktop, live: LiveDesktop) -> str:
    told = desktop.told(live.offer, live.version or desired.version)
    held = f"{desired.mirror} holds desktop client {desired.version}; " if desired.mirror else ""
    return held + told


def _bring(desired: DesiredDesktop, live: LiveDesktop) -> Iterator[MirrorStep]:
    """Yield the steps that bring the wanted mirror to the server's version."""
    if desired.mirror is None:
        return
    recorded = _kept(desired, live)
    kept = recorded or Kept(desired.mirror, live.folder.missing)
    faults, host, version = kept.faults(live.folder), desired.map.name, desired.version
    same = kept.version == str(version)
    if same and not faults:
        return
    _expect_offered(desired, live)
    whole = tuple(name for name in kept.files if name not in faults) if same else ()
    bringing = Bringing(kept, live.folder, version, whole)
    if recorded is None:
        yield RecordMirror(host, f"record what is found in {kept.folder}", kept)
    what = ", ".join(sorted(faults)) if same else f"desktop client {version}"
    yield FetchClients(host, f"fetch {what} from the server", bringing)
    yield PlaceClients(host, f"put it in {kept.folder}, older clients aside", bringing)
    yield SettleMirror(host, "record it, delete what mapinfra had put there before", bringing)


def _expect_offered(desired: DesiredDesktop, live: LiveDesktop) -> None:
    """Raise CentreonError where no update of the server will bring what is to be fetched."""
    if live.version != desired.version or live.offer is None:
        return
    if not desktop.fitting(live.offer, desired.version):
        raise CentreonError(
            f"{desktop.told(live.offer, desired.version)}, so there is nothing to mirror",
            where=desired.map.name,
            remedy="take map.desktop_client out of the spec, or see why",
        )


def _clear(desired: DesiredDesktop, mirrors: Sequence[Kept]) -> Iterator[MirrorStep]:
    """Yield the steps that leave in folders only what was there before mapinfra."""
    host = desired.map.name
    for kept in mirrors:
        text = f"take what mapinfra put there out of {kept.folder}"
        back = f", put {', '.join(kept.aside)} back" if kept.aside else ""
        yield ClearMirror(host, text + back, kept)
        yield ForgetMirror(host, f"delete it, forget what was found in {kept.folder}", kept)
