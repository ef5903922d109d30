"""A part of somebody's program that is worth a test: which remote servers have which outputs."""

from collections.abc import Mapping

import mapinfra


def outputs_for(poller: str, host: str, *, ports: Mapping[str, int]) -> mapinfra.BrokerOutputs:
    """Declare an output for each MAP server that listens to a poller, by its name."""
    central: mapinfra.HostArgs = {"name": "central", "ssh": {"host": "central.example.net"}}
    return mapinfra.BrokerOutputs(
        poller,
        central=central,
        remote={"name": poller, "ssh": {"host": host, "become": "sudo"}},
        api={
            "url": "https://central.example.net/centreon",
            "user": "mapinfra",
            "password": {"secret": "centreon-api"},
        },
        poller=poller,
        outputs={f"Centreon-Map-{name}": {"port": port} for name, port in ports.items()},
    )
