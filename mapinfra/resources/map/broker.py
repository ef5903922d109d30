"""MAP's way to its broker, and the output that the spec wants there: one value in two places. Pure.

The output is made on the central, MAP reads its own file; nothing but a look at both tells that
they don't fit.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mapinfra.centreon.broker.outputs import MAP_PORT, is_vendors
from mapinfra.centreon.map import environment, health
from mapinfra.centreon.releases.editions import Edition
from mapinfra.errors import CentreonError
from mapinfra.hosts import Facts
from mapinfra.resources.map.model import DesiredMap, LiveMap, held
from mapinfra.resources.wishes import WantedMap, WantedOutput, Wishes, comparable

_THIS_HOST = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class BrokerConnection:
    """How a MAP server connects to its broker."""

    server: str
    """The host that MAP is on."""
    web: str
    """The central or remote that it serves."""
    edition: Edition
    configuration: Mapping[str, bytes]
    """Its files; empty where MAP isn't there yet."""
    declared: Mapping[str, str]
    """What the spec sets in its main file."""
    is_connected: bool
    leads_to: Collection[str] = ()
    """The names of the machine that its broker.address leads to from there; empty: not known."""

    @property
    def path(self) -> str:
        """Its main file."""
        return f"{self.edition.config_dir}/{self.edition.main_file}"

    @property
    def found(self) -> Mapping[str, str]:
        """What its main file will say."""
        return {**held(self.configuration, self.path), **self.declared}

    @property
    def address(self) -> str:
        """The name or address that it has its broker at, `comparable`; '' where it names none."""
        return comparable(self.found.get("broker.address", ""))


def connection_found(wanted: WantedMap, web: str, facts: Facts) -> BrokerConnection:
    """Return how a MAP server of the spec connects, but for where its broker.address leads.

    Raises HostError, or CentreonError.
    """
    return BrokerConnection(
        wanted.host.name,
        web,
        wanted.edition,
        environment.configuration(facts, wanted.edition),
        wanted.declared,
        health.observed(facts, wanted.edition).is_connected,
    )


def output_for_map(outputs: Sequence[WantedOutput], port: str | None) -> WantedOutput | None:
    """Return the output that a MAP server on this port uses, or is meant to; None: not told."""
    by_port = [one for one in outputs if one.port == port]
    by_name = [one for one in outputs if is_vendors(one.name)]
    return next(iter(by_port or by_name or (outputs if len(outputs) == 1 else ())), None)


def connection_of(desired: DesiredMap, live: LiveMap) -> BrokerConnection:
    """Return how a MAP server connects, as it was found."""
    edition = desired.edition
    return BrokerConnection(
        desired.map.name,
        desired.web.name,
        edition,
        live.configuration,
        desired.settings.get(edition.main_file, {}),
        live.health.is_connected,
        live.broker_at,
    )


def address_to_resolve(connection: BrokerConnection, wishes: Wishes) -> str:
    """Return broker.address where its text alone doesn't tell that it is the output's; else ''."""
    if not wishes.outputs.get(connection.web):
        return ""
    address = connection.address
    return "" if wishes.hosts.get(address) == connection.web else address


def expect_agreement(desired: DesiredMap, live: LiveMap) -> None:
    """Raise CentreonError where MAP's settings and the output of the spec don't fit."""
    for error in disagreements(connection_of(desired, live), live.wishes):
        raise error


def disagreements(connection: BrokerConnection, wishes: Wishes) -> Iterator[CentreonError]:
    """Yield where MAP's settings and the output that the spec has for it don't fit."""
    found, is_there = connection.found, bool(connection.configuration)
    port = found.get("broker.port", MAP_PORT if is_there else None)
    output = output_for_map(wishes.outputs.get(connection.web, ()), port)
    if output is None:
        return
    for key, fault in _faults(connection, output, wishes):
        where = f"{connection.server}: {connection.path}"
        if key in connection.declared:
            main_file = connection.edition.main_file
            where = f"{connection.server}: settings of {main_file} in the spec"
        yield CentreonError(
            f"{key} is {found.get(key, 'not set')}, but output {output.name} ({output.place}) "
            f"{fault}",
            where=where,
            remedy=f"make both agree: there, or with {key} in the spec's map.settings",
        )


def _faults(
    connection: BrokerConnection, output: WantedOutput, wishes: Wishes
) -> Iterator[tuple[str, str]]:
    found, is_there, web = connection.found, bool(connection.configuration), connection.web
    if found.get("broker.port", MAP_PORT if is_there else output.port) != output.port:
        yield "broker.port", f"listens on {output.port}"
    key = _tls_key(found)
    tls = key is not None and found.get(key, "").lower() == "true"
    if is_there and key is not None and output.tls == ("no" if tls else "yes"):
        yield key, f"has tls: {output.tls}"
    address, leads_to = connection.address, connection.leads_to
    if web in leads_to:
        return
    named = next((one for one in wishes.hosts.values() if one in leads_to), None)
    named = named or wishes.hosts.get(address)
    if named not in (None, web):
        yield "broker.address", f"is {web}'s, and that address is {named}'s"
    is_here = connection.server in leads_to or address in _THIS_HOST
    if is_here and connection.server != web and not connection.is_connected:
        yield "broker.address", f"is {web}'s, and MAP isn't on that host"


def _tls_key(found: Mapping[str, str]) -> str | None:
    """Return the key that says whether MAP speaks TLS to its broker; None: not told.

    25.x has keys `broker.tls.*` in the place of broker.tls.
    """
    if "broker.tls.enabled" in found:
        return "broker.tls.enabled"
    is_newer = any(key.startswith("broker.tls.") for key in found)
    return None if is_newer and "broker.tls" not in found else "broker.tls"
