"""What the lab's stand-ins say to each other and to clients, without a host."""

import socket
import threading
from collections.abc import Iterator

import pytest

from lab.standins.clapi.output import parse_output
from lab.standins.gorgone import link
from lab.standins.web.http import Request, json_response


def test_clapi_lines_become_rows_under_the_columns_of_the_first() -> None:
    printed = "id;name\n1;a\n\n2;b;c\n3;d|e\nReturn code end : 0\n"
    assert parse_output(printed) == [
        {"id": "1", "name": "a"},
        {"id": "2", "name": "b;c"},
        {"id": "3", "name": ["d", "e"]},
    ]


def test_a_message_alone_is_taken_for_columns_and_lost() -> None:
    assert parse_output("OK: done\nReturn code end : 0\n") == []


def test_lines_without_columns_stay_texts() -> None:
    assert parse_output("first\nsecond\tline\n") == ["secondline"]


def test_json_has_centreons_reasons() -> None:
    response = json_response({"é": "/"}, 404)
    assert (response.body.decode(), response.reason) == ('{"é":"/"}', "Object not found")


def test_a_repeated_parameter_counts_by_its_last_value() -> None:
    request = Request("GET", "/", {"id": ["a", "b"]}, {}, b"x=1&x=2&y=")
    assert request.parameter("id") == "b"
    assert request.parameter("no") is None
    assert request.form() == {"x": "2", "y": ""}
    assert request.json() is None


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(link, "PORT", server.getsockname()[1])
        yield server


def answer_once(listener: socket.socket, key: bytes) -> list[link.Message | link.LinkError]:
    heard: list[link.Message | link.LinkError] = []
    connection, _ = listener.accept()
    with connection:
        caller = link.Caller(connection, key)
        try:
            heard.append(caller.request())
            caller.answer({"code": 0})
        except link.LinkError as error:
            heard.append(error)
    return heard


def test_both_sides_with_the_key_understand_each_other(listener: socket.socket) -> None:
    heard: list[link.Message | link.LinkError] = []
    thread = threading.Thread(target=lambda: heard.extend(answer_once(listener, b"key")))
    thread.start()
    assert link.ask("127.0.0.1", b"key", {"action": "copy"}) == {"code": 0}
    thread.join()
    assert heard == [{"action": "copy"}]


def test_another_key_is_not_understood(listener: socket.socket) -> None:
    heard: list[link.Message | link.LinkError] = []
    thread = threading.Thread(target=lambda: heard.extend(answer_once(listener, b"key")))
    thread.start()
    with pytest.raises(link.LinkError):
        link.ask("127.0.0.1", b"other", {"action": "copy"})
    thread.join()
    assert [str(error) for error in heard] == ["the other side has another key"]


def test_a_seal_holds_for_one_connection_only() -> None:
    assert link.seal(b"key", b"nonce", b"text") != link.seal(b"key", b"other nonce", b"text")
