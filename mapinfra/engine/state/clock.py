"""The present time, as Pulumi's files have it."""

from datetime import UTC, datetime


def now() -> str:
    """Return the present time as an RFC 3339 text in UTC."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
