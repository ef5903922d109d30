"""The steps that only an installation from nothing, or a removal, has: how each is done."""

from collections.abc import Callable, Mapping
from typing import Any

from mapinfra.backup import Client, sessions
from mapinfra.backup.asking import PATIENCE
from mapinfra.centreon.api import CentreonApi
from mapinfra.centreon.broker import MAP_PORT, Group, file_holds, groups, served_ports
from mapinfra.centreon.config_files import format_of, with_settings
from mapinfra.centreon.editions import Edition
from mapinfra.centreon.facts import LISTENING_SCRIPT, json_object, listening_ports
from mapinfra.centreon.generated import file_outputs
from mapinfra.centreon.map_setup import (
    COMPLETED,
    OUTPUT_NAMES,
    Answers,
    Install,
    drop_user_statement,
    grant_statements,
    own_user_statements,
    revoke_statement,
    vars_file,
)
from mapinfra.centreon.own_database import OwnDatabase
from mapinfra.centreon.surroundings import Broker
from mapinfra.centreon.survey import BROKER_FOLDER, BROKER_ROWS
from mapinfra.errors import CentreonError, CommandFailed, DatabaseError
from mapinfra.hosts import Host, packages
from mapinfra.hosts.units import run_unit
from mapinfra.resources import broker_rows, cbd
from mapinfra.resources.broker_model import Edit
from mapinfra.resources.contract import Step
from mapinfra.resources.map_configuration import write_file
from mapinfra.resources.map_model import Account, Desired, Replace, Setup, Unoutput
from mapinfra.resources.session import Session, database_of
from mapinfra.resources.waiting import until
from mapinfra.text import without_secrets

_AS_ROOT = f"""\
exec "$(command -v mariadb || command -v mysql)" --batch --skip-column-names --connect-timeout=10 \\
  "--init-command=SET SESSION lock_wait_timeout = {PATIENCE}"
"""
"""MariaDB's root, by its socket. Statements come on standard input, where nobody sees them."""
_CONFIGURE_SECONDS = 600.0
_KEPT_VARS = ".packaged"
"""Ends the name under which the package's own vars.sh waits to come back."""
_KEEP_VARS = '[ -e "$1$2" ] || cp -p -- "$1" "$1$2"; cat -- "$1$2"'
_PUT_VARS = """\
umask 077
cat >"$1.mapinfra" && chmod 600 "$1.mapinfra" && mv -f -- "$1.mapinfra" "$1"
"""
_CONFIGURE = '"$1" --automatic; status=$?; mv -f -- "$2$3" "$2"; exit $status'


class Installing:
    """Runs single steps of an installation or removal."""

    def __init__(self, desired: Desired, session: Session) -> None:
        self._desired = desired
        self._session = session
        self._edition: Edition = desired.edition
        self._map = session.fleet.host(desired.map)
        self._web = session.fleet.host(desired.web)

    def run(self, step: Step) -> None:
        """Do one step; raise ValueError for one that is of neither."""
        match step.verb:
            case "contact":
                self._log_in()
            case "account":
                password = self._session.secrets(self._install.database_password)
                _sql(self._web, grant_statements(step.data.client, password))
            case "revoke" | "unaccount":
                self._restrict(step)
            case "install" | "uninstall":
                self._change_package(step.verb, step.data)
            case "mariadb":
                self._map.run(["systemctl", "restart", "mariadb"], timeout=180)
            case "configure":
                self._configure(step.data)
            case "declare":
                self._declare()
            case "clear":
                self._map.run(["rm", "-rf", "--", self._edition.config_dir])
            case "drop":
                self._drop(step.data)
            case "undatabase":
                # What configure.sh has made, where the package's own settings say.
                self._drop(OwnDatabase(self._edition.database, Client()))
            case _:
                self._do_output(step)

    def _do_output(self, step: Step) -> None:
        match step.verb:
            case "generate":
                self._api.clapi("POLLERGENERATE", str(step.data.poller_id))
            case "test":
                self._api.clapi("POLLERTEST", str(step.data.poller_id))
            case "move":
                self._api.clapi("CFGMOVE", str(step.data.poller_id))
            case "arrive":
                self._await_file(step.data)
            case "cbd":
                cbd.restart(self._web, seconds=self._desired.web.ssh.command_timeout)
            case "listen":
                self._await_port(step.data)
            case "unoutput":
                self._take_output_away(step.data)
            case verb:
                raise ValueError(f"no step of MAP: {verb}")

    @property
    def _install(self) -> Install:
        if self._desired.install is None:
            raise CentreonError(
                "the spec has no `install` for this MAP server", where=self._desired.map.name
            )
        return self._desired.install

    @property
    def _api(self) -> CentreonApi:
        return self._session.api(self._desired.api)

    # Logins

    def _log_in(self) -> None:
        """See that both may log in whom configure.sh will log in, or set MAP up with.

        The administrator first: configure.sh would try a wrong password a second time, with the
        package installed.
        """
        self._api.log_in()
        contact = self._desired.api.model_copy(
            update={"user": self._install.contact, "password": self._install.contact_password}
        )
        self._session.api(contact).log_in()

    def _restrict(self, step: Step) -> None:
        account: Account = step.data
        if step.verb == "unaccount" and account.is_new:
            _sql(self._web, drop_user_statement(account.client))
        else:
            _sql(self._web, revoke_statement(account.client))

    # The server

    def _change_package(self, verb: str, server: Replace) -> None:
        unit = f"mapinfra-server-{self._edition.service}"
        if verb == "install" and server.new is not None:
            packages.install(self._map, {server.package: server.new}, unit)
        else:
            packages.remove(self._map, [server.package], unit, purge=True)
            self._map.run(["rm", "-rf", "--", self._edition.config_dir])

    def _configure(self, setup: Setup) -> None:
        """Run configure.sh on answers that are gone afterwards, whatever becomes of it."""
        path = f"{self._edition.config_dir}/{self._edition.vars_file}"
        answers = self._answers(setup)
        vendor = self._map.run(["sh", "-c", _KEEP_VARS, "sh", path, _KEPT_VARS]).stdout
        _sql(self._map, own_user_statements(answers.own_password))
        content = vars_file(vendor, answers)
        self._map.run(["sh", "-c", _PUT_VARS, "sh", path], stdin=content)
        self._run_configure(path)

    def _run_configure(self, vars_path: str) -> None:
        """Run it; the unit puts the packaged vars.sh back, also when nobody waits any more."""
        script = f"{self._edition.config_dir}/{self._edition.configure_script}"
        done = run_unit(
            self._map,
            f"mapinfra-configure-{self._edition.service}",
            ["sh", "-c", _CONFIGURE, "sh", script, vars_path, _KEPT_VARS],
            timeout=_CONFIGURE_SECONDS,
            description=f"{script} --automatic",
            check=False,
        )
        if done.status != 0 or COMPLETED not in done.text:
            said = [line for line in done.text.splitlines() if "[ERROR]" in line]
            last = said or done.text.splitlines()[-1:]
            raise CommandFailed(
                f"{script} --automatic didn't complete, exit {done.status}: "
                f"{without_secrets(' '.join(last))}",
                where=self._map.name,
            )

    def _answers(self, setup: Setup) -> Answers:
        api, secrets = self._desired.api, self._session.secrets
        return Answers(
            web_url=api.url,
            administrator=api.user,
            contact=self._install.contact,
            centreon_address=setup.centreon_address,
            broker_port=setup.broker_port,
            administrator_password=secrets(api.password),
            contact_password=secrets(self._install.contact_password),
            database_password=secrets(self._install.database_password),
        )

    def _drop(self, database: OwnDatabase) -> None:
        place = sessions.Place(database.client, database.name)
        for ended in sessions.drop(self._map, place, self._edition.service):
            self._session.tell(f"{self._map.name}: ended {ended}, in {database.name}")

    def _declare(self) -> None:
        for path, wanted in self._desired.settings_by_path.items():
            form, content = format_of(path), self._map.run(["cat", path]).stdout
            if form is not None:
                wanted_content = with_settings(content, wanted, form)
                write_file(self._map, path, wanted_content, read=content)

    # The broker output that configure.sh makes on a central

    def _outputs(self, broker: Broker) -> list[Group]:
        """Return the outputs as they are in the table now."""
        answer = self._web.snapshot(
            database_of(self._desired.web), [(BROKER_ROWS.name, BROKER_ROWS.sql)]
        )[BROKER_ROWS.name]
        if isinstance(answer, DatabaseError):
            raise answer
        return groups(answer, broker.config_id, "output")

    def _await_file(self, broker: Broker) -> None:
        path = f"{BROKER_FOLDER}/{broker.file_name}"
        made = [group.rows for group in self._outputs(broker) if group.is_for_map]
        if not made:
            raise CentreonError(
                f"configure.sh has made no output on port {MAP_PORT}",
                where=f"{self._web.name}: {broker.name}",
            )

        def arrived() -> bool:
            return file_holds(file_outputs(self._file(path)), made)

        self._until(arrived, f"{path} did not get the output for MAP", "check gorgoned there")

    def _await_port(self, broker: Broker) -> None:
        def listens() -> bool:
            text = self._web.run(["sh", "-c", LISTENING_SCRIPT]).text
            return int(MAP_PORT) in served_ports(listening_ports(text), broker.file_name)

        self._until(listens, f"cbd did not listen on port {MAP_PORT}", "see `journalctl -u cbd`")

    def _take_output_away(self, unoutput: Unoutput) -> None:
        broker = unoutput.broker
        before = next((group for group in broker.outputs if _is_made_by_configure(group)), None)
        edits = [
            Edit(broker.config_id, group.number, group.rows, before.rows if before else ())
            for group in self._outputs(broker)
            if _is_made_by_configure(group)
        ]
        where = f"{self._web.name}: {broker.name}"
        broker_rows.write(self._web, database_of(self._desired.web), edits, where)
        if unoutput.sent:
            self._api.clapi("POLLERGENERATE", str(broker.poller_id))
            self._api.clapi("CFGMOVE", str(broker.poller_id))
            self._await_old_file(broker)
        if unoutput.restarted:
            cbd.restart(self._web, seconds=self._desired.web.ssh.command_timeout)

    def _await_old_file(self, broker: Broker) -> None:
        path = f"{BROKER_FOLDER}/{broker.file_name}"
        names = {group.value("name") for group in broker.outputs}

        def arrived() -> bool:
            return {str(one.get("name")) for one in file_outputs(self._file(path))} <= names

        self._until(arrived, f"{path} did not get the old outputs", "check gorgoned there")

    def _file(self, path: str) -> Mapping[str, Any] | None:
        return json_object(self._web.run(["cat", path], check=False).stdout)

    def _until(self, condition: Callable[[], bool], what: str, remedy: str) -> None:
        until(
            condition,
            seconds=self._desired.web.ssh.command_timeout,
            where=self._web.name,
            what=what,
            remedy=remedy,
        )


def _sql(host: Host, statements: str) -> None:
    host.run(["sh", "-c", _AS_ROOT], stdin=statements.encode())


def _is_made_by_configure(group: Group) -> bool:
    return group.is_for_map and group.value("name") in OUTPUT_NAMES
