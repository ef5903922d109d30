"""A user's way into one Centreon Web: one token and one refusal for a whole run.

Five wrong passwords block an account for 900 s, whoever types them, and Centreon Web 22.10 answers
a wrong password with HTTP 500 and no text (`www/api/index.php` catches nothing). So whatever isn't
a token counts as a refusal, and none is asked for a second time.
"""

import time
from dataclasses import dataclass, field
from threading import Lock

import httpx

from mapinfra import jsontext
from mapinfra.centreon.web.access import Api
from mapinfra.errors import ApiError, DatabaseError
from mapinfra.hosts import Facts, Query

SESSION_EXPIRE = Query("session-expire", "SELECT value FROM options WHERE `key` = 'session_expire'")
"""Minutes that a token lives; using it doesn't prolong that."""

SHORT_LIFE = 600.0
"""Seconds that a token is taken to live where the option can't be read; the default is 7200."""

_MARGIN = 60.0
"""Seconds before its end at which a token isn't used for a new call."""

_NOT_AGAIN = "it isn't tried again in this run: five refusals block an account for 15 minutes"
_WHICH = "password wrong, expired, blocked or deactivated"


@dataclass
class ApiUser:
    """What all clients of a run share of one user of one Centreon Web. Use it under its lock."""

    lock: Lock = field(default_factory=Lock)
    token: str | None = None
    refused: ApiError | None = None
    life: float = SHORT_LIFE
    """Seconds that a token lives."""
    renewable: bool = True
    """Whether an answer that looks like a token's end may be one: a new token helped, so far."""
    _born: float = 0.0

    def take(self, token: str) -> None:
        """Hold a new token."""
        self.token, self._born = token, time.monotonic()

    def drop_old(self) -> None:
        """Forget a token that may end during a call."""
        margin = min(_MARGIN, self.life / 2)
        if time.monotonic() - self._born > self.life - margin:
            self.token = None


def key(api: Api) -> tuple[str, str]:
    """Return what tells two users of two Centreon Webs apart; case means nothing in either."""
    url = httpx.URL(api.url)
    return (f"{url.scheme}://{url.netloc.decode()}{url.path.rstrip('/')}", api.user.casefold())


def token_life(facts: Facts) -> float:
    """Return the seconds that a token lives, cautiously where that can't be read."""
    try:
        minutes = [str(row["value"]) for row in facts.rows(SESSION_EXPIRE.name)]
    except DatabaseError:
        return SHORT_LIFE
    return int(minutes[0]) * 60.0 if minutes and minutes[0].isdecimal() else SHORT_LIFE


def token(reply: httpx.Response) -> str | None:
    """Return the token that a login was answered with, None for any other answer."""
    body = json(reply)
    held = body.get("authToken") if isinstance(body, dict) else None
    return held if reply.status_code == httpx.codes.OK and isinstance(held, str) else None


def refusal(api: Api, reply: httpx.Response) -> ApiError:
    """Return what an answer without a token says, with the cause as far as the answer tells it."""
    what, remedy = _cause(api.user, reply)
    return ApiError(what, where=f"API {api.url}", remedy=f"{remedy}; {_NOT_AGAIN}")


def _cause(user: str, reply: httpx.Response) -> tuple[str, str]:
    status, text = reply.status_code, said(reply)
    refused = f"login of {user} refused"
    if status == httpx.codes.INTERNAL_SERVER_ERROR and not reply.content.strip():
        return (
            f"{refused}: {_WHICH}: this line of Centreon doesn't say which (HTTP 500, no text)",
            "correct the password, or see the user in Configuration > Users",
        )
    if "expired" in text.lower():
        return f"{refused}: its password has expired ({text})", "give it a new password"
    if "blocked" in text.lower() or "max login attempts" in text.lower():
        return f"{refused}: it is blocked ({text})", "wait 900 s, or unblock it in Centreon"
    if status == httpx.codes.FORBIDDEN and "credentials" not in text.lower():
        return (
            f"{refused}: it may not reach the API ({text})",
            "allow it to reach the API, in Configuration > Users > Contacts, or make it an "
            "administrator",
        )
    if status in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return f"{refused}: {_WHICH} ({text})", "correct the password, or see the user in Centreon"
    if reply.has_redirect_location:
        return (
            f"login of {user} failed: redirected to {_short(reply.headers['location'])}",
            "write the address that it leads to as api.url",
        )
    return f"login of {user} failed: {text}", "check api.url, and Centreon itself"


def json(reply: httpx.Response) -> object:
    """Return the JSON that an answer is, None where it isn't any."""
    try:
        held: object = jsontext.loads(reply.content)
    except ValueError:
        return None
    return held


def said(reply: httpx.Response) -> str:
    """Return, on one line, what an answer says in words, else its status."""
    body = json(reply)
    return _short(body) if isinstance(body, str) and body else f"HTTP {reply.status_code}"


def page(reply: httpx.Response) -> str:
    """Return, on one line, the beginning of an answer that isn't what was asked for.

    JSON isn't shown: it may hold a token.
    """
    return _short(reply.text) or "nothing" if json(reply) is None else "JSON of another kind"


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
