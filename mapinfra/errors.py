"""The one tree of errors; every message says where, what, and what to do.

MapinfraError
├── Faulty              several faults at once, a line each
│   ├── SpecError             every fault of a spec file
│   └── PlanRefused           everything in which a saved plan doesn't fit any more
├── SecretError         a secret reference that can't be resolved
├── HostError           one host
│   ├── HostUnreachable       no connection within the connect timeout
│   ├── HostKeyRefused        unknown or changed host key
│   ├── AuthenticationRefused the server refused user and key
│   ├── SudoRefused           sudo refused, or wants a password
│   ├── CommandFailed         a command ended with a non-zero status
│   ├── CommandTimeout        a command or a wait took longer than it may
│   └── DatabaseError         MariaDB on that host
├── ApiError            Centreon's web API
├── CentreonError       what is on the platform doesn't fit what was asked
├── ApplyFailed         a step failed; says what was put back
├── Interrupted         a signal came before anything was changed
└── StateError          the state file or its backend
    └── StackLocked     another run holds the stack
"""

from mapinfra.text import visible


class MapinfraError(Exception):
    """Something a user can act on, told in one line.

    `where` names the place (file and line, host, resource), `what` the fault, `remedy` what to do.
    `beside` has lines that help to decide, to be shown before it.
    """

    def __init__(
        self, what: str, *, where: str = "", remedy: str = "", beside: tuple[str, ...] = ()
    ) -> None:
        self.where = where
        self.what = what
        self.remedy = remedy
        self.beside = beside
        super().__init__(what)

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        line = f"{line}; {self.remedy}" if self.remedy else line
        return visible(" ".join(line.split()))

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.__dict__))


def _restore(kind: type[MapinfraError], state: dict[str, object]) -> MapinfraError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    return error


class Faulty(MapinfraError):
    """Several faults at once; `faults` holds one line per fault, in order."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))

    def __str__(self) -> str:
        return "\n".join(map(visible, self.faults))


class SpecError(Faulty):
    """A spec that can't be used."""


class PlanRefused(Faulty):
    """A saved plan that isn't what would be done now; nothing was."""


class SecretError(MapinfraError):
    """A secret reference that can't be resolved."""


class HostError(MapinfraError):
    """Something went wrong on one host; `where` begins with its name."""


class HostUnreachable(HostError):
    """No connection within the connect timeout."""


class HostKeyRefused(HostError):
    """The host's key is unknown, or not the one expected."""


class AuthenticationRefused(HostError):
    """The SSH server refused the user with every key on offer."""


class SudoRefused(HostError):
    """Sudo refused the user or the password."""


class CommandFailed(HostError):
    """A command on a host ended with a non-zero status."""


class CommandTimeout(HostError):
    """A command, or a condition waited for, took longer than it may."""


class DatabaseError(HostError):
    """MariaDB on that host refused, or can't be reached."""


class Deadlock(DatabaseError):
    """MariaDB rolled a transaction back, since it and another waited for each other (1213)."""


class ApiError(MapinfraError):
    """Centreon's web API refused, or can't be reached; `where` is its address."""


class CentreonError(MapinfraError):
    """What is on the platform doesn't fit what was asked."""


class ApplyFailed(MapinfraError):
    """A step failed; the message says which, why, and what was put back."""


class Interrupted(MapinfraError):
    """SIGINT, SIGTERM or SIGHUP came before anything was changed."""


class StateError(MapinfraError):
    """The state file or its backend can't be used."""


class StackLocked(StateError):
    """Another run holds the stack."""
