"""Taking a backup: all of it, verified, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from mapinfra.backup import sessions, shelf, sums, wayback
from mapinfra.backup.dump import DIGEST_PROGRAM, PROGRAM, Digests, read_digests
from mapinfra.backup.folder import script_in
from mapinfra.backup.login import logged_in
from mapinfra.backup.manifest import MANIFEST, Manifest
from mapinfra.backup.remote import BackupFailed
from mapinfra.backup.state import Sizes, read_state
from mapinfra.backup.subject import MariadbClient, Subject
from mapinfra.backup.working import CopyProgress, Tell, work
from mapinfra.errors import HostError
from mapinfra.hosts import Host, packages

# Prints which of the files outside the folder there are.
_CONFIG = """\
umask 077
archive=$1/config.tar folder=${2#/}
shift 2
for file; do
  shift
  [ ! -f "$file" ] || set -- "$@" "${file#/}"
done
cd / || exit
tar --xattrs '--xattrs-include=*' --acls --selinux -cf "$archive" "$folder" "$@" || exit
for file; do echo "/$file"; done
"""
_STORE = """\
umask 077
cat >"$1/$2.new" && sync "$1/$2.new" && mv "$1/$2.new" "$1/$2"
"""


def take(host: Host, subject: Subject, id: str, *, who: str, tell: Tell | None = None) -> Manifest:
    """Back up a MAP server into its own directory and believe nothing that wasn't read back.

    Nothing of the server is changed. Room is checked before anything is written; the dump's end,
    its checksums and its row counts before the manifest is, which is what makes it a backup.
    Afterwards older backups beyond `subject.keep` go. `who` is whom the manifest names; `tell`
    takes a line, now and then, on how far it is.
    Raises BackupFailed or another HostError, and Interrupted; then the directory is gone again.
    """
    shelf.clear_unfinished(host, subject)
    with logged_in(host, subject.client, subject.service) as login:
        state = _prepare(host, subject, login)
        with _directory(host, subject, id):
            manifest = _fill(host, subject, id, state, login, who, tell)
    shelf.retire(host, subject, id)
    return manifest


def renew_way_back(host: Host, manifest: Manifest, client: MariadbClient) -> None:
    """Write the script of the way back anew: an older mapinfra's isn't run.

    The backup is to be verified before: its checksums are written anew, too.
    """
    back = wayback.render(manifest, start_mariadb=client.is_local)
    store(host, manifest.directory, wayback.SCRIPT, back)
    sums.seal(host, manifest)


def digest(
    host: Host,
    unit: str,
    directory: str,
    dump: str,
    database: str,
    progress: CopyProgress | None = None,
) -> Digests:
    """Read a dump through; raise BackupFailed when it has no end or can't be unpacked."""
    argv = ("bash", "-c", DIGEST_PROGRAM, "bash", f"{directory}/digest", dump, database)
    work(host, unit, argv, "reading the dump", progress)
    reading = 'cat "$1/digest.tsv" && rm -f "$1/digest.tsv"'
    text = script_in(host, "reading the dump's digest", directory, reading)
    return read_digests(text, host.name)


def _prepare(host: Host, subject: Subject, login: str) -> Sizes:
    making = 'umask 077; mkdir -p -- "$1"'
    script_in(host, f"making {subject.folder}", subject.folder, making)
    place = sessions.DatabasePlace(subject.client, subject.database)
    with sessions.explained(host, place, subject.service):
        state = read_state(host, subject, login)
    state.expect_room(host.name, subject.folder)
    return state


@contextmanager
def _directory(host: Host, subject: Subject, id: str) -> Iterator[None]:
    """Make the backup's directory, and remove it should anything go wrong."""
    shelf.start(host, subject, id)
    try:
        yield
    except BaseException:
        with suppress(HostError):  # what went wrong first is what is told; the next run clears
            shelf.clear_unfinished(host, subject)
        raise
    shelf.finish(host, subject.directory(id))


def _fill(
    host: Host,
    subject: Subject,
    id: str,
    state: Sizes,
    login: str,
    who: str,
    tell: Tell | None,
) -> Manifest:
    directory, unit = subject.directory(id), f"{shelf.unit_prefix(subject.service)}{id}"
    if subject.packages:
        packages.fetch(host, subject.packages, f"{directory}/packages")
    doing, paths = "saving the configuration", (state.config_folder, *subject.elsewhere)
    elsewhere = script_in(host, doing, directory, _CONFIG, *paths, timeout=600).splitlines()
    dump = f"database.sql{'.zst' if state.has_zstd else ''}"
    path = f"{directory}/{dump}"
    argv = ("bash", "-c", PROGRAM, "bash", login, subject.database, path)
    words = f"dumped {{}} of {subject.database}, which has {state.data / 1e6:.0f} MB"
    written = CopyProgress.writing(host, path, words, tell) if tell else None
    work(host, f"{unit}-dump", argv, f"the dump of {subject.database}", written)
    read, summed = (
        CopyProgress.reading(host, path, f"{doing} the dump, {{}} of it read", tell)
        if tell
        else None
        for doing in ("checking", "summing up")
    )
    found = digest(host, f"{unit}-digest", directory, path, subject.database, read)
    files = sums.summed_up(host, f"{unit}-sums", directory, summed)
    manifest = Manifest(
        id=id,
        directory=directory,
        service=subject.service,
        taken_at=state.now,
        who=who,
        family=subject.family,
        packages=dict(subject.packages),
        config_folder=state.config_folder,
        database=subject.database,
        character_set=state.character_set,
        collation=state.collation,
        mariadb=state.mariadb,
        active=state.active,
        enablement=state.enablement,
        dump=dump,
        files=files,
        tables=found.tables,
        others=found.others,
        socket=subject.client.socket or "",
        unit=subject.client.unit,
        datadir=subject.client.datadir,
        machine=state.machine,
        elsewhere=tuple(elsewhere),
    )
    _expect_packages(host, manifest)
    store(host, directory, MANIFEST, manifest.dumps())
    renew_way_back(host, manifest, subject.client)
    return manifest


def store(host: Host, directory: str, name: str, content: str) -> None:
    """Write a file of the backup with mode 600: whole, or not at all."""
    script_in(host, f"writing {name}", directory, _STORE, name, stdin=content.encode())


def _expect_packages(host: Host, manifest: Manifest) -> None:
    missing = len(manifest.packages) - len(manifest.package_files)
    if missing > 0:
        raise BackupFailed(
            f"{missing} of the installed packages' files could not be fetched: "
            f"{', '.join(manifest.packages)}",
            where=host.name,
            remedy="add the repository that has these versions",
        )
