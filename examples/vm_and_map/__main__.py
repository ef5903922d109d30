"""A remote server on a machine that the same program makes: its address is an Output."""

import pulumi
from machine import Machine

import mapinfra

paris = Machine("paris", size="small")
server: mapinfra.HostArgs = {
    "name": "paris",
    "ssh": {"host": paris.address, "user": "mapinfra", "become": "sudo"},
    "database": {"user": "mapinfra", "password": {"secret": "centreon-database"}},
}
central: mapinfra.HostArgs = {
    "name": "central",
    "ssh": {"host": "central.example.net", "user": "mapinfra"},
    "database": {"user": "mapinfra", "password": {"secret": "centreon-database"}},
}

images = mapinfra.TopologyFlag("paris-images", server=server, page="Images")
outputs = mapinfra.BrokerOutputs(
    "paris",
    central=central,
    remote=server,
    api={
        "url": "https://central.example.net/centreon",
        "user": "mapinfra",
        "password": {"secret": "centreon-api"},
    },
    poller="paris",
    outputs={"Centreon-Map": {"tls": "no"}},
    opts=pulumi.ResourceOptions(depends_on=[images]),
)
pulumi.export("served", outputs.served)
