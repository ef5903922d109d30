"""The vendor's side of a merge is the file as the package's scripts have left it."""

from types import SimpleNamespace
from typing import cast

import pytest

from mapinfra.config_files import PROPERTIES, SHELL, Strategy, settings
from mapinfra.errors import CentreonError
from mapinfra.hosts import Host
from mapinfra.resources.map.configuration import Merger, Versions, expect_decided, summary

OLD = b"a=1\nport=8081\n"
NEW = b"a=1\nport=8081\nnew=1\ntls.enabled=false\n"
LOCAL = b"a=1\nport=8081\nkeystore=/k\n"
MAIN = Merger("/etc/centreon-map/map-config.properties", PROPERTIES, Strategy.CARRY, {}, ())


def held(content: bytes) -> dict[str, str]:
    return settings(content, PROPERTIES)


def test_without_scripts_the_forecast_comes_true() -> None:
    versions = Versions(LOCAL, OLD, NEW)
    found = MAIN.final(versions, LOCAL, {".rpmnew": NEW})
    assert found.content == MAIN.forecast(versions).content
    assert found.differences == ()
    assert held(found.content) == held(LOCAL) | held(NEW)


@pytest.mark.parametrize("beside", [".rpmnew", ".dpkg-dist"])
def test_what_a_script_moves_in_the_edited_file_stays_moved(beside: str) -> None:
    now = b"a=1\nport=8081\ntls.enabled=true\n"
    found = MAIN.final(Versions(LOCAL, OLD, NEW), now, {beside: NEW})
    assert held(found.content) == {"a": "1", "port": "8081", "new": "1", "tls.enabled": "true"}
    assert len(found.differences) == 2
    assert all("the package's script" in str(one) for one in found.differences)


def test_what_a_script_writes_into_the_new_file_is_kept_with_the_edits() -> None:
    now = NEW + b"made=yes\n"
    for found in ({".rpmsave": LOCAL}, {".dpkg-old": LOCAL}):
        merged = MAIN.final(Versions(LOCAL, OLD, NEW), now, found)
        assert held(merged.content) == held(now) | held(LOCAL)


def test_a_script_that_changes_what_was_edited_stops_the_update() -> None:
    local = LOCAL.replace(b"8081", b"9443")
    now = NEW.replace(b"8081", b"8443")
    with pytest.raises(CentreonError, match="script has changed what was edited here, too: port"):
        MAIN.final(Versions(local, OLD, NEW), now, {".rpmsave": local})


def test_a_script_that_changes_the_new_file_beside_the_edited_one_is_the_vendor() -> None:
    merged = MAIN.final(Versions(LOCAL, OLD, NEW), LOCAL, {".rpmnew": NEW + b"made=yes\n"})
    assert held(merged.content) == held(NEW) | held(LOCAL) | {"made": "yes"}


def test_an_edit_made_while_the_package_changed_is_merged() -> None:
    later = LOCAL + b"later=1\n"
    aside = MAIN.final(Versions(LOCAL, OLD, NEW), NEW, {".rpmsave": later})
    in_place = MAIN.final(Versions(LOCAL, OLD, NEW), later, {".rpmnew": NEW})
    unchanged = MAIN.final(Versions(LOCAL, OLD, OLD), later, {})
    for merged in (aside, in_place, unchanged):
        assert held(merged.content)["later"] == "1"
        assert held(merged.content)["keystore"] == "/k"


def test_a_file_that_only_a_running_shell_can_judge_stops_the_update() -> None:
    conf = Merger("/etc/centreon-map/centreon-map.conf", SHELL, Strategy.CARRY, {}, ())
    old = b'JAVA_OPTS="-Xmx4G"\n'
    local = old + b'[ -f /big ] && JAVA_OPTS="$JAVA_OPTS -Xmx8G"\n'
    forecast = conf.forecast(Versions(local, old, b'JAVA_OPTS="-Xmx6G"\n'))
    assert len(forecast.undecided) == 1
    assert summary([forecast]).endswith("1 to judge")


def test_what_is_to_be_judged_is_told_beside_what_needs_no_judgement() -> None:
    conf = Merger("/etc/centreon-map/centreon-map.conf", SHELL, Strategy.CARRY, {}, ())
    old = b'JAVA_OPTS="-Xmx4G"\n'
    judged = conf.forecast(
        Versions(old + b"[ -f /big ] && JAVA_OPTS=\n", old, b'JAVA_OPTS="-Xmx6G"\n')
    )
    merged = {MAIN.path: MAIN.forecast(Versions(LOCAL, OLD, NEW)), conf.path: judged}
    with pytest.raises(CentreonError, match="is to be reviewed") as refused:
        expect_decided(merged, cast(Host, SimpleNamespace(name="map")))
    [told] = refused.value.beside
    assert told == ("the configuration files: 1 of your values kept, 3 new defaults, 1 to judge")


def test_the_summary_counts_what_becomes_of_values() -> None:
    merged = [MAIN.forecast(Versions(LOCAL, OLD, NEW))]
    assert summary(merged) == "1 of your values kept, 2 new defaults"
    assert summary([]) == "no value differs"
