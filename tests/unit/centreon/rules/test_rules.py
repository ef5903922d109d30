"""Each rule both ways: what it lets pass, and the one line it says where it doesn't."""

from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.releases.editions import EDITIONS, ENGINE, LEGACY, MARIADB_SNIPPETS
from mapinfra.centreon.releases.lines import Dbms, OperatingSystem, Product
from mapinfra.centreon.releases.order import Stage, update_order
from mapinfra.centreon.releases.version import Version
from mapinfra.centreon.rules.judging import judge
from mapinfra.centreon.rules.situation import ABSENT, Situation
from mapinfra.centreon.rules.verdict import (
    Action,
    Block,
    Doing,
    KeepSnippet,
    Note,
    ReplaceWord,
    RotateSigningKey,
    Rule,
    RunConfigure,
    SetProperty,
    StopAndDisable,
    Verdict,
)

STUDIO = "/etc/centreon-studio"
OLD_KEY = "gpg-pubkey-8a7652bc-4cb6f1f6"
FORMER_KEY = "gpg-pubkey-3fc49c1b-651d4c25"
KEY = "gpg-pubkey-faa09feb-692eaf2a"


def v(text: str) -> Version:
    return Version.parse(text)


def mariadb(major: int, minor: int) -> Dbms:
    return Dbms(Product.MARIADB, major, minor)


def engine(installed: str | None = "23.04.11", target: str = "23.10.3", **facts: Any) -> Situation:
    """An engine where everything is known and fits."""
    fitting: dict[str, Any] = {
        "release_notes_read": str(v(target).line),
        "system": OperatingSystem("almalinux", 8),
        "dbms": mariadb(10, 5),
        "java": 17,
        "central": replace(v(target), patch=1),
        "web_client": v(installed) if installed else ABSENT,
        "other_edition": ABSENT,
        "engine": ABSENT,
        "https": False,
        "tomcat": False,
        "rpm_keys": frozenset({KEY}),
        "dialects": {},
        "pb_messages": ABSENT,
        "bbdo": 3,
        "broker_categories": frozenset({"neb", "storage"}),
    }
    before = v(installed) if installed else None
    return Situation(ENGINE, before, v(target), **fitting | facts)


def legacy(installed: str | None = "22.10.1", target: str = "23.04.3", **facts: Any) -> Situation:
    """A legacy server where everything is known and fits."""
    dialects = dict.fromkeys(LEGACY.database_files, "org.hibernate.dialect.MariaDB10Dialect")
    facts = {"dialects": dialects, "pb_messages": "true"} | facts
    return replace(engine(installed, target, **facts), edition=LEGACY)


def blocks(situation: Situation, rule: Rule) -> list[str]:
    return [str(block) for block in judge(situation).blocks if block.rule is rule]


def notes(situation: Situation, rule: Rule) -> list[str]:
    return [str(note) for note in judge(situation).notes if note.rule is rule]


def actions(situation: Situation, rule: Rule) -> list[Doing]:
    return [action.do for action in judge(situation).actions if action.rule is rule]


@pytest.mark.parametrize(
    "situation",
    [
        engine(),
        engine("23.10.1"),
        engine("23.10.3"),
        engine(None),
        legacy(),
        legacy("22.10.1", "22.10.5"),
        legacy(None, "22.10.5"),
        engine("24.04.5", "24.10.1", dbms=mariadb(10, 11)),
        engine("24.10.5", "25.10.3", dbms=mariadb(10, 11)),
    ],
)
def test_where_all_fits_nothing_is_said(situation: Situation) -> None:
    assert judge(situation) == Verdict()


BLOCKED: list[tuple[Situation, Rule, str]] = [
    (
        engine(target="26.04.0", dbms=mariadb(10, 11)),
        Rule.LINE,
        "nothing is known of line 26.04; choose a version of the lines 20.10 to 25.10, or a newer "
        "mapinfra",
    ),
    (
        engine(target="22.07.0"),
        Rule.LINE,
        "nothing is known of line 22.07; choose a version of the lines 20.10 to 25.10, or a newer "
        "mapinfra",
    ),
    (
        engine(None, "21.10.3", java=11),
        Rule.EDITION,
        "line 21.10 has no MAP engine, which begins with 22.04; choose a later version, or edition "
        "legacy",
    ),
    (
        legacy(None, "24.10.1"),
        Rule.EDITION,
        "line 24.10 has no MAP Legacy, which ended with 24.10; choose edition engine",
    ),
    (
        legacy("24.10.1", "25.10.1"),
        Rule.EDITION,
        "line 25.10 has no MAP Legacy, which ended with 24.10; choose edition engine",
    ),
    (
        legacy("24.04.5", "24.10.1"),
        Rule.EDITION,
        "MAP Legacy 24.10.1 only serves the migration to MAP 24.10, and none is installed; first "
        "bring edition engine to 24.10",
    ),
    (
        legacy("24.04.5", "24.10.1", other_edition=v("24.04.5")),
        Rule.EDITION,
        "MAP Legacy 24.10.1 only serves the migration to MAP 24.10, and that is 24.04.5; first "
        "bring edition engine to 24.10",
    ),
    (
        engine("24.10.5", "25.10.3", other_edition=v("24.10.2")),
        Rule.EDITION,
        "MAP Legacy 24.10.2 is still on the host; remove it before MAP goes beyond 24.10",
    ),
    (
        engine("23.10.5"),
        Rule.DOWNGRADE,
        "23.10.3 is older than 23.10.5, which is installed; if that is meant, write downgrade_to: "
        '"23.10.3"',
    ),
    (
        engine("23.10.5", downgrade_to=v("23.10.2")),
        Rule.DOWNGRADE,
        "23.10.3 is older than 23.10.5, which is installed; if that is meant, write downgrade_to: "
        '"23.10.3"',
    ),
    (
        engine(release_notes_read=None),
        Rule.RELEASE_NOTES,
        "from 23.04.11 to 23.10.3 is a change of line; read the release notes (https://docs."
        "centreon.com/docs/23.10/releases/centreon-commercial-extensions/) and the steps shown "
        'here, then write release_notes_read: "23.10"',
    ),
    (
        legacy("4.0.3", "20.10.7"),
        Rule.FIRST_STEP,
        "4.0.3 can't be upgraded to 20.10.7 at once; upgrade it to 4.1.x and run it there first",
    ),
    (
        engine(central=v("23.04.12")),
        Rule.CENTRAL,
        "the Centreon that this MAP serves is 23.04.12, before line 23.10; upgrade it to 23.10 "
        "first",
    ),
    (
        legacy(central=v("23.10.1")),
        Rule.CENTRAL,
        "the Centreon that this MAP serves is 23.10.1, beyond line 23.04; choose a version of line "
        "23.10",
    ),
    (
        engine(web_client=v("24.04.1")),
        Rule.WEB_CLIENT,
        "the web client is 24.04.1, beyond line 23.10; choose a version of line 24.04",
    ),
    (
        legacy(system=OperatingSystem("centos", 7)),
        Rule.SYSTEM,
        "line 23.04 doesn't run on centos 7, only on EL 8, EL 9, Debian 11; move MAP to such a "
        "system first",
    ),
    (
        engine(target="24.10.1", dbms=mariadb(10, 11), system=OperatingSystem("debian", 11)),
        Rule.SYSTEM,
        "line 24.10 doesn't run on debian 11, only on EL 8, EL 9, Debian 12; move MAP to such a "
        "system first",
    ),
    (
        engine(system=OperatingSystem("ubuntu", 22)),
        Rule.SYSTEM,
        "line 23.10 doesn't run on ubuntu 22, only on EL 8, EL 9, Debian 11; move MAP to such a "
        "system first",
    ),
    (
        engine(target="24.04.3"),
        Rule.DATABASE_SERVER,
        "MAP's database is served by MariaDB 10.5, and line 24.04 needs MariaDB 10.11; upgrade it "
        "first: stop it, remove its packages alone, install MariaDB 10.11, start it, run "
        "mysql_upgrade, enable it",
    ),
    (
        legacy(java=11),
        Rule.JAVA,
        "Java 11 is active, and line 23.04 needs 17 or 18; install Java 17 and choose it with "
        "update-alternatives --config java",
    ),
    (
        engine("24.10.5", "25.10.3", dbms=mariadb(10, 11), bbdo=2),
        Rule.BBDO,
        "the broker speaks BBDO v2, which line 25.10 doesn't understand; switch the platform to "
        "BBDO v3 first",
    ),
]


@pytest.mark.parametrize(("situation", "rule", "message"), BLOCKED)
def test_what_a_rule_forbids_is_told_in_one_line(
    situation: Situation, rule: Rule, message: str
) -> None:
    assert blocks(situation, rule) == [message]


PASSED: list[tuple[Situation, Rule]] = [
    (legacy("4.0.3", "4.1.2"), Rule.LINE),
    (engine(None, "22.04.1"), Rule.EDITION),
    (legacy("24.04.5", "24.10.1", other_edition=v("24.10.0")), Rule.EDITION),
    (legacy("24.04.5", "24.10.1", engine=v("24.10.0")), Rule.EDITION),
    (engine("24.10.1", "24.10.5", other_edition=v("24.10.2")), Rule.EDITION),
    (engine("23.04.1", "23.10.3", other_edition=v("23.04.1")), Rule.EDITION),
    (engine("23.10.5", downgrade_to=v("23.10.3")), Rule.DOWNGRADE),
    (engine("23.10.3"), Rule.DOWNGRADE),
    (engine("23.10.1", release_notes_read=None), Rule.RELEASE_NOTES),
    (engine(None, release_notes_read=None), Rule.RELEASE_NOTES),
    (legacy("4.0.3", "4.1.2"), Rule.FIRST_STEP),
    (legacy("4.0.3", "4.0.5"), Rule.FIRST_STEP),
    (legacy("4.1.2", "20.10.7"), Rule.FIRST_STEP),
    (engine(central=v("23.10.0")), Rule.CENTRAL),
    (engine(web_client=v("23.10.9")), Rule.WEB_CLIENT),
    (engine(web_client=v("22.10.1")), Rule.WEB_CLIENT),
    (engine(web_client=ABSENT), Rule.WEB_CLIENT),
    (legacy(None, "22.10.5", system=OperatingSystem("centos", 7)), Rule.SYSTEM),
    (engine(target="24.04.3", system=OperatingSystem("debian", 11)), Rule.SYSTEM),
    (engine(target="24.04.3", system=OperatingSystem("debian", 12)), Rule.SYSTEM),
    (engine(target="24.04.3", dbms=mariadb(10, 11)), Rule.DATABASE_SERVER),
    (engine(dbms=mariadb(10, 11)), Rule.DATABASE_SERVER),
    (engine(dbms=Dbms(Product.MYSQL, 5, 7)), Rule.DATABASE_SERVER),
    (engine(java=18), Rule.JAVA),
    (engine(java=ABSENT), Rule.JAVA),
    (legacy("20.10.7", "21.10.3", java=11), Rule.JAVA),
    (engine("24.04.5", "24.10.3", bbdo=2), Rule.BBDO),
]


@pytest.mark.parametrize(("situation", "rule"), PASSED)
def test_what_a_rule_allows_is_not_blocked(situation: Situation, rule: Rule) -> None:
    assert blocks(situation, rule) == []


NOTED: list[tuple[Situation, Rule, list[str]]] = [
    (
        legacy("4.0.3", "4.1.2"),
        Rule.LINE,
        ["nothing is known of line 4.1: its system, MariaDB and Java weren't checked"],
    ),
    (
        legacy("24.04.5", "24.10.1", other_edition=v("24.10.0")),
        Rule.EDITION,
        [
            "MAP Legacy 24.10.1 only serves the migration: migrate once, into an empty MAP (a "
            "second time destroys what is there), then remove MAP Legacy"
        ],
    ),
    (
        engine("24.10.1", "24.10.5", other_edition=v("24.10.2")),
        Rule.EDITION,
        ["MAP Legacy is on the same host; after the migration it must be removed"],
    ),
    (
        engine("23.10.5", downgrade_to=v("23.10.3")),
        Rule.DOWNGRADE,
        [
            "the vendor knows no downgrade of packages: 23.10.3 may not read the database of "
            "23.10.5; a backup made under 23.10.3 has to be restored with it"
        ],
    ),
    (
        engine(web_client=v("23.10.9")),
        Rule.WEB_CLIENT,
        ["the web client is already at 23.10.9 and stays there"],
    ),
    (
        engine(dbms=mariadb(10, 11)),
        Rule.DATABASE_SERVER,
        ["MAP's database is served by MariaDB 10.11; line 23.10 was made for MariaDB 10.5"],
    ),
    (
        engine(target="24.10.1", dbms=Dbms(Product.MYSQL, 5, 7)),
        Rule.DATABASE_SERVER,
        ["the vendor doesn't support MySQL 5.7 with line 24.10"],
    ),
    (engine(target="24.10.1", dbms=Dbms(Product.MYSQL, 8, 0)), Rule.DATABASE_SERVER, []),
    (
        legacy("21.10.4", "22.04.3", https=True),
        Rule.KEYSTORE,
        ["its keystore has to be generated anew with Java 17"],
    ),
    (
        legacy("21.10.4", "22.10.3", https=None),
        Rule.KEYSTORE,
        ["if this MAP is served over HTTPS, its keystore has to be generated anew with Java 17"],
    ),
    (legacy("21.10.4", "22.10.3", https=False), Rule.KEYSTORE, []),
    (legacy("22.04.1", "22.10.3", https=True), Rule.KEYSTORE, []),
    (
        engine(rpm_keys=frozenset({FORMER_KEY})),
        Rule.SIGNING_KEY,
        [
            f"{FORMER_KEY} was revoked on December 1, 2025; packages signed since then need the "
            "key of https://yum-gpg.centreon.com/RPM-GPG-KEY-CES"
        ],
    ),
    (engine(rpm_keys=frozenset({FORMER_KEY, KEY})), Rule.SIGNING_KEY, []),
    (
        legacy(dialects={"studio-database.properties": "org.hibernate.dialect.MySQL8Dialect"}),
        Rule.DIALECT,
        [
            "the SQL dialect MySQL8Dialect in studio-database.properties isn't the vendor's; it is "
            "left as it is"
        ],
    ),
    (
        legacy(pb_messages=None),
        Rule.BBDO,
        ["the broker speaks BBDO v3: broker.pb.message.enabled must be true, and isn't known"],
    ),
    (
        engine("23.04.1", "23.04.9"),
        Rule.OVERWRITTEN,
        [
            "the package of 23.04.9 overwrites the files of /etc/centreon-map; what was "
            "there is in the backup"
        ],
    ),
    (engine("23.04.1", "23.04.10"), Rule.OVERWRITTEN, []),
    (engine("23.10.1", "24.04.3", dbms=mariadb(10, 11)), Rule.OVERWRITTEN, []),
    (
        engine("23.10.1", "24.04.2", dbms=mariadb(10, 11)),
        Rule.OVERWRITTEN,
        [
            "the package of 24.04.2 overwrites the files of /etc/centreon-map; what was "
            "there is in the backup"
        ],
    ),
    (engine(None, "22.10.5"), Rule.OVERWRITTEN, []),
    (legacy("22.10.1", "22.10.5"), Rule.OVERWRITTEN, []),
]


@pytest.mark.parametrize(("situation", "rule", "texts"), NOTED)
def test_what_to_know_is_noted(situation: Situation, rule: Rule, texts: list[str]) -> None:
    assert notes(situation, rule) == texts


UNKNOWN: list[tuple[Situation, Rule, str]] = [
    (engine(central=None), Rule.CENTRAL, "the version of Centreon that this MAP serves"),
    (engine(web_client=None), Rule.WEB_CLIENT, "the version of the web client"),
    (engine(system=None), Rule.SYSTEM, "the system of the MAP server"),
    (engine(dbms=None), Rule.DATABASE_SERVER, "the version of MAP's database server"),
    (engine(java=None), Rule.JAVA, "the active version of Java"),
    (
        legacy("24.04.5", "24.10.1", engine=None),
        Rule.EDITION,
        "the MAP that views are to migrate to",
    ),
    (engine(rpm_keys=None), Rule.SIGNING_KEY, "which keys of packages are imported"),
    (legacy("4.1.2", "20.10.7", tomcat=None), Rule.TOMCAT, "whether tomcat runs"),
    (
        engine(system=OperatingSystem("debian", 11), other_edition=None),
        Rule.SHARED_SNIPPET,
        "whether the other edition is on the host",
    ),
    (legacy(dialects=None), Rule.DIALECT, "the SQL dialect in *-database.properties"),
    (legacy(bbdo=None), Rule.BBDO, "the version of the broker's protocol"),
    (engine("24.10.1", "25.10.1", bbdo=None), Rule.BBDO, "the version of the broker's protocol"),
]


@pytest.mark.parametrize(("situation", "rule", "unknown"), UNKNOWN)
def test_an_unknown_that_a_rule_needs_is_noted_and_blocks_nothing(
    situation: Situation, rule: Rule, unknown: str
) -> None:
    assert f"not checked, as {unknown} isn't known" in notes(situation, rule)
    assert blocks(situation, rule) == []
    assert actions(situation, rule) == []


SNIPPET_DEB = KeepSnippet(MARIADB_SNIPPETS, "--force-overwrite")
SNIPPET_RPM = KeepSnippet(MARIADB_SNIPPETS, "")
MYSQL5 = dict.fromkeys(LEGACY.database_files, "org.hibernate.dialect.MySQL5Dialect")
BOTH_FILES = (f"{STUDIO}/centreon-database.properties", f"{STUDIO}/studio-database.properties")
PB = SetProperty(f"{STUDIO}/studio-config.properties", "broker.pb.message.enabled", "true")
NEB = frozenset({"neb"})
CONFIGURE = RunConfigure("/etc/centreon-map/configure.sh", "/etc/centreon-map/vars.sh")
ROTATION = RotateSigningKey(
    (OLD_KEY,),
    "https://yum-gpg.centreon.com/RPM-GPG-KEY-CES",
    "41FBBEBFAEAF6D072267540A0B0879FEFAA09FEB",
)
DEBIAN = OperatingSystem("debian", 11)

NEEDED: list[tuple[Situation, Rule, list[Doing]]] = [
    (legacy("4.1.2", "20.10.7", tomcat=True), Rule.TOMCAT, [StopAndDisable("tomcat")]),
    (legacy("20.10.7", "21.10.3", tomcat=True), Rule.TOMCAT, [StopAndDisable("tomcat")]),
    (legacy("4.1.2", "23.04.3", tomcat=True), Rule.TOMCAT, [StopAndDisable("tomcat")]),
    (legacy("21.10.3", "22.10.3", tomcat=True), Rule.TOMCAT, []),
    (legacy("20.10.7", "22.10.3", tomcat=True), Rule.TOMCAT, []),
    (legacy("4.0.1", "4.1.2", tomcat=True), Rule.TOMCAT, []),
    (legacy("21.10.1", "21.10.3", tomcat=True), Rule.TOMCAT, []),
    (legacy("4.1.2", "20.10.7", tomcat=False), Rule.TOMCAT, []),
    (engine(tomcat=True), Rule.TOMCAT, []),
    (engine(rpm_keys=frozenset({OLD_KEY, "gpg-pubkey-1-2"})), Rule.SIGNING_KEY, [ROTATION]),
    (
        engine(rpm_keys=frozenset({OLD_KEY, FORMER_KEY, KEY})),
        Rule.SIGNING_KEY,
        [RotateSigningKey((OLD_KEY,), "", "")],
    ),
    (
        engine(rpm_keys=frozenset({OLD_KEY, FORMER_KEY})),
        Rule.SIGNING_KEY,
        [RotateSigningKey((OLD_KEY,), "", "")],
    ),
    (engine(rpm_keys=frozenset({FORMER_KEY})), Rule.SIGNING_KEY, []),
    (engine(rpm_keys=frozenset()), Rule.SIGNING_KEY, []),
    (engine("23.10.1", rpm_keys=frozenset({OLD_KEY})), Rule.SIGNING_KEY, []),
    (engine(system=DEBIAN, rpm_keys=frozenset({OLD_KEY})), Rule.SIGNING_KEY, []),
    (
        engine("23.10.1", system=DEBIAN, other_edition=v("23.10.1")),
        Rule.SHARED_SNIPPET,
        [SNIPPET_DEB],
    ),
    (engine(None, system=DEBIAN, other_edition=v("23.10.1")), Rule.SHARED_SNIPPET, [SNIPPET_DEB]),
    (engine(None, other_edition=v("23.10.1")), Rule.SHARED_SNIPPET, [SNIPPET_RPM]),
    (engine(other_edition=v("23.10.1")), Rule.SHARED_SNIPPET, []),
    (engine("23.10.3", system=DEBIAN, other_edition=v("23.10.1")), Rule.SHARED_SNIPPET, []),
    (engine(system=DEBIAN), Rule.SHARED_SNIPPET, []),
    (
        legacy("21.04.4", "21.10.3", dialects=MYSQL5),
        Rule.DIALECT,
        [ReplaceWord(BOTH_FILES, "MySQL5Dialect", "MariaDB10Dialect")],
    ),
    (
        legacy(dialects=MYSQL5),
        Rule.DIALECT,
        [ReplaceWord(BOTH_FILES, "MySQL5Dialect", "MariaDB10Dialect")],
    ),
    (
        legacy("24.04.5", "24.10.1", dialects=MYSQL5),
        Rule.DIALECT,
        [ReplaceWord(BOTH_FILES, "MySQL5Dialect", "MariaDBDialect")],
    ),
    (
        legacy(
            "24.04.5",
            "24.10.1",
            dialects={
                "centreon-database.properties": "org.hibernate.dialect.MySQL5Dialect",
                "studio-database.properties": "org.hibernate.dialect.MariaDB10Dialect",
            },
        ),
        Rule.DIALECT,
        [
            ReplaceWord(BOTH_FILES[:1], "MySQL5Dialect", "MariaDBDialect"),
            ReplaceWord(BOTH_FILES[1:], "MariaDB10Dialect", "MariaDBDialect"),
        ],
    ),
    (legacy(), Rule.DIALECT, []),
    (legacy("20.10.4", "21.04.3", dialects=MYSQL5), Rule.DIALECT, []),
    (legacy("22.10.1", "22.10.5", dialects=MYSQL5), Rule.DIALECT, []),
    (legacy(None, "22.10.5", dialects=MYSQL5), Rule.DIALECT, []),
    (engine(dialects=MYSQL5), Rule.DIALECT, []),
    (legacy("21.10.4", "22.04.3", pb_messages=ABSENT), Rule.BBDO, [PB]),
    (legacy("22.04.4", "23.04.3", pb_messages="false"), Rule.BBDO, [PB]),
    (legacy("22.04.4", "23.04.3", pb_messages=ABSENT, bbdo=None), Rule.BBDO, [PB]),
    (legacy(None, "22.10.5", pb_messages=ABSENT), Rule.BBDO, [PB]),
    (legacy(pb_messages=" True "), Rule.BBDO, []),
    (legacy(pb_messages="false", bbdo=2), Rule.BBDO, []),
    (legacy("22.10.1", "22.10.5", pb_messages="false"), Rule.BBDO, []),
    (legacy("20.10.4", "21.10.3", pb_messages=ABSENT), Rule.BBDO, []),
    (engine(pb_messages="false"), Rule.BBDO, []),
    (engine("22.10.4", "22.10.5", broker_categories=NEB), Rule.CONFIGURE, [CONFIGURE]),
    (engine("22.10.4", "23.10.3", broker_categories=NEB), Rule.CONFIGURE, [CONFIGURE]),
    (engine("22.10.4", "22.10.5", broker_categories=None), Rule.CONFIGURE, [CONFIGURE]),
    (
        engine("22.10.4", "22.10.5", broker_categories=frozenset({"neb", "storage"})),
        Rule.CONFIGURE,
        [],
    ),
    # What the output has not, it is still to get, however long ago the update was.
    (engine("22.10.5", "22.10.6", broker_categories=NEB), Rule.CONFIGURE, [CONFIGURE]),
    (engine("22.10.6", "22.10.6", broker_categories=NEB), Rule.CONFIGURE, [CONFIGURE]),
    (engine("22.10.5", "22.10.6", broker_categories=None), Rule.CONFIGURE, []),
    (
        engine("22.10.6", "22.10.6", broker_categories=frozenset({"neb", "storage"})),
        Rule.CONFIGURE,
        [],
    ),
    (engine("22.10.3", "22.10.4", broker_categories=NEB), Rule.CONFIGURE, []),
    (engine(None, "22.10.6", broker_categories=NEB), Rule.CONFIGURE, []),
    (legacy("22.10.4", "22.10.5", broker_categories=NEB), Rule.CONFIGURE, []),
]


@pytest.mark.parametrize(("situation", "rule", "doing"), NEEDED)
def test_what_an_update_needs_is_an_action(
    situation: Situation, rule: Rule, doing: list[Doing]
) -> None:
    assert actions(situation, rule) == doing


def test_actions_tell_what_and_why_in_one_line() -> None:
    upgrade = legacy(
        "20.10.4",
        "21.10.3",
        dialects=MYSQL5,
        tomcat=True,
        rpm_keys=frozenset({OLD_KEY}),
        java=11,
    )
    assert [str(action) for action in judge(upgrade).actions] == [
        f"remove {OLD_KEY} and import https://yum-gpg.centreon.com/RPM-GPG-KEY-CES (it was revoked "
        "on October 14, 2021)",
        "stop and disable tomcat (MAP has a service of its own since 20.10)",
        "replace MySQL5Dialect by MariaDB10Dialect in "
        f"{STUDIO}/centreon-database.properties and {STUDIO}/studio-database.properties (line "
        "21.10 speaks to MariaDB in it)",
    ]


@pytest.mark.parametrize(
    ("situation", "stages"),
    [
        (
            legacy(
                "4.1.2",
                "22.10.3",
                dialects=MYSQL5,
                pb_messages=ABSENT,
                tomcat=True,
                rpm_keys=frozenset({OLD_KEY}),
            ),
            [Stage.PREPARE, Stage.STOP, Stage.SETTINGS, Stage.SETTINGS],
        ),
        (
            engine(
                "22.10.4",
                "22.10.5",
                system=DEBIAN,
                other_edition=v("22.10.4"),
                broker_categories=NEB,
            ),
            [Stage.SERVER_PACKAGE, Stage.SETTINGS],
        ),
    ],
)
def test_actions_have_their_stage_in_the_order(situation: Situation, stages: list[Stage]) -> None:
    verdict = judge(situation)
    in_order = [
        action.stage
        for entry in update_order(situation.edition)
        for action in verdict.actions_at(entry.stage)
    ]
    assert in_order == stages
    assert len(in_order) == len(verdict.actions)


def test_the_line_of_the_central_is_documented_for_the_legacy_edition_alone() -> None:
    (written,) = judge(legacy(central=v("23.10.1"))).blocks
    (concluded,) = judge(engine(central=v("23.04.1"))).blocks
    assert written.source == "Centreon documentation 22.10, graph-views/install: Centreon"
    assert concluded.source.startswith("not documented, concluded from the legacy edition, ")


def test_where_nothing_changes_a_broken_rule_is_only_noted() -> None:
    verdict = judge(engine("23.10.3", central=v("24.04.1"), java=11))
    assert verdict.blocks == ()
    assert [str(note) for note in verdict.notes] == [
        "the Centreon that this MAP serves is 24.04.1, beyond line 23.10; choose a version of line "
        "24.04",
        "Java 11 is active, and line 23.10 needs 17 or 18; install Java 17 and choose it with "
        "update-alternatives --config java",
    ]


def test_a_block_becomes_an_error_of_one_line() -> None:
    (block,) = judge(engine(java=11)).blocks
    assert str(block.error("map-paris")) == (
        "map-paris: Java 11 is active, and line 23.10 needs 17 or 18; install Java 17 and choose "
        "it with update-alternatives --config java"
    )


SAMPLES = [row[0] for table in (BLOCKED, PASSED, NOTED, UNKNOWN, NEEDED) for row in table]


@pytest.mark.parametrize("kind", [*get_args(Doing), Block, Note])
def test_every_kind_of_finding_is_met_in_these_tests(kind: type) -> None:
    verdicts = [judge(sample) for sample in SAMPLES]
    met: set[type] = {type(action.do) for verdict in verdicts for action in verdict.actions}
    met |= {Block for verdict in verdicts if verdict.blocks}
    met |= {Note for verdict in verdicts if verdict.notes}
    assert kind in met


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_met_in_these_tests(rule: Rule) -> None:
    assert any(finding.rule is rule for sample in SAMPLES for finding in _all(judge(sample)))


def _all(verdict: Verdict) -> list[Block | Note | Action]:
    return [*verdict.blocks, *verdict.notes, *verdict.actions]


# Not `other_edition`: where it isn't known, `engine` has the last word.
FACTS = [field.name for field in fields(Situation)][5:]
FACTS.remove("other_edition")
_KNOWN = [v("4.0.3"), v("4.1.2"), v("20.10.4"), v("21.10.1"), v("22.04.1"), v("22.10.4")]
_KNOWN += [v("22.10.5"), v("23.04.1"), v("23.10.3"), v("24.04.1"), v("24.10.1"), v("25.10.3")]
_KNOWN += [v("26.04.0")]
_VERSIONS = [None, *_KNOWN]
_maybe = st.sampled_from([*_VERSIONS, ABSENT])
_dialect = st.sampled_from(["x.MySQL5Dialect", "x.MariaDB10Dialect", "x.MariaDBDialect", "y"])
situations = st.builds(
    Situation,
    edition=st.sampled_from(list(EDITIONS.values())),
    installed=st.sampled_from(_VERSIONS),
    target=st.sampled_from(_KNOWN),
    release_notes_read=st.sampled_from([None, "23.10", "24.10"]),
    downgrade_to=st.sampled_from(_VERSIONS),
    system=st.sampled_from([None, DEBIAN, *(OperatingSystem("rhel", n) for n in (7, 8, 9))]),
    dbms=st.sampled_from([None, mariadb(10, 3), mariadb(10, 11), Dbms(Product.MYSQL, 8, 0)]),
    java=st.sampled_from([None, ABSENT, 11, 17]),
    central=st.sampled_from(_VERSIONS),
    web_client=_maybe,
    other_edition=_maybe,
    engine=_maybe,
    https=st.sampled_from([None, True, False]),
    tomcat=st.sampled_from([None, True, False]),
    rpm_keys=st.one_of(st.none(), st.frozensets(st.sampled_from([OLD_KEY, FORMER_KEY, KEY]))),
    dialects=st.one_of(
        st.none(), st.dictionaries(st.sampled_from(LEGACY.database_files), _dialect)
    ),
    pb_messages=st.sampled_from([None, ABSENT, "true", "false"]),
    bbdo=st.sampled_from([None, 2, 3]),
    broker_categories=st.sampled_from([None, frozenset({"neb"}), frozenset({"storage"})]),
)


@given(situations)
def test_every_finding_is_one_line_with_its_source(situation: Situation) -> None:
    for finding in _all(judge(situation)):
        assert str(finding) == " ".join(str(finding).split())
        assert finding.source.startswith(("Centreon documentation ", "not documented, concluded "))


@given(situations)
def test_a_downgrade_never_passes_unnamed(situation: Situation) -> None:
    older = situation.installed is not None and situation.target < situation.installed
    refused = bool(blocks(situation, Rule.DOWNGRADE))
    assert refused == (older and situation.downgrade_to != situation.target)


@given(situations)
def test_nothing_to_change_needs_nothing_and_blocks_nothing(situation: Situation) -> None:
    """But what a person still has to do, as the broker's output shows, stays."""
    verdict = judge(replace(situation, installed=situation.target))
    assert verdict.blocks == ()
    assert {action.rule for action in verdict.actions} <= {Rule.CONFIGURE}


@given(situations, st.sampled_from(FACTS))
def test_not_knowing_more_never_blocks_more(situation: Situation, fact: str) -> None:
    before = {block.rule for block in judge(situation).blocks}
    forgotten: dict[str, Any] = {fact: None}
    after = {block.rule for block in judge(replace(situation, **forgotten)).blocks}
    assert after <= before
