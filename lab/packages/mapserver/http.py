"""What the server offers over HTTP: its health, and in the legacy edition the desktop client."""

import json
import os
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import trouble
from .release import Release

_TYPES = {".html": "text/html; charset=utf-8", ".zip": "application/zip"}
_PAGE = "index.html"
_ELSEWHERE = "http://127.0.0.2:9/health"


class Server(ThreadingHTTPServer):
    """Answers until the process ends."""

    daemon_threads = True

    def __init__(
        self, port: int, release: Release, is_up: Callable[[], bool], tls: ssl.SSLContext | None
    ) -> None:
        self.release = release
        self.is_up = is_up
        super().__init__(("0.0.0.0", port), _Handler)
        if tls is not None:
            # The handshake is the handler's, so that who says nothing keeps nobody waiting.
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of who hangs up, or speaks HTTP to a port with TLS."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        """Health, or a file of the desktop client."""
        path = self.path.partition("?")[0]
        release = self.server.release
        downloads = f"/{release.edition.context}/desktop-client/"
        if path == release.health_path:
            self._health()
        elif release.edition.name == "legacy" and path.startswith(downloads):
            self._download(release.edition.home / "desktop-client", path.removeprefix(downloads))
        else:
            self._answer(404, b"", "text/plain")

    do_HEAD = do_GET  # noqa: N815

    def _health(self) -> None:
        asked = trouble.of(self.server.release.version)
        match asked.get("answer"):
            case "redirect":
                self.send_response(302)
                self.send_header("Location", _ELSEWHERE)
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "drip":
                self._drip(trouble.ANSWERS["drip"])
            case str(kind):
                self._answer(200, trouble.ANSWERS[kind], "application/json")
            case _:
                up = self.server.is_up()
                body = json.dumps({"status": "UP" if up else "DOWN"}).encode()
                self._answer(200 if up else 503, body, "application/json")
                if up and "ends_after_up" in asked:
                    threading.Timer(asked["ends_after_up"], os._exit, (1,)).start()

    def _drip(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(0.5)

    def _download(self, directory: Path, name: str) -> None:
        file = directory / (name or _PAGE)
        if "/" in name or not file.is_file():
            self._answer(404, b"", "text/plain")
            return
        self._answer(200, file.read_bytes(), _TYPES[file.suffix])

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""
