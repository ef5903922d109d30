"""One change of a MAP server under way: its lock, its backup, its lease, what was compared."""

import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from mapinfra import backup
from mapinfra.backup import Client, Entry, Holder, Keeper, Manifest, Reach, Subject, journal
from mapinfra.backup.remote import script
from mapinfra.centreon.config_files import Merged, format_of, merge, with_settings
from mapinfra.centreon.config_files import settings as read_settings
from mapinfra.centreon.editions import Edition
from mapinfra.centreon.map_host import LEFTOVERS
from mapinfra.centreon.map_setup import check_questions, written_by_configure
from mapinfra.centreon.verdict import ReplaceWord, SetProperty
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host, packages
from mapinfra.hosts.packages import PackageFile
from mapinfra.hosts.units import sweep_units
from mapinfra.resources.map_model import CHANGED, Comparison, Desired, Lock, Replace

_CLIENT = Client()
"""MariaDB's root through its socket: the database is the MAP server's own."""

_INCOMING = "/var/lib/mapinfra/incoming"
_WRITE = """\
[ -e "$1" ] || { echo "$1 isn't there any more" >&2; exit 1; }
umask 077
cat >"$1.mapinfra" && chown --reference="$1" "$1.mapinfra" &&
  chmod --reference="$1" "$1.mapinfra" && sync "$1.mapinfra" && mv "$1.mapinfra" "$1"
"""


def config_paths(edition: Edition) -> tuple[str, ...]:
    """Return the files that are merged: those with settings, and the vendor's own helpers'."""
    helpers = (edition.backup_file, edition.vars_file)
    return (*edition.config_files, *(f"{edition.config_dir}/{name}" for name in helpers))


def write_file(host: Host, path: str, content: bytes) -> None:
    """Replace a file's content at once; owner and mode stay."""
    script(host, f"writing {path}", _WRITE, path, stdin=content)


@dataclass
class Operation:
    """What a run keeps from one step to the next."""

    host: Host
    desired: Desired
    keeper: Keeper
    _keeping: ExitStack
    _took_over: bool
    manifest: Manifest | None = None
    merged: Mapping[str, Merged] = field(default_factory=dict)
    incoming: PackageFile | None = None
    kept_web: tuple[PackageFile, ...] = ()
    stopped_at: float | None = None
    _changed: bool = False
    _is_back: bool = False

    @classmethod
    def begin(cls, host: Host, desired: Desired, lock: Lock) -> "Operation":
        """Take the lock and keep it; raise Held when another run has it."""
        service = desired.edition.service
        entry = Entry(service, lock.operation, lock.target, Holder.myself())
        if lock.over is not None and lock.unfinished:
            # Should this run be interrupted as well, the next one still knows the way back.
            entry = replace(entry, backup=lock.over.backup, step=lock.over.step)
        taken = journal.take(host, entry, desired.lease_minutes, lock.over)
        keeping = ExitStack()
        keeper = keeping.enter_context(backup.kept(host, taken, desired.lease_minutes))
        return cls(host, desired, keeper, keeping, lock.over is not None)

    def done(self, verb: str) -> None:
        """Note a step in the journal; raise Held or LeaseLost when lock or lease are lost."""
        self.keeper.note(step=verb + CHANGED if self._changed else verb)

    def abandon(self) -> None:
        """Stop prolonging; the journal stays, with the backup that it names."""
        self._keeping.close()

    def end(self) -> None:
        """Disarm the way back unless it was taken, close the journal, release the lock."""
        self._keeping.close()
        self.sweep(self.host)
        if self.manifest is not None and not self._is_back:
            backup.disarm(self.host, self.manifest)
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

    def back_up(self, server: Replace, database: str, spared: str = "") -> None:
        """Take the backup and note it in the journal; the backup `spared` doesn't make room."""
        family = packages.installed(self.host, ()).family
        subject = Subject(
            service=self.desired.edition.service,
            config_folder=self.desired.edition.config_dir,
            database=database,
            packages=server.past,
            family=family,
            client=_CLIENT,
            folder=self.desired.folder,
            keep=self.desired.keep,
            spared=spared,
        )
        entry = self.keeper.entry
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        id = f"{self.desired.edition.service}-{moment}-{entry.run[:6]}"
        holder = f"{entry.holder.user}@{entry.holder.host}"
        self.manifest = backup.take(self.host, subject, id, who=holder)
        self.keeper.note(step="backup", backup=self.manifest.directory)

    def arm(self, reach: Reach) -> None:
        """Let the host go back by itself should this run end without a word."""
        lease = backup.arm(
            self.host, self._backup, _CLIENT, minutes=self.desired.lease_minutes, reach=reach
        )
        self.keeper.keep(lease)

    def begin_changes(self) -> None:
        """From here on everything has to be brought back, not the service alone."""
        self.arm(Reach.ALL)
        self._changed = True
        self.done("server")

    def go_back(self, other: Manifest | None, reach: Reach) -> Manifest:
        """Take the way back, to this run's own backup unless another one is given; return it.

        Also when the lease was lost: the host may have gone back before this run's last step.
        """
        self.keeper.keep(None)
        self.keeper.check()
        manifest = other or self._backup
        backup.go_back(self.host, manifest, _CLIENT, reach)
        self._is_back = manifest is self.manifest
        return manifest

    def compare(self, comparison: Comparison) -> list[str]:
        """Merge the configuration files in memory; return each difference as a line.

        Raises CentreonError when the spec wants differences reviewed and there are some.
        """
        self.merged = {
            path: merged
            for path in config_paths(self.desired.edition)
            for merged in (self._compared(path, comparison),)
            if merged is not None
        }
        undecided = [
            f"{path}: {difference}"
            for path, merged in self.merged.items()
            for difference in merged.undecided
        ]
        if undecided:
            raise CentreonError(
                f"the configuration is to be reviewed: {'; '.join(undecided)}",
                where=self.host.name,
                remedy="declare the values as `settings`, or choose config: carry, vendor or keep",
            )
        return [
            f"{path}: {difference}"
            for path, merged in self.merged.items()
            for difference in merged.differences
        ]

    def configure(self) -> None:
        """Write the merged files; what the package manager left goes to the backup."""
        for path, merged in self.merged.items():
            if self.host.run(["cat", path], check=False).stdout != merged.content:
                write_file(self.host, path, merged.content)
        backup.put_away(self.host, self._backup, self.desired.edition.config_dir, LEFTOVERS)

    def stop(self) -> None:
        """Stop the service."""
        self.stopped_at = time.monotonic()
        self.host.run(["systemctl", "stop", self.desired.edition.service], timeout=180)

    @property
    def stopped_for(self) -> float | None:
        """Seconds since the service was stopped; None when it wasn't."""
        return None if self.stopped_at is None else time.monotonic() - self.stopped_at

    @property
    def _backup(self) -> Manifest:
        if self.manifest is None:
            raise CentreonError("there is no backup to go back to", where=self.host.name)
        return self.manifest

    def _compared(self, path: str, comparison: Comparison) -> Merged | None:
        """Return the merged file; None for one that isn't there, or isn't the package's."""
        form, local = format_of(path), self._saved(path)
        vendor = self._in_package(self.incoming.path if self.incoming else None, path)
        if form is None or local is None or vendor is None:
            return None
        old = next(iter(self._backup.package_files), None)
        wanted = self.desired.settings_by_path.get(path, {})
        merged = merge(
            pristine=self._in_package(old, path),
            local=local,
            vendor=vendor,
            settings=wanted,
            strategy=self.desired.strategy,
            form=form,
            kept=[key for key in read_settings(local, form) if written_by_configure(key)],
        )
        content = _with_actions(merged.content, path, comparison.actions)
        return Merged(with_settings(content, wanted, form), merged.differences)

    def _saved(self, path: str) -> bytes | None:
        """Return a configuration file as it is in the backup."""
        name = path.rpartition("/")[2]
        archive = f"{self._backup.directory}/config.tar"
        member = f"{self._backup.config_folder}/{name}".lstrip("/")
        done = self.host.run(["tar", "-xOf", archive, member], check=False)
        return done.stdout if done.status == 0 else None

    def _in_package(self, package: str | None, path: str) -> bytes | None:
        return packages.pristine(self.host, package, path) if package else None

    def _forget_incoming(self) -> None:
        self.host.run(["rm", "-rf", f"{_INCOMING}-{self.desired.edition.service}"])


def _with_actions(content: bytes, path: str, actions: Iterable[ReplaceWord | SetProperty]) -> bytes:
    """Return a file with the extra steps of certain versions done."""
    form = format_of(path)
    for action in actions:
        if isinstance(action, SetProperty) and action.file == path and form is not None:
            content = with_settings(content, {action.key: action.value}, form)
        if isinstance(action, ReplaceWord) and path in action.files and form is not None:
            held = read_settings(content, form)
            changed = {
                key: value.replace(action.old, action.new)
                for key, value in held.items()
                if action.old in value and action.new not in value
            }
            content = with_settings(content, changed, form)
    return content
