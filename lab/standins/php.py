"""The few bits of PHP that Centreon keeps data in: assignments of literals, and serialize()."""

import re
from typing import Any

_ASSIGNMENT = re.compile(r"^\s*\$(\w+)((?:\[['\"][^'\"\]]+['\"]\])+)\s*=\s*(.+?);\s*$", re.M | re.S)
_KEY = re.compile(r"\[['\"]([^'\"\]]+)['\"]\]")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}


def read_arrays(source: str) -> dict[str, Any]:
    """Values assigned to elements of arrays: `$a['b']['c'] = 'd';` gives {'a': {'b': {'c': 'd'}}}.

    Values may be strings, numbers, true, false, null and flat arrays of strings.
    Raises ValueError for anything else.
    """
    found: dict[str, Any] = {}
    for name, path, value in _ASSIGNMENT.findall(source):
        keys = [name, *_KEY.findall(path)]
        place = found
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = _literal(value.strip())
    return found


def _literal(text: str) -> Any:
    if text.lower() in _LITERALS:
        return _LITERALS[text.lower()]
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"(array\s*\(|\[).*[)\]]", text, re.S):
        return [_unescape(match) for match in _STRING.finditer(text)]
    match = _STRING.fullmatch(text)
    if match is None:
        raise ValueError(f"not a PHP literal that is understood here: {text}")
    return _unescape(match)


def _unescape(match: re.Match[str]) -> str:
    text = match[1] if match[1] is not None else match[2]
    return re.sub(r"\\(['\"\\])", r"\1", text)


def string(text: str) -> str:
    """The text as a PHP string in single quotes."""
    return "'" + re.sub(r"(['\\])", r"\\\1", text) + "'"


def serialize(value: Any) -> str:
    """What PHP's serialize() makes of a number, a text, a list or a dict of these."""
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    items = value.items() if isinstance(value, dict) else enumerate(value)
    body = "".join(serialize(key) + serialize(item) for key, item in items)
    return f"a:{len(value)}:{{{body}}}"
