"""What an update needs beyond its order: keys, services, settings, scripts of certain versions."""

from collections.abc import Iterator, Mapping

from mapinfra.centreon.releases.editions import ENGINE, LEGACY, MARIADB_SNIPPETS
from mapinfra.centreon.releases.lines import Family
from mapinfra.centreon.releases.order import Stage
from mapinfra.centreon.releases.sources import page, release_notes
from mapinfra.centreon.releases.version import Line, Version
from mapinfra.centreon.rules.situation import ABSENT, Situation
from mapinfra.centreon.rules.verdict import (
    Action,
    Finding,
    KeepSnippet,
    Note,
    ReplaceWord,
    RotateSigningKey,
    Rule,
    RunConfigure,
    SetProperty,
    StopAndDisable,
    unchecked,
)

_LEGACY_UPGRADE = page("24.10", "graph-views/upgrading-map-legacy")
_KEYS = page("24.10", "security/key-rotation")


def keystore(s: Situation) -> Iterator[Finding]:
    """The change to Java 17 wants a new keystore for HTTPS."""
    crossed = s.installed is not None and s.installed.line < Line(22, 4) <= s.target.line
    if crossed and s.https is not False:
        condition = "" if s.https else "if this MAP is served over HTTPS, "
        text = f"{condition}its keystore has to be generated anew with Java 17"
        yield Note(Rule.KEYSTORE, text, page("22.04", "graph-views/upgrade"))


def tomcat(s: Situation) -> Iterator[Finding]:
    """Before 20.10 MAP ran in tomcat, which the new service doesn't need and which has its port.

    Pages disagree: those of 20.10 to 21.10 stop and disable it, later ones say nothing of it. A
    server from before 20.10 has it whatever it goes to, so there it is stopped for any target.
    """
    source = page("21.10", "graph-views/upgrade")
    if s.edition != LEGACY or not s.is_upgrade or s.installed is None:
        return
    if s.target.line < Line(20, 10):
        return
    if s.installed.line >= Line(20, 10) and s.target.line > Line(21, 10):
        return
    if s.tomcat is None:
        yield unchecked(Rule.TOMCAT, "whether tomcat runs", source)
    elif s.tomcat:
        why = "MAP has a service of its own since 20.10"
        yield Action(Rule.TOMCAT, Stage.STOP, StopAndDisable("tomcat"), why, source)


_OLDEST_KEY = "8a7652bc"
_FORMER_KEY = "3fc49c1b"
_KEY = "faa09feb"
_KEY_URL = "https://yum-gpg.centreon.com/RPM-GPG-KEY-CES"
_KEY_FINGERPRINT = "41FBBEBFAEAF6D072267540A0B0879FEFAA09FEB"


def signing_key(s: Situation) -> Iterator[Finding]:
    """Revoked keys of the vendor's RPMs.

    Pages disagree: up to 2025 the page on key rotation leaves 3fc49c1b alone, since December 2025
    it calls that one revoked and leaves faa09feb. Packages signed by the former are still offered,
    so mapinfra removes only 8a7652bc, revoked in 2021, which all agree on. The release part of a
    key's package name changes when its validity does, so keys are told by their id.
    """
    if not s.is_upgrade or (s.system is not None and s.system.family is not Family.EL):
        return
    if s.rpm_keys is None:
        yield unchecked(Rule.SIGNING_KEY, "which keys of packages are imported", _KEYS)
        return
    by_id = {name.split("-")[2]: name for name in sorted(s.rpm_keys) if name.count("-") == 3}
    if _OLDEST_KEY in by_id:
        valid = _KEY in by_id or _FORMER_KEY in by_id
        rotation = RotateSigningKey(
            (by_id[_OLDEST_KEY],), "" if valid else _KEY_URL, "" if valid else _KEY_FINGERPRINT
        )
        why = "it was revoked on October 14, 2021"
        yield Action(Rule.SIGNING_KEY, Stage.PREPARE, rotation, why, _KEYS)
    if _FORMER_KEY in by_id and _KEY not in by_id:
        text = (
            f"{by_id[_FORMER_KEY]} was revoked on December 1, 2025; packages signed since then "
            f"need the key of {_KEY_URL}"
        )
        yield Note(Rule.SIGNING_KEY, text, _KEYS)


def shared_snippet(s: Situation) -> Iterator[Finding]:
    """Both editions' packages own map.cnf of MariaDB; on one host they collide.

    On Debian at every update, with dpkg told to overwrite; on EL only when the second edition is
    installed beside the first.
    """
    source = page("24.10", "graph-views/map-web-upgrade and graph-views/map-web-install")
    family = s.system.family if s.system is not None else None
    if s.installed == s.target or (family is Family.EL and s.installed is not None):
        return
    if s.other_edition is None:
        yield unchecked(Rule.SHARED_SNIPPET, "whether the other edition is on the host", source)
    elif isinstance(s.other_edition, Version):
        option = "--force-overwrite" if family is Family.DEBIAN else ""
        keep = KeepSnippet(MARIADB_SNIPPETS, option)
        why = "the other edition is on the same host"
        yield Action(Rule.SHARED_SNIPPET, Stage.SERVER_PACKAGE, keep, why, source)


def dialect(s: Situation) -> Iterator[Finding]:
    """The SQL dialect in both *-database.properties of the legacy edition.

    Pages disagree on the start: 21.04 has no such step, 21.10 to 24.04 replace MySQL5Dialect by
    MariaDB10Dialect; it holds from 21.10 on, the first that asks for it. They disagree on the
    word for 24.10 too: graph-views/upgrade has MariaDB10Dialect, the newer
    graph-views/upgrading-map-legacy MariaDBDialect; the newer counts, and a MariaDB10Dialect of
    an earlier upgrade is replaced as well.
    """
    if s.edition != LEGACY or not s.is_upgrade or s.target.line < Line(21, 10):
        return
    if s.dialects is None:
        yield unchecked(Rule.DIALECT, "the SQL dialect in *-database.properties", _LEGACY_UPGRADE)
    elif s.target.line < Line(24, 10):
        source = page("21.10", "graph-views/upgrade: Step 4")
        yield from _dialect_changes(s, s.dialects, ("MySQL5Dialect",), "MariaDB10Dialect", source)
    else:
        outdated = ("MySQL5Dialect", "MariaDB10Dialect")
        yield from _dialect_changes(s, s.dialects, outdated, "MariaDBDialect", _LEGACY_UPGRADE)


def _dialect_changes(
    s: Situation, dialects: Mapping[str, str], outdated: tuple[str, ...], wanted: str, source: str
) -> Iterator[Finding]:
    held = {name: text.strip().rpartition(".")[2] for name, text in sorted(dialects.items())}
    for old in outdated:
        files = tuple(
            f"{s.edition.config_dir}/{name}"
            for name in s.edition.database_files
            if held.get(name) == old
        )
        if files:
            why = f"line {s.target.line} speaks to MariaDB in it"
            change = ReplaceWord(files, old, wanted)
            yield Action(Rule.DIALECT, Stage.SETTINGS, change, why, source)
    for name, found in held.items():
        if found not in (*outdated, wanted):
            text = f"the SQL dialect {found} in {name} isn't the vendor's; it is left as it is"
            yield Note(Rule.DIALECT, text, source)


def pb_messages(s: Situation) -> Iterator[Finding]:
    """The key broker.pb.message.enabled of the legacy edition, for brokers that speak BBDO v3.

    Pages disagree: that of 22.04 sets it for platforms upgraded to 22.04, those of 22.10 and later
    for platforms from before 22.10. The broker's own version decides where it is known; where it
    isn't, a server from before 22.10 gets the key, since its central had to be of its line.
    """
    if s.edition != LEGACY or s.target.line < Line(22, 4):
        return
    if s.installed is not None and not s.is_upgrade:
        return
    source = f"{page('22.04', 'graph-views/upgrade')}; {page('24.04', 'graph-views/upgrade')}"
    from_before = s.installed is not None and s.installed.line < Line(22, 10)
    if s.bbdo is None and not from_before:
        yield unchecked(Rule.BBDO, "the version of the broker's protocol", source)
    elif s.bbdo is not None and s.bbdo < 3:
        return
    elif s.pb_messages is None:
        text = "the broker speaks BBDO v3: broker.pb.message.enabled must be true, and isn't known"
        yield Note(Rule.BBDO, text, source)
    elif s.pb_messages is ABSENT or s.pb_messages.strip().lower() != "true":
        file = f"{s.edition.config_dir}/{s.edition.main_file}"
        change = SetProperty(file, "broker.pb.message.enabled", "true")
        why = "the broker speaks BBDO v3"
        yield Action(Rule.BBDO, Stage.SETTINGS, change, why, source)


def configure(s: Situation) -> Iterator[Finding]:
    """Engine 22.10.5: configure.sh runs again, so that the broker's output has storage events.

    Where the output is known it decides, whenever the server came to that version.
    """
    fixed = Version(22, 10, 5)
    if s.edition != ENGINE or s.installed is None or s.target < fixed:
        return
    if s.broker_categories is None and s.installed >= fixed:
        return
    if s.broker_categories is not None and "storage" in s.broker_categories:
        return
    folder = s.edition.config_dir
    run = RunConfigure(f"{folder}/{s.edition.configure_script}", f"{folder}/{s.edition.vars_file}")
    why = f"since {fixed} the broker's output has the category storage"
    yield Action(Rule.CONFIGURE, Stage.SETTINGS, run, why, f"{release_notes('22.10')}, {fixed}")


def overwritten(s: Situation) -> Iterator[Finding]:
    """Packages of the engine that overwrite its configuration without leaving the old files."""
    early = s.target < Version(23, 4, 10)
    later = s.target.line == Line(24, 4) and s.target < Version(24, 4, 3)
    if s.edition == ENGINE and s.installed not in (None, s.target) and (early or later):
        text = (
            f"the package of {s.target} overwrites the files of {s.edition.config_dir}; "
            "what was there is in the backup"
        )
        source = f"{release_notes('23.04')}, 23.04.10; {release_notes('24.04')}, 24.04.3"
        yield Note(Rule.OVERWRITTEN, text, source)
