"""API v1: /centreon/api/index.php?object=…&action=….

Sources: www/api/index.php, www/api/class/{webService,centreon_clapi}.class.php,
src/CentreonModule/Application/Webservice/CentreonModuleWebservice.php,
src/Security/Domain/Authentication/Model/LocalProvider.php, www/class/centreonACL.class.php.
"""

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

from .. import accounts, extensions
from ..clapi import errors
from ..clapi.dispatch import launch
from ..clapi.output import parse_output
from ..database import Database
from ..extensions import Extension, ExtensionError, Source
from .http import Request, Response, json_response

PATH = "/centreon/api/index.php"

_NOBODY = (
    "SQLSTATE[42000]: Syntax error or access violation: 1064 You have an error in your SQL syntax;"
    " check the manual that corresponds to your MariaDB server version for the right syntax to use"
    " near ') ' at line 1"
)
"""Extension Manager to a token that is gone: it asks for the rights of a user without an id."""

_STATUS_OF_ERRORS = {
    errors.UNKNOWN_METHOD: 404,
    errors.MISSING_PARAMETER: 400,
    errors.OBJECT_ALREADY_EXISTS: 409,
    errors.OBJECT_NOT_FOUND: 404,
    errors.UNKNOWN_PARAMETER: 400,
}


def answer(database: Database, request: Request) -> Response:
    """Answer a request to api/index.php."""
    action = request.parameter("action")
    if request.method == "POST" and action == "authenticate":
        return _authenticate(database, request)
    accounts.delete_expired_tokens(database)
    token = request.headers.get("centreon-auth-token")
    if token is None:
        return json_response("Unauthorized", 401)
    account = accounts.find_by_token(database, token)
    target = request.parameter("object")
    if target is None or action is None:
        return json_response("Bad parameters", 400)
    if target not in ("centreon_clapi", "centreon_module"):
        return json_response("Method not found", 404)
    method = f"{request.method.lower()} {action}"
    if target == "centreon_clapi" and method == "post action":
        if account is None or not account.is_admin:
            return json_response("Forbidden", 403)
        return _run_clapi(database, request.json())
    if target == "centreon_module" and method in _EXTENSION_ACTIONS:
        if account is None:
            return json_response(_NOBODY, 500)
        if not accounts.may_manage_extensions(database, account):
            return json_response("Forbidden", 403)
        return json_response(_EXTENSION_ACTIONS[method](extensions.sources(database), request))
    return json_response("Method not found", 404)


def _authenticate(database: Database, request: Request) -> Response:
    form = request.form()
    if "username" not in form or "password" not in form:
        return json_response("Bad parameters", 400)
    accounts.delete_expired_tokens(database)
    try:
        account = accounts.log_in_to_api(database, form["username"], form["password"])
    except accounts.Refused:
        return _refusal(database)
    except accounts.NoAccess:
        return json_response("Unauthorized", 403)
    return json_response({"authToken": accounts.create_token(database, account)})


def _refusal(database: Database) -> Response:
    """Up to 22.10 nothing catches the exception of a refused login; sources of 2023 do."""
    version = database.row("select value from informations where `key` = 'version'")
    if version is not None and int(version["value"].split(".")[0]) >= 23:
        return json_response("Authentication failed", 401)
    return Response(500, content_type="text/html; charset=UTF-8")


def _run_clapi(database: Database, asked: Any) -> Response:
    if not isinstance(asked, dict) or "action" not in asked:
        return json_response("Bad parameters", 400)
    values = asked.get("values") or ""
    if isinstance(values, list):
        values = ";".join(map(str, values))
    out = io.StringIO()
    try:
        ending = launch(
            database, str(asked["action"]), str(asked.get("object") or ""), str(values), out
        )
    except errors.ClapiError as error:
        return json_response(str(error), _status(str(error)))
    except errors.ExitError:
        # PHP ends there: what was printed until then is the answer, as it is.
        return Response(200, out.getvalue().encode(), "text/html; charset=UTF-8")
    except (OSError, LookupError) as error:
        return json_response(str(error), 500)
    if ending.code:
        text = out.getvalue().strip()
        unknown = re.fullmatch(r"Object [\w\d ]+ not found in Centreon API.", text)
        return json_response(text, 400 if unknown else 500)
    return json_response({"result": parse_output(out.getvalue())})


def _status(message: str) -> int:
    found = (code for text, code in _STATUS_OF_ERRORS.items() if message.startswith(text))
    return next(found, 500)


Sources = Mapping[str, Source]


def _list(sources: Sources, request: Request) -> Any:
    search = request.parameter("search")
    wanted = request.query.get("types[]") or request.query.get("types") or list(sources)
    installed, updated = (_truth(request.parameter(name)) for name in ("installed", "updated"))

    def is_wanted(extension: Extension) -> bool:
        is_installed = extension.current is not None
        if search and search.lower() not in (extension.keywords + extension.name).lower():
            return False
        if installed is not None and is_installed is not installed:
            return False
        return updated is None or (is_installed and extension.is_current is updated)

    result = {
        type: _listing(extensions.in_order([e for e in source.all() if is_wanted(e)]))
        for type, source in sources.items()
        if type in wanted
    }
    return {"status": True, "result": result}


def _truth(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").lower())


def _listing(found: list[Extension]) -> Any:
    pagination = {"total": len(found), "offset": 0, "limit": len(found)}
    return {"pagination": pagination, "entities": [extension.summary() for extension in found]}


def _details(sources: Sources, request: Request) -> Any:
    source = sources.get(request.parameter("type") or "")
    found = source and source.find(request.parameter("id") or "")
    return {"status": found is not None, "result": found and found.details()}


def _change(name: str) -> Callable[[Sources, Request], Any]:
    def change(sources: Sources, request: Request) -> Any:
        source = sources.get(request.parameter("type") or "")
        id = request.parameter("id") or ""
        if source is None:
            return {"status": False, "result": None}
        try:
            getattr(source, name)(id)
        except ExtensionError as error:
            return {"status": False, "result": {"entity": None, "message": str(error)}}
        found = source.find(id)
        return {
            "status": True,
            "result": {"entity": found and found.summary(), "message": None},
        }

    return change


def _remove(sources: Sources, request: Request) -> Any:
    """A type that doesn't exist is no error here."""
    source = sources.get(request.parameter("type") or "")
    try:
        if source is not None:
            source.remove(request.parameter("id") or "")
    except ExtensionError as error:
        return {"status": False, "result": str(error)}
    return {"status": True, "result": None}


_EXTENSION_ACTIONS: Mapping[str, Callable[[Sources, Request], Any]] = {
    "get list": _list,
    "get details": _details,
    "post install": _change("install"),
    "post update": _change("update"),
    "delete remove": _remove,
}
