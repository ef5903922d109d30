"""A login is asked for once, whatever is answered, and a token is renewed before its end."""

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.centreon.web.login import SHORT_LIFE, ApiUser, key, token_life
from mapinfra.errors import ApiError, DatabaseError
from mapinfra.hosts import Facts
from mapinfra.secrets import ConfigSecret

Answer = tuple[int, dict[str, str], bytes]
TOKEN: Answer = (200, {}, b'{"authToken": "t"}')
DONE: Answer = (200, {}, b'{"result": []}')


class Web(ThreadingHTTPServer):
    """A web server on loopback that gives set answers and counts the logins asked of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.login: Answer | None = TOKEN
        self.action: list[Answer] = []
        self.logins = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/centreon"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        web: Any = self.server
        self.rfile.read(int(self.headers["content-length"]))
        if parse_qs(urlsplit(self.path).query)["action"] == ["authenticate"]:
            web.logins += 1
            answer = web.login
        else:
            answer = web.action.pop(0) if web.action else DONE
        if answer is None:
            self.close_connection = True
            self.rfile.read()
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def api_of(web: Web, **more: Any) -> Api:
    return Api(url=web.url, user="admin", password=ConfigSecret(secret="p"), **more)


def client(web: Web, account: ApiUser | None = None, **more: Any) -> CentreonApi:
    return CentreonApi(api_of(web, **more), lambda _: "password", account)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, {}, b""), "password wrong, expired, blocked or deactivated: this line of Centreon"),
        ((401, {}, b'"Authentication failed"'), "blocked or deactivated (Authentication failed)"),
        ((403, {}, b'"Invalid credentials"'), "blocked or deactivated (Invalid credentials)"),
        ((403, {}, b'"Unauthorized"'), "refused: it may not reach the API (Unauthorized)"),
        ((400, {}, b'"Bad parameters"'), "(Bad parameters)"),
        ((401, {}, b'"Password is expired"'), "refused: its password has expired"),
        ((401, {}, b'"User is blocked"'), "refused: it is blocked (User is blocked); wait 900 s"),
        ((500, {}, b"<html>fatal</html>"), "login of admin failed: HTTP 500"),
        ((200, {}, b"<html>maintenance</html>"), "login of admin failed: HTTP 200"),
        ((200, {}, b'{"authToken": 5}'), "login of admin failed: HTTP 200"),
        ((200, {}, b"[" * 100_000), "login of admin failed: HTTP 200"),
        ((302, {"location": "https://other/"}, b""), "failed: redirected to https://other/"),
        ((503, {}, b"busy"), "login of admin failed: HTTP 503"),
        (None, "no answer within 0.3 s"),
    ],
)
def test_no_second_login_follows_an_answer_that_is_no_token(
    web: Web, answer: Answer | None, said: str
) -> None:
    web.login = answer
    account = ApiUser()
    with closing(client(web, account, timeout=0.3)) as one, closing(client(web, account)) as other:
        for api in (one, other, one):
            with pytest.raises(ApiError) as caught:
                api.clapi("POLLERLIST", "")
            assert said in str(caught.value)
        with pytest.raises(ApiError):
            other.log_in()
    assert web.logins == 1


def test_a_web_server_that_was_away_is_asked_again(web: Web) -> None:
    account = ApiUser()
    nowhere = Api(url="http://127.0.0.1:1", user="admin", password=ConfigSecret(secret="p"))
    away = CentreonApi(nowhere, lambda _: "password", account)
    with closing(away), pytest.raises(ApiError, match="can't be reached"):
        away.clapi("POLLERLIST", "")
    with closing(client(web, account)) as api:
        assert api.clapi("POLLERLIST", "") == []


def test_a_token_is_renewed_before_its_end(web: Web) -> None:
    with closing(client(web, ApiUser(life=7200.0))) as api:
        api.clapi("POLLERLIST", "")
        api.clapi("POLLERLIST", "")
        assert web.logins == 1
    with closing(client(web, ApiUser(life=0.0))) as api:
        api.clapi("POLLERLIST", "")
        api.clapi("POLLERLIST", "")
        assert web.logins == 3


@pytest.mark.parametrize("gone", [(401, {}, b'"Unauthorized"'), (403, {}, b'"Forbidden"')])
def test_a_token_that_seems_gone_is_renewed_until_that_does_not_help(
    web: Web, gone: Answer
) -> None:
    with closing(client(web)) as api:
        api.clapi("POLLERLIST", "")
        web.action = [gone, DONE, gone, DONE]
        api.clapi("POLLERLIST", "")
        api.clapi("POLLERLIST", "")
        assert web.logins == 3
        web.action = [gone, gone, gone, gone]
        for _ in range(3):
            with pytest.raises(ApiError, match="POLLERLIST of failed"):
                api.clapi("POLLERLIST", "")
        assert web.logins == 4


def test_what_isnt_centreons_answer_is_quoted_but_no_token(web: Web) -> None:
    with closing(client(web)) as api:
        web.action = [
            (200, {}, b"<html>\n maintenance</html>"),
            (200, {}, b'{"authToken": "s3cret"}'),
            (200, {}, b"ERROR: Unknown poller...\npoller_id;name\n"),
        ]
        for said in (
            "the answer isn't Centreon's: <html> maintenance</html>; check api.url",
            "the answer isn't Centreon's: JSON of another kind; check api.url",
            "CFGMOVE of 9 failed: ERROR: Unknown poller... poller_id;name; preview again",
        ):
            with pytest.raises(ApiError) as caught:
                api.clapi("CFGMOVE", "9")
            assert said in str(caught.value)


def test_an_error_of_sql_is_no_token_that_is_gone_where_clapi_says_it(web: Web) -> None:
    with closing(client(web)) as api:
        api.clapi("POLLERLIST", "")
        web.action = [(500, {}, b'"SQLSTATE[HY000]: lost"')]
        with pytest.raises(ApiError, match=r"SQLSTATE\[HY000\]: lost"):
            api.clapi("POLLERLIST", "")
    assert web.logins == 1


def test_an_account_is_one_however_its_address_is_written() -> None:
    def account(url: str, user: str) -> tuple[str, str]:
        return key(Api(url=url, user=user, password=ConfigSecret(secret="p")))

    one = account("http://Central.example.net:80/centreon/", "Admin")
    assert one == account("http://central.example.net/centreon", "admin")
    assert one != account("https://central.example.net/centreon", "admin")
    assert one != account("http://central.example.net/centreon", "other")


@given(st.one_of(st.integers(0, 10**6).map(str), st.text(max_size=5)))
def test_a_token_lives_as_long_as_the_option_says_else_shortly(value: str) -> None:
    facts = Facts("central", {}, {"session-expire": [{"value": value}]})
    life = token_life(facts)
    assert life == (int(value) * 60 if value.isdecimal() else SHORT_LIFE)


@pytest.mark.parametrize("answer", [DatabaseError("denied"), []])
def test_a_tokens_life_that_may_not_be_read_is_taken_to_be_short(answer: Any) -> None:
    assert token_life(Facts("central", {}, {"session-expire": answer})) == SHORT_LIFE
