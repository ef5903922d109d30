"""How a fact says where it comes from."""


def page(line: str, path: str) -> str:
    """Return the source "a page of the vendor's documentation of one line"."""
    return f"Centreon documentation {line}, {path}"


def release_notes(line: str) -> str:
    """Return the source "the release notes of the commercial extensions of one line"."""
    return page(line, "releases/centreon-commercial-extensions")


def release_notes_address(line: str) -> str:
    """Return where those are to be read."""
    return f"https://docs.centreon.com/docs/{line}/releases/centreon-commercial-extensions/"


def inferred(reason: str) -> str:
    """Return the source of a fact that no page states, and what it is concluded from."""
    return f"not documented, concluded from {reason}"
