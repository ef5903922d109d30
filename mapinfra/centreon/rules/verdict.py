"""What the vendor's rules say of an update: what forbids it, what to know, what it needs."""

from dataclasses import dataclass
from enum import StrEnum

from mapinfra.centreon.releases.order import Stage
from mapinfra.errors import CentreonError


class Rule(StrEnum):
    """What a finding is about."""

    LINE = "line"
    EDITION = "edition"
    DOWNGRADE = "downgrade"
    RELEASE_NOTES = "release notes"
    FIRST_STEP = "step between versions"
    CENTRAL = "version of the central"
    WEB_CLIENT = "version of the web client"
    SYSTEM = "operating system"
    DATABASE_SERVER = "database server"
    JAVA = "Java"
    KEYSTORE = "keystore"
    TOMCAT = "tomcat"
    SIGNING_KEY = "signing key"
    SHARED_SNIPPET = "MariaDB snippet"
    DIALECT = "SQL dialect"
    BBDO = "BBDO"
    CONFIGURE = "configure.sh"
    OVERWRITTEN = "overwritten configuration"


@dataclass(frozen=True)
class Block:
    """A rule that isn't met: nothing may be changed until `remedy` is followed."""

    rule: Rule
    what: str
    remedy: str
    source: str

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"

    def error(self, where: str) -> CentreonError:
        """Return the block as an error at a place."""
        return CentreonError(self.what, where=where, remedy=self.remedy)


@dataclass(frozen=True)
class Note:
    """Something a person should know before saying yes."""

    rule: Rule
    text: str
    source: str

    def __str__(self) -> str:
        return self.text


def unchecked(rule: Rule, unknown: str, source: str) -> Note:
    """Return the note on a rule that needs a fact which isn't known."""
    return Note(rule, f"not checked, as {unknown} isn't known", source)


@dataclass(frozen=True)
class StopAndDisable:
    """Stop a systemd unit of the MAP server for good."""

    unit: str

    def __str__(self) -> str:
        return f"stop and disable {self.unit}"


@dataclass(frozen=True)
class ReplaceWord:
    """Replace one word by another in each of the files, given with their full path."""

    files: tuple[str, ...]
    old: str
    new: str

    def __str__(self) -> str:
        return f"replace {self.old} by {self.new} in {' and '.join(self.files)}"


@dataclass(frozen=True)
class SetProperty:
    """Set a key of a Java properties file, given with its full path."""

    file: str
    key: str
    value: str

    def __str__(self) -> str:
        return f"set {self.key}={self.value} in {self.file}"


@dataclass(frozen=True)
class RunConfigure:
    """Run the vendor's configuration script unattended, with the variables of `vars_file`.

    It writes into the central's broker configuration: for its run the MAP user needs INSERT on
    `centreon`, and after it that configuration is to be deployed and cbd restarted.
    """

    script: str
    vars_file: str

    def __str__(self) -> str:
        return f"run {self.script} --automatic"


@dataclass(frozen=True)
class RotateSigningKey:
    """Remove revoked keys (`remove`, names of gpg-pubkey packages) and import the one at `url`.

    `fingerprint` is the one that the imported key must have; `url` and `fingerprint` are empty
    when a valid key is there already.
    """

    remove: tuple[str, ...]
    url: str
    fingerprint: str

    def __str__(self) -> str:
        removal = f"remove {', '.join(self.remove)}"
        return f"{removal} and import {self.url}" if self.url else removal


@dataclass(frozen=True)
class KeepSnippet:
    """Save the first of `candidates` that exists before the server's package, put it back after.

    Then restart MariaDB. `dpkg_option`, when not empty, goes with the package's transaction.
    """

    candidates: tuple[str, ...]
    dpkg_option: str

    def __str__(self) -> str:
        return "keep map.cnf of MariaDB, which the packages of both editions own"


Doing = StopAndDisable | ReplaceWord | SetProperty | RunConfigure | RotateSigningKey | KeepSnippet


@dataclass(frozen=True)
class Action:
    """An extra step that this update needs, at a stage of its order, on the MAP server."""

    rule: Rule
    stage: Stage
    do: Doing
    why: str
    source: str

    def __str__(self) -> str:
        return f"{self.do} ({self.why})"


Finding = Block | Note | Action


@dataclass(frozen=True)
class Verdict:
    """All that the rules found, each kind in the order of the rules."""

    blocks: tuple[Block, ...] = ()
    notes: tuple[Note, ...] = ()
    actions: tuple[Action, ...] = ()

    def actions_at(self, stage: Stage) -> tuple[Action, ...]:
        """Return the extra steps of one stage."""
        return tuple(action for action in self.actions if action.stage is stage)
