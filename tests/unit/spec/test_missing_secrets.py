"""Secrets that a spec refers to and nobody has, all told at once."""

from pathlib import Path

import pytest

from mapinfra.errors import SpecError
from mapinfra.resources.sessions import Sessions
from mapinfra.secrets import Secrets
from mapinfra.spec import check_secrets, locate

SPEC = """\
map: {edition: engine, version: 23.10.3}
defaults:
  ssh: {user: mapinfra, become: sudo, sudo_password: {secret: sudo}}
central:
  ssh: {host: central.example.net}
  database: {user: mapinfra, password: {env: MAPINFRA_TEST_UNSET}}
  api: {url: http://central.example.net/centreon, user: mapinfra, password: {file: api}}
  map_server:
    ssh: {host: map.example.net}
    install:
      contact: map
      contact_password: {env: MAPINFRA_TEST_UNSET}
      database_password: {secret: there}
remotes:
  paris:
    ssh: {host: paris.example.net}
"""
MISSING = [
    "prod.yaml:3: defaults.ssh.sudo_password: secret sudo: not set in the stack's config; "
    "mapinfra config set --secret sudo, or use {env: …} or {file: …}",
    "prod.yaml:6: central.database.password: environment variable MAPINFRA_TEST_UNSET: not set; "
    "export it",
    "prod.yaml:7: central.api.password: secret file api: can't be read (No such file or "
    "directory); create it with the secret on its first line",
    "prod.yaml:12: central.map_server.install.contact_password: environment variable "
    "MAPINFRA_TEST_UNSET: not set; export it",
]


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("prod.yaml").write_text(SPEC)


def test_all_missing_secrets_are_told_at_once_each_with_its_place() -> None:
    with pytest.raises(SpecError) as caught:
        check_secrets(locate(Path("prod.yaml")), Secrets({"there": "x"}, Path()))
    assert caught.value.faults == MISSING


def test_no_session_is_opened_where_a_secret_is_missing() -> None:
    sessions = Sessions()
    with pytest.raises(SpecError, match="MAPINFRA_TEST_UNSET: not set"):
        sessions.of({"there": "x", "mapinfra:spec": "prod.yaml"})


def test_nothing_is_told_where_every_secret_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAPINFRA_TEST_UNSET", "y")
    Path("api").write_text("z\n")
    config = {"mapinfra:there": "x", "sudo": "w"}
    check_secrets(locate(Path("prod.yaml")), Secrets(config, Path()))
