"""What of a config file may be shown: never the value of a key that names a secret."""

import re

CONCEALED = "(secret)"

_SENSITIVE = (
    r"[\w.-]*(?:pass|pwd|secret|credential"
    r"|(?:sign|signing|private|api|access|encryption)[-_.]?key|token(?![-_.]validity))[\w.-]*"
)
_SECRET_NAME = re.compile(_SENSITIVE, re.IGNORECASE)
# All that follows is hidden: where a value ends depends on the quotes around it.
_SECRET = re.compile(rf"({_SENSITIVE}[\"']?\s*[=:\s])\s*\S.*", re.IGNORECASE | re.DOTALL)
_IN_ADDRESS = re.compile(r"(://[^/\s:@]*:)\S*@")


def names_a_secret(key: str) -> bool:
    """Tell whether a key's name says that its value is a password, a token or a private key."""
    return _SECRET_NAME.search(key) is not None


def shown(text: str) -> str:
    """Return text on one line, with what follows a secret's name hidden."""
    hidden = _SECRET.sub(rf"\1{CONCEALED}", _IN_ADDRESS.sub(rf"\1{CONCEALED}@", text))
    return "".join(c if c.isprintable() else _escape(c) for c in hidden)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
