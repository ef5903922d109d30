"""Faults that no single value has. They read the merged data, so they find what they can also
when other faults keep it from becoming a Spec.
"""

from collections.abc import Hashable, Iterator
from typing import Any

from mapinfra.centreon.broker.outputs import BBDO_SERVER, IPV4, KEYS
from mapinfra.spec.fault import Keys
from mapinfra.spec.invalid import Finding
from mapinfra.spec.model import BrokerOutput
from mapinfra.spec.places import Places

_FIELDS = {name for keys in KEYS.values() for name in keys}
"""Every key that an output of some type has."""


def crosschecks(spec: object, places: Places) -> Iterator[Finding]:
    """Each fault between values that may be right alone."""
    remotes = _hosts(spec)
    yield from _same_poller(remotes)
    servers = {("central",): _at(spec, "central"), **remotes}
    maps = {
        (*keys, "map_server"): _at(server, "map_server")
        for keys, server in servers.items()
        if _at(server, "map_server") is not None
    }
    if isinstance(_at(spec, "map"), dict) and not maps:
        text = "no server has it; add a block map_server to the central or a remote, or take it out"
        yield ("map",), text
    if _at(spec, "map", "desktop_client") is not None and _at(spec, "map", "edition") == "engine":
        text = "browsers need no client; take it out, it goes with edition: legacy"
        yield ("map", "desktop_client"), text
    for keys, server in servers.items():
        yield from _map_server(keys, server, spec)
    if _at(spec, "map", "drop_database") is True and _at(spec, "map", "removal") != "uninstall":
        text = "a database goes with its packages only; write removal: uninstall, or take it out"
        yield ("map", "drop_database"), text
    hosts = {**servers, **{keys: one for keys, one in maps.items() if _at(one, "ssh", "host")}}
    yield from _same_host(hosts)
    for keys, host in {**servers, **maps}.items():
        yield from _useless_sudo_password(keys, host, places)
    for keys, remote in remotes.items():
        yield from _same_port(keys, remote)
        yield from _keys_of_another_type(keys, remote)
        if _at(remote, "pages") and _at(remote, "database") is None:
            text = "pages are kept in the remote's database; add database here or in defaults"
            yield (*keys, "pages"), text


def host_in_defaults(defaults: object) -> Iterator[Finding]:
    """An address in the defaults would be that of every host."""
    if _at(defaults, "ssh", "host") is not None:
        text = "each host has its own address; write it in the ssh of that host"
        yield ("defaults", "ssh", "host"), text


def _hosts(spec: object) -> dict[Keys, Any]:
    remotes = _at(spec, "remotes")
    if not isinstance(remotes, dict):
        return {}
    return {("remotes", name): remote for name, remote in remotes.items()}


def _at(data: object, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _repeated(values: Iterator[tuple[Keys, Hashable]]) -> Iterator[tuple[Keys, Keys]]:
    """Pairs of a repeated value's place and the place where it came first."""
    first: dict[Hashable, Keys] = {}
    for keys, value in values:
        if first.setdefault(value, keys) != keys:
            yield keys, first[value]


def _same_poller(remotes: dict[Keys, Any]) -> Iterator[Finding]:
    pollers = {
        (*keys, "poller"): str(_at(remote, "poller") or keys[-1])
        for keys, remote in remotes.items()
    }
    for keys, first in _repeated((keys, name.casefold()) for keys, name in pollers.items()):
        text = f"{pollers[keys]} is the poller of {first[1]} already; each remote has its own"
        yield keys, text


def _same_host(hosts: dict[Keys, Any]) -> Iterator[Finding]:
    """The same address behind another port or another jump host is another host."""
    addresses = {
        (*keys, "ssh", "host"): (
            str(_at(host, "ssh", "host") or keys[-1]).lower(),
            str(_at(host, "ssh", "port") or 22),
            str(_at(host, "ssh", "jump")),
        )
        for keys, host in hosts.items()
    }
    for keys, first in _repeated(iter(addresses.items())):
        text = f"{addresses[keys][0]} is the host of {_called(first)} already; each has its own"
        yield keys, text


def _called(at: Keys) -> str:
    """What a host is called whose address stands at these keys."""
    names = [str(key) for key in at[:-2] if key != "remotes"]
    return f"the map_server of {names[0]}" if len(names) > 1 else names[0]


def _map_server(keys: Keys, server: object, spec: object) -> Iterator[Finding]:
    """What a MAP server needs elsewhere in the spec."""
    map_server, at = _at(server, "map_server"), (*keys, "map_server")
    if not isinstance(map_server, dict):
        return
    if _at(spec, "map") is None:
        yield at, "nothing says which MAP; add a block map with edition and version"
    if isinstance(map_server.get("ssh"), dict) and map_server["ssh"].get("host") is None:
        yield (*at, "ssh"), "it has no host; write ssh.host, or no ssh for MAP on this host itself"
    if keys != ("central",):
        for key, what in (("api", "web API"), ("database", "database")):
            if _at(server, key) is None:
                yield at, f"it needs the remote's own {what}; add {key} to this remote"


def _same_port(keys: Keys, remote: object) -> Iterator[Finding]:
    outputs = _at(remote, "broker_outputs")
    if not isinstance(outputs, dict):
        return
    standard = BrokerOutput.model_fields["port"].default
    ports = {
        (*keys, "broker_outputs", name, "port"): (
            "" if _at(output, "type") == BBDO_SERVER else str(_at(output, "host") or ""),
            str(_at(output, "port") or standard),
        )
        for name, output in outputs.items()
    }
    for at, first in _repeated(iter(ports.items())):
        text = f"{ports[at][1]} is the port of {first[-2]} already; write another"
        yield at, text


def _keys_of_another_type(keys: Keys, remote: object) -> Iterator[Finding]:
    outputs = _at(remote, "broker_outputs")
    if not isinstance(outputs, dict):
        return
    for name, output in outputs.items():
        if not isinstance(output, dict):
            continue
        kind = BBDO_SERVER if output.get("type") == BBDO_SERVER else IPV4
        at = (*keys, "broker_outputs", name)
        for key in output:
            if key in _FIELDS - KEYS[kind].keys():
                yield (*at, key), f"an output of type {kind} has no such key; take it out"
        if kind == BBDO_SERVER:
            for key in ("tls", "compression"):
                if output.get(key) == "auto":
                    yield (*at, key), "a bbdo_server knows no auto; write yes or no"


def _useless_sudo_password(keys: Keys, host: object, places: Places) -> Iterator[Finding]:
    """A host that itself says `become: none` may leave the default password unused."""
    if _at(host, "ssh", "sudo_password") is None or _at(host, "ssh", "become") == "sudo":
        return
    password, become = (*keys, "ssh", "sudo_password"), (*keys, "ssh", "become")
    if places.origin(password) == password or become not in places.lines:
        yield password, "of no use without sudo; write become: sudo, or take it out"
