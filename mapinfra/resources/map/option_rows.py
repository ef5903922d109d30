"""Rows of MAP's options written, each read back in the same transaction."""

from mapinfra.centreon.web.options import SELECT, Values
from mapinfra.errors import CentreonError
from mapinfra.hosts import Database, Host, Transaction


def write(host: Host, database: Database, values: Values) -> None:
    """Write options in one transaction and read them back in it; None deletes the row.

    Raises DatabaseError, and CentreonError when the table didn't take a value: nothing is written
    then.
    """

    def work(transaction: Transaction) -> None:
        there = _look(transaction, values, " FOR UPDATE")
        for key, value in values.items():
            _write_one(transaction, key, value, present=key in there)
        now = _look(transaction, values)
        refused = [key for key, value in values.items() if now.get(key) != value]
        if refused:
            raise CentreonError(
                f"table options did not take {', '.join(refused)}",
                where=host.name,
                remedy="somebody else changes it; preview again",
            )

    host.transact(database, work)


def _write_one(transaction: Transaction, key: str, value: str | None, *, present: bool) -> None:
    if value is None:
        transaction.execute("DELETE FROM options WHERE `key` = %s", (key,))
    elif present:
        transaction.execute("UPDATE options SET value = %s WHERE `key` = %s", (value, key))
    else:
        transaction.execute("INSERT INTO options (`key`, value) VALUES (%s, %s)", (key, value))


def _look(transaction: Transaction, keys: Values, suffix: str = "") -> dict[str, str]:
    marks = ", ".join(["%s"] * len(keys))
    rows = transaction.query(SELECT.format(marks) + suffix, tuple(keys))
    return {str(row["key"]): str(row["value"] or "") for row in rows}
