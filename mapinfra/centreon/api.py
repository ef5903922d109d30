"""Centreon Web's API v1: the CLAPI actions that deploy a configuration, and Extension Manager."""

import ssl
from threading import Lock
from typing import Any

import httpx

from mapinfra import jsontext
from mapinfra.centreon.access import Api
from mapinfra.centreon.bounded import bounded
from mapinfra.errors import ApiError
from mapinfra.secrets import SecretResolver

_NOT_ALLOWED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)

# How Centreon answers a wrong password; anything else says nothing about it.
_REFUSALS = (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class CentreonApi:
    """A client of one Centreon Web. Logs in once; a refused password is never tried again.

    Calls are made one at a time: Centreon generates configurations into shared folders.
    """

    def __init__(self, api: Api, secrets: SecretResolver) -> None:
        self._api = api
        self._secrets = secrets
        self._lock = Lock()
        self._token: str | None = None
        self._refused: ApiError | None = None
        self._http = httpx.Client(
            base_url=api.url.rstrip("/"),
            timeout=api.timeout,
            verify=_trusted(api),
            headers={"accept-encoding": "identity"},
            event_hooks={"response": [bounded(api.timeout)]},
        )

    def clapi(self, action: str, value: str) -> list[str]:
        """Run one CLAPI action, as `centreon -a ACTION -v VALUE` does; return its lines.

        Raises ApiError with Centreon's own words when the action fails.
        """
        body = {"action": action, "values": value}
        reply = self._ask("POST", "action", {"object": "centreon_clapi"}, json=body)
        if reply.status_code != httpx.codes.OK:
            raise self._error(f"{action} of {value} failed: {_said(reply)}")
        lines = _result(reply)
        if lines is None:
            raise self._error(f"{action} of {value}: the answer isn't Centreon's", "check api.url")
        return [str(line) for line in lines]

    def extension_manager(self, method: str, action: str, **parameters: str) -> dict[str, Any]:
        """Ask Extension Manager (`object=centreon_module`); return the JSON object it answers.

        Its own refusals come as HTTP 200 with `status` false: they are the caller's to see. Raises
        ApiError for every other one.
        """
        reply = self._ask(method, action, {"object": "centreon_module"} | parameters)
        body = _json(reply)
        if reply.status_code == httpx.codes.FORBIDDEN:
            raise self._error(
                f"{self._api.user} may not use Extension Manager",
                "make the user an administrator, or give it the page Administration > Extensions > "
                "Manager (50709)",
            )
        if reply.status_code != httpx.codes.OK or not isinstance(body, dict):
            raise self._error(f"{action} in Extension Manager failed: {_said(reply)}")
        return body

    def log_in(self) -> None:
        """See that the user can log in; raise ApiError when not."""
        with self._lock:
            if self._token is None:
                self._token = self._log_in()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(
        self, method: str, action: str, query: dict[str, str], **content: Any
    ) -> httpx.Response:
        """Send a request with the token, once more with a new one where the old isn't valid now.

        Centreon says 401 or, of a token that it doesn't know any more, 403.
        """
        with self._lock:
            used_before = self._token is not None
            reply = self._ask_once(method, action, query, **content)
            if used_before and reply.status_code in _NOT_ALLOWED:
                self._token = None
                reply = self._ask_once(method, action, query, **content)
        return reply

    def _ask_once(
        self, method: str, action: str, query: dict[str, str], **content: Any
    ) -> httpx.Response:
        if self._token is None:
            self._token = self._log_in()
        headers = {"centreon-auth-token": self._token}
        return self._send(method, action, query, headers=headers, **content)

    def _log_in(self) -> str:
        if self._refused is not None:
            raise self._refused
        form = {"username": self._api.user, "password": self._secrets(self._api.password)}
        reply = self._send("POST", "authenticate", {}, data=form)
        token = _token(reply)
        if token is not None:
            return token
        if reply.status_code not in _REFUSALS:
            raise self._error(
                f"login of {self._api.user} failed: {_said(reply)}",
                "check api.url, and Centreon itself",
            )
        self._refused = self._error(
            f"login of {self._api.user} refused: {_said(reply)}",
            "correct the password; it is not tried again, since five refusals lock the account",
        )
        raise self._refused

    def _send(
        self, method: str, action: str, query: dict[str, str], **content: Any
    ) -> httpx.Response:
        parameters = {"action": action} | query
        try:
            return self._http.request(method, "/api/index.php", params=parameters, **content)
        except httpx.TimeoutException:
            raise self._error(
                f"no answer within {self._api.timeout:g} s", "check the web server"
            ) from None
        except httpx.HTTPError as error:
            raise self._error(f"can't be reached ({error})", "check api.url") from None

    def _error(self, what: str, remedy: str = "") -> ApiError:
        return ApiError(what, where=f"API {self._api.url}", remedy=remedy)


def _trusted(api: Api) -> Any:
    if api.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=api.ca_file)
    except (OSError, ssl.SSLError):
        raise ApiError(
            f"the certificates in {api.ca_file} can't be read",
            where=f"API {api.url}",
            remedy="give a PEM file as api.ca_file",
        ) from None


def _json(reply: httpx.Response) -> Any:
    try:
        return jsontext.loads(reply.content)
    except ValueError:
        return None


def _token(reply: httpx.Response) -> str | None:
    body = _json(reply)
    token = body.get("authToken") if isinstance(body, dict) else None
    return token if reply.status_code == httpx.codes.OK and isinstance(token, str) else None


def _result(reply: httpx.Response) -> list[Any] | None:
    body = _json(reply)
    result = body.get("result") if isinstance(body, dict) else None
    return result if isinstance(result, list) else None


def _said(reply: httpx.Response) -> str:
    body = _json(reply)
    text = body if isinstance(body, str) else f"HTTP {reply.status_code}"
    return " ".join(text.split())[:500]
