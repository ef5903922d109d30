"""Backups of a MAP server, and the way back from them. Free of Pulumi and of specs."""

from mapinfra.backup import sessions, shelf
from mapinfra.backup.age import age, ago, is_in_future
from mapinfra.backup.folder import FolderUnsafe
from mapinfra.backup.leftovers import put_away
from mapinfra.backup.manifest import File, Manifest, Table
from mapinfra.backup.present import DatabaseContent, Present, look, saved
from mapinfra.backup.rehearsal import compare, rehearse
from mapinfra.backup.remote import BackupFailed
from mapinfra.backup.shelf import Listed, Shelf, find, listing, retire
from mapinfra.backup.state import expect_room, room_for
from mapinfra.backup.subject import FOLDER, MariadbClient, Subject
from mapinfra.backup.sums import seal, verify
from mapinfra.backup.taking import renew_way_back, take
from mapinfra.backup.wayback import Back, Reach, go_back, read_back

__all__ = [
    "FOLDER",
    "Back",
    "BackupFailed",
    "DatabaseContent",
    "File",
    "FolderUnsafe",
    "Listed",
    "Manifest",
    "MariadbClient",
    "Present",
    "Reach",
    "Shelf",
    "Subject",
    "Table",
    "age",
    "ago",
    "compare",
    "expect_room",
    "find",
    "go_back",
    "is_in_future",
    "listing",
    "look",
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
