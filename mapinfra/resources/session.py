"""What the resources of one run share: the hosts, the API clients, and the time they may take."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pulumi

from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.centreon.web.login import ApiUser, key
from mapinfra.errors import CentreonError, DatabaseError
from mapinfra.hosts import Database, Fleet, Target
from mapinfra.resources.machines import Machines
from mapinfra.resources.wishes import NO_WISHES, Wishes
from mapinfra.secrets import SecretResolver
from mapinfra.text import visible


@dataclass
class Session:
    """One run's view of the platform. Safe for use by several threads."""

    fleet: Fleet
    secrets: SecretResolver
    wishes: Wishes = NO_WISHES
    """What the spec says of brokers, for the MAP servers that connect there."""
    hosts: Sequence[Target] = ()
    """The hosts of the spec."""
    details: bool = True
    """Whether progress tells each value of a configuration file; else only how many."""
    stack: str | None = None
    """The stack whose run this is, as project/stack; None while nothing has told it."""
    held: dict[Hashable, Any] = field(default_factory=dict)
    """What a resource keeps from one step to the next, under a name of its own."""
    _clients: dict[Api, CentreonApi] = field(default_factory=dict)
    _accounts: dict[Hashable, ApiUser] = field(default_factory=dict)
    _claims: dict[str, Hashable] = field(default_factory=dict)
    _warned: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.machines = Machines(self.fleet, self.hosts)

    def api(self, api: Api) -> CentreonApi:
        """Return the one client of this API; one token and one refusal serve all of its user."""
        account = self._account(api)
        with self._lock:
            if api not in self._clients:
                self._clients[api] = CentreonApi(api, self.secrets, account)
            return self._clients[api]

    def expect_tokens(self, api: Api, life: float) -> None:
        """Note how many seconds a token of this API lives."""
        self._account(api).life = life

    def _account(self, api: Api) -> ApiUser:
        with self._lock:
            return self._accounts.setdefault(key(api), ApiUser())

    def tell(self, line: str) -> None:
        """Log a line of progress."""
        pulumi.log.info(visible(line))

    def claim(self, thing: str, by: Hashable) -> None:
        """Note that a resource of the program holds a thing; CentreonError when another does."""
        with self._lock:
            if self._claims.setdefault(thing, by) != by:
                raise CentreonError(
                    "two resources hold it", where=thing, remedy="take one of them out of the spec"
                )

    def claimed(self, thing: str) -> bool:
        """Tell whether a resource of the program holds a thing."""
        with self._lock:
            return thing in self._claims

    def warn_once(self, line: str) -> None:
        """Log a warning, unless it was logged before."""
        with self._lock:
            if line not in self._warned:
                self._warned.add(line)
                pulumi.log.warn(visible(line))

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()
        self.fleet.close()


def database_of(target: Target) -> Database:
    """Return how to reach the host's database; raise DatabaseError where that isn't given."""
    if target.database is None:
        raise DatabaseError(
            "its database is not given", where=target.name, remedy="add `database` to it"
        )
    return target.database
