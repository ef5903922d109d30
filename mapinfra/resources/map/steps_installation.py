"""The steps that only an installation of MAP from nothing has: logins, package, configure.sh."""

from dataclasses import dataclass

from mapinfra.backup import MariadbClient
from mapinfra.backup.asking import PATIENCE
from mapinfra.centreon.map.configure import (
    COMPLETED,
    DATABASE_USER,
    Answers,
    Install,
    drop_user_statement,
    grant_statements,
    own_user_statements,
    revoke_statement,
    vars_file,
)
from mapinfra.errors import CentreonError, CommandFailed
from mapinfra.hosts import Host, packages
from mapinfra.hosts.units import run_unit
from mapinfra.resources.map.context import Back, Done, MapContext, MapStep
from mapinfra.resources.map.model import DatabaseAccount, Replace, Setup
from mapinfra.resources.map.own_database import OwnDatabase
from mapinfra.resources.map.steps import Turn
from mapinfra.resources.map.steps_output import output_back
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


def _install(context: MapContext) -> Install:
    if context.desired.install is None:
        raise CentreonError(
            "the spec has no `install` for this MAP server", where=context.desired.map.name
        )
    return context.desired.install


def _sql(host: Host, statements: str) -> None:
    host.run(["sh", "-c", _AS_ROOT], stdin=statements.encode())


# Logins


class SeeLogins(MapStep):
    """Both seen to log in whom configure.sh will log in, or set MAP up with.

    The administrator first: configure.sh would try a wrong password a second time, with the
    package installed.
    """

    name = "contact"

    def _act(self, context: MapContext) -> None:
        context.api.log_in()
        install = _install(context)
        contact = context.desired.api.model_copy(
            update={"user": install.contact, "password": install.contact_password}
        )
        context.session.api(contact).log_in()


@dataclass(frozen=True)
class GrantAccess(MapStep):
    """MAP's user at Centreon's databases made, or set right, with what configure.sh needs, too."""

    account: DatabaseAccount
    name = "account"
    turn = Turn.INSTALLATION

    def _act(self, context: MapContext) -> None:
        password = context.session.secrets(_install(context).database_password)
        _sql(context.web, grant_statements(self.account.client, password))

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        text = "remove" if self.account.is_new else "take INSERT on centreon back from"
        text = f"{text} database user {DATABASE_USER}@{self.account.client}"
        yield TakeAccessBack(self.host, text, self.account)


@dataclass(frozen=True)
class TakeAccessBack(MapStep):
    """That user removed, if it was made; else what it got."""

    account: DatabaseAccount
    name = "unaccount"

    def _act(self, context: MapContext) -> None:
        client, is_new = self.account.client, self.account.is_new
        _sql(context.web, drop_user_statement(client) if is_new else revoke_statement(client))


@dataclass(frozen=True)
class RevokeInsert(MapStep):
    """What only configure.sh needs taken from that user."""

    account: DatabaseAccount
    name = "revoke"

    def _act(self, context: MapContext) -> None:
        _sql(context.web, revoke_statement(self.account.client))


# The server


def _unit(context: MapContext) -> str:
    return f"mapinfra-server-{context.service}"


@dataclass(frozen=True)
class InstallServer(MapStep):
    """The server's package installed where there was none."""

    server: Replace
    name = "install"
    turn = Turn.INSTALLATION

    def _act(self, context: MapContext) -> None:
        packages.install(context.map, self.server.wanted, _unit(context))

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        package = self.server.package
        yield UninstallServer(self.host, f"remove {package} again", package)


@dataclass(frozen=True)
class UninstallServer(MapStep):
    """That package removed, with its configuration."""

    package: str
    name = "uninstall"

    def _act(self, context: MapContext) -> None:
        packages.remove(context.map, [self.package], _unit(context), purge=True)
        context.map.run(["rm", "-rf", "--", context.desired.edition.config_dir])


class RestartMariadb(MapStep):
    """MariaDB on the MAP server restarted, so that it reads what the package has for it."""

    name = "mariadb"

    def _act(self, context: MapContext) -> None:
        context.map.run(["systemctl", "restart", "mariadb"], timeout=180)


@dataclass(frozen=True)
class Configure(MapStep):
    """configure.sh run on answers that are gone afterwards, whatever becomes of it."""

    setup: Setup
    name = "configure"
    turn = Turn.INSTALLATION

    def _act(self, context: MapContext) -> None:
        edition = context.desired.edition
        path = f"{edition.config_dir}/{edition.vars_file}"
        answers = self._answers(context)
        vendor = context.map.run(["sh", "-c", _KEEP_VARS, "sh", path, _KEPT_VARS]).stdout
        _sql(context.map, own_user_statements(answers.own_password))
        content = vars_file(vendor, answers)
        context.map.run(["sh", "-c", _PUT_VARS, "sh", path], stdin=content)
        _run_configure(context, path)

    def undo(self, done: Done) -> Back:
        """See `Step.undo`."""
        if self.setup.broker is not None:
            web = next(step.host for step in done if isinstance(step, GrantAccess))
            yield output_back(self.setup.broker, web, done)
        if self.setup.is_new_database:
            yield DropNewDatabase(self.host, "drop its database again")

    def _answers(self, context: MapContext) -> Answers:
        api, secrets, install = context.desired.api, context.session.secrets, _install(context)
        return Answers(
            web_url=api.url,
            administrator=api.user,
            contact=install.contact,
            centreon_address=self.setup.centreon_address,
            broker_port=self.setup.broker_port,
            administrator_password=secrets(api.password),
            contact_password=secrets(install.contact_password),
            database_password=secrets(install.database_password),
        )


def _run_configure(context: MapContext, vars_path: str) -> None:
    """Run it; the unit puts the packaged vars.sh back, also when nobody waits any more."""
    edition = context.desired.edition
    script = f"{edition.config_dir}/{edition.configure_script}"
    done = run_unit(
        context.map,
        f"mapinfra-configure-{edition.service}",
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
            where=context.map.name,
        )


class DropNewDatabase(MapStep):
    """What configure.sh has made dropped, where the package's own settings say."""

    name = "undatabase"

    def _act(self, context: MapContext) -> None:
        context.drop(OwnDatabase(context.desired.edition.database, MariadbClient()))
