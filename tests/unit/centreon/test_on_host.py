"""The program that runs on MAP hosts, against real servers on loopback."""

import datetime
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mapinfra.centreon import on_host
from mapinfra.centreon.editions import ENGINE
from mapinfra.centreon.map_servers import reports, script

LATEST, BETA = ENGINE.health_paths
Pages = dict[str, tuple[int, str]]
UP = '{"status":"UP"}'


@contextmanager
def serving(pages: Pages, certificate: Path | None = None) -> Iterator[int]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, body = pages.get(self.path, (404, ""))
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

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
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "map.example.net")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "map.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(pem))
    return file


def last(port: int) -> on_host.Answer:
    return on_host.ask_all([port], list(ENGINE.health_paths))[-1]


@pytest.mark.parametrize("path", [LATEST, BETA])
def test_both_apis_are_tried(path: str) -> None:
    with serving({path: (200, UP)}) as port:
        assert last(port)["url"] == f"http://localhost:{port}{path}"


def test_down_is_an_answer() -> None:
    with serving({BETA: (503, '{"status":"DOWN"}')}) as port:
        assert (last(port)["code"], last(port)["body"]) == (503, '{"status":"DOWN"}')


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


def test_something_else_on_the_port_is_no_health() -> None:
    with serving({LATEST: (200, "<html>"), BETA: (200, "[]")}) as port:
        assert not on_host.is_health(last(port))


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


def test_only_files_beside_the_page_are_offered() -> None:
    page = "".join(
        f'<a href="{name}">' for name in ("a-1.0.0.zip", "../b.zip", "/c.zip", "gone.exe", "d.txt")
    )
    shown = {"/x/": (200, page), "/x/a-1.0.0.zip": (200, "12345")}
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
        main.write_text(f"# Zürich\ncentreon-map.port={port}\nbroker.port=15758\n", "latin-1")
        printed = run(script((edition,), downloads=True))
    report = reports(printed, "map")["engine"]
    assert report.answers[-1].status == "UP"
    assert (report.broker_port, report.broker, report.offer) == (15758, (), None)


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
