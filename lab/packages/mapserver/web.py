"""Centreon Web as the server uses it: it logs in by the API, version 1."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

_TIMEOUT_SECONDS = 5


class UnreachableError(Exception):
    """Centreon Web doesn't answer as it should; the message says why."""


class RefusedError(Exception):
    """Centreon Web refuses the login."""


class ForbiddenError(RefusedError):
    """Who logs in may not reach the API."""


def api_of(settings: Mapping[str, str]) -> str:
    """The address of the API, from the main file's settings."""
    base = settings["centreon.url"].rstrip("/")
    return f"{base}/{settings.get('centreon.path', '/centreon').strip('/')}/api/index.php"


def log_in(api: str, user: str, password: str) -> str:
    """A token. Raises `RefusedError` and `UnreachableError`."""
    form = urllib.parse.urlencode({"username": user, "password": password}).encode()
    token: str = _ask(urllib.request.Request(f"{api}?action=authenticate", form))["authToken"]
    return token


def is_administrator(api: str, token: str) -> bool:
    """Whether who has the token may use CLAPI. Raises `UnreachableError`."""
    request = urllib.request.Request(
        f"{api}?action=action&object=centreon_clapi",
        json.dumps({"action": "show", "object": "INSTANCE"}).encode(),
        {"centreon-auth-token": token, "content-type": "application/json"},
    )
    try:
        _ask(request)
    except RefusedError:
        return False
    return True


def _ask(request: urllib.request.Request) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 403:
            raise ForbiddenError from error
        # To a wrong password, Centreon Web 22.10 says 500 and nothing else.
        if error.code == 401 or (error.code == 500 and not error.read()):
            raise RefusedError from error
        raise UnreachableError(f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise UnreachableError(str(error)) from error
