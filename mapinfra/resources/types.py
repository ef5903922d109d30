"""The resources as a Pulumi program declares them."""

import pickle
from collections.abc import Mapping
from typing import Any, Literal

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import Resource

from mapinfra.resources import inputs
from mapinfra.resources.adapter import KindProvider
from mapinfra.resources.arguments import (
    ApiArgs,
    BackupArgs,
    BrokerOutputArgs,
    HostArgs,
    InstallArgs,
)
from mapinfra.resources.broker.kind import BrokerOutputsKind
from mapinfra.resources.contract import Inputs
from mapinfra.resources.desktop.kind import DesktopClientKind
from mapinfra.resources.map.kind import MapInstallationKind
from mapinfra.resources.topology.kind import TopologyFlagKind


class TopologyFlagProvider(KindProvider):
    """Pulumi's provider of TopologyFlag."""

    kind = TopologyFlagKind()
    arguments = staticmethod(inputs.topology_flag)


class BrokerOutputsProvider(KindProvider):
    """Pulumi's provider of BrokerOutputs."""

    kind = BrokerOutputsKind()
    arguments = staticmethod(inputs.broker_outputs)


class MapInstallationProvider(KindProvider):
    """Pulumi's provider of MapInstallation."""

    kind = MapInstallationKind()
    arguments = staticmethod(inputs.map_installation)


class DesktopClientProvider(KindProvider):
    """Pulumi's provider of DesktopClient."""

    kind = DesktopClientKind()
    arguments = staticmethod(inputs.desktop_client)


class _Resource(Resource):
    """A dynamic resource of which a program may declare thousands.

    For each one Pulumi's SDK wraps a method of Python's pickler once more, and takes none of it
    back: at about the 980th, all of them in turn are more calls than Python nests.
    """

    def __init__(
        self, provider: KindProvider, name: str, props: Inputs, opts: ResourceOptions | None
    ) -> None:
        pickler: Any = pickle._Pickler
        unwrapped = pickler._batch_setitems
        try:
            super().__init__(provider, name, props, opts)
        finally:
            pickler._batch_setitems = unwrapped


class TopologyFlag(_Resource, module="mapinfra", name="TopologyFlag"):
    """A page of a server's Centreon menu, shown or hidden.

    Deleted, it is put back as it was found. Source: manual "Installing MAP on a remote server",
    table topology.
    """

    server: Output[Mapping[str, Any]]
    """The server whose menu it is."""
    page: Output[str]
    """The page's name or id, as it was given."""
    shown: Output[bool]
    """Whether it is shown."""

    def __init__(
        self,
        resource_name: str,
        *,
        server: Input[HostArgs],
        page: Input[str | int],
        shown: Input[bool] = True,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare it: `page` is its name or id, such as `Images`.

        Raises ArgumentError for a value that can't be used.
        """
        given = {"server": server, "page": page, "shown": shown}
        made = inputs.topology_flag(f"TopologyFlag {resource_name}", given)
        super().__init__(TopologyFlagProvider(_stack()), resource_name, made, opts)


class BrokerOutputs(_Resource, module="mapinfra", name="BrokerOutputs"):
    """The outputs that mapinfra owns in one broker configuration, deployed and served.

    Those of other names are left alone. Deleted, what was found is put back. Source: manual
    "Installing MAP on a remote server", table cfg_centreonbroker_info.
    """

    central: Output[Mapping[str, Any]]
    """Where they are made."""
    remote: Output[Mapping[str, Any]]
    """Where they are sent to."""
    poller: Output[str]
    """The remote's name under Configuration > Pollers."""
    outputs: Output[Mapping[str, Mapping[str, Any]]]
    """By name, each value as Centreon keeps it: text."""
    deployed: Output[bool]
    """Whether the remote has their configuration."""
    served: Output[bool]
    """Whether cbd serves it."""

    def __init__(
        self,
        resource_name: str,
        *,
        central: Input[HostArgs],
        remote: Input[HostArgs],
        api: Input[ApiArgs],
        poller: Input[str],
        outputs: Input[Mapping[str, Input[BrokerOutputArgs]]],
        configuration: Input[str] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare them by name: `{"Centreon-Map": {}}` is what MAP needs.

        `configuration` is the name of the broker configuration; default: the one of this poller
        that is a daemon and takes in events. Raises ArgumentError for a value that can't be used.
        """
        given = {
            "central": central,
            "remote": remote,
            "api": api,
            "poller": poller,
            "outputs": outputs,
            "configuration": configuration,
        }
        made = inputs.broker_outputs(f"BrokerOutputs {resource_name}", given)
        props = {**made, "deployed": None, "served": None}
        super().__init__(BrokerOutputsProvider(_stack()), resource_name, props, opts)


class MapInstallation(_Resource, module="mapinfra", name="MapInstallation"):
    """One MAP server and the web client of the central or remote that it serves.

    An update takes a verified backup first, and goes back by itself when it fails. Deleted, it is
    kept as it is, unless `removal` says otherwise. Source: 24.10, graph-views/map-web-install and
    map-web-update; manual "Update the extension".
    """

    map: Output[Mapping[str, Any]]
    """The MAP server."""
    web: Output[Mapping[str, Any]]
    """The central or remote that it serves."""
    edition: Output[str]
    """`engine` or `legacy`."""
    version: Output[str]
    """Version of the server's package."""
    module: Output[str]
    """Version of the module that is installed in Extensions > Manager."""
    widget: Output[str]
    """Version of the widget there."""
    enabled: Output[bool]
    """Whether its service starts with the host."""
    healthy: Output[bool]
    """Whether it is up, with a connection to its broker."""

    def __init__(
        self,
        resource_name: str,
        *,
        map: Input[HostArgs],
        web: Input[HostArgs],
        api: Input[ApiArgs],
        edition: Input[Literal["engine", "legacy"]],
        version: Input[str],
        web_client: Input[str] | None = None,
        release_notes_read: Input[str] | None = None,
        downgrade_to: Input[str] | None = None,
        config: Input[Literal["carry", "vendor", "keep", "review"]] = "carry",
        settings: Input[Mapping[str, Mapping[str, str]]] | None = None,
        backup: Input[BackupArgs] | None = None,
        address: Input[str] | None = None,
        install: Input[InstallArgs] | None = None,
        lease_minutes: Input[int] = 15,
        start_seconds: Input[int] = 300,
        removal: Input[Literal["keep", "uninstall"]] = "keep",
        drop_database: Input[bool] = False,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare it.

        `version` is that of the server's package, such as `23.10.3`, `web_client` that of the web
        client's, if it is another. `release_notes_read` names the line whose release notes were
        read, which a change of line needs; `downgrade_to` the one older version that is allowed.
        `config` says what becomes of local edits of MAP's configuration files, `settings` what
        stands there, by file and key. `address` is where browsers reach MAP; `install` what an
        installation from nothing needs. `lease_minutes` is how long the host waits for a run that
        is gone before it goes back, `start_seconds` how long a start may take. `removal` and
        `drop_database` say what deleting does. Raises ArgumentError for a value that can't be used.
        """
        given = {
            "map": map,
            "web": web,
            "api": api,
            "edition": edition,
            "version": version,
            "web_client": web_client,
            "release_notes_read": release_notes_read,
            "downgrade_to": downgrade_to,
            "config": config,
            "settings": settings,
            "backup": backup,
            "address": address,
            "install": install,
            "lease_minutes": lease_minutes,
            "start_seconds": start_seconds,
            "removal": removal,
            "drop_database": drop_database,
        }
        made = inputs.map_installation(f"MapInstallation {resource_name}", given)
        props = {**made, "module": None, "widget": None, "enabled": None, "healthy": None}
        super().__init__(MapInstallationProvider(_stack()), resource_name, props, opts)


class DesktopClient(_Resource, module="mapinfra", name="DesktopClient"):
    """What users of a legacy MAP server get as their desktop client, and a mirror of it."""

    map: Output[Mapping[str, Any]]
    """The MAP server."""
    version: Output[str]
    """Version of that server."""

    def __init__(
        self,
        resource_name: str,
        *,
        map: Input[HostArgs],
        version: Input[str],
        mirror: Input[str] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare it: `mirror` is a folder there that always holds the clients.

        Raises ArgumentError for a value that can't be used.
        """
        given = {"map": map, "version": version, "mirror": mirror}
        made = inputs.desktop_client(f"DesktopClient {resource_name}", given)
        super().__init__(DesktopClientProvider(_stack()), resource_name, made, opts)


def _stack() -> str:
    return f"{pulumi.get_project()}/{pulumi.get_stack()}"
