"""A MAP server installed from nothing: the steps, in the order of the vendor's page. Pure.

24.10, graph-views/map-web-install; a remote is served "exactly like" a central (manual "Installing
MAP on a remote server"), but for its broker output, which is made on its central.
"""

from collections.abc import Iterator

from mapinfra.centreon.broker.outputs import MAP_PORT
from mapinfra.centreon.map.configure import DATABASE_USER, OUTPUT_NAMES, Install
from mapinfra.centreon.map.health import Expected
from mapinfra.centreon.releases.editions import EDITIONS
from mapinfra.errors import CentreonError
from mapinfra.resources.map.broker import output_for_map
from mapinfra.resources.map.context import MapStep
from mapinfra.resources.map.model import (
    AccountScope,
    DatabaseAccount,
    DesiredMap,
    LiveMap,
    Replace,
    Setup,
    offered_as,
)
from mapinfra.resources.map.plan_server import ServerSide
from mapinfra.resources.map.plan_web import WebSide
from mapinfra.resources.map.steps_installation import (
    Configure,
    GrantAccess,
    InstallServer,
    RestartMariadb,
    RevokeInsert,
    SeeLogins,
)
from mapinfra.resources.map.steps_output import (
    AwaitMapPort,
    AwaitOutput,
    CheckOutput,
    GenerateOutput,
    RestartCbd,
    SendOutput,
)
from mapinfra.resources.session import database_of


class Installation:
    """The steps between a host without MAP and one where it is healthy."""

    def __init__(self, desired: DesiredMap, live: LiveMap) -> None:
        self._desired = desired
        self._live = live
        self._map, self._web = desired.map.name, desired.web.name
        self._edition = desired.edition
        self._server_side, self._web_side = ServerSide(desired, live), WebSide(desired, live)
        self._wanted, self._place = self._expect_wanted()
        self._own_address = self._wanted.own_address or self._only_address()
        self._expect_alone()
        self._expect_contact()
        self._expect_broker()

    def steps(self) -> Iterator[MapStep]:
        """Return them, without lock and release."""
        server = self._server()
        packages = self._web_side.packages()
        yield from map(self._web_side.keep, packages)
        yield self._server_side.fetch(server)
        yield from self._logins()
        text = f"install {server.package} {server.new}"
        yield InstallServer(self._map, text, server)
        yield RestartMariadb(self._map, "restart MariaDB, so that MAP's map.cnf counts")
        yield from self._configure()
        yield from self._deploy()
        text = f"take INSERT on centreon back from {self._user}"
        yield RevokeInsert(self._web, text, self._account)
        yield from map(self._web_side.change, packages)
        yield from self._web_side.extensions()
        yield from self._web_side.options(self._address)
        yield self._server_side.start()
        yield self._server_side.healthy(Expected(broker=True))
        yield self._server_side.enable()

    # What must be there first

    def _expect_wanted(self) -> tuple[Install, AccountScope]:
        if self._desired.install is None or self._live.place is None:
            raise CentreonError(
                f"{self._edition.title} isn't installed ({self._edition.server_package})",
                where=self._map,
                remedy="add `install` to its map_server in the spec, or install it by hand",
            )
        return self._desired.install, self._live.place

    def _only_address(self) -> str:
        addresses = self._live.ground.addresses
        if len(addresses) == 1:
            return addresses[0]
        raise CentreonError(
            f"it has {len(addresses)} IPv4 addresses ({', '.join(addresses)}), and Centreon's "
            "database must know from which one MAP comes",
            where=self._map,
            remedy="write that one as `own_address` into `install` of its map_server",
        )

    def _expect_alone(self) -> None:
        others = [one for one in EDITIONS.values() if one != self._edition]
        for other in others:
            if other.server_package in self._live.installed.versions:
                raise CentreonError(
                    f"{other.title} is on this host, and both would use one database user, whose "
                    "password an installation sets",
                    where=self._map,
                    remedy="install this edition by hand, with that password; mapinfra then takes "
                    "it over",
                )
        if self._live.configuration and not self._live.unfinished:
            raise CentreonError(
                f"{self._edition.config_dir} has files of an earlier MAP, which an installation "
                "would change",
                where=self._map,
                remedy="move that folder away, or install by hand",
            )
        refusal = self._live.ground.refusal
        why = f": {refusal}" if refusal else ""
        if self._live.ground.databases is None:
            raise CentreonError(
                "MariaDB's root can't be used there by its socket, so it can't be told whether "
                f"MAP's database is there already{why}",
                where=self._map,
                remedy="start MariaDB there, and let root in by its socket",
            )

    def _expect_contact(self) -> None:
        contact = self._wanted.contact
        if contact not in self._place.contacts:
            raise CentreonError(
                f"Centreon has no active contact {contact!r} that may reach the API Realtime",
                where=self._web,
                remedy="make it under Configuration > Users, no administrator, with access to all "
                "resources, Reach API Realtime on and a password that doesn't expire",
            )
        if self._place.contacts[contact]:
            raise CentreonError(
                f"contact {contact!r} is an administrator, and MAP's must not be",
                where=self._web,
                remedy="give MAP a contact of its own as `install.contact`",
            )
        if self._place.accounts is None or not database_of(self._desired.web).is_local:
            raise CentreonError(
                "MariaDB's root can't be used there by its socket, so MAP's database user can't "
                "be made",
                where=self._web,
                remedy="install MAP by hand; mapinfra then takes it over",
            )

    def _expect_broker(self) -> None:
        if not self._live.is_central:
            return
        broker = self._live.broker
        if broker is None:
            raise CentreonError(
                "its own broker configuration can't be told (active, a daemon, with an input on "
                "port 5669)",
                where=self._web,
                remedy="check Configuration > Pollers > Broker configuration",
            )
        if self._declared_port not in (None, MAP_PORT):
            raise CentreonError(
                f"broker.port is to be {self._declared_port}, but configure.sh makes the output "
                f"of {broker.name} on {MAP_PORT}",
                where=f"{self._map}: settings of {self._edition.main_file} in the spec",
                remedy="take it out",
            )
        foreign = broker.foreign(OUTPUT_NAMES)
        if foreign is not None:
            raise CentreonError(
                f"output {foreign} of {broker.name} listens on MAP's port, and configure.sh "
                f"would add {OUTPUT_NAMES[0]} beside it",
                where=self._web,
                remedy=f"rename it to {OUTPUT_NAMES[0]}, or remove it",
            )

    # The steps

    @property
    def _user(self) -> str:
        return f"{DATABASE_USER}@{self._own_address}"

    @property
    def _account(self) -> DatabaseAccount:
        known = self._place.accounts or frozenset()
        return DatabaseAccount(self._own_address, self._own_address not in known)

    @property
    def _address(self) -> str:
        default = f"http://{self._own_address}:{self._edition.http_port}"
        return self._desired.address or default

    @property
    def _centreon_address(self) -> str:
        return self._wanted.centreon_address or self._desired.api.host

    @property
    def _broker_port(self) -> str:
        """The port that MAP is to find its broker on: that of the output that the spec wants."""
        outputs = self._live.wishes.outputs.get(self._desired.web.name, ())
        output = output_for_map(outputs, self._declared_port)
        return output.port if output is not None else MAP_PORT

    @property
    def _declared_port(self) -> str | None:
        return self._desired.settings.get(self._edition.main_file, {}).get("broker.port")

    def _server(self) -> Replace:
        name, version = self._edition.server_package, self._desired.version
        return Replace(name, None, offered_as(self._live.offered, name, version, self._map))

    def _logins(self) -> Iterator[MapStep]:
        administrator, contact = self._desired.api.user, self._wanted.contact
        text = f"see that {administrator} and contact {contact} can log in"
        yield SeeLogins(self._web, text)
        account = self._account
        verb = "make" if account.is_new else "set right"
        text = (
            f"{verb} database user {self._user}: SELECT on centreon_storage, SELECT and, for "
            "configure.sh, INSERT on centreon"
        )
        yield GrantAccess(self._web, text, account)

    def _configure(self) -> Iterator[MapStep]:
        is_new = self._edition.database not in (self._live.ground.databases or {})
        setup = Setup(self._centreon_address, self._broker_port, self._live.broker, is_new)
        script = f"{self._edition.config_dir}/{self._edition.configure_script}"
        text = f"run {script} --automatic, with vars.sh of mode 600 that goes afterwards"
        yield Configure(self._map, text, setup)
        yield from self._server_side.declare()

    def _deploy(self) -> Iterator[MapStep]:
        """Return the steps that deploy the output configure.sh made; on a remote it makes none."""
        broker = self._live.broker
        if not self._live.is_central or broker is None:
            return
        name = broker.poller
        yield GenerateOutput(self._web, f"generate the configuration of poller {name}", broker)
        yield CheckOutput(self._web, f"test the configuration of poller {name}", broker)
        yield SendOutput(self._web, f"send the configuration to poller {name}", broker)
        text = f"wait until {broker.file_name} has the output for MAP"
        yield AwaitOutput(self._web, text, broker)
        yield RestartCbd(self._web, "restart cbd", broker)
        yield AwaitMapPort(self._web, "see port 5758 listening", broker)
