"""What the rules of an update look at: the facts of one MAP installation, and what is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mapinfra.centreon.releases.editions import Edition
from mapinfra.centreon.releases.lines import LINES, Dbms, OperatingSystem, Requirements
from mapinfra.centreon.releases.version import Version


class Absent(Enum):
    """It was looked for and isn't there; None says that nobody could look."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True)
class Situation:
    """One MAP installation and the version it is to have. None: not known, unless said otherwise.

    A fact that isn't known never lets a rule pass in silence: the verdict has a note on it.
    """

    edition: Edition
    installed: Version | None
    """Version of the server's package; None: not installed."""
    target: Version
    release_notes_read: str | None = None
    """The spec's word for it; None: not given."""
    downgrade_to: Version | None = None
    """The one older version that the spec allows by name; None: none."""
    system: OperatingSystem | None = None
    """Of the MAP server."""
    dbms: Dbms | None = None
    """The server of MAP's own database."""
    java: int | Absent | None = None
    """Major number of the active Java; absent ones come with the server's package."""
    central: Version | None = None
    """Version of Centreon Web on the central or remote that this MAP serves."""
    web_client: Version | Absent | None = None
    """Version of the web client's package there."""
    other_edition: Version | Absent | None = None
    """Version of the other edition's server package on the same host."""
    engine: Version | Absent | None = None
    """For the legacy edition: version of the MAP that its views migrate to, on whichever host."""
    https: bool | None = None
    """Whether this MAP is served over HTTPS."""
    tomcat: bool | None = None
    """Whether a unit tomcat is active or enabled on the MAP server."""
    rpm_keys: frozenset[str] | None = None
    """Names of the gpg-pubkey packages (gpg-pubkey-3fc49c1b-651d4c25) on the MAP server."""
    dialects: Mapping[str, str] | None = None
    """Class of the SQL dialect, by the name of the *-database.properties that has one."""
    pb_messages: str | Absent | None = None
    """Value of broker.pb.message.enabled in the main file."""
    bbdo: int | None = None
    """Major number of the protocol of the broker that this MAP listens to."""
    broker_categories: frozenset[str] | None = None
    """Categories of that broker's output for MAP."""

    @property
    def is_upgrade(self) -> bool:
        """Whether an installed server goes to a later line."""
        return self.installed is not None and self.installed.line < self.target.line

    @property
    def requirements(self) -> Requirements | None:
        """What the target's line runs on; None for a line that mapinfra has no facts of."""
        return LINES.get(self.target.line)
