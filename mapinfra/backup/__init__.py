"""Backups of a MAP server, the way back from them, and the lock of who is at work on it.

Free of Pulumi and of specs. In the order of an operation: `journal.take`, `take`, `rehearse` where
asked for, `arm` and `kept`, then either `disarm` or `go_back`, and `journal.release`.
"""

from mapinfra.backup import sessions, shelf
from mapinfra.backup.age import age, ago, is_in_future
from mapinfra.backup.folder import FolderUnsafe
from mapinfra.backup.leftovers import put_away
from mapinfra.backup.manifest import File, Manifest, Table
from mapinfra.backup.present import Database, Present, look, saved
from mapinfra.backup.rehearsal import compare, rehearse
from mapinfra.backup.remote import BackupFailed
from mapinfra.backup.shelf import Listed, Shelf, find, listing, retire
from mapinfra.backup.state import expect_room, room_for
from mapinfra.backup.subject import FOLDER, Client, Subject
from mapinfra.backup.sums import seal, verify
from mapinfra.backup.taking import renew_way_back, take
from mapinfra.backup.wayback import Back, Reach, go_back, read_back
from mapinfra.rollback import journal
from mapinfra.rollback.journal import Entry, Found, Held, Holder, Standing
from mapinfra.rollback.keeping import Keeper, kept
from mapinfra.rollback.lease import DEFAULT_MINUTES, Lease, LeaseLost, arm, cancel, disarm, prolong

__all__ = [
    "DEFAULT_MINUTES",
    "FOLDER",
    "Back",
    "BackupFailed",
    "Client",
    "Database",
    "Entry",
    "File",
    "FolderUnsafe",
    "Found",
    "Held",
    "Holder",
    "Keeper",
    "Lease",
    "LeaseLost",
    "Listed",
    "Manifest",
    "Present",
    "Reach",
    "Shelf",
    "Standing",
    "Subject",
    "Table",
    "age",
    "ago",
    "arm",
    "cancel",
    "compare",
    "disarm",
    "expect_room",
    "find",
    "go_back",
    "is_in_future",
    "journal",
    "kept",
    "listing",
    "look",
    "prolong",
    "put_away",
    "read_back",
    "rehearse",
    "renew_way_back",
    "retire",
    "room_for",
    "saved",
    "seal",
    "sessions",
    "shelf",
    "take",
    "verify",
]
