"""What single steps of an installation of MAP do."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mapinfra.centreon.web.api import CentreonApi
from mapinfra.errors import ApiError
from mapinfra.resources.map.context import MapContext
from mapinfra.resources.map.steps_installation import SeeLogins
from mapinfra.resources.session import Session
from tests.unit.resources.lamp import empty_session
from tests.unit.resources.map.test_plan_installation import installing


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with closing(empty_session(tmp_path)) as session:
        yield session


def logins(session: Session, monkeypatch: pytest.MonkeyPatch, *, refused: str = "") -> list[str]:
    """Return who tries to log in, in order, in the step before any change."""
    tried: list[str] = []

    def log_in(api: CentreonApi) -> str:
        tried.append(api._api.user)
        if api._api.user == refused:
            raise ApiError("login refused", where="API")
        return "token"

    monkeypatch.setattr(CentreonApi, "_log_in", log_in)
    SeeLogins("central", "")._act(MapContext(installing(), session))
    return tried


def test_administrator_and_contact_are_seen_to_log_in(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert logins(session, monkeypatch) == ["admin", "map"]


def test_an_administrator_who_is_refused_is_told_before_any_change(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ApiError):
        logins(session, monkeypatch, refused="admin")
