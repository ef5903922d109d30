"""Centreon's contacts: passwords, the lock after wrong ones, tokens of the API.

Sources: CentreonAPI::checkUser (CLAPI), Security LocalProvider (API), the policy in
provider_configuration.
"""

import crypt
import hmac
import json
import secrets
import time
from dataclasses import dataclass

from .database import Database

_FIND = """
select contact.*, contact_password.password, contact_password.creation_date
from contact left join contact_password on contact_password.contact_id = contact.contact_id
where contact_alias = %s and contact_activate = '1' and contact_register = '1'
order by contact_password.creation_date desc limit 1
"""
EXTENSIONS_PAGE = 50709


class Refused(Exception):
    """The login is refused; the message is what CLAPI prints of it, line ends included."""


class NoAccess(Exception):
    """The password is right, but this contact may not reach the API."""


@dataclass(frozen=True)
class Policy:
    """Table provider_configuration, password_security_policy; durations in seconds."""

    attempts: int
    blocking_duration: int
    password_expiration_delay: int


@dataclass(frozen=True)
class Account:
    """A contact that may log in."""

    id: int
    alias: str
    name: str
    email: str
    is_admin: bool
    may_reach_api: bool
    password_hash: str
    password_creation: int
    login_attempts: int
    blocking_time: int | None

    def has_password(self, password: str) -> bool:
        """Whether this is the contact's password."""
        found = crypt.crypt(password, self.password_hash)
        return found is not None and hmac.compare_digest(found, self.password_hash)

    def blocked_until(self, policy: Policy) -> float:
        """When the lock ends; in the past if there is none."""
        return 0 if self.blocking_time is None else self.blocking_time + policy.blocking_duration


def hash_password(password: str) -> str:
    """The password as PHP's password_hash() stores it: bcrypt of cost 10."""
    return crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**10))


def find(database: Database, alias: str) -> Account | None:
    """The active contact of this alias."""
    row = database.row(_FIND, alias)
    if row is None:
        return None
    return Account(
        row["contact_id"],
        row["contact_alias"],
        row["contact_name"],
        row["contact_email"],
        row["contact_admin"] == "1",
        bool(row["reach_api"] or row["reach_api_rt"]),
        row["password"] or "",
        row["creation_date"] or 0,
        row["login_attempts"] or 0,
        row["blocking_time"],
    )


def read_policy(database: Database) -> Policy:
    """The policy that holds for local accounts."""
    row = database.row("select custom_configuration from provider_configuration where name='local'")
    assert row is not None, "provider_configuration has its row `local` from installation on"
    settings = json.loads(row["custom_configuration"])["password_security_policy"]
    return Policy(**{name: settings[name] for name in Policy.__dataclass_fields__})


def log_in_to_clapi(database: Database, alias: str, password: str) -> None:
    """Check a login as CLAPI does. Raises `Refused` with the text that CLAPI prints."""
    account, policy = find(database, alias), read_policy(database)
    if account is None:
        raise Refused("Invalid credentials.\n")
    if not account.is_admin:
        raise Refused("You don't have permissions for CLAPI.\n")
    if time.time() <= account.blocked_until(policy):
        left = _interval(account.blocked_until(policy) - time.time())
        raise Refused(f"Unable to login, max login attempts has been reached. {left} left\n")
    if _is_expired(account, policy):
        raise Refused("Unable to login, your password has expired.\n")
    if not account.has_password(password):
        raise Refused(_wrong_password(database, account, policy))
    _forgive(database, account)


def log_in_to_api(database: Database, alias: str, password: str) -> Account:
    """Check a login as the API does. Raises `Refused`, which never says why, and `NoAccess`."""
    account, policy = find(database, alias), read_policy(database)
    if account is None or time.time() < account.blocked_until(policy):
        raise Refused
    if not account.has_password(password):
        _count_for_api(database, account, policy)
        raise Refused
    _forgive(database, account)
    if _is_expired(account, policy):
        raise Refused
    if not account.is_admin and not account.may_reach_api:
        raise NoAccess
    return account


def _count_for_api(database: Database, account: Account, policy: Policy) -> None:
    """Count a wrong password; one after a lock that is over locks again at once."""
    attempts = account.login_attempts + 1
    database.execute(
        "update contact set login_attempts = %s, blocking_time = %s where contact_id = %s",
        attempts,
        int(time.time()) if attempts >= policy.attempts else account.blocking_time,
        account.id,
    )


def _is_expired(account: Account, policy: Policy) -> bool:
    return account.password_creation + policy.password_expiration_delay < time.time()


def _wrong_password(database: Database, account: Account, policy: Policy) -> str:
    """Count a wrong password, lock the account at the last one; what CLAPI says of it."""
    attempts = 1 if account.blocking_time is not None else account.login_attempts + 1
    is_last = attempts == policy.attempts
    database.execute(
        "update contact set login_attempts = %s, blocking_time = %s where contact_id = %s",
        attempts,
        int(time.time()) if is_last else None,
        account.id,
    )
    if is_last:
        return (
            "Invalid credentials. Max attempts has been reached, you can't login for "
            f"{policy.blocking_duration} seconds. \n"
        )
    return f"Invalid credentials. {policy.attempts - attempts} attempt(s) remaining \n"


def _forgive(database: Database, account: Account) -> None:
    if account.login_attempts or account.blocking_time is not None:
        database.execute(
            "update contact set login_attempts = null, blocking_time = null where contact_id = %s",
            account.id,
        )


def _interval(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"{day:02d}d {hour:02d}h {minute:02d}m {second:02d}s"


def create_token(database: Database, account: Account) -> str:
    """A token of the API, valid for options.session_expire minutes, however it is used."""
    token = secrets.token_urlsafe(48)
    provider = database.row("select id from provider_configuration where name = 'local'")
    assert provider is not None, "provider_configuration has its row `local` from installation on"
    with database.transaction():
        token_id = database.execute(
            "insert into security_token (token, creation_date, expiration_date)"
            " select %s, unix_timestamp(), unix_timestamp() + value * 60"
            " from options where `key` = 'session_expire'",
            token,
        )
        database.insert(
            "security_authentication_tokens",
            {
                "token": token,
                "provider_token_id": token_id,
                "provider_configuration_id": provider["id"],
                "user_id": account.id,
            },
        )
    return token


def delete_expired_tokens(database: Database) -> None:
    """Forget the tokens whose time is over; their logins go with them."""
    database.execute("delete from security_token where expiration_date < unix_timestamp()")


def find_by_token(database: Database, token: str) -> Account | None:
    """Whose token this is; None when nobody's or expired."""
    delete_expired_tokens(database)
    row = database.row(
        "select contact_alias from security_authentication_tokens"
        " join contact on contact_id = user_id where token = %s",
        token,
    )
    return None if row is None else find(database, row["contact_alias"])


def may_manage_extensions(database: Database, account: Account) -> bool:
    """Administrators may, and who has page 50709 by an access group."""
    if account.is_admin:
        return True
    granted = database.row(
        "select 1 from acl_group_contacts_relations as member"
        " join acl_groups using (acl_group_id)"
        " join acl_group_topology_relations using (acl_group_id)"
        " join acl_topology on acl_topo_id = acl_topology_id"
        " join acl_topology_relations using (acl_topo_id)"
        " join topology on topology_id = topology_topology_id"
        " where contact_contact_id = %s and topology_page = %s and access_right <> 0"
        " and acl_group_activate = '1' and acl_topo_activate = '1'",
        account.id,
        EXTENSIONS_PAGE,
    )
    return granted is not None
