"""A component of one's own: all that MAP needs of a site, under one name."""

import pulumi

import mapinfra

API: mapinfra.ApiArgs = {
    "url": "https://central.example.net/centreon",
    "user": "mapinfra",
    "password": {"secret": "centreon-api"},
}
CENTRAL: mapinfra.HostArgs = {
    "name": "central",
    "ssh": {"host": "central.example.net"},
    "database": {"user": "mapinfra", "password": {"secret": "centreon-database"}},
}


class Site(pulumi.ComponentResource):
    """A remote server with its page and its output, and what a MAP server connects to."""

    address: pulumi.Output[str]

    def __init__(self, name: str, *, port: int = 5758) -> None:
        super().__init__("example:platform:Site", name)
        server: mapinfra.HostArgs = {
            "name": name,
            "ssh": {"host": f"{name}.example.net", "become": "sudo"},
            "database": {"user": "mapinfra", "password": {"secret": "centreon-database"}},
        }
        below = pulumi.ResourceOptions(parent=self)
        mapinfra.TopologyFlag(f"{name}-images", server=server, page="Images", opts=below)
        broker = mapinfra.BrokerOutputs(
            name,
            central=CENTRAL,
            remote=server,
            api=API,
            poller=name,
            outputs={"Centreon-Map": {"port": port}},
            opts=below,
        )
        self.address = pulumi.Output.concat(f"{name}.example.net:", broker.outputs.apply(_port))
        self.register_outputs({"address": self.address})


def _port(outputs: object) -> str:
    return str(outputs["Centreon-Map"]["port"]) if isinstance(outputs, dict) else ""


for site in ("paris", "lyon"):
    pulumi.export(site, Site(site).address)
