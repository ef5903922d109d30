"""Setting a MAP server up: its database user, and the answers to configure.sh.

Page 24.10, graph-views/map-web-install. The names of the variables in vars.sh aren't documented;
those here are the ones of an older, published configure.sh. So the vendor's own file is compared
first: what it asks for and mapinfra can't answer is an error, before anything is changed.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from mapinfra.centreon.broker.outputs import MAP_PORT
from mapinfra.config_files import SHELL, settings, with_settings
from mapinfra.errors import CentreonError
from mapinfra.secrets import SecretReference

DATABASE_USER: Final = "centreon_map"
"""MAP's user, at the databases of Centreon and at its own."""
OUTPUT_NAMES: Final = ("Centreon-Studio",)
"""The name by which configure.sh knows the broker output that it made."""
COMPLETED: Final = "Configuration completed"
"""What configure.sh says at its end when all went well."""


_ADDRESS = r"[A-Za-z0-9.:-]+"


class Install(BaseModel):
    """What an installation from nothing needs to know."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: Annotated[
        str,
        Field(
            min_length=1,
            description="Centreon contact that MAP logs in as: no administrator, with access to "
            "all resources, Reach API Realtime on. It has to be there.",
        ),
    ]
    contact_password: Annotated[SecretReference, Field(description="That contact's password.")]
    database_password: Annotated[
        SecretReference,
        Field(
            description="Password that MAP's user `centreon_map` gets at Centreon's databases. "
            "That of its own database is made up on the MAP server and stays there."
        ),
    ]
    centreon_address: Annotated[
        str | None,
        Field(
            pattern=f"^{_ADDRESS}$",
            description="Where the MAP server reaches Centreon's database and broker; default: "
            "the host of `api.url`.",
        ),
    ] = None
    own_address: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9.]+$",
            description="IPv4 address from which the MAP server comes to Centreon's database; "
            "default: its only one.",
        ),
    ] = None


@dataclass(frozen=True)
class Answers:
    """What configure.sh is told. Passwords in clear: for the host's file alone, never shown."""

    web_url: str
    """Address of Centreon Web as in the API's URL."""
    administrator: str
    contact: str
    centreon_address: str
    """Where the MAP server reaches Centreon's database and broker."""
    administrator_password: str = field(repr=False)
    contact_password: str = field(repr=False)
    database_password: str = field(repr=False)
    own_password: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(24))
    """Of the user of MAP's own database: it is known on that host alone."""
    broker_port: str = MAP_PORT

    def variables(self) -> dict[str, str]:
        """Return the variables of vars.sh."""
        parts = urlsplit(self.web_url)
        return {
            "CENTREON_URL": f"{parts.scheme}://{parts.netloc}",
            "CENTREON_PATH": parts.path or "/",
            "CENTREON_ADMIN_USER": self.administrator,
            "CENTREON_ADMIN_PWD": self.administrator_password,
            "CENTREON_USER": self.contact,
            "CENTREON_PWD": self.contact_password,
            "CENTREON_DB_ADDRESS": self.centreon_address,
            "CENTREON_DB_USER": DATABASE_USER,
            "CENTREON_DB_PWD": self.database_password,
            "CENTREON_BROKER_ADDRESS": self.centreon_address,
            # The vendor's default is told only where it doesn't hold.
            **({"CENTREON_BROKER_PORT": self.broker_port} if self.broker_port != MAP_PORT else {}),
            "MAP_DB_USER": DATABASE_USER,
            "MAP_DB_PWD": self.own_password,
        }


_WRITTEN = re.compile(
    r"centreon\.(url|path|user|pwd)|broker\.(address|port)|.+\.connection\.(url|username|password)"
)


def written_by_configure(key: str) -> bool:
    """Tell whether configure.sh writes this key of the properties: how MAP reaches all else.

    No package has the right value, so it stays whatever becomes of local edits.
    """
    return _WRITTEN.fullmatch(key) is not None


_MAY_BE_EMPTY: Final = frozenset({"MAP_DB_ROOT_PWD"})
"""MariaDB's root logs in to the MAP server's own database by its socket."""


def check_questions(vendor: bytes | None, where: str) -> None:
    """Raise CentreonError when the package's vars.sh isn't the one that mapinfra can fill in."""
    asked = settings(vendor or b"", SHELL)
    known = _names()
    open_ = [
        name
        for name, default in asked.items()
        if not default and name not in known and name not in _MAY_BE_EMPTY
    ]
    missing = sorted(known - asked.keys())
    if not open_ and not missing:
        return
    told = [f"asks for {', '.join(open_)}"] * bool(open_)
    told += [f"has no {', '.join(missing)}"] * bool(missing)
    raise CentreonError(
        f"its vars.sh {' and '.join(told)}, which this version of mapinfra doesn't expect",
        where=where,
        remedy="run configure.sh by hand, as the manual says; mapinfra then takes MAP over",
    )


def vars_file(vendor: bytes, answers: Answers) -> bytes:
    """Return the vendor's vars.sh with the answers in it."""
    return with_settings(vendor, answers.variables(), SHELL)


def _names() -> frozenset[str]:
    return frozenset(Answers("http://h/c", "", "", "", "", "", "").variables())


def grant_statements(client: str, password: str) -> str:
    """Return the SQL that makes MAP's user at the databases of Centreon, or sets it right.

    The password is sent as its hash. INSERT on `centreon` is for configure.sh alone.
    """
    user = f"'{DATABASE_USER}'@'{client}'"
    known_by = f"IDENTIFIED WITH mysql_native_password AS '{_hash(password)}'"
    return (
        f"CREATE USER IF NOT EXISTS {user} {known_by};\n"
        f"ALTER USER {user} {known_by};\n"
        f"GRANT SELECT ON centreon_storage.* TO {user};\n"
        f"GRANT SELECT, INSERT ON centreon.* TO {user};\n"
    )


def own_user_statements(password: str) -> str:
    """Return the SQL that gives MAP's own database user this password, should it be there already.

    configure.sh makes the user, but leaves one alone that is there.
    """
    known_by = f"IDENTIFIED WITH mysql_native_password AS '{_hash(password)}'"
    return f"ALTER USER IF EXISTS '{DATABASE_USER}'@'localhost' {known_by};\n"


def revoke_statement(client: str) -> str:
    """Return the SQL that takes INSERT on `centreon` back.

    It is granted first, since taking back what isn't granted is an error.
    """
    user = f"'{DATABASE_USER}'@'{client}'"
    return f"GRANT INSERT ON centreon.* TO {user};\nREVOKE INSERT ON centreon.* FROM {user};\n"


def drop_user_statement(client: str) -> str:
    """Return the SQL that removes MAP's user."""
    return f"DROP USER IF EXISTS '{DATABASE_USER}'@'{client}';\n"


def _hash(password: str) -> str:
    """Return what MariaDB keeps of a password (mysql_native_password)."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return f"*{hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()}"
