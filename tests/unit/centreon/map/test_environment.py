"""What the one pass prints of a MAP server's host, read."""

import base64
from typing import Any

import pytest

from mapinfra.centreon.map import environment
from mapinfra.centreon.map.environment import System
from mapinfra.centreon.releases.editions import ENGINE, LEGACY
from mapinfra.centreon.releases.lines import Dbms, OperatingSystem
from mapinfra.centreon.rules.situation import ABSENT
from mapinfra.hosts import Facts, Ssh, Target
from mapinfra.hosts.packages import Installed
from mapinfra.hosts.survey import Reading
from mapinfra.resources.map.fitting import fitting, unfit
from mapinfra.resources.reading import survey_of
from mapinfra.rollback import Found
from tests.unit.backup.samples import manifest

RELEASE = {"ID": "almalinux", "VERSION_ID": "8.10"}


def facts(name: str, text: str) -> Facts:
    return Facts("map", {name: Reading(0, text.encode(), b"")}, {})


def system(text: str, release: dict[str, str] | None = None) -> System:
    installed = Installed("rpm", system=RELEASE if release is None else release)
    return environment.system(facts(environment.SYSTEM.name, text), installed)


def test_the_system_is_told_as_the_rules_want_it() -> None:
    text = (
        'java openjdk version "17.0.13" 2024-10-15\n'
        "dbms 10.5.22-MariaDB\n"
        "tomcat ActiveState=inactive UnitFileState= "
    )
    assert system(text) == System(
        OperatingSystem("almalinux", 8), 17, Dbms.parse("10.5.22-MariaDB"), False
    )


@pytest.mark.parametrize(
    "state", ["ActiveState=active UnitFileState=disabled", "UnitFileState=enabled"]
)
def test_tomcat_that_runs_or_would_at_the_next_boot_is_seen(state: str) -> None:
    assert system(f"tomcat {state} ").tomcat


def test_what_is_not_there_is_told_from_what_is_not_known() -> None:
    assert system("tomcat ActiveState=inactive", {}) == System(None, ABSENT, None, False)


def test_configuration_is_that_of_one_edition_byte_for_byte() -> None:
    content = b"a=\xe9\r\nno end"
    text = "".join(
        f"{folder}/a b.conf {base64.b64encode(content).decode()}\n"
        for folder in (ENGINE.config_dir, LEGACY.config_dir)
    )
    found = environment.configuration(facts(environment.CONFIGURATION.name, text), ENGINE)
    assert found == {"/etc/centreon-map/a b.conf": content}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({}, ""),
        ({"config_folder": "/data/centreon-map"}, ""),
        ({"service": "centreon-map"}, "it is of centreon-map, not of centreon-map-engine"),
        ({"packages": {"bash": "5"}}, "it has bash, not centreon-map-engine"),
        ({"config_folder": "/opt"}, "its configuration is /opt, not /etc/centreon-map"),
        ({"elsewhere": ("/etc/passwd",)}, "it has /etc/passwd, which isn't of MAP's configuration"),
    ],
)
def test_a_backup_has_to_fit_its_edition(changed: dict[str, Any], fault: str) -> None:
    assert unfit(manifest(**changed), ENGINE) == fault


def test_a_backup_that_is_not_of_the_edition_can_not_be_gone_back_to() -> None:
    other = manifest(service="centreon-map")
    assert fitting(Found(1, manifest=other), ENGINE).blocked.startswith("it is of")
    assert not fitting(Found(1, manifest=manifest()), ENGINE).blocked
    assert fitting(Found(1), ENGINE) == Found(1)


@pytest.mark.parametrize("reads", [("centreon",), ("map",), ("centreon", "web", "map")])
def test_a_host_has_one_survey_whatever_it_serves(reads: tuple[str, ...]) -> None:
    survey = survey_of(Target(name="a", ssh=Ssh(), reads=reads))
    names = {probe.name for probe in survey.probes} | {query.name for query in survey.queries}
    assert ("topology" in names, "map-servers" in names) == ("centreon" in reads, "map" in reads)
    assert ("packages.offered" in names) == (reads != ("centreon",))
