"""Answers that don't end, or are too deep to read, are an error in words."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mapinfra.centreon.web import bounded
from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.api import CentreonApi
from mapinfra.errors import ApiError
from mapinfra.secrets import EnvironmentSecret

Write = Callable[[bytes], object]


@contextmanager
def answering(body: Callable[[Write, threading.Event], object], **headers: str) -> Iterator[Api]:
    """An API whose every answer is what `body` writes, until the event is set."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with suppress(OSError):
                body(self.wfile.write, over)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield Api(
                url=f"http://127.0.0.1:{server.server_address[1]}",
                user="admin",
                password=EnvironmentSecret(env="API"),
                timeout=1,
            )
        finally:
            over.set()
            server.shutdown()


def endless(write: Write, over: threading.Event) -> None:
    while not over.is_set():
        write(b" " * (1 << 20))


def dripping(write: Write, over: threading.Event) -> None:
    while not over.wait(0.1):
        write(b" ")


def failure(api: Api) -> str:
    with pytest.raises(ApiError) as caught:
        CentreonApi(api, lambda _: "S3cret").clapi("POLLERTEST", "1")
    return str(caught.value)


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "ANSWER_LIMIT", 4 << 20)
    with answering(endless) as api:
        assert "its answer is longer than 4 MiB" in failure(api)


def test_an_answer_that_drips_is_given_up_in_time() -> None:
    with answering(dripping) as api:
        assert failure(api).startswith(f"API {api.url}: ")


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"authToken":' * 2000, b"\xff\xfe", b"<html>"])
def test_an_answer_that_cannot_be_read_is_told(body: bytes) -> None:
    with answering(lambda write, _: write(body)) as api:
        assert failure(api).startswith(f"API {api.url}: ")


def test_a_compressed_answer_is_not_unpacked() -> None:
    with answering(lambda write, _: write(b"no gzip"), content_encoding="gzip") as api:
        assert failure(api).startswith(f"API {api.url}: ")
