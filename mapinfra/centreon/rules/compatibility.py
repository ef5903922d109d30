"""Which versions, systems and servers fit a target: what forbids an update, and what to know."""

from collections.abc import Iterator

from mapinfra.centreon.releases.editions import ENGINE, LEGACY
from mapinfra.centreon.releases.lines import LINES, EditionOffer, Product, Requirements, span
from mapinfra.centreon.releases.sources import inferred, page, release_notes, release_notes_address
from mapinfra.centreon.releases.version import Line, Version
from mapinfra.centreon.rules.situation import ABSENT, Absent, Situation
from mapinfra.centreon.rules.verdict import Block, Finding, Note, Rule, unchecked

DOWNGRADE_KEY = "downgrade_to"
RELEASE_NOTES_KEY = "release_notes_read"
"""The key of a spec that names the one older version that may be gone back to."""

_ENGINE_BEGINS = Line(22, 4)
_LEGACY_END = page("24.10", "graph-views/map-legacy-eol")
_LEGACY_UPGRADE = page("24.10", "graph-views/upgrading-map-legacy")
_MARIADB = page("24.10", "upgrade/upgrade-mariadb")


def known_line(s: Situation) -> Iterator[Finding]:
    """A line that mapinfra has no facts of: an old one is noted, any other refused."""
    source = inferred("the lines that the vendor documents")
    if s.target.line in LINES:
        return
    if s.target.line < min(LINES):
        what = f"nothing is known of line {s.target.line}: its system, MariaDB and Java"
        yield Note(Rule.LINE, f"{what} weren't checked", source)
        return
    remedy = f"choose a version of the lines {span()}, or a newer mapinfra"
    yield Block(Rule.LINE, f"nothing is known of line {s.target.line}", remedy, source)


def offered_edition(s: Situation) -> Iterator[Finding]:
    """An edition that the target's line doesn't have; the legacy one ended with 24.10."""
    if s.edition == ENGINE:
        if s.target.line < _ENGINE_BEGINS:
            yield Block(
                Rule.EDITION,
                f"line {s.target.line} has no MAP engine, which begins with {_ENGINE_BEGINS}",
                f"choose a later version, or edition {LEGACY.name}",
                page("22.04", "graph-views/map-web-install"),
            )
        return
    if s.requirements is not None:
        yield from _legacy_offer(s, s.requirements)


def _legacy_offer(s: Situation, needs: Requirements) -> Iterator[Finding]:
    offer = needs.offers.get(LEGACY.name)
    if offer is EditionOffer.SUPPORTED:
        return
    if offer is None or s.installed is None:
        yield Block(
            Rule.EDITION,
            f"line {s.target.line} has no MAP Legacy, which ended with 24.10",
            f"choose edition {ENGINE.name}",
            _LEGACY_END,
        )
        return
    engine = s.other_edition if isinstance(s.other_edition, Version) else s.engine
    if engine is None:
        yield unchecked(Rule.EDITION, "the MAP that views are to migrate to", _LEGACY_END)
    elif isinstance(engine, Absent) or engine.line != s.target.line:
        found = "none is installed" if isinstance(engine, Absent) else f"that is {engine}"
        yield Block(
            Rule.EDITION,
            f"MAP Legacy {s.target} only serves the migration to MAP {s.target.line}, and {found}",
            f"first bring edition {ENGINE.name} to {s.target.line}",
            _LEGACY_END,
        )
        return
    yield Note(
        Rule.EDITION,
        f"MAP Legacy {s.target} only serves the migration: migrate once, into an empty MAP (a "
        "second time destroys what is there), then remove MAP Legacy",
        _LEGACY_END,
    )


def legacy_left(s: Situation) -> Iterator[Finding]:
    """MAP Legacy has to be gone from 24.10 on, before any later line."""
    end = Line(24, 10)
    if s.edition != ENGINE or s.target.line < end or not isinstance(s.other_edition, Version):
        return
    if s.target.line == end:
        text = "MAP Legacy is on the same host; after the migration it must be removed"
        yield Note(Rule.EDITION, text, _LEGACY_END)
        return
    yield Block(
        Rule.EDITION,
        f"MAP Legacy {s.other_edition} is still on the host",
        f"remove it before MAP goes beyond {end}",
        _LEGACY_END,
    )


def downgrade(s: Situation) -> Iterator[Finding]:
    """An older version is refused, unless the spec allows just that one by name."""
    source = inferred(f"{page('24.10', 'graph-views/map-web-backup-restore')}, the only way back")
    if s.installed is None or s.installed <= s.target:
        return
    if s.downgrade_to != s.target:
        yield Block(
            Rule.DOWNGRADE,
            f"{s.target} is older than {s.installed}, which is installed",
            f'if that is meant, write {DOWNGRADE_KEY}: "{s.target}"',
            source,
        )
        return
    yield Note(
        Rule.DOWNGRADE,
        f"the vendor knows no downgrade of packages: {s.target} may not read the database of "
        f"{s.installed}; a backup made under {s.target} has to be restored with it",
        source,
    )


def release_notes_gate(s: Situation) -> Iterator[Finding]:
    """A change of line waits until its release notes have been read."""
    block = gate(s.installed, s.target, s.release_notes_read)
    if block is not None:
        yield block


def gate(installed: Version | None, target: Version, read: str | None) -> Block | None:
    """Refuse a change of line until the spec says that the target line's notes have been read.

    `read` is the spec's `release_notes_read`. None: nothing is in the way.
    """
    if installed is None or installed.line == target.line or read == str(target.line):
        return None
    said = f', and {RELEASE_NOTES_KEY} says "{read}"' if read else ""
    return Block(
        Rule.RELEASE_NOTES,
        f"from {installed} to {target} is a change of line{said}",
        f"read the release notes ({release_notes_address(str(target.line))}) and the steps shown "
        f'here, then write {RELEASE_NOTES_KEY}: "{target.line}"',
        page("22.10", "graph-views/update"),
    )


def first_step(s: Situation) -> Iterator[Finding]:
    """A server of 4.0.x goes to 4.1.x first, and runs there."""
    if s.installed is not None and s.installed.line == Line(4, 0) and s.target.line > Line(4, 1):
        yield Block(
            Rule.FIRST_STEP,
            f"{s.installed} can't be upgraded to {s.target} at once",
            "upgrade it to 4.1.x and run it there first",
            _LEGACY_UPGRADE,
        )


def central(s: Situation) -> Iterator[Finding]:
    """The central comes first, and MAP has its line.

    Legacy: "must be installed in the same major versions". The engine's pages have no such
    sentence; mapinfra holds it to the same rule, which no page contradicts.
    """
    documented = page("22.10", "graph-views/install: Centreon")
    source = documented if s.edition == LEGACY else inferred(f"the legacy edition, {documented}")
    if s.central is None:
        yield unchecked(Rule.CENTRAL, "the version of Centreon that this MAP serves", source)
    elif s.central.line < s.target.line:
        yield Block(
            Rule.CENTRAL,
            f"the Centreon that this MAP serves is {s.central}, before line {s.target.line}",
            f"upgrade it to {s.target.line} first",
            source,
        )
    elif s.central.line > s.target.line:
        yield Block(
            Rule.CENTRAL,
            f"the Centreon that this MAP serves is {s.central}, beyond line {s.target.line}",
            f"choose a version of line {s.central.line}",
            source,
        )


def web_client(s: Situation) -> Iterator[Finding]:
    """The web client has the line of the central, and never goes back."""
    source = inferred("the Business repository, which has one line for web client and server")
    if s.web_client is None:
        yield unchecked(Rule.WEB_CLIENT, "the version of the web client", source)
    elif isinstance(s.web_client, Absent) or s.web_client <= s.target:
        return
    elif s.web_client.line == s.target.line:
        text = f"the web client is already at {s.web_client} and stays there"
        yield Note(Rule.WEB_CLIENT, text, source)
    else:
        yield Block(
            Rule.WEB_CLIENT,
            f"the web client is {s.web_client}, beyond line {s.target.line}",
            f"choose a version of line {s.web_client.line}",
            source,
        )


def system(s: Situation) -> Iterator[Finding]:
    """The target's line has packages for the host's system."""
    needs = s.requirements
    if needs is None:
        return
    source = needs.sources["systems"]
    if s.system is None:
        yield unchecked(Rule.SYSTEM, "the system of the MAP server", source)
        return
    family = s.system.family
    if family is None or s.system.major not in needs.systems.get(family, ()):
        yield Block(
            Rule.SYSTEM,
            f"line {needs.line} doesn't run on {s.system}, only on {needs.runs_on}",
            "move MAP to such a system first",
            source,
        )


def database_server(s: Situation) -> Iterator[Finding]:
    """MAP's database server has at least the MariaDB of the target's line.

    Pages disagree on the order: "Upgrading MAP" (24.10, map-web-upgrade) upgrades MariaDB after
    MAP, "Upgrading MariaDB" wants one version everywhere, and the central comes first. An older
    MariaDB under a newer MAP is what no page vouches for, so MariaDB goes first. A newer one is
    let pass with a note: a page of 23.10 has its readers go to 10.11 already.
    """
    needs = s.requirements
    if needs is None:
        return
    wanted = f"MariaDB {needs.mariadb_text}"
    if s.dbms is None:
        yield unchecked(Rule.DATABASE_SERVER, "the version of MAP's database server", _MARIADB)
    elif s.dbms.product is Product.MYSQL:
        yield from _mysql(s, needs)
    elif s.dbms.series < needs.mariadb:
        yield Block(
            Rule.DATABASE_SERVER,
            f"MAP's database is served by {s.dbms}, and line {needs.line} needs {wanted}",
            f"upgrade it first: stop it, remove its packages alone, install {wanted}, start it, "
            "run mysql_upgrade, enable it",
            _MARIADB,
        )
    elif s.dbms.series > needs.mariadb:
        text = f"MAP's database is served by {s.dbms}; line {needs.line} was made for {wanted}"
        yield Note(Rule.DATABASE_SERVER, text, _MARIADB)


def _mysql(s: Situation, needs: Requirements) -> Iterator[Finding]:
    if s.dbms is not None and s.dbms.series not in needs.mysql:
        text = f"the vendor doesn't support {s.dbms} with line {needs.line}"
        yield Note(Rule.DATABASE_SERVER, text, needs.sources["mysql"])


def java(s: Situation) -> Iterator[Finding]:
    """The active Java is one that the target's line runs on; a missing one the package brings."""
    needs = s.requirements
    if needs is None or s.java is ABSENT:
        return
    source = needs.sources["java"]
    if s.java is None:
        yield unchecked(Rule.JAVA, "the active version of Java", source)
    elif s.java not in needs.java:
        yield Block(
            Rule.JAVA,
            f"Java {s.java} is active, and line {needs.line} needs {needs.java_text}",
            f"install Java {min(needs.java)} and choose it with update-alternatives --config java",
            source,
        )


def broker_protocol(s: Situation) -> Iterator[Finding]:
    """From 25.10 on the engine understands BBDO v3 alone."""
    if s.edition != ENGINE or s.target.line < Line(25, 10):
        return
    source = release_notes("25.10")
    if s.bbdo is None:
        yield unchecked(Rule.BBDO, "the version of the broker's protocol", source)
    elif s.bbdo < 3:
        yield Block(
            Rule.BBDO,
            f"the broker speaks BBDO v{s.bbdo}, which line {s.target.line} doesn't understand",
            "switch the platform to BBDO v3 first",
            source,
        )
