"""The program that runs on MAP hosts, against real servers on loopback."""

import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapinfra.centreon.map import on_host
from mapinfra.centreon.map.answers import reports, script
from mapinfra.centreon.releases.editions import ENGINE
from tests.tls import pem

LATEST, BETA = ENGINE.health_paths
Pages = dict[str, tuple[int, str | bytes]]
UP = '{"status":"UP"}'


@contextmanager
def serving(pages: Pages, certificate: Path | None = None) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, page = pages.get(self.path, (404, ""))
            body = page.encode() if isinstance(page, str) else page
            self.send_response(code)
            if code == 302:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate, signed by itself, of a name that is not localhost."""
    file = tmp_path_factory.mktemp("tls") / "map.pem"
    file.write_text(pem("map.example.net"))
    return file


def first(port: int) -> on_host.Answer:
    return on_host.ask_all([port], list(ENGINE.health_paths))[0]


def last(port: int) -> on_host.Answer:
    return on_host.ask_all([port], list(ENGINE.health_paths))[-1]


@pytest.mark.parametrize("path", [LATEST, BETA])
def test_both_apis_are_tried(path: str) -> None:
    with serving({path: (200, UP)}) as port:
        assert last(port)["url"] == f"http://localhost:{port}{path}"


def test_down_is_an_answer() -> None:
    with serving({BETA: (503, '{"status":"DOWN"}')}) as port:
        assert (last(port)["code"], last(port)["status"]) == (503, "DOWN")


def test_a_server_with_tls_is_asked_by_https(certificate: Path) -> None:
    with serving({LATEST: (200, UP)}, certificate) as port:
        assert last(port)["url"] == f"https://localhost:{port}{LATEST}"


def test_a_server_that_wants_a_login_is_seen_on_every_path() -> None:
    with serving({LATEST: (404, ""), BETA: (401, "")}) as port:
        codes = [answer["code"] for answer in on_host.ask_all([port], list(ENGINE.health_paths))]
    assert codes[:2] == [404, 401]


def test_a_port_that_nothing_listens_on_is_told_and_the_next_one_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    with serving({BETA: (200, UP)}) as port:
        answers = on_host.ask_all([closed, port], list(ENGINE.health_paths))
    assert "refused" in answers[0]["error"]
    assert on_host.is_health(answers[-1])


def test_a_server_that_says_nothing_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_host, "LIMIT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers = on_host.ask_all([server.getsockname()[1]], list(ENGINE.health_paths))
    assert [answer["error"] for answer in answers] == ["timed out"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>", "HTML"),
        (b"[]", "JSON without a status"),
        (b'"status"', "JSON without a status"),
        (b'{"status":["UP"]}', "JSON without a status"),
        (b'{"status":"UP\\u001b[2J"}', "JSON without a status"),
        (b"\xff", "no JSON"),
        (b"", "no JSON"),
        (b"[" * 50000, "JSON that is nested too deep"),
        (b'{"status":"UP","x":"' + b"x" * on_host.MOST + b'"}', "an answer of more than 64 KB"),
    ],
)
def test_what_is_no_health_has_no_status_and_is_told(body: bytes, told: str) -> None:
    with serving({LATEST: (200, body), BETA: (200, body)}) as port:
        found = first(port)
    assert (found["status"], found["error"]) == ("", told)
    assert not on_host.is_health(found)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_body_breaks_the_question(body: bytes) -> None:
    status, told = on_host.status_of(body)
    assert bool(status) != bool(told)


def test_a_redirection_to_another_server_is_told_and_not_followed() -> None:
    with serving({LATEST: (200, UP)}) as other:
        elsewhere = f"http://127.0.0.1:{other}{LATEST}"
        with serving({LATEST: (302, elsewhere), BETA: (302, elsewhere)}) as port:
            found = first(port)
    assert (found["code"], found["status"]) == (302, "")
    assert found["error"] == f"redirects to http://127.0.0.1:{other}"


def test_a_redirection_within_the_server_is_followed() -> None:
    with serving({BETA: (302, LATEST), LATEST: (200, UP)}) as port:
        assert on_host.health(f"http://localhost:{port}{BETA}")["status"] == "UP"


def test_an_answer_that_drips_takes_no_longer_than_one_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_host, "LIMIT", 0.3)
    stop = threading.Event()

    def drip() -> None:
        with suppress(OSError):
            peer, _ = server.accept()
            peer.close()  # the knock
            peer, _ = server.accept()
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not stop.wait(0.01):
                peer.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        answers = on_host.ask_all([server.getsockname()[1]], [LATEST])
        stop.set()
        thread.join()
    assert [(one["status"], one["error"]) for one in answers] == [("", "timed out")]


def test_what_the_configuration_says_is_asked_first(certificate: Path) -> None:
    with serving({LATEST: (200, UP)}, certificate) as port:
        asked = on_host.ask_all([port], [LATEST], tls=True)
    assert [one["url"][:5] for one in asked] == ["https"]


@pytest.mark.parametrize(
    ("conf", "main", "https"),
    [
        ('RUN_ARGS="--spring.profiles.active=prod"', "", False),
        ("RUN_ARGS=--spring.profiles.active=prod,tls", "", True),
        ("RUN_ARGS='--spring.profiles.active=prod, tls --x=1'", "", True),
        ('RUN_ARGS="--spring.profiles.active=prod,tls_broker"', "", True),
        ('RUN_ARGS="--spring.profiles.active=tls_broker"', "", True),
        ('#RUN_ARGS="--spring.profiles.active=prod,tls"', "", False),
        ('RUN_ARGS="--spring.profiles.active=prod"\nX=tls,y', "", False),
        ('JAVA_OPTS="-Xmx4G -Dspring.profiles.active=tls,prod"', "", True),
        ('RUN_ARGS="--spring.profiles.active=prod,notls"', "", False),
        ('RUN_ARGS="--spring.profiles.active="prod,tls""', "", True),
        ("RUN_ARGS='--spring.profiles.active=\"prod,tls\"'", "", True),
        ('RUN_ARGS="--spring.profiles.active=\\"prod,tls\\""', "", True),
        (
            'RUN_ARGS="--spring.profiles.active=prod,tls" # not spring.profiles.active=prod',
            "",
            True,
        ),
        ('RUN_ARGS="--spring.profiles.active=prod" # or spring.profiles.active=tls', "", False),
        ('RUN_ARGS="--x=#1 # --spring.profiles.active=prod,tls"', "", True),
        ("RUN_ARGS=--x=a#b\\ --spring.profiles.active=prod,tls", "", True),
        ("  # RUN_ARGS='--spring.profiles.active=prod,tls", "", False),
        ("X=it's\nRUN_ARGS=--spring.profiles.active=tls # it's", "", True),
        ("", "centreon-map.tls.enabled=true", True),
        ("", " centreon-map.tls.enabled : true\r\n", True),
        ("", "#centreon-map.tls.enabled=true", False),
        ("", "centreon-map.tls.enabled=true\ncentreon-map.tls.enabled=false", False),
    ],
)
def test_https_is_known_by_every_way_to_ask_for_it(conf: str, main: str, https: bool) -> None:
    assert on_host.speaks_tls(conf, main) is https


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("centreon-map.port=8081", "8081"),
        ("  centreon-map.port : 18081 ", "18081"),
        ("centreon-map.port 9\r\n", "9"),
        ("#centreon-map.port=8081", ""),
        ("centreon-map.port=", ""),
        ("centreon-map.port=1\ncentreon-map.port=2", "2"),
        ("centreon-map.portal=1", ""),
    ],
)
def test_a_port_is_read_as_java_reads_properties(line: str, number: str) -> None:
    assert on_host.setting(line, "centreon-map.port") == number


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("broker.address=192.0.2.1", "192.0.2.1"),
        ("broker.address = central.example.net", "central.example.net"),
        ("broker.address=2001:db8::1", "2001:db8::1"),
        ("broker.address=[2001:db8::1]", "[2001:db8::1]"),
        ("broker.address=${BROKER}", "${BROKER}"),
        ("broker.address =", ""),
    ],
)
def test_a_brokers_address_is_read_however_it_is_written(line: str, address: str) -> None:
    assert on_host.setting(line, "broker.address", on_host.ADDRESS) == address


def test_only_files_beside_the_page_are_offered() -> None:
    page = "".join(
        f'<a href="{name}">' for name in ("a-1.0.0.zip", "../b.zip", "/c.zip", "gone.exe", "d.txt")
    )
    shown: Pages = {"/x/": (200, page), "/x/a-1.0.0.zip": (200, "12345")}
    with serving(shown) as port:
        found = on_host.downloads(f"http://localhost:{port}{BETA}", "/x/")
    assert (found["url"], found["files"]) == (f"http://localhost:{port}/x/", {"a-1.0.0.zip": 5})


def test_the_script_reports_what_a_host_has_and_nothing_of_one_that_has_nothing(
    tmp_path: Path, run: Callable[[str], str]
) -> None:
    main = tmp_path / ENGINE.main_file
    edition = replace(ENGINE, config_dir=str(tmp_path))
    assert run(script((edition,), downloads=True)) == ""
    with serving({BETA: (200, UP)}) as port:
        settings = f"centreon-map.port={port}\nbroker.address=192.0.2.1\nbroker.port=15758\n"
        main.write_text(f"# Zürich\n{settings}", "latin-1")
        printed = run(script((edition,), downloads=True))
    report = reports(printed, "map")["engine"]
    assert report.answers[-1].status == "UP"
    assert (report.broker_address, report.broker_port, report.broker) == ("192.0.2.1", 15758, ())
    assert (report.tls, report.offer) == (False, None)


@pytest.fixture
def run() -> Callable[[str], str]:
    """Run a script as a host does."""
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def run(text: str) -> str:
        done = subprocess.run(
            ["sh"], input=text, env=environment, capture_output=True, text=True, check=True
        )
        assert all(json.loads(line) for line in done.stdout.splitlines())
        return done.stdout

    return run
