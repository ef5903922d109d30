"""The lock on the work at a MAP server, and the automatic rollback that guards it.

In the order of an operation: `journal.take`, a backup, `arm` and `kept`, then either `disarm` or
`backup.go_back`, and `journal.release`.
"""

from mapinfra.rollback import journal
from mapinfra.rollback.journal import Held
from mapinfra.rollback.keeping import Keeper, kept
from mapinfra.rollback.lease import DEFAULT_MINUTES, Lease, LeaseLost, arm, cancel, disarm, prolong
from mapinfra.rollback.model import Entry, Found, Holder, Standing

__all__ = [
    "DEFAULT_MINUTES",
    "Entry",
    "Found",
    "Held",
    "Holder",
    "Keeper",
    "Lease",
    "LeaseLost",
    "Standing",
    "arm",
    "cancel",
    "disarm",
    "journal",
    "kept",
    "prolong",
]
