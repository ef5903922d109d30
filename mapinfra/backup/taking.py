"""Taking a backup: all of it, verified, or nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from mapinfra.backup import shelf, wayback
from mapinfra.backup.dump import DIGEST_PROGRAM, PROGRAM, Digests, read_digests
from mapinfra.backup.login import logged_in
from mapinfra.backup.manifest import MANIFEST, SUMS, File, Manifest
from mapinfra.backup.remote import BackupFailed, script, succeeded
from mapinfra.backup.state import State, read_state
from mapinfra.backup.subject import Client, Subject
from mapinfra.errors import HostError
from mapinfra.hosts import Host, packages
from mapinfra.hosts.units import run_unit

_LONGEST = 6 * 3600.0  # seconds that a dump, or reading one, may take

_CONFIG = """\
umask 077
cd / && tar --xattrs '--xattrs-include=*' --acls --selinux -cf "$1/config.tar" "${2#/}"
"""
_SUMS = """\
umask 077
cd "$1" && find . -type f ! -name "$2" ! -name UNFINISHED -printf '%P\\n' | LC_ALL=C sort |
  while IFS= read -r name; do sha256sum "$name" || exit; done >"$2" &&
  while read -r sum name; do printf '%s %s %s\\n' "$sum" "$(stat -c %s "$name")" "$name"; done <"$2"
"""
_STORE = """\
umask 077
cat >"$1/$2.new" && sync "$1/$2.new" && mv "$1/$2.new" "$1/$2"
"""


def take(host: Host, subject: Subject, id: str, *, who: str) -> Manifest:
    """Back up a MAP server into its own directory and believe nothing that wasn't read back.

    Nothing of the server is changed. Room is checked before anything is written; the dump's end,
    its checksums and its row counts before the manifest is, which is what makes it a backup.
    Afterwards older backups beyond `subject.keep` go. `who` is whom the manifest names.
    Raises BackupFailed or another HostError; then the directory is gone again.
    """
    directory = subject.directory(id)
    shelf.clear_unfinished(host, subject)
    with logged_in(host, subject.client, subject.service) as login:
        state = _prepare(host, subject, login)
        with _directory(host, subject, directory):
            manifest = _fill(host, subject, id, state, login, who)
    shelf.retire(host, subject)
    return manifest


def verify(host: Host, manifest: Manifest) -> None:
    """Read every file of a backup again; raise BackupFailed when one isn't as it was written."""
    script(
        host,
        f"checking backup {manifest.id}",
        'cd "$1" && sha256sum --quiet -c "$2" 2>&1 </dev/null | head -n 1 | { ! grep . >&2; }',
        manifest.directory,
        SUMS,
        timeout=_LONGEST,
    )


def renew_way_back(host: Host, manifest: Manifest, client: Client) -> None:
    """Write the script of the way back anew: an older mapinfra's, or a spoilt one, isn't run."""
    back = wayback.render(manifest, start_mariadb=client.is_local)
    store(host, manifest.directory, wayback.SCRIPT, back)


def digest(host: Host, unit: str, directory: str, dump: str, database: str) -> Digests:
    """Read a dump through; raise BackupFailed when it has no end or can't be unpacked."""
    work = f"{directory}/digest"
    argv = ("bash", "-c", DIGEST_PROGRAM, "bash", work, dump, database)
    as_unit(host, unit, argv, "reading the dump")
    text = script(host, "reading the dump's digest", 'cat "$1.tsv" && rm -f "$1.tsv"', work)
    return read_digests(text, host.name)


def _prepare(host: Host, subject: Subject, login: str) -> State:
    script(host, f"making {subject.folder}", 'umask 077; mkdir -p -- "$1"', subject.folder)
    state = read_state(host, subject, login)
    state.expect_room(host.name, subject.folder)
    return state


@contextmanager
def _directory(host: Host, subject: Subject, directory: str) -> Iterator[None]:
    """Make the backup's directory, and remove it should anything go wrong."""
    shelf.start(host, subject, directory)
    try:
        yield
    except BaseException:
        with suppress(HostError):  # what went wrong first is what is told; the next run clears
            shelf.clear_unfinished(host, subject)
        raise
    shelf.finish(host, directory)


def _fill(host: Host, subject: Subject, id: str, state: State, login: str, who: str) -> Manifest:
    directory, unit = subject.directory(id), f"{shelf.unit_prefix(subject.service)}{id}"
    if subject.packages:
        packages.fetch(host, subject.packages, f"{directory}/packages")
    script(host, "saving the configuration", _CONFIG, directory, state.config_folder, timeout=600)
    dump = f"database.sql{'.zst' if state.has_zstd else ''}"
    argv = ("bash", "-c", PROGRAM, "bash", login, subject.database, f"{directory}/{dump}")
    as_unit(host, f"{unit}-dump", argv, f"the dump of {subject.database}")
    found = digest(host, f"{unit}-digest", directory, f"{directory}/{dump}", subject.database)
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
        files=_files(host, directory),
        tables=found.tables,
        others=found.others,
    )
    _expect_packages(host, manifest)
    renew_way_back(host, manifest, subject.client)
    store(host, directory, MANIFEST, manifest.dumps())
    return manifest


def store(host: Host, directory: str, name: str, content: str) -> None:
    """Write a file of the backup with mode 600: whole, or not at all."""
    script(host, f"writing {name}", _STORE, directory, name, stdin=content.encode())


def _files(host: Host, directory: str) -> Mapping[str, File]:
    text = script(host, "summing up the backup", _SUMS, directory, SUMS, timeout=_LONGEST)
    listed = (line.split(" ", 2) for line in text.splitlines())
    return {name: File(int(size), sha256) for sha256, size, name in listed}


def _expect_packages(host: Host, manifest: Manifest) -> None:
    missing = len(manifest.packages) - len(manifest.package_files)
    if missing > 0:
        raise BackupFailed(
            f"{missing} of the installed packages' files could not be fetched: "
            f"{', '.join(manifest.packages)}",
            where=host.name,
            remedy="add the repository that has these versions",
        )


def as_unit(host: Host, unit: str, argv: tuple[str, ...], doing: str) -> None:
    """Run a command that may outlive the connection; raise BackupFailed when it fails."""
    done = run_unit(host, unit, argv, timeout=_LONGEST, description=doing, check=False)
    succeeded(host, doing, done)
