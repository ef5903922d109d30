"""The web server's service (httpd or apache2) on port 80."""

import logging
import os
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pymysql

from .. import systemd
from ..database import as_centreon
from . import v1, v2
from .http import Request, Response, json_response

PORT = 80
_log = logging.getLogger("web")


def answer(request: Request) -> Response:
    """Answer a request, with a database session of its own."""
    try:
        if request.path == v1.PATH:
            with as_centreon() as database:
                return v1.answer(database, request)
        if v2.matches(request.path):
            with as_centreon() as database:
                return v2.answer(database, request)
    except pymysql.MySQLError as error:
        _log.error("%s: %s", request.path, error)
        return json_response("Database error", 500)
    return Response(404, b"<h1>Not Found</h1>", "text/html; charset=iso-8859-1")


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def parse_request(self) -> bool:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return super().parse_request()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        request = Request(
            self.command,
            url.path,
            parse_qs(url.query, keep_blank_values=True),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        self._send(answer(request))

    def _send(self, response: Response) -> None:
        self.send_response(response.status, response.reason)
        if response.status != 204:
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """One line a request in the journal; the query holds no secrets, bodies aren't logged."""
        _log.info("%s %s", self.address_string(), format % args)


def run() -> None:
    """The service's entry point."""
    os.umask(0o002)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with _Server(("0.0.0.0", PORT), _Handler) as server:
        systemd.notify_ready()
        server.serve_forever()
