"""Backups of a MAP server, the way back from them, and the lock of who is at work on it.

Free of Pulumi and of specs. In the order of an operation: `journal.take`, `take`, `rehearse` where
asked for, `arm` and `kept`, then either `disarm` or `go_back`, and `journal.release`.
"""

from mapinfra.backup import journal, shelf
from mapinfra.backup.journal import Entry, Found, Held, Holder, Standing
from mapinfra.backup.keeping import Keeper, kept
from mapinfra.backup.lease import DEFAULT_MINUTES, Lease, LeaseLost, arm, disarm, prolong
from mapinfra.backup.manifest import File, Manifest, Table
from mapinfra.backup.present import Database, Present, look
from mapinfra.backup.rehearsal import compare, rehearse
from mapinfra.backup.remote import BackupFailed
from mapinfra.backup.shelf import Listed, Shelf, find, listing, retire
from mapinfra.backup.state import expect_room, room_for
from mapinfra.backup.subject import FOLDER, Client, Subject
from mapinfra.backup.taking import renew_way_back, take, verify
from mapinfra.backup.wayback import Back, Reach, go_back, read_back

__all__ = [
    "DEFAULT_MINUTES",
    "FOLDER",
    "Back",
    "BackupFailed",
    "Client",
    "Database",
    "Entry",
    "File",
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
    "arm",
    "compare",
    "disarm",
    "expect_room",
    "find",
    "go_back",
    "journal",
    "kept",
    "listing",
    "look",
    "prolong",
    "read_back",
    "rehearse",
    "renew_way_back",
    "retire",
    "room_for",
    "shelf",
    "take",
    "verify",
]
