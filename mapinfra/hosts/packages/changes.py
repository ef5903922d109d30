"""Packages changed on a host, each time by a unit that outlives the connection."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from mapinfra.hosts.deadline import Deadline
from mapinfra.hosts.host import Completed, Host
from mapinfra.hosts.packages import locks
from mapinfra.hosts.packages.aside import ASIDE
from mapinfra.hosts.packages.manager import FIND_FAMILY, Manager, manager
from mapinfra.hosts.packages.model import (
    Conffiles,
    Family,
    Installed,
    ManagerBusy,
    Offered,
    PackageChange,
    PackageError,
    PackageFile,
    RemovalRefused,
    VersionNotOffered,
)
from mapinfra.hosts.packages.probes import (
    installed_script,
    offered_script,
    read_installed,
    read_offered,
)
from mapinfra.hosts.units import resume_unit, run_unit

_ASIDE_SECONDS = 120.0  # for what is asked of repositories
_TRANSACTION_SECONDS = 1800.0
_PATIENCE = 300.0  # seconds that another package manager's run is waited for
_ABSENT = 44
_FRESH = 'umask 077; rm -rf -- "$1" && mkdir -p -- "$1"'


def wait_until_free(host: Host, patience: float = _PATIENCE) -> None:
    """Wait until no other program uses the package manager; raise ManagerBusy, which names it."""
    locks.wait_until_free(host, _manager(host), patience)


def installed(host: Host, names: Iterable[str]) -> Installed:
    """Return what is installed now of these packages."""
    return read_installed(_sh(host, installed_script(names)).text)


def offered(host: Host, names: Iterable[str]) -> Offered:
    """Return what the repositories offer now; see `offered_probe`."""
    return read_offered(_sh(host, offered_script(names)).text)


def foresee(host: Host, wanted: Mapping[str, str]) -> tuple[PackageChange, ...]:
    """Return what `install` would change, dependencies included, and leave no trace.

    Raises VersionNotOffered, with what is offered; RemovalRefused when other packages would go;
    PackageError for what the package manager refuses, a missing dependency for one.
    """
    return _foreseen(host, _manager(host), wanted)


def foresee_removal(host: Host, names: Sequence[str]) -> tuple[PackageChange, ...]:
    """Return what `remove` would remove of these packages, and leave no trace.

    Raises RemovalRefused when others depend on them, PackageError for what the package manager
    refuses, a protected or held package for one.
    """
    there = [name for name in names if name in installed(host, names).versions]
    if not there:
        return ()
    changes = _dry_run(host, _manager(host), "remove", there)
    _refuse_removals(host, changes, there)
    return changes


def install(
    host: Host,
    wanted: Mapping[str, str],
    unit: str,
    *,
    conffiles: Conffiles = "keep",
    patience: float = _PATIENCE,
    timeout: float = _TRANSACTION_SECONDS,
    ready: Callable[[], None] | None = None,
) -> tuple[PackageChange, ...]:
    """Bring packages to exactly these versions, up or down, and return what was changed.

    Other packages change only as these need it, and none is removed. A busy package manager is
    waited for up to `patience` seconds. A transaction that a killed process left running as `unit`
    is waited for and its result taken; what it changed isn't known then, and () is returned.
    `ready` is called last of all before a transaction begins; what it raises ends this.

    It has failed when the package manager says so, when a script of a package that came in failed
    (rpm lets that pass), or when the versions, or dpkg's states, aren't as wanted afterwards.
    Raises what `foresee` raises, ManagerBusy, PackageError, CommandTimeout.
    """
    tool = _manager(host)
    specs = [tool.spec(name, version) for name, version in wanted.items()]
    argv = tool.install(specs, conffiles)
    said = f"installing {', '.join(specs)}"
    changes: tuple[PackageChange, ...] = ()
    done = resume_unit(host, unit, argv, timeout=timeout, description=said)
    if done is None:
        locks.wait_until_free(host, tool, patience)
        changes = _foreseen(host, tool, wanted)
        if not changes:
            return ()
        if tool.update:
            # A repository that can't be read is told by the transaction, should it matter.
            host.run(tool.update, timeout=_ASIDE_SECONDS, check=False)
        done = _transaction(host, tool, argv, unit, said, patience, timeout, ready)
    _judge(host, tool, done, said)
    _check_versions(host, wanted, said)
    return changes


def download(host: Host, wanted: Mapping[str, str], unit: str) -> None:
    """Bring all that `install` needs into the package manager's own cache.

    So a repository that refuses a package, or one that it needs, is told before anything is
    changed. Raises ManagerBusy, PackageError, CommandTimeout.
    """
    tool = _manager(host)
    if not wanted:
        return
    specs = [tool.spec(name, version) for name, version in wanted.items()]
    said = f"downloading {', '.join(specs)}, and what they need,"
    if tool.update:
        host.run(tool.update, timeout=_ASIDE_SECONDS, check=False)
    argv = tool.download(specs)
    done = _transaction(host, tool, argv, unit, said, _PATIENCE, _TRANSACTION_SECONDS)
    if done.status != 0:
        raise PackageError(
            f"{said} failed, exit {done.status}: {tool.complaint(done) or 'no output'}",
            where=host.name,
            remedy="see that the repositories there serve it: their address, credentials, proxy",
        )


def remove(
    host: Host,
    names: Sequence[str],
    unit: str,
    *,
    purge: bool = False,
    patience: float = _PATIENCE,
    timeout: float = _TRANSACTION_SECONDS,
) -> tuple[PackageChange, ...]:
    """Remove packages, and return what was removed.

    Edited configuration files stay; with `purge`, dpkg's go and are forgotten, so that they come
    new should the package come again.
    Raises RemovalRefused when others depend on them, ManagerBusy, PackageError, CommandTimeout.
    """
    tool = _manager(host)
    changes = foresee_removal(host, names)
    there = [one.name for one in changes if one.name in names]
    if not there:
        return ()
    said = f"removing {', '.join(there)}"
    done = _transaction(host, tool, tool.remove(there, purge=purge), unit, said, patience, timeout)
    if done.status != 0 or installed(host, there).versions:
        raise _failed(host, tool, done, said)
    return changes


def fetch(
    host: Host, wanted: Mapping[str, str], directory: str, *, timeout: float = 600.0
) -> tuple[PackageFile, ...]:
    """Download the package files of exactly these versions into a directory that is there.

    They come from the repositories, by the package manager, which checks their signatures as it
    is configured to; else from its local cache, where an rpm must have a good signature.
    Raises VersionNotOffered for what isn't to be had.
    """
    tool = _manager(host)
    specs = {tool.spec(name, version): name for name, version in wanted.items()}
    script = ASIDE + tool.repositories_script + tool.fetch_script
    done = _sh(host, script, directory, *specs, timeout=timeout, check=False)
    files = tuple(PackageFile(*line.split(" ", 2)) for line in done.text.splitlines())
    had = {file.name: file for file in files if wanted.get(file.name) == file.version}
    for name, version in wanted.items():
        if name not in had:
            raise _not_to_be_had(host, tool, done, name, version)
    return tuple(had[name] for name in wanted)


def fetch_afresh(host: Host, wanted: Mapping[str, str], directory: str) -> tuple[PackageFile, ...]:
    """Do as `fetch` does, into a directory of root's own that has nothing else in it."""
    host.run(["sh", "-c", _FRESH, "sh", directory])
    return fetch(host, wanted, directory)


def install_files(
    host: Host,
    files: Sequence[PackageFile],
    unit: str,
    *,
    patience: float = _PATIENCE,
    timeout: float = _TRANSACTION_SECONDS,
) -> None:
    """Install package files, over newer or half-configured versions, without any repository.

    Raises ManagerBusy, PackageError, CommandTimeout.
    """
    tool = _manager(host)
    said = f"installing {', '.join(tool.spec(file.name, file.version) for file in files)}"
    argv = tool.install_files([file.path for file in files])
    done = resume_unit(host, unit, argv, timeout=timeout, description=said)
    if done is None:
        done = _transaction(host, tool, argv, unit, said, patience, timeout)
    _judge(host, tool, done, said)
    _check_versions(host, {file.name: file.version for file in files}, said)


def install_files_argv(family: Family, files: Sequence[str]) -> list[str]:
    """Return the command by which a script on the host installs package files.

    It needs no repository, goes down as well as up, waits for another transaction, mends what a
    cut transaction left, may be run again, and ends with a status other than 0 when it failed.
    """
    return manager(family).install_files(files)


def pristine(host: Host, package: str, path: str) -> bytes | None:
    """Return a file as the package at `package` (a path on the host) holds it, None if it doesn't.

    Raises PackageError when the package can't be read.
    """
    tool = _manager(host)
    done = _sh(host, ASIDE + tool.pristine_script, package, path, check=False)
    if done.status == _ABSENT:
        return None
    if done.status != 0:
        raise PackageError(
            f"{path} can't be read out of {package}: {tool.complaint(done) or 'no output'}",
            where=host.name,
        )
    return done.stdout


def _manager(host: Host) -> Manager:
    family = _sh(host, FIND_FAMILY + "\necho $family\n").text.strip()
    return manager("rpm" if family == "rpm" else "deb")


def _foreseen(host: Host, tool: Manager, wanted: Mapping[str, str]) -> tuple[PackageChange, ...]:
    specs = [tool.spec(name, version) for name, version in wanted.items()]
    try:
        changes = _dry_run(host, tool, "install", specs)
    except PackageError:
        _check_offered(host, wanted)
        raise
    _refuse_removals(host, changes, ())
    return changes


def _dry_run(
    host: Host, tool: Manager, verb: str, specs: Sequence[str]
) -> tuple[PackageChange, ...]:
    script = ASIDE + tool.repositories_script + tool.foresee_script
    done = _sh(host, script, *tool.foreseeing(verb, specs), check=False)
    changes = tool.foreseen(done)
    if changes is None:
        raise PackageError(
            f"{tool.command} refuses to {verb} {', '.join(specs)}: {tool.complaint(done)}",
            where=host.name,
        )
    return tuple(changes)


def _refuse_removals(host: Host, changes: Iterable[PackageChange], asked: Sequence[str]) -> None:
    others = [one for one in changes if one.action == "remove" and one.name not in asked]
    if others:
        raise RemovalRefused(
            f"this would {', '.join(map(str, others))} as well",
            where=host.name,
            remedy="solve the conflict by hand, then run again",
        )


def _check_offered(host: Host, wanted: Mapping[str, str]) -> None:
    found = offered(host, wanted)
    for name, version in wanted.items():
        versions = found.versions.get(name, ())
        if version not in versions:
            told = f"offered: {', '.join(versions)}" if versions else "no version of it is"
            unread = f" (not read: {'; '.join(found.unreadable)})" if found.unreadable else ""
            raise VersionNotOffered(
                f"no repository offers {name} {version}; {told}{unread}",
                where=host.name,
                remedy="ask for one that is, or configure the repository of its line",
                offered=versions,
            )


def _transaction(
    host: Host,
    tool: Manager,
    argv: Sequence[str],
    unit: str,
    said: str,
    patience: float,
    timeout: float,
    ready: Callable[[], None] | None = None,
) -> Completed:
    """Run a transaction; again when another one took the lock in the last moment."""
    deadline = Deadline.after(patience)
    while True:
        locks.wait_until_free(host, tool, deadline.remaining())
        if ready is not None:
            ready()
        done = run_unit(host, unit, argv, timeout=timeout, description=said, check=False)
        if not tool.is_busy(done):
            return done
        if deadline.passed:
            raise ManagerBusy(
                f"{tool.command} is busy: {tool.complaint(done)}",
                where=host.name,
                remedy="wait until that has ended, then run again",
            )
        time.sleep(min(1.0, deadline.remaining()))


def _judge(host: Host, tool: Manager, done: Completed, said: str) -> None:
    if done.status != 0:
        raise _failed(host, tool, done, said)
    if faults := tool.script_faults(done):
        raise PackageError(f"{said} failed: {'; '.join(faults)}", where=host.name)


def _failed(host: Host, tool: Manager, done: Completed, said: str) -> PackageError:
    return PackageError(
        f"{said} failed, exit {done.status}: {tool.complaint(done) or 'no output'}",
        where=host.name,
    )


def _check_versions(host: Host, wanted: Mapping[str, str], said: str) -> None:
    now = installed(host, wanted)
    faults = list(now.faults)
    for name, version in wanted.items():
        found = now.versions.get(name, "absent")
        if found != version and not faults:
            faults.append(f"{name} is {found} afterwards, not {version}")
    if faults:
        raise PackageError(f"{said} failed: {'; '.join(faults)}", where=host.name)


def _not_to_be_had(
    host: Host, tool: Manager, done: Completed, name: str, version: str
) -> VersionNotOffered:
    return VersionNotOffered(
        f"the package file of {name} {version} isn't to be had, neither from a repository nor "
        f"from the cache: {tool.complaint(done) or 'no message'}",
        where=host.name,
        remedy="configure a repository that still has it",
    )


def _sh(
    host: Host, script: str, *words: str, timeout: float = _ASIDE_SECONDS, check: bool = True
) -> Completed:
    return host.run(["sh", "-c", script, "sh", *words], timeout=timeout, check=check)
