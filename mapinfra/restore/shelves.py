"""The backups on every MAP server of a spec, read at once, and looked into on request."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from mapinfra import backup
from mapinfra.backup import BackupFailed, Listed, Manifest, Shelf, shelf
from mapinfra.errors import MapinfraError
from mapinfra.hosts import Fleet, Host
from mapinfra.restore.servers import RestorableServer


@dataclass(frozen=True)
class ServerShelf:
    """One server's backups, or why they couldn't be read."""

    server: RestorableServer
    shelf: Shelf = field(default_factory=lambda: Shelf(()))
    error: MapinfraError | None = None
    verified: Mapping[str, str] | None = None
    """What reading every file again found wrong, by id; empty: nothing. None: not asked for."""

    @property
    def is_sound(self) -> bool:
        """Whether it could be read, and no backup is known to be damaged."""
        damaged = self.shelf.unreadable or any(map(self.damage, self.shelf.backups))
        return self.error is None and not damaged

    def damage(self, listed: Listed) -> str:
        """Say what is wrong with a backup; nothing, as far as was looked, when empty."""
        return listed.damage or (self.verified or {}).get(listed.manifest.id, "")


def read_shelves(fleet: Fleet, servers: Sequence[RestorableServer]) -> tuple[ServerShelf, ...]:
    """Read the backups of all servers at once; one that can't be read doesn't hide the others."""
    fleet.prefetch(server.target for server in servers)
    return tuple(_read(fleet, server) for server in servers)


def verified(fleet: Fleet, reads: Sequence[ServerShelf]) -> tuple[ServerShelf, ...]:
    """Read every file of every backup again, on all hosts at once."""

    def verify(read: ServerShelf) -> ServerShelf:
        if read.error is not None:
            return read
        try:
            return replace(read, verified=_verify_all(fleet.host(read.server.target), read))
        except MapinfraError as error:
            return replace(read, error=error)

    with ThreadPoolExecutor(thread_name_prefix="verify") as pool:
        return tuple(pool.map(verify, reads))


def located(reads: Sequence[ServerShelf], id: str) -> tuple[RestorableServer, Manifest]:
    """Return the backup of that id and where it is; MapinfraError: none, or a damaged one."""
    for read in reads:
        for listed in read.shelf.backups:
            if listed.manifest.id == id:
                if listed.damage:
                    raise BackupFailed(
                        f"backup {id} is damaged: {listed.damage}",
                        where=read.server.name,
                        remedy="choose another: mapinfra backups lists them",
                    )
                return read.server, listed.manifest
        if id in read.shelf.unreadable:
            raise BackupFailed(
                f"backup {id} is damaged: {read.shelf.unreadable[id]}",
                where=read.server.name,
                remedy="choose another: mapinfra backups lists them",
            )
    unread = next((read.error for read in reads if read.error is not None), None)
    if unread is not None:
        raise unread
    places = ", ".join(read.server.name for read in reads)
    raise MapinfraError(
        f"there is no backup {id}", where=places, remedy="mapinfra backups lists them"
    )


def rehearsed(fleet: Fleet, server: RestorableServer, manifest: Manifest) -> None:
    """Restore a backup into a scratch database and compare; raise BackupFailed."""
    backup.rehearse(fleet.host(server.target), manifest, manifest.client)


def _read(fleet: Fleet, server: RestorableServer) -> ServerShelf:
    try:
        found = shelf.read(fleet.facts(server.target), server.desired.folder)
        found.expect_safe(server.name)
        return ServerShelf(server, found)
    except MapinfraError as error:
        return ServerShelf(server, error=error)


def _verify_all(host: Host, read: ServerShelf) -> dict[str, str]:
    manifests = (one.manifest for one in read.shelf.backups)
    return {manifest.id: _complaint(host, manifest) for manifest in manifests}


def _complaint(host: Host, manifest: Manifest) -> str:
    try:
        backup.verify(host, manifest)
    except BackupFailed as error:
        return error.what
    return ""
