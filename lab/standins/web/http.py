"""Requests and answers, apart from the server that carries them."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    """What a client asked for; header names in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def parameter(self, name: str) -> str | None:
        """The last value of a parameter of the query, as PHP takes it."""
        values = self.query.get(name)
        return values[-1] if values else None

    def form(self) -> dict[str, str]:
        """The body as a submitted form."""
        fields = parse_qs(self.body.decode(errors="replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in fields.items()}

    def json(self) -> Any:
        """The body as JSON, or None when it isn't (json_decode())."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Response:
    """What is answered."""

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=utf-8"
    reason: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


_REASONS = {404: "Object not found", 405: "Method not allowed", 206: "Partial content"}


def json_response(data: Any, status: int = 200) -> Response:
    """JSON, with the reasons that Centreon's API v1 gives."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, reason=_REASONS.get(status))
