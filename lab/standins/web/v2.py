"""What is used of REST v2: /centreon/api/{latest,beta,v22.10}/….

Sources: config/routes/Centreon, AuthenticationController, PlatformController,
MonitoringServerController and the repositories they use.
"""

import re
from typing import Any

from .. import accounts, pollers
from ..database import Database, Row
from .http import Request, Response, json_response

_BASE = re.compile(r"/centreon/api/(?:latest|beta|v\d+(?:\.\d+)?)(/.*)")
_SERVERS = re.compile(
    r"/configuration/monitoring-servers(?:/(\d+))?/(generate|reload|generate-and-reload)"
)
_INCONSISTENT = (
    "There was an consistency error in the exported files  - please use the legacy export menu to"
    " troubleshoot"
)


def matches(path: str) -> bool:
    """Whether a path is one of REST v2."""
    return _BASE.fullmatch(path) is not None


def answer(database: Database, request: Request) -> Response:
    """Answer a request of REST v2."""
    found = _BASE.fullmatch(request.path)
    assert found is not None, "the caller asks matches() first"
    path = found[1]
    if path == "/platform/versions" and request.method == "GET":
        return json_response(_versions(database))
    if path == "/login" and request.method == "POST":
        return _log_in(database, request.json())
    token = request.headers.get("x-auth-token")
    if token is None:
        return json_response({"message": "Authentication Required"}, 401)
    account = accounts.find_by_token(database, token)
    if account is None:
        return json_response({"message": "Invalid credentials."}, 401)
    servers = _SERVERS.fullmatch(path)
    if servers is None or request.method != "GET":
        return json_response({"code": 404, "message": "No route found"}, 404)
    if not account.is_admin:
        return Response(403)
    return _export(database, servers[1], servers[2].split("-and-"))


def _versions(database: Database) -> Any:
    def installed(query: str) -> dict[str, Any]:
        return {row["name"]: _version(row["version"]) for row in database.rows(query)}

    web = database.row("select value from informations where `key` = 'version'")
    assert web is not None, "informations has its row `version` from installation on"
    return {
        "web": _version(web["value"]),
        "modules": installed(
            "select name, mod_release as version from modules_informations order by id"
        ),
        "widgets": installed(
            "select title as name, version from widget_models order by widget_model_id"
        ),
    }


def _version(text: str) -> Any:
    major, minor, fix = [*text.split("."), "0", "0"][:3]
    return {"version": text, "major": major, "minor": minor, "fix": fix}


def _log_in(database: Database, asked: Any) -> Response:
    try:
        credentials = asked["security"]["credentials"]
        login, password = str(credentials["login"]), str(credentials["password"])
    except (KeyError, TypeError):
        login = password = ""
    accounts.delete_expired_tokens(database)
    try:
        account = accounts.log_in_to_api(database, login, password)
    except (accounts.Refused, accounts.NoAccess):
        return json_response({"code": 401, "message": "Invalid credentials"}, 401)
    contact = {
        "id": account.id,
        "name": account.name,
        "alias": account.alias,
        "email": account.email,
        "is_admin": account.is_admin,
    }
    token = accounts.create_token(database, account)
    return json_response({"contact": contact, "security": {"token": token}})


def _export(database: Database, server_id: str | None, steps: list[str]) -> Response:
    """Generate (and move), or reload, or both; of one server, or of all. Nothing is tested."""
    servers = pollers.active(database) if server_id is None else [{"id": int(server_id)}]
    for step in steps:
        for server in servers:
            try:
                poller = pollers.find(database, str(server["id"]))
            except pollers.UnknownPollerError:
                message = f"Monitoring server not found (#{server['id']})"
                return json_response({"code": 404, "message": message}, 404)
            try:
                _run(database, step, poller)
            except (OSError, LookupError):
                return json_response({"code": 500, "message": _INCONSISTENT}, 500)
    return Response(204)


def _run(database: Database, step: str, poller: Row) -> None:
    if step == "generate":
        pollers.generate(database, poller)
        pollers.move(database, poller)
    else:
        pollers.reload_from_web(database, poller)
