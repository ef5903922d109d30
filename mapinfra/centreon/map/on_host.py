"""What a MAP host asks its own MAP servers: health, offered downloads, broker connections.

mapinfra sends the text of this file to the host's own Python, so it needs nothing but the standard
library as of Python 3.6 (platform-python of EL 8). It only reads. Prints a JSON object per edition.
"""

# Python 3.6 knows no newer ways to write types:
# ruff: noqa: UP006, UP035, UP041, UP045
import http.client
import json
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

LIMIT = 5.0
"""Seconds that one question may take, from connecting to the last byte."""
HOST = "localhost"
BROKER_PORT = 5758
MOST = 1 << 16
"""Bytes that an answer on health may have; the page of downloads may have four times as many."""
DOWNLOAD = re.compile(r"""href\s*=\s*["'](\w[\w.+~-]*\.(?:zip|exe|msi|dmg|deb|rpm|gz))["']""")
STATUS = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
UNCOMMENTED = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^#]|(?<=\S)#)*""")
"""The part of a line of shell that is no comment: a `#` inside quotes or a word begins none."""
PROFILES = re.compile(r"""spring\.profiles\.active[=\s]\s*[\\"']*([\w-]+(?:\s*,\s*[\w-]+)*)""")
"""The profiles may have quotes of their own inside those of the whole value."""
ADDRESS = r"[\w.:\[\]${}-]+"
"""A name, an address, IPv6 in brackets, or a placeholder of Spring."""
TLS_PROFILES = ("tls", "tls_broker")
"""`tls_broker` has all that `tls` has, and TLS to the broker."""

Answer = Dict[str, Any]


class SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follows redirections that stay at the port asked; what another one says tells nothing."""

    def redirect_request(
        self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any
    ) -> Any:
        """Return the next request, None to end with the redirection itself."""
        if urllib.parse.urlsplit(newurl)[:2] != urllib.parse.urlsplit(req.full_url)[:2]:
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def report(edition: Answer) -> Optional[Answer]:
    """Return what one edition's server tells; None where it has no configuration."""
    main = text_of(edition["main_file"])
    if main is None:
        return None
    configured = setting(main, "centreon-map.port")
    broker_port = int(setting(main, "broker.port") or BROKER_PORT)
    tls = speaks_tls(text_of(edition["conf_file"]) or "", main)
    ports = [int(configured)] if configured else edition["ports"]
    answers = ask_all(ports[::-1] if tls else ports, edition["paths"], tls)
    is_up = is_health(answers[-1])
    found = {
        "edition": edition["name"],
        "answers": [{key: a[key] for key in ("url", "code", "status", "error")} for a in answers],
        "tls": tls,
        "broker_address": setting(main, "broker.address", ADDRESS),
        "broker_port": broker_port,
        "broker": connected(broker_port, edition["service"], edition["patience"] if is_up else 0),
        "downloads": None,
    }
    if edition["page"] and is_up:
        found["downloads"] = downloads(answers[-1]["url"], edition["page"])
    return found


def text_of(path: str) -> Optional[str]:
    """Return a file's text; None where it can't be read."""
    try:
        return Path(path).read_text(encoding="latin-1")
    except OSError:
        return None


def setting(text: str, key: str, value: str = r"\d+") -> str:
    """Return the number, or other `value`, that a key of Java properties has; '' without one."""
    found = re.findall(rf"(?m)^[ \t\f]*{re.escape(key)}[ \t\f]*[=: \t\f][ \t\f]*({value})", text)
    return found[-1] if found else ""


def speaks_tls(conf: str, main: str) -> bool:
    """Tell whether a server's files have it speak HTTPS: centreon-map.conf and the main file.

    By a Spring profile, as the manual "Secure your MAP platform" has it, or by the key of the
    newer versions that take PEM files.
    """
    active = [found.group() for found in map(UNCOMMENTED.match, conf.splitlines()) if found]
    chosen = PROFILES.findall("\n".join(active))
    profiles = re.split(r"\s*,\s*", chosen[-1]) if chosen else []
    by_key = setting(main, "centreon-map.tls.enabled", r"\w+")
    return any(one in TLS_PROFILES for one in profiles) or by_key.lower() == "true"


def ask_all(ports: List[int], paths: List[str], tls: bool = False) -> List[Answer]:
    """Ask until something tells its health, or nothing is left to ask; the last answer is it.

    What the configuration says comes first: HTTPS with `tls`, else HTTP.
    """
    answers = []  # type: List[Answer]
    for port in ports:
        refused = knock(port)
        if refused is not None:
            answers.append(refused)
            continue
        for scheme in ("https", "http") if tls else ("http", "https"):
            for path in paths:
                answers.append(health(f"{scheme}://{HOST}:{port}{path}"))
                if is_health(answers[-1]) or answers[-1]["error"] == "timed out":
                    return answers
                if answers[-1]["code"] is None:
                    break
    return answers


def knock(port: int) -> Optional[Answer]:
    """Return the refusal of a port that nothing listens on."""
    try:
        socket.create_connection((HOST, port), LIMIT).close()
    except OSError as error:
        return answered(f"{HOST}:{port}", error=said(error))
    return None


def health(url: str) -> Answer:
    """Ask for health; what isn't one is told as what it is, and never has a status."""
    answer = ask(url)
    if answer["code"] in (200, 503):
        answer["status"], answer["error"] = status_of(answer["body"])
    return answer


def status_of(body: bytes) -> "tuple[str, str]":
    """Return Spring's word on its health, or '' and what the body is instead."""
    if len(body) > MOST:
        return "", f"an answer of more than {MOST >> 10} KB"
    try:
        told = json.loads(body.decode("utf-8"))
    except RecursionError:
        return "", "JSON that is nested too deep"
    except ValueError:
        return "", "HTML" if body.lstrip()[:1] == b"<" else "no JSON"
    status = told.get("status") if isinstance(told, dict) else None
    if not isinstance(status, str) or not STATUS.fullmatch(status):
        return "", "JSON without a status"
    return status, ""


def ask(url: str, method: str = "GET") -> Answer:
    """Ask one URL; proxies are left out, and certificates, which name another host, unchecked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), SameOrigin()
    )
    try:
        with limited(LIMIT):
            return answer_of(opener, urllib.request.Request(url, method=method))  # noqa: S310
    except (OSError, http.client.HTTPException, ValueError) as error:
        return answered(url, error=said(error))


def answer_of(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Answer:
    """Return what a request is answered, errors and redirections elsewhere among it."""
    url = request.full_url
    try:
        with opener.open(request, timeout=LIMIT) as reply:
            size = reply.headers.get("Content-Length", "")
            body = reply.read(4 * MOST)
            return answered(url, reply.status, body, size=int(size) if size.isdigit() else None)
    except urllib.error.HTTPError as error:
        elsewhere = error.headers.get("Location", "") if 300 <= error.code < 400 else ""
        told = f"redirects to {origin(elsewhere)}" if elsewhere else ""
        return answered(url, error.code, error.read(4 * MOST), told)


def origin(url: str) -> str:
    """Return which server a URL is of, without what else a stranger may have written."""
    found = re.match(r"https?://[\w.:\[\]-]{1,100}", url)
    return found.group() if found else "another address"


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """End what takes longer in all: a timeout of a socket begins anew with every byte."""

    def end(_number: int, _frame: Any) -> None:
        raise socket.timeout("timed out")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def said(error: Exception) -> str:
    """Return an error in words; a timeout has several kinds."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, socket.timeout):
        return "timed out"
    if isinstance(reason, http.client.HTTPException):
        return "no HTTP"  # its text may be whatever a stranger wrote
    return str(reason)


def answered(
    url: str,
    code: Optional[int] = None,
    body: bytes = b"",
    error: str = "",
    size: Optional[int] = None,
) -> Answer:
    """Return an answer; its status stays empty unless it is one on health."""
    return {"url": url, "code": code, "status": "", "error": error, "body": body, "size": size}


def is_health(answer: Answer) -> bool:
    """Tell whether an answer is Spring's on health."""
    return bool(answer["status"])


def downloads(health_url: str, page: str) -> Answer:
    """Return the page of downloads and the sizes of the files that it links to."""
    root = health_url[: health_url.index("/", len("https://"))]
    shown = ask(root + page)
    text = shown["body"].decode("utf-8", "replace") if shown["code"] == 200 else ""
    names = sorted(set(DOWNLOAD.findall(text)))
    files = {name: ask(root + page + name, "HEAD") for name in names}
    return {
        "code": shown["code"],
        "error": shown["error"],
        "url": root + page,
        "files": {name: held["size"] for name, held in files.items() if held["code"] == 200},
    }


def connected(port: int, service: str, patience: float) -> List[str]:
    """Return what `peers` does; a server whose broker was restarted may just be connecting."""
    until = time.monotonic() + patience
    found = peers(port, service)
    while not found and time.monotonic() < until:
        time.sleep(0.5)
        found = peers(port, service)
    return found


def peers(port: int, service: str) -> List[str]:
    """Return the addresses that a service has connections to on a port.

    Where the process isn't told, to which only root may look, any connection of the host counts.
    """
    command = ["ss", "-Htnp", "state", "established", f"dport = :{port}"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return []
    found = []
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        words, pids = line.split(), re.findall(r"pid=(\d+)", line)
        if words[3:] and (not pids or any(belongs(pid, service) for pid in pids)):
            found.append(words[3])
    return found


def belongs(pid: str, service: str) -> bool:
    """Tell whether a process is one of a systemd service."""
    groups = text_of(f"/proc/{pid}/cgroup")
    return groups is not None and f"/{service}.service" in groups


if __name__ == "__main__":
    for one in json.loads(sys.argv[1]):
        told = report(one)
        if told is not None:
            print(json.dumps(told))
