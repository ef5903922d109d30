"""A MAP server on a lab as an administrator leaves it who follows the manual by hand.

What mapinfra finds when it takes over, and what the packages' own tests stand on.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from lab.errors import LabError
from lab.host import Host
from lab.lab import Lab

from . import repositories
from .mapserver.release import EDITIONS, Edition
from .web_client import LICENSE_MANAGER, MODULE, WIDGET

WEB_USER = "centreon-map"
_ADD_CONTACT = """
import sys
from standins import accounts
from standins.database import as_centreon
alias, password = sys.stdin.read().splitlines()
with as_centreon() as database:
    if accounts.find(database, alias) is None:
        contact = database.insert("contact", {
            "contact_name": alias, "contact_alias": alias, "contact_email": "map@localhost",
            "contact_lang": "en_US.UTF-8", "contact_oreon": "1", "contact_activate": "1",
            "contact_admin": "0", "contact_auth_type": "local", "reach_api": 0, "reach_api_rt": 1,
        })
        database.execute(
            "insert into contact_password (password, contact_id, creation_date)"
            " values (%s, %s, unix_timestamp())", accounts.hash_password(password), contact)
"""


@dataclass(frozen=True)
class MapServer:
    """One edition of MAP on one host, which belongs to a central or remote of the lab."""

    lab: Lab
    host: Host
    web: Host
    edition: Edition

    def install(self, version: str) -> None:
        """Everything from the contact to an enabled, started service. Raises `LabError`."""
        self.prepare()
        self.change_package("install", version)
        self.host.run([f"{self.edition.configuration}/configure.sh", "--automatic"])
        self.host.run(["systemctl", "enable", "--quiet", "--now", self.edition.service])

    def add_contact(self) -> None:
        """The contact that MAP logs in to Centreon Web as."""
        self.web.run(
            ["sh", "-c", f"cd /usr/share/lab && exec python3 -c '{_ADD_CONTACT}'"],
            input=f"{WEB_USER}\n{self.password_file('web').read_text()}\n",
        )

    def prepare(self) -> None:
        """What comes before the package: contact and database user."""
        self.add_contact()
        user = f"'centreon_map'@'{self.host.address}'"
        self.web.run(["mariadb"], input=(
            f"create or replace user {user} identified by '{self._password('database')}';"
            f"grant select on centreon_storage.* to {user};"
            f"grant select, insert on centreon.* to {user};"
        ))  # fmt: skip

    def change_package(self, verb: str, version: str, *options: str) -> None:
        """Install, upgrade (also over a line) or downgrade the package, and put vars.sh in place.

        `verb` is dnf's; apt has one for all of them. Raises `LabError` as the command fails.
        """
        package = self.edition.package
        if self.host.spec.family == "rpm":
            command = ["dnf", "-y", *options, verb, f"{package}-{version}"]
        else:
            command = ["apt-get", "-y", "--allow-downgrades", *options, "install"]
            command = ["env", "DEBIAN_FRONTEND=noninteractive", *command, f"{package}={version}-*"]
        self.host.run(command, timeout=120)
        if verb == "install":
            self._write_vars()

    def connect_broker(self) -> None:
        """Export the central, restart its cbd and take INSERT back, as the manual says.

        For a remote, the output is made on its central, also by hand.
        """
        if self.web.name == "central":
            with self._api() as ask:
                values = {"action": "APPLYCFG", "values": "1"}
                ask("POST", "action", object="centreon_clapi", json=values)
        else:
            self._add_output()
        self.web.run(["systemctl", "restart", "cbd"])
        user = f"'centreon_map'@'{self.host.address}'"
        self.web.run(["mariadb"], input=f"revoke insert on centreon.* from {user}")
        self.host.run(["systemctl", "restart", self.edition.service])

    def _add_output(self) -> None:
        """Add the output for MAP to the remote's broker configuration, and send it there."""
        central, name = self.lab.host("central"), self.web.name
        password = (self.lab.directory / "secrets/api_password").read_text()
        wanted = {"port": "5758", "tls": "auto", "negotiation": "yes", "compression": "auto",
                  "protocol": "bbdo", "category": "bam,neb"}  # fmt: skip
        config = f"{name}-broker"

        def clapi(*words: str) -> str:
            return central.run(["centreon", "-u", "admin", "-p", password, *words]).stdout

        clapi("-o", "CENTBROKERCFG", "-a", "addoutput", "-v", f"{config};Centreon-Map;ipv4")
        listed = clapi("-o", "CENTBROKERCFG", "-a", "listoutput", "-v", config).splitlines()
        number = next(line.split(";")[0] for line in listed if line.endswith(";Centreon-Map"))
        for key, value in wanted.items():
            made = f"{config};{number};{key};{value}"
            clapi("-o", "CENTBROKERCFG", "-a", "setoutput", "-v", made)
        clapi("-a", "APPLYCFG", "-v", name)
        file = f"/etc/centreon-broker/{config}.json"
        self.web.run(f"until grep -q Centreon-Map {file}; do sleep 0.1; done", timeout=30)

    def install_web_client(self, version: str) -> None:
        """The package on the central or remote, module and widget, and this server's address."""
        names = ("centreon-map-web-client", LICENSE_MANAGER)
        if self.web.spec.family == "rpm":
            command = ["dnf", "-y", "install", *(f"{name}-{version}" for name in names)]
        else:
            command = ["apt-get", "-y", "install", *(f"{name}={version}-*" for name in names)]
        self.web.run(command, timeout=120)
        with self._api() as ask:
            for id, type in ((LICENSE_MANAGER, "module"), (MODULE, "module"), (WIDGET, "widget")):
                ask("POST", "install", object="centreon_module", id=id, type=type)
        suffix, engine = ("_ng", "1") if self.edition.name == "engine" else ("", "0")
        address = f"http://{self.host.address}:{self.edition.port}"
        self.web.run(["mariadb", "centreon"], input=(
            f"update options set value = '{address}'"
            f" where `key` = 'map_light_server_address{suffix}';"
            f"update options set value = '{engine}' where `key` = 'map_light_server_using_ng';"
        ))  # fmt: skip

    @contextmanager
    def _api(self) -> Iterator[Any]:
        """Ask API v1 of the central or remote as admin. Raises `LabError` when it refuses."""
        with httpx.Client(base_url=f"http://{self.web.address}/centreon/api/") as client:

            def ask(method: str, action: str, *, json: Any = None, **query: str) -> None:
                answer = client.request(
                    method, "index.php", params={"action": action, **query}, json=json
                )
                if answer.is_error or answer.json().get("status") is False:
                    raise LabError(f"{self.web.name}: {action} {query}: {answer.text}")

            password = (self.lab.directory / "secrets/api_password").read_text()
            form = {"username": "admin", "password": password}
            answer = client.post("index.php?action=authenticate", data=form)
            client.headers["centreon-auth-token"] = answer.raise_for_status().json()["authToken"]
            yield ask

    def _write_vars(self) -> None:
        answers = {
            "CENTREON_URL": f"http://{self.web.address}",
            "CENTREON_PATH": "/centreon",
            "CENTREON_ADMIN_USER": "admin",
            "CENTREON_ADMIN_PWD": (self.lab.directory / "secrets/api_password").read_text(),
            "CENTREON_USER": WEB_USER,
            "CENTREON_PWD": self._password("web"),
            "CENTREON_DB_ADDRESS": self.web.address,
            "CENTREON_DB_USER": "centreon_map",
            "CENTREON_DB_PWD": self._password("database"),
            "CENTREON_BROKER_ADDRESS": self.web.address,
            "MAP_DB_PWD": self._password("own"),
        }
        text = "".join(f"{name}='{value}'\n" for name, value in answers.items())
        file = f"{self.edition.configuration}/vars.sh"
        self.host.run(f"umask 077; cat >{file}.new && mv {file}.new {file}", input=text)

    def run_program(self, *arguments: str) -> str:
        """Run the server's program once: `sample`, `diagnostic`; what it prints."""
        jar = f"{self.edition.home}/{self.edition.package}.jar"
        return self.host.run(["/usr/bin/java", "-jar", jar, *arguments], timeout=300).stdout

    def _password(self, purpose: str) -> str:
        return self.password_file(purpose).read_text()

    def password_file(self, purpose: str) -> Path:
        """The file with the password for this purpose, made when it is first asked for."""
        host = self.host if purpose == "own" else self.web
        file: Path = self.lab.directory / "secrets" / f"map-{host.name}-{purpose}"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(12))
        return file


def map_server(lab: Lab, host: str, web: str, edition: str) -> MapServer:
    """The MAP server of this edition on `host`, for the central or remote `web`."""
    return MapServer(lab, lab.host(host), lab.host(web), EDITIONS[edition])


def add_repository(host: Host, name: str) -> None:
    """Let the host know a repository: a line's (`23.04`) or one of broken versions."""
    family = host.spec.family
    path = str(repositories.definition_path(family, name))
    host.run(["tee", path], input=repositories.definition(family, name))
    if family == "deb":
        host.run(["apt-get", "--quiet=2", "update"])


def set_platform_version(host: Host, version: str) -> None:
    """Let Centreon Web on this central or remote say that it was upgraded to this version."""
    statement = f"update informations set value = '{version}' where `key` = 'version'"
    host.run(["mariadb", "centreon"], input=statement)
