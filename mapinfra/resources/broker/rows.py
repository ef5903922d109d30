"""Rows of broker outputs written to the central's table, each checked before and read back."""

from collections.abc import Iterable, Sequence

from mapinfra.centreon.broker.generated import BrokerRow
from mapinfra.centreon.broker.outputs import row_of, same_rows
from mapinfra.errors import CentreonError
from mapinfra.hosts import Database, Host, Transaction
from mapinfra.resources.broker.model import Edit

_ROWS = (
    "SELECT config_key, config_value, grp_level, subgrp_id, parent_grp_id, fieldIndex "
    "FROM cfg_centreonbroker_info "
    "WHERE config_id = %s AND config_group = 'output' AND config_group_id = %s "
    "AND config_key <> 'authorization'"
)
_DELETE = (
    "DELETE FROM cfg_centreonbroker_info "
    "WHERE config_id = %s AND config_group = 'output' AND config_group_id = %s"
)
# The token of a bbdo_server is a secret: it stays where it is as long as its output does.
_BUT_AUTHORIZATION = " AND config_key <> 'authorization'"
_INSERT = (
    "INSERT INTO cfg_centreonbroker_info (config_id, config_group, config_group_id, config_key, "
    "config_value, grp_level, subgrp_id, parent_grp_id, fieldIndex) "
    "VALUES (%s, 'output', %s, %s, %s, %s, %s, %s, %s)"
)


def write(host: Host, database: Database, edits: Sequence[Edit], where: str) -> None:
    """Write all edits in one transaction, each checked before and read back after.

    Raises DatabaseError, and CentreonError when rows aren't as the edit has them from before.
    """

    def work(transaction: Transaction) -> None:
        for edit in edits:
            _edit(transaction, edit, where)

    host.transact(database, work)


def _edit(transaction: Transaction, edit: Edit, where: str) -> None:
    key = (edit.config_id, edit.group)
    there = [row_of(row) for row in transaction.query(f"{_ROWS} FOR UPDATE", key)]
    if same_rows(there, edit.after):
        return
    _expect(there, edit.before, edit, where)
    transaction.execute(_DELETE + (_BUT_AUTHORIZATION if edit.after else ""), key)
    for row in edit.after:
        values = (row.key, row.value, row.level, row.subgroup, row.parent, row.index)
        transaction.execute(_INSERT, (*key, *values))
    _expect(map(row_of, transaction.query(_ROWS, key)), edit.after, edit, where)


def _expect(there: Iterable[BrokerRow], rows: Sequence[BrokerRow], edit: Edit, where: str) -> None:
    if not same_rows(there, rows):
        raise CentreonError(
            f"the rows of output group {edit.group} are no longer as they were read",
            where=where,
            remedy="somebody else changes it; preview again",
        )
