"""What a MAP host asks its own MAP servers: health, offered downloads, broker connections.

mapinfra sends the text of this file to the host's own Python, so it needs nothing but the standard
library as of Python 3.6 (platform-python of EL 8). It only reads. Prints a JSON object per edition.
"""

# Python 3.6 knows no newer ways to write types:
# ruff: noqa: UP006, UP035, UP045
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional

LIMIT = 5
"""Seconds that one question may take."""
HOST = "localhost"
MOST = 1 << 18
DOWNLOAD = re.compile(r"""href\s*=\s*["'](\w[\w.+~-]*\.(?:zip|exe|msi|dmg|deb|rpm|gz))["']""")

Answer = Dict[str, Any]


def report(edition: Answer) -> Optional[Answer]:
    """Return what one edition's server tells; None where it has no configuration."""
    try:
        text = Path(edition["main_file"]).read_text(encoding="latin-1")
    except OSError:
        return None
    configured = setting(text, "centreon-map.port")
    broker_port = int(setting(text, "broker.port") or 5758)
    ports = [int(configured)] if configured else edition["ports"]
    answers = ask_all(ports, edition["paths"])
    found = {
        "edition": edition["name"],
        "answers": answers,
        "broker_port": broker_port,
        "broker": peers(broker_port),
        "downloads": None,
    }
    if edition["page"] and is_health(answers[-1]):
        found["downloads"] = downloads(answers[-1]["url"], edition["page"])
    return found


def setting(text: str, key: str) -> str:
    """Return the number that a key of Java properties has; '' without one."""
    found = re.findall(rf"(?m)^[ \t\f]*{re.escape(key)}[ \t\f]*[=: \t\f][ \t\f]*(\d+)", text)
    return found[-1] if found else ""


def ask_all(ports: List[int], paths: List[str]) -> List[Answer]:
    """Ask until something tells its health, or nothing is left to ask; the last answer is it."""
    answers = []  # type: List[Answer]
    for port in ports:
        refused = knock(port)
        if refused is not None:
            answers.append(refused)
            continue
        for scheme in ("http", "https"):
            for path in paths:
                answers.append(ask(f"{scheme}://{HOST}:{port}{path}"))
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


def ask(url: str, method: str = "GET") -> Answer:
    """Ask one URL; proxies are left out, and certificates, which name another host, unchecked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        request = urllib.request.Request(url, method=method)  # noqa: S310 - http or https
        with opener.open(request, timeout=LIMIT) as reply:
            size = reply.headers.get("Content-Length")
            return answered(url, reply.status, reply.read(MOST), size=int(size) if size else None)
    except urllib.error.HTTPError as error:
        return answered(url, error.code, error.read(MOST))
    except (OSError, http.client.HTTPException) as error:
        return answered(url, error=said(error))


def said(error: Exception) -> str:
    """Return an error in words; a timeout has several kinds."""
    reason = getattr(error, "reason", error)
    return "timed out" if isinstance(reason, socket.timeout) else str(reason)


def answered(
    url: str,
    code: Optional[int] = None,
    body: bytes = b"",
    error: str = "",
    size: Optional[int] = None,
) -> Answer:
    """Return an answer as it is printed."""
    text = body.decode("utf-8", "replace")
    return {"url": url, "code": code, "body": text, "error": error, "size": size}


def is_health(answer: Answer) -> bool:
    """Tell whether an answer is Spring's on health."""
    try:
        return "status" in json.loads(answer["body"]) and answer["code"] in (200, 503)
    except (ValueError, TypeError):
        return False


def downloads(health_url: str, page: str) -> Answer:
    """Return the page of downloads and the sizes of the files that it links to."""
    root = health_url[: health_url.index("/", len("https://"))]
    shown = ask(root + page)
    names = sorted(set(DOWNLOAD.findall(shown["body"]))) if shown["code"] == 200 else []
    files = {name: ask(root + page + name, "HEAD") for name in names}
    return {
        "code": shown["code"],
        "error": shown["error"],
        "url": root + page,
        "files": {name: held["size"] for name, held in files.items() if held["code"] == 200},
    }


def peers(port: int) -> List[str]:
    """Return the addresses that this host has connections to on a port."""
    command = ["ss", "-Htn", "state", "established", f"dport = :{port}"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return []
    return [line.split()[3] for line in done.stdout.decode().splitlines() if line.split()[3:]]


if __name__ == "__main__":
    for one in json.loads(sys.argv[1]):
        told = report(one)
        if told is not None:
            print(json.dumps(told))
