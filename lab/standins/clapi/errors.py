"""How a CLAPI action ends otherwise than by returning."""

MISSING_PARAMETER = "Missing parameters"
OBJECT_ALREADY_EXISTS = "Object already exists"
OBJECT_NOT_FOUND = "Object not found"
UNKNOWN_METHOD = "Method not implemented into Centreon API"
UNKNOWN_PARAMETER = "Unknown parameter"
INVALID_FIELD = "Invalid field"
UNKNOWN_POLLER_ID = "Unknown poller ID"


class ClapiError(Exception):
    """A CentreonClapiException: its text is printed, and the exit code is 1."""


class ExitError(Exception):
    """PHP's exit(1) in the middle of an action: nothing more is printed or caught."""
