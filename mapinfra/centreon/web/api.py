"""Centreon Web's API v1: the CLAPI actions that deploy a configuration, and Extension Manager."""

import ssl
from typing import Any

import httpx

from mapinfra.centreon.web import login
from mapinfra.centreon.web.access import Api
from mapinfra.centreon.web.bounded import bounded
from mapinfra.centreon.web.login import ApiUser, json, page, said
from mapinfra.errors import ApiError
from mapinfra.secrets import SecretResolver

_CLAPI = "centreon_clapi"
_EXTENSIONS = "centreon_module"


class CentreonApi:
    """A client of one Centreon Web. Logs in once for all clients of the account.

    Calls are made one at a time: Centreon generates configurations into shared folders.
    """

    def __init__(self, api: Api, secrets: SecretResolver, account: ApiUser | None = None) -> None:
        self._api = api
        self._secrets = secrets
        self._account = account or ApiUser()
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
        reply = self._ask("POST", "action", {"object": _CLAPI}, json=body)
        if reply.status_code != httpx.codes.OK:
            raise self._error(f"{action} of {value} failed: {said(reply)}")
        lines = _result(reply)
        if lines is None:
            raise self._not_json(f"{action} of {value}", reply)
        return [str(line) for line in lines]

    def _not_json(self, what: str, reply: httpx.Response) -> ApiError:
        """CLAPI prints some of its errors as plain text and exits, so that is all there is."""
        text = page(reply)
        if text.startswith("ERROR: "):
            return self._error(f"{what} failed: {text}", "preview again")
        return self._error(f"{what}: the answer isn't Centreon's: {text}", "check api.url")

    def extension_manager(self, method: str, action: str, **parameters: str) -> dict[str, Any]:
        """Ask Extension Manager (`object=centreon_module`); return the JSON object it answers.

        Its own refusals come as HTTP 200 with `status` false: they are the caller's to see. Raises
        ApiError for every other one.
        """
        reply = self._ask(method, action, {"object": _EXTENSIONS} | parameters)
        body = json(reply)
        if reply.status_code == httpx.codes.FORBIDDEN:
            raise self._error(
                f"{self._api.user} may not use Extension Manager",
                "make the user an administrator, or give it the page Administration > Extensions > "
                "Manager (50709)",
            )
        if reply.status_code != httpx.codes.OK or not isinstance(body, dict):
            raise self._error(f"{action} in Extension Manager failed: {said(reply)}")
        return body

    def log_in(self) -> None:
        """See that the user can log in; raise ApiError when not."""
        with self._account.lock:
            self._token()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(
        self, method: str, action: str, query: dict[str, str], **content: Any
    ) -> httpx.Response:
        """Send a request with the token, once more with a new one where the old seems to be gone.

        A new token that doesn't help shows that such answers mean something else.
        """
        account = self._account
        with account.lock:
            account.drop_old()
            used_before = account.token is not None
            reply = self._ask_once(method, action, query, **content)
            if used_before and account.renewable and _is_of_no_token(reply, query):
                account.token = None
                reply = self._ask_once(method, action, query, **content)
                account.renewable = not _is_of_no_token(reply, query)
        return reply

    def _ask_once(
        self, method: str, action: str, query: dict[str, str], **content: Any
    ) -> httpx.Response:
        headers = {"centreon-auth-token": self._token()}
        try:
            return self._send(method, action, query, headers=headers, **content)
        except httpx.HTTPError as error:
            raise self._unanswered(error) from None

    def _token(self) -> str:
        if self._account.token is None:
            self._account.take(self._log_in())
        return str(self._account.token)

    def _log_in(self) -> str:
        if self._account.refused is not None:
            raise self._account.refused
        form = {"username": self._api.user, "password": self._secrets(self._api.password)}
        try:
            reply = self._send("POST", "authenticate", {}, data=form)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise self._unanswered(error) from None
        except httpx.HTTPError as error:
            # The password may have arrived, and been counted.
            self._account.refused = self._unanswered(error)
            raise self._account.refused from None
        token = login.token(reply)
        if token is None:
            self._account.refused = login.refusal(self._api, reply)
            raise self._account.refused
        return token

    def _send(
        self, method: str, action: str, query: dict[str, str], **content: Any
    ) -> httpx.Response:
        parameters = {"action": action} | query
        return self._http.request(method, "/api/index.php", params=parameters, **content)

    def _unanswered(self, error: httpx.HTTPError) -> ApiError:
        if isinstance(error, httpx.TimeoutException):
            return self._error(f"no answer within {self._api.timeout:g} s", "check the web server")
        return self._error(f"can't be reached ({error})", "check api.url")

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


def _is_of_no_token(reply: httpx.Response, query: dict[str, str]) -> bool:
    """Tell whether an answer may be that to a token which Centreon doesn't know any more.

    CLAPI says 401 or 403. Extension Manager 22.10 looks for the rights of nobody, which is wrong
    SQL (`CentreonACL::checkUpdateACL`), before it does anything.
    """
    if reply.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return True
    failed = reply.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    return failed and query["object"] == _EXTENSIONS and said(reply).startswith("SQLSTATE[")


def _result(reply: httpx.Response) -> list[Any] | None:
    body = json(reply)
    result = body.get("result") if isinstance(body, dict) else None
    return result if isinstance(result, list) else None
