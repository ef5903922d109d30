"""One change of a MAP server under way: its lock, its backup, its lease, what was compared."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mapinfra import backup, rollback
from mapinfra.backup import Back, Manifest, MariadbClient, Reach, Subject, sessions
from mapinfra.backup.working import Tell
from mapinfra.centreon.map.configure import check_questions
from mapinfra.centreon.map.environment import LEFTOVERS
from mapinfra.centreon.releases.editions import MARIADB_SNIPPETS, Edition
from mapinfra.centreon.rules.verdict import ReplaceWord, SetProperty
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host, packages
from mapinfra.hosts.packages import PackageFile
from mapinfra.hosts.units import sweep_units
from mapinfra.resources.map.configuration import (
    Merger,
    Versions,
    contents,
    edited,
    expect_decided,
    merger_of,
    settle,
    summary,
    write_file,
)
from mapinfra.resources.map.model import CHANGED, DesiredMap, Lock, Replace
from mapinfra.rollback import Entry, Holder, Keeper, journal

LONG = 2 * 3600.0
"""Seconds a step may take: its time limits are minutes, a package transaction half an hour."""
LONGEST = 24 * 3600.0
"""The same of steps that read or write a whole database, several times, 6 hours each."""

_INCOMING = "/var/lib/mapinfra/incoming"


def config_paths(edition: Edition) -> tuple[str, ...]:
    """Return the files that are merged: those with settings, and the vendor's own helpers'."""
    helpers = (edition.backup_file, edition.vars_file)
    return (*edition.config_files, *(f"{edition.config_dir}/{name}" for name in helpers))


@dataclass
class Operation:
    """What a run keeps from one step to the next."""

    host: Host
    desired: DesiredMap
    keeper: Keeper
    _keeping: ExitStack
    _took_over: bool
    manifest: Manifest | None = None
    versions: Mapping[str, Versions] = field(default_factory=dict)
    mergers: Mapping[str, Merger] = field(default_factory=dict)
    snippets: Mapping[str, bytes] = field(default_factory=dict)
    """MariaDB's own files of MAP, as they were when they were backed up."""
    incoming: PackageFile | None = None
    kept_web: tuple[PackageFile, ...] = ()
    stopped_at: float | None = None
    back: Back | None = None
    """What a way back that was taken says of itself."""
    _left: Mapping[str, bytes] = field(default_factory=dict)
    """The same files, as the change of packages left them."""
    _changed: bool = False
    _is_back: bool = False

    @classmethod
    def begin(cls, host: Host, desired: DesiredMap, lock: Lock) -> "Operation":
        """Take the lock and keep it; raise Held when another run has it."""
        service = desired.edition.service
        entry = Entry(service, lock.operation, lock.target, Holder.myself())
        if lock.over is not None and lock.unfinished:
            # Should this run be interrupted as well, the next one still knows the way back.
            entry = replace(entry, backup=lock.over.backup, step=lock.over.step)
        taken = journal.take(host, entry, desired.lease_minutes, lock.over)
        keeping = ExitStack()
        keeper = keeping.enter_context(rollback.kept(host, taken, desired.lease_minutes))
        return cls(host, desired, keeper, keeping, lock.over is not None)

    def starts(self, seconds: float) -> None:
        """Let lock and lease be kept while a step is done, which may take so many seconds."""
        self.keeper.expect(seconds + self.desired.start_seconds)

    def done(self, name: str) -> None:
        """Note a step in the journal; raise Held or LeaseLost when lock or lease are lost."""
        self.keeper.note(step=name + CHANGED if self._changed else name)

    def abandon(self) -> None:
        """Stop prolonging; the journal stays, with the backup that it names."""
        self._keeping.close()

    def end(self) -> None:
        """Disarm the way back unless it was taken, close the journal, release the lock."""
        self._keeping.close()
        self.sweep(self.host)
        if self.manifest is not None and not self._is_back:
            rollback.disarm(self.host, self.manifest)
        self._forget_incoming()
        journal.release(self.host, self.keeper.entry)

    def sweep(self, host: Host) -> None:
        """Drop what units have left on a host that a killed run didn't wait for."""
        if self._took_over:
            service = self.desired.edition.service
            sweep_units(host, f"mapinfra-*-{service}", f"mapinfra-backup.{service}.*")

    def fetch(self, server: Replace) -> None:
        """Fetch the new package, for what its configuration files are like.

        Whatever the package manager would refuse is told now, while the service still runs.
        """
        if server.new is None:
            packages.foresee_removal(self.host, [server.package])
            return
        packages.foresee(self.host, server.wanted)
        service = self.desired.edition.service
        packages.download(self.host, server.wanted, f"mapinfra-download-{service}")
        folder = f"{_INCOMING}-{service}"
        (self.incoming,) = packages.fetch_afresh(self.host, server.wanted, folder)
        if server.old is None:
            vendor = f"{self.desired.edition.config_dir}/{self.desired.edition.vars_file}"
            check_questions(self._in_package(self.incoming.path, vendor), self.host.name)

    def back_up(
        self, server: Replace, database: str, client: MariadbClient, tell: Tell, spared: str = ""
    ) -> None:
        """Take the backup and note it in the journal; the backup `spared` doesn't make room.

        `client` logs in to the very server that has MAP's database; the manifest knows it, too.
        """
        family = packages.installed(self.host, ()).family
        subject = Subject(
            service=self.desired.edition.service,
            config_folder=self.desired.edition.config_dir,
            database=database,
            packages=server.past,
            family=family,
            client=client,
            folder=self.desired.folder,
            keep=self.desired.keep,
            spared=spared,
            elsewhere=MARIADB_SNIPPETS,
        )
        self.snippets = contents(self.host, MARIADB_SNIPPETS)
        entry = self.keeper.entry
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        id = f"{self.desired.edition.service}-{moment}-{entry.run[:6]}"
        holder = f"{entry.holder.user}@{entry.holder.host}"
        self.manifest = backup.take(self.host, subject, id, who=holder, tell=tell)
        self.keeper.note(step="backup", backup=self.manifest.directory)

    def arm(self, reach: Reach, tell: Tell | None = None) -> None:
        """Let the host go back by itself should this run end without a word."""
        manifest, minutes = self._backup, self.desired.lease_minutes
        lease = rollback.arm(self.host, manifest, manifest.client, minutes, reach, tell)
        self.keeper.keep(lease)

    def begin_changes(self, tell: Tell | None = None) -> None:
        """From here on everything has to be brought back, not the service alone.

        Raises Edited when a configuration file was edited since it was backed up.
        """
        self.expect_unedited()
        self.arm(Reach.ALL, tell)
        self._changed = True
        self.done("server")

    def go_back(self, other: Manifest | None, reach: Reach) -> Manifest:
        """Take the way back, to this run's own backup unless another one is given; return it.

        Also when the lease was lost: the host may have gone back before this run's last step.
        """
        self.keeper.keep(None)
        self.keeper.check()
        if other is None and not self._changed:
            # The step that was to change the server stopped before: files may hold new edits.
            reach = Reach.SERVICE
        manifest = other or self._backup
        self.back = backup.go_back(self.host, manifest, manifest.client, reach)
        self._is_back = manifest is self.manifest
        return manifest

    def compare(self, actions: Sequence[ReplaceWord | SetProperty]) -> tuple[str, list[str]]:
        """Merge the configuration files in memory; return a summary, and each difference as a line.

        Raises CentreonError when the spec wants differences reviewed and there are some.
        """
        saved = self._saved()
        self.versions = {
            path: versions
            for path in config_paths(self.desired.edition)
            for versions in (self._versions(path, saved),)
            if versions is not None
        }
        self.mergers = {
            path: merger
            for path in self.versions
            for wanted in (self.desired.settings_by_path.get(path, {}),)
            for merger in (merger_of(path, self.desired.strategy, wanted, actions),)
            if merger is not None
        }
        merged = {
            path: merger.forecast(self.versions[path]) for path, merger in self.mergers.items()
        }
        expect_decided(merged, self.host)
        lines = [
            f"{path}: {difference}"
            for path, file in merged.items()
            for difference in file.differences
        ]
        return f"the configuration files: {summary(merged.values())}", lines

    def configure(self) -> list[str]:
        """Write the merged files; what the package manager left goes to the backup.

        Returns a line for each thing that the package's own scripts have changed.
        """
        told = [
            f"{path}: {difference}"
            for path, merger in self.mergers.items()
            for difference in settle(self.host, merger, self.versions[path])
        ]
        told += self._put_snippets_back()
        folder = self.desired.edition.config_dir
        backup.put_away(self.host, self._backup, folder, LEFTOVERS)
        return told

    def clear_the_way(self) -> Sequence[str]:
        """End the sessions that would stop the new version from changing its tables; say whose."""
        if self.manifest is None or self.stopped_at is None:
            return ()
        place = sessions.DatabasePlace(self.manifest.client, self.manifest.database)
        return sessions.end(self.host, place, self.manifest.service)

    def stop(self) -> None:
        """Stop the service."""
        self.stopped_at = time.monotonic()
        self.host.run(["systemctl", "stop", self.desired.edition.service], timeout=180)

    def expect_unedited(self) -> None:
        """Raise Edited when a file isn't any more as in the backup: going back would lose that."""
        before = {path: self.snippets.get(path) for path in MARIADB_SNIPPETS}
        before |= {path: versions.local for path, versions in self.versions.items()}
        now = contents(self.host, before)
        for path, content in before.items():
            if now.get(path) != content:
                raise edited(self.host, path)

    @property
    def stopped_for(self) -> float | None:
        """Seconds since the service was stopped; None when it wasn't."""
        return None if self.stopped_at is None else time.monotonic() - self.stopped_at

    @property
    def _backup(self) -> Manifest:
        if self.manifest is None:
            raise CentreonError("there is no backup to go back to", where=self.host.name)
        return self.manifest

    def _versions(self, path: str, saved: Mapping[str, bytes]) -> Versions | None:
        """Return a file's versions; None for one that isn't there, or isn't the package's."""
        local = saved.get(path)
        vendor = self._in_package(self.incoming.path if self.incoming else None, path)
        if local is None or vendor is None:
            return None
        old = next(iter(self._backup.package_files), None)
        leftovers = {end: saved[f"{path}{end}"] for end in LEFTOVERS if f"{path}{end}" in saved}
        return Versions(local, self._in_package(old, path), vendor, leftovers)

    def note_snippets(self) -> None:
        """See what a change of packages has made of the files of MariaDB's that are MAP's."""
        self._left = contents(self.host, self.snippets) if self.snippets else {}

    def _put_snippets_back(self) -> Iterator[str]:
        """Put back edited files that no package manager takes for configuration; tell of each.

        The update pages (24.10, graph-views/map-web-update) have it done by hand. Raises Edited
        for one that was edited since the packages were changed.
        """
        old = next(iter(self._backup.package_files), None)
        for path, content in self.snippets.items():
            if self._left.get(path, content) != content != self._in_package(old, path):
                write_file(self.host, path, content, read=self._left[path])
                yield f"{path}: the local file put back, the package had replaced it"

    def _saved(self) -> dict[str, bytes]:
        """Return the configuration files and their leftovers as they are in the backup."""
        archive = f"{self._backup.directory}/config.tar"
        there = self.host.run(["tar", "-tf", archive]).text.splitlines()
        paths = config_paths(self.desired.edition)
        names = [path.lstrip("/") + end for path in paths for end in ("", *LEFTOVERS)]
        return {
            f"/{name}": self.host.run(["tar", "-xOf", archive, name]).stdout
            for name in names
            if name in there
        }

    def _in_package(self, package: str | None, path: str) -> bytes | None:
        return packages.pristine(self.host, package, path) if package else None

    def _forget_incoming(self) -> None:
        self.host.run(["rm", "-rf", f"{_INCOMING}-{self.desired.edition.service}"])
