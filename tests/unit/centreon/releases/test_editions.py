"""The editions' facts: complete, sourced, and apart from each other where they share a host."""

from dataclasses import fields

import pytest

from mapinfra.centreon.releases.editions import (
    EDITIONS,
    ENGINE,
    LEGACY,
    MARIADB_SNIPPETS,
    WEB_CLIENT,
    Edition,
    WebClient,
    edition,
)
from mapinfra.errors import CentreonError


@pytest.mark.parametrize("facts", [LEGACY, ENGINE, WEB_CLIENT])
def test_every_fact_has_its_source(facts: Edition | WebClient) -> None:
    named = {field.name for field in fields(facts)} - {"sources"}
    assert set(facts.sources) == named
    assert all(
        source.startswith(("Centreon documentation ", "not documented, concluded from "))
        for source in facts.sources.values()
    )


def test_the_legacy_edition_is_the_manuals() -> None:
    assert LEGACY.server_package == "centreon-map-server"
    assert LEGACY.service == "centreon-map"
    assert LEGACY.database == "centreon_studio"
    assert (LEGACY.http_port, LEGACY.https_port) == (8080, 8443)
    assert LEGACY.health_paths == ("/centreon-studio/api/beta/actuator/health",)
    assert LEGACY.config_files == (
        "/etc/centreon-studio/centreon-map.conf",
        "/etc/centreon-studio/studio-config.properties",
        "/etc/centreon-studio/centreon-database.properties",
        "/etc/centreon-studio/studio-database.properties",
    )


def test_the_engine_is_the_manuals() -> None:
    assert ENGINE.server_package == ENGINE.service == "centreon-map-engine"
    assert ENGINE.database == "centreon_map"
    assert (ENGINE.http_port, ENGINE.https_port) == (8081, 9443)
    assert ENGINE.health_paths == (
        "/centreon-map/api/latest/actuator/health",
        "/centreon-map/api/beta/actuator/health",
    )
    assert ENGINE.config_files == (
        "/etc/centreon-map/centreon-map.conf",
        "/etc/centreon-map/map-config.properties",
        "/etc/centreon-map/centreon-database.properties",
        "/etc/centreon-map/map-database.properties",
    )


def test_both_editions_fit_on_one_host() -> None:
    shared = {"os_user", "conf_file", "centreon_database_file", "vars_file", "configure_script"}
    shared |= {"diagnostic_script", "backup_file", "backup_crons", "sources"}
    for field in fields(Edition):
        same = getattr(LEGACY, field.name) == getattr(ENGINE, field.name)
        assert same <= (field.name in shared), field.name
    assert set(LEGACY.config_files).isdisjoint(ENGINE.config_files)
    assert set(MARIADB_SNIPPETS) == {"/etc/my.cnf.d/map.cnf", "/etc/mysql/map.cnf"}


def test_an_edition_is_found_by_its_name() -> None:
    assert edition("legacy") is LEGACY
    assert edition("engine") is ENGINE
    assert set(EDITIONS) == {"legacy", "engine"}


def test_another_name_is_refused_with_both_names() -> None:
    with pytest.raises(CentreonError) as refused:
        edition("ng")
    assert str(refused.value) == "'ng' is no edition of MAP; write legacy or engine"
