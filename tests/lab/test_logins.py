"""A run asks Centreon Web for one login, whatever it answers: five refusals lock the account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lab import Host, Lab
from mapinfra.errors import ApiError
from mapinfra.hosts import Fleet, Survey
from mapinfra.resources.broker.kind import BrokerOutputsKind
from mapinfra.resources.broker.steps import GenerateConfiguration
from mapinfra.resources.session import Session
from tests.lab.many import make_remotes
from tests.lab.map_parts import client, secrets_of
from tests.lab.project import Project, logins, query, reset

WRONG = {"secret": "wrong"}
STEP = GenerateConfiguration("central", "generate", 2)


@pytest.fixture(scope="module")
def central(lab: Lab) -> Host:
    reset(lab, ["central"])
    return lab.host("central")


@pytest.fixture
def session(lab: Lab, tmp_path: Path) -> Any:
    secrets = secrets_of(lab, wrong="not the password")
    with closing(Session(Fleet(secrets, lambda _: Survey(), folder=tmp_path), secrets)) as session:
        yield session


@pytest.fixture(autouse=True)
def forgiven(central: Host) -> Any:
    yield
    query(central, "update contact set login_attempts = null, blocking_time = null, "
                   "contact_admin = '1', contact_activate = '1'")  # fmt: skip


def deploy(session: Session, number: int, **api: Any) -> str:
    """Have one remote of many deployed; return what it says of that."""
    target = {"name": f"remote-{number}", "ssh": {"host": f"remote-{number}"}}
    kind = BrokerOutputsKind()
    desired = kind.desired(
        {"central": target, "remote": target, "api": api, "poller": "paris", "outputs": {}}
    )
    try:
        STEP.do(kind.context(desired, session))
    except ApiError as error:
        return str(error)
    return "done"


def asked(central: Host, user: str) -> str:
    sql = f"select coalesce(login_attempts, 0) from contact where contact_alias = '{user}'"
    return query(central, sql)[0][0]


@pytest.mark.parametrize("remotes", [1, 6, 50])
def test_one_login_is_tried_with_a_wrong_password_however_many_remotes_there_are(
    lab: Lab, central: Host, session: Session, remotes: int
) -> None:
    before, url = logins(lab), f"http://{central.address}"
    # The same account, however the spec writes it.
    apis = [
        {"url": f"{url}:80/centreon/", "user": "Admin", "password": WRONG, "timeout": 5.0},
        {"url": f"{url}/centreon", "user": "admin", "password": WRONG},
    ]
    with ThreadPoolExecutor(remotes) as pool:
        said = set(pool.map(lambda n: deploy(session, n, **apis[n % 2]), range(remotes)))
    assert logins(lab) - before == 1
    assert asked(central, "admin") == "1"
    assert len(said) == 1
    assert "this line of Centreon doesn't say which" in said.pop()


@pytest.fixture(scope="module")
def many(lab: Lab, central: Host) -> Iterator[dict[str, Any]]:
    reset(lab, ["paris"])
    yield make_remotes(lab, "paris", 50)
    reset(lab, ["central", "paris"])


@pytest.mark.parametrize("remotes", [1, 6, 50])
def test_a_run_asks_for_one_login_however_many_remotes_it_has(
    lab: Lab, central: Host, many: dict[str, Any], tmp_path: Path, remotes: int
) -> None:
    project = Project.make(lab, tmp_path)
    (tmp_path / "wrong").write_text("not the password")
    project.spec["central"]["api"]["password"] = {"file": "wrong"}
    project.spec["remotes"] = dict(list(many.items())[:remotes])
    project.write_spec()
    before = logins(lab)
    result = project.mapinfra("up", "--yes")
    assert result.code == 1, result
    assert f"{remotes} failed" in result.out, result
    assert "this line of Centreon doesn't say which" in result.out
    assert logins(lab) - before == 1
    assert asked(central, "admin") == "1"


def test_right_logins_of_one_run_share_a_token(lab: Lab, central: Host, session: Session) -> None:
    before = logins(lab)
    api = {"url": f"http://{central.address}/centreon", "user": "admin",
           "password": {"file": "secrets/api_password"}}  # fmt: skip
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(lambda n: deploy(session, n, **api), range(6))) == {"done"}
    assert logins(lab) - before == 1


def test_who_may_not_reach_the_api_is_told_so(lab: Lab, central: Host) -> None:
    query(central, "update contact set contact_admin = '0' where contact_alias = 'admin'")
    with closing(client(lab)) as api, pytest.raises(ApiError) as caught:
        api.clapi("POLLERLIST", "")
    assert "login of admin refused: it may not reach the API (Unauthorized)" in str(caught.value)
    assert asked(central, "admin") == "0"


def test_a_token_that_is_gone_is_replaced_once_for_a_call(lab: Lab, central: Host) -> None:
    with closing(client(lab)) as api:
        api.clapi("POLLERGENERATE", "2")
        before = logins(lab)
        query(central, "delete from security_token")
        api.clapi("POLLERGENERATE", "2")
        query(central, "delete from security_token")
        assert api.extension_manager("GET", "list")["status"] is True
        assert logins(lab) - before == 2


def test_a_right_that_is_missing_is_no_token_that_is_gone(lab: Lab, central: Host) -> None:
    with closing(client(lab)) as api:
        api.clapi("POLLERGENERATE", "2")
        before = logins(lab)
        query(central, "update contact set contact_admin = '0', reach_api = 1 "
                       "where contact_alias = 'admin'")  # fmt: skip
        for _ in range(3):
            with pytest.raises(ApiError, match="POLLERGENERATE of 2 failed: Forbidden"):
                api.clapi("POLLERGENERATE", "2")
        assert logins(lab) - before == 1


def test_an_unknown_poller_is_told_in_centreons_words(lab: Lab, central: Host) -> None:
    with closing(client(lab)) as api, pytest.raises(ApiError) as caught:
        api.clapi("POLLERGENERATE", "99")
    assert "POLLERGENERATE of 99 failed: ERROR: Unknown poller... poller_id;name 1;Central" in str(
        caught.value
    )
