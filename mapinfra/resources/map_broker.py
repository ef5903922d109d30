"""MAP's way to its broker, and the output that the spec wants there: one value in two places. Pure.

The output is made on the central, MAP reads its own file; nothing but a look at both tells that
they don't fit.
"""

from collections.abc import Iterator, Mapping, Sequence

from mapinfra.centreon.broker import MAP_PORT, is_vendors
from mapinfra.centreon.wishes import WantedOutput
from mapinfra.errors import CentreonError
from mapinfra.resources.map_model import Desired, Live, held

_THIS_HOST = ("localhost", "127.0.0.1", "::1")


def output_for_map(outputs: Sequence[WantedOutput], port: str | None) -> WantedOutput | None:
    """Return the output that a MAP server on this port uses, or is meant to; None: not told."""
    by_port = [one for one in outputs if one.port == port]
    by_name = [one for one in outputs if is_vendors(one.name)]
    return next(iter(by_port or by_name or (outputs if len(outputs) == 1 else ())), None)


def expect_agreement(desired: Desired, live: Live) -> None:
    """Raise CentreonError where MAP's settings and the output of the spec don't fit."""
    path = f"{desired.edition.config_dir}/{desired.edition.main_file}"
    declared = desired.settings_by_path.get(path, {})
    found = {**held(live, path), **declared}
    port = found.get("broker.port", MAP_PORT if live.configuration else None)
    output = output_for_map(live.wishes.outputs.get(desired.web.name, ()), port)
    if output is None:
        return
    for key, fault in _faults(desired, live, found, output):
        where = f"{desired.map.name}: {path}"
        if key in declared:
            where = f"{desired.map.name}: settings of {desired.edition.main_file} in the spec"
        raise CentreonError(
            f"{key} is {found.get(key, 'not set')}, but output {output.name} ({output.place}) "
            f"{fault}",
            where=where,
            remedy=f"make both agree: there, or with {key} in the spec's map.settings",
        )


def _faults(
    desired: Desired, live: Live, found: Mapping[str, str], output: WantedOutput
) -> Iterator[tuple[str, str]]:
    is_there = bool(live.configuration)
    if found.get("broker.port", MAP_PORT if is_there else output.port) != output.port:
        yield "broker.port", f"listens on {output.port}"
    tls = found.get("broker.tls", "false").lower() == "true"
    known = "broker.tls" in found or not any(key.startswith("broker.tls.") for key in found)
    if is_there and known and output.tls in ("yes", "no") and tls != (output.tls == "yes"):
        yield "broker.tls", f"has tls: {output.tls}"
    address = found.get("broker.address", "").lower()
    named = live.wishes.hosts.get(address)
    if named is not None and named != desired.web.name:
        yield "broker.address", f"is {desired.web.name}'s, and that address is {named}'s"
    elsewhere = desired.map.name != desired.web.name and not live.health.is_connected
    if address in _THIS_HOST and elsewhere:
        yield "broker.address", f"is {desired.web.name}'s, and MAP isn't on that host"
