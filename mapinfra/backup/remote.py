"""Short scripts on a host, and the one error that says what they were for."""

from mapinfra.errors import HostError
from mapinfra.hosts import Completed, Host
from mapinfra.hosts.failures import ConnectionLost, last_line


class BackupFailed(HostError):
    """A backup can't be made, read, rehearsed or brought back."""


def script(
    host: Host,
    doing: str,
    text: str,
    *arguments: str,
    stdin: bytes = b"",
    timeout: float | None = None,
) -> str:
    """Run POSIX sh with `arguments`; return what it printed.

    `doing` says in an error what it was for. Raises BackupFailed when it fails, and what
    `Host.run` raises when the host isn't there.
    """
    done = finished(host, doing, text, *arguments, stdin=stdin, timeout=timeout)
    return succeeded(host, doing, done).text


def finished(
    host: Host,
    doing: str,
    text: str,
    *arguments: str,
    stdin: bytes = b"",
    timeout: float | None = None,
) -> Completed:
    """Run POSIX sh with `arguments` as `script` does; return it however it ended."""
    argv = ("sh", "-c", text, "sh", *arguments)
    try:
        return host.run(argv, stdin=stdin, timeout=timeout, check=False)
    except ConnectionLost as error:
        what = f"the connection was lost while {doing}"
        raise ConnectionLost(what, where=host.name, remedy=error.remedy) from None


def succeeded(host: Host, doing: str, done: Completed) -> Completed:
    """Return a command that ended well; raise BackupFailed with its complaint otherwise."""
    if done.status == 0:
        return done
    complaint = last_line(done.stderr) or last_line(done.stdout) or f"exit {done.status}"
    complaint = complaint.replace("errno 28", "errno 28, no space left on device")
    raise BackupFailed(f"{doing} failed: {complaint}", where=host.name)
